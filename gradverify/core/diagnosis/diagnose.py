"""The diagnosis of a wrong claim: faults of the claim itself, of arrangement, then of each component, put together
by block."""

from __future__ import annotations

import collections
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from gradverify.core.arrays import Array, Mask
from gradverify.core.conclude import component
from gradverify.core.diagnosis.arrangements import arrangements
from gradverify.core.diagnosis.constants import sizes
from gradverify.core.diagnosis.evidence import Evidence, gather
from gradverify.core.diagnosis.hypotheses import Column, Guess, column, guesses, rougher_guesses
from gradverify.core.diagnosis.numerical import numerical_step
from gradverify.core.diagnosis.terms import Parts, additive_terms, chain_guesses, root_of, term_guesses
from gradverify.core.judge import Code
from gradverify.core.problem import Derivative, ExpressionFunction
from gradverify.core.report import Component, Diagnosis
from gradverify.core.verdicts import Evidence as Level
from gradverify.core.verdicts import Fault
from gradverify.core.verify import Ask, Verified, show_point
from gradverify.expression.nodes import Node

MOST_EXAMINED = 6_000  # wrong components that are examined one by one
MOST_FRUITLESS = (
    24  # components of one variable without a pattern, after which only the simple ones are tried on the rest
)
MOST_BY_TERMS = 12  # wrong components for which terms and chain factors are tried: each costs derivatives of the parts
CERTAIN = 1.0  # for what was seen, not inferred
UNSURE = 0.3


def diagnose(
    verified: Verified,
    ask: Ask,
    function_of: Callable[[Node], ExpressionFunction],
    right: Verified | None = None,
) -> list[Diagnosis]:
    """Why the claim is wrong, as far as the numbers tell; `unknown` where no hypothesis fits all points.

    function_of: makes a function of a part of f's tree.  right: points at which the claim was found right, where a
    search found it wrong elsewhere.
    """
    own = list(_faults_of_the_claim(verified))
    if own:
        return own
    if verified.projected and not verified.judged:
        from gradverify.core.diagnosis.located import diagnose_located  # which diagnoses what it has set apart

        return [*_non_finite(verified), *diagnose_located(verified, ask, function_of)]
    evidence = gather(verified, ask)
    if right is not None:
        evidence = _with(evidence, gather(right, ask))
    wrong = np.flatnonzero((verified.codes == Code.FAIL).any(axis=0))[:MOST_EXAMINED]
    out = list(_non_finite(verified))
    named = {c.index for d in out for c in d.components}
    rest = np.array([i for i in wrong.tolist() if i not in named], dtype=int)
    for fault, indices, message, confidence in arrangements(evidence, rest):
        left = np.intersect1d(indices, rest)
        if left.size >= 2:
            out.append(_diagnosis(verified, fault, left.tolist(), message, confidence))
            rest = np.setdiff1d(rest, left)
    out += _by_component(verified, evidence, rest, ask, function_of)
    return out


def _with(first: Evidence, second: Evidence) -> Evidence:
    join = np.concatenate
    return Evidence(
        first.problem, join([first.points, second.points]), join([first.claimed, second.claimed]),
        join([first.reference, second.reference]), join([first.bound, second.bound]),
        join([first.usable, second.usable]), join([first.differs, second.differs]),
    )  # fmt: skip


def _diagnosis(verified: Verified, fault: Fault, indices: Iterable[int], message: str, confidence: float) -> Diagnosis:
    parts = tuple(component(verified.problem, i) for i in indices)
    return Diagnosis(
        fault=fault, components=parts, message=f"{subject(verified, parts)}: {message}", confidence=confidence
    )


def subject(verified: Verified, parts: Sequence[Component]) -> str:
    """`∂f/∂x`, `∂f/∂x and ∂f/∂y`, `all of W2`, `12 components of W`."""
    if len(parts) <= 3:
        return " and ".join(p.label for p in parts)
    names = list(dict.fromkeys(p.variable for p in parts))
    if len(parts) == verified.codes.shape[1]:
        return f"all {len(parts)} components"
    if verified.problem.derivative is Derivative.GRADIENT:
        whole = [n for n in names if sum(p.variable == n for p in parts) == verified.problem.variables[n].size]
        if whole == names:
            return " and ".join(f"all of ∂f/∂{n}" for n in names)
    return f"{len(parts)} components of {', '.join(names)}"


def _faults_of_the_claim(verified: Verified) -> Iterable[Diagnosis]:
    """What the claim showed by itself: a changed input, two answers, a wrong shape, an exception."""
    for observation in verified.claim.faults:
        if isinstance(observation.kind, Fault):
            yield Diagnosis(fault=observation.kind, components=(), message=observation.message, confidence=CERTAIN)
    seen = set()
    for failure in verified.claim.failures.values():
        fault = failure.fault or Fault.UNKNOWN
        if failure.row not in verified.rows_without_function() and (fault, failure.message) not in seen:
            seen.add((fault, failure.message))
            yield Diagnosis(fault=fault, components=(), message=failure.message, confidence=CERTAIN)


def _non_finite(verified: Verified) -> Iterable[Diagnosis]:
    bad = ~np.isfinite(verified.claim.values) & (verified.codes == Code.FAIL)
    columns = np.flatnonzero(bad.any(axis=0))
    if columns.size:
        row = int(np.flatnonzero(bad.any(axis=1))[0])
        value = verified.claim.values[row, columns[0]]
        message = f"the claim is {value} at {show_point(verified.points[row])}, where f is finite"
        yield _diagnosis(verified, Fault.NON_FINITE, columns[:MOST_EXAMINED].tolist(), message, CERTAIN)


def _by_component(
    verified: Verified,
    evidence: Evidence,
    wrong: Array,
    ask: Ask,
    function_of: Callable[[Node], ExpressionFunction],
) -> list[Diagnosis]:
    counts = sizes(verified.problem)
    parts = _parts(verified, evidence, ask, function_of)
    groups: dict[tuple[str, str], tuple[Guess, list[int]]] = {}
    unknown: list[int] = []
    fruitless: collections.Counter[str] = collections.Counter()
    for position, index in enumerate(wrong.tolist()):
        variable = component(verified.problem, index).variable
        simple_only = fruitless[variable] >= MOST_FRUITLESS
        guess = _guess(verified, evidence, index, counts, parts if position < MOST_BY_TERMS else None, simple_only)
        if guess is None:
            unknown.append(index)
            fruitless[variable] += 1
            continue
        key = (variable if verified.problem.variables[variable].size > 1 else "", guess.key)
        groups.setdefault(key, (guess, []))[1].append(index)
    out = [_diagnosis(verified, g.fault, indices, g.message, g.confidence) for g, indices in groups.values()]
    if unknown:
        step = numerical_step(evidence, unknown)
        if step is not None:
            out.append(_diagnosis(verified, step[0], unknown, step[1], 0.9))
        else:
            out.append(_diagnosis(verified, Fault.UNKNOWN, unknown, _numbers(evidence, unknown[0]), UNSURE))
    return out


def _parts(
    verified: Verified, evidence: Evidence, ask: Ask, function_of: Callable[[Node], ExpressionFunction]
) -> Parts | None:
    if root_of(verified.problem) is None or verified.problem.derivative is not Derivative.GRADIENT:
        return None
    able = [j for j in verified.judged if j.evidence and j.evidence[0].strength >= Level.EXACT.strength]
    quickest = min(able, key=lambda j: j.answer.seconds, default=None)
    return Parts(evidence, quickest.backend, ask, function_of) if quickest is not None else None


def _guess(
    verified: Verified, evidence: Evidence, index: int, counts: dict[int, str], parts: Parts | None, simple_only: bool
) -> Guess | None:
    col = column(evidence, index)
    found = next(guesses(col, counts, verified.problem.derivative), None)
    if found is not None or simple_only:
        return found
    root = root_of(verified.problem)
    if parts is not None and root is not None:
        by_term = next(term_guesses(evidence, index, additive_terms(root), parts), None)
        if by_term is not None:
            return by_term
        by_chain = next(chain_guesses(evidence, index, root, parts), None)
        if by_chain is not None:
            return by_chain
    rough = next(rougher_guesses(col, verified.problem.variables.component_name), None)
    if rough is not None:
        return rough
    return _branch(evidence, index, counts, verified.problem.derivative)


def _branch(evidence: Evidence, index: int, counts: dict[int, str], derivative: Derivative) -> Guess | None:
    """Right on one side of a threshold, wrong on the other: a branch is wrong. Says what is wrong there where it
    can."""
    col = column(evidence, index)
    good = (~col.differs) & (np.abs(col.r) > col.b)
    if good.sum() < 2 or not col.differs.any():
        return None
    where = _side(col, evidence)
    if where is None:
        return None
    rows: Mask = evidence.differs[:, index]
    inner = next(guesses(column(evidence, index, rows), counts, derivative), None)
    message = f"right where {where[0]}, wrong where {where[1]}: a branch is wrong"
    if inner is not None:
        message += f" (there {inner.message})"
    return Guess(Fault.WRONG_BRANCH, f"branch {where[1]}", message, 0.8)


def _side(col: Column, evidence: Evidence) -> tuple[str, str] | None:
    """A variable whose value separates the right points from the wrong ones."""
    good, bad = ~col.differs, col.differs
    for j in range(min(col.points.shape[1], 50)):
        x = col.x(j)
        name = evidence.problem.variables.component_name(j)
        for values, symbol in ((x, name), (np.abs(x), f"|{name}|")):
            if values[bad].min() > values[good].max():
                return f"{symbol} ≤ {values[good].max():.4g}", f"{symbol} ≥ {values[bad].min():.4g}"
            if values[bad].max() < values[good].min():
                return f"{symbol} ≥ {values[good].min():.4g}", f"{symbol} ≤ {values[bad].max():.4g}"
    return None


def _numbers(evidence: Evidence, index: int) -> str:
    rows = np.flatnonzero(evidence.differs[:, index])
    if not rows.size:
        return "wrong, with no pattern that fits all points"
    row = int(rows[0])
    c, r = evidence.claimed[row, index], evidence.reference[row, index]
    return f"claimed {c:.8g}, reference {r:.8g} at {show_point(evidence.points[row])}; no known mistake fits all points"
