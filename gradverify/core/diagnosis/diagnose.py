"""The diagnosis of a wrong claim: faults of the claim itself, of arrangement, then of each component, put together
by block."""

from __future__ import annotations

import collections
import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from gradverify.core.arrays import Array, Mask
from gradverify.core.conclude import component
from gradverify.core.diagnosis.arrangements import arrangements, copied_from
from gradverify.core.diagnosis.borders import PLAINLY, Tried, agrees
from gradverify.core.diagnosis.common_causes import by_variable, common_causes, factors_together, signs_together
from gradverify.core.diagnosis.conditions import side_of_a_condition
from gradverify.core.diagnosis.constants import AVERAGED, scalar_constants, sizes
from gradverify.core.diagnosis.evidence import Evidence, gather
from gradverify.core.diagnosis.hypotheses import Column, Guess, column, guesses, offset_guesses, rougher_guesses
from gradverify.core.diagnosis.numerical import numerical_step
from gradverify.core.diagnosis.pieces import branch_guesses
from gradverify.core.diagnosis.repairs import Wanted, repairs_by_column
from gradverify.core.diagnosis.routes import FACTOR_OF, PART_FACTOR, route_guesses, routes
from gradverify.core.diagnosis.terms import (
    PartFunction,
    Parts,
    additive_terms,
    chain_guesses,
    chain_slopes,
    inner_guesses,
    part_chain_guesses,
    root_of,
    term_guesses,
)
from gradverify.core.judge import Code
from gradverify.core.problem import Derivative, ExpressionFunction, Problem, Request
from gradverify.core.report import Component, Diagnosis
from gradverify.core.verdicts import Evidence as Level
from gradverify.core.verdicts import Fault
from gradverify.core.verify import Ask, Verified, component_label, show_point

MOST_EXAMINED = 6_000  # wrong components that are examined one by one
MOST_FRUITLESS = (
    24  # components of one variable without a pattern, after which only the simple ones are tried on the rest
)
MOST_BY_TERMS = 12  # wrong components for which terms and chain factors are tried: each costs derivatives of the parts
MOST_BY_TERMS_THAT_FIT = 64  # where they explain one, and the parts' derivatives are known
MOST_LISTED = 3  # components that are named one by one
SURE = 0.85  # a guess that holds at two points that tell
CERTAIN = 1.0  # for what was seen, not inferred
UNSURE = 0.3


def diagnose(
    verified: Verified,
    ask: Ask,
    function_of: PartFunction,
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
    everyone = np.flatnonzero(_mistaken(verified).any(axis=0))
    wrong = everyone[:MOST_EXAMINED]
    out = list(_non_finite(verified))
    named = {c.index for d in out for c in d.components}
    rest = np.array([i for i in wrong.tolist() if i not in named], dtype=int)
    step = numerical_step(evidence, rest.tolist()) if _may_be_numerical(verified, evidence, rest) else None
    if step is not None:
        return [*out, _diagnosis(verified, step[0], rest.tolist(), step[1], SURE)]
    for fault, indices, message, confidence in () if _alike(evidence, rest, verified) else arrangements(evidence, rest):
        left = np.intersect1d(indices, rest)
        if left.size >= 2:
            out.append(_diagnosis(verified, fault, left.tolist(), message, confidence))
            rest = np.setdiff1d(rest, left)
    out += _by_component(verified, evidence, rest, ask, function_of)
    if everyone.size > wrong.size:
        seen = f" (the first {wrong.size} of {everyone.size} wrong components were looked at)"
        out = [replace(d, message=d.message + seen) if len(d.components) > MOST_LISTED else d for d in out]
    return out


def _mistaken(verified: Verified) -> Mask:
    """Where the claim itself is wrong, (k, c): not where a spec refuses whatever is claimed at a kink."""
    wrong: Mask = verified.codes == Code.FAIL
    for row, component_ in np.argwhere(wrong).tolist() if any(verified.kinks) else ():
        wrong[row, component_] = not verified.only_refused(row, component_)
    return wrong


NEARLY = 1e-2  # relative: a difference that is off by more is no derivative to anybody


def _may_be_numerical(verified: Verified, evidence: Evidence, wrong: Array) -> bool:
    """Whether all wrong components of a claim in code are nearly right, as differences are."""
    claim = verified.problem.claim
    if claim is None or isinstance(claim, ExpressionFunction):
        return False
    with np.errstate(all="ignore"):
        near = np.abs(evidence.claimed - evidence.reference) <= NEARLY * np.abs(evidence.reference)
    return bool(wrong.size) and bool((near | ~evidence.differs)[:, wrong].all())


def _alike(evidence: Evidence, wrong: Array, verified: Verified) -> bool:
    """Whether all wrong components have one simple mistake, such as a sign: nothing is swapped then."""
    counts, keys = sizes(verified.problem), set()
    for index in wrong.tolist():
        guess = next(guesses(column(evidence, index), counts, verified.problem.derivative), None)
        keys.add(guess.key if guess is not None else None)
        if None in keys or len(keys) > 1:
            return False
    return len(keys) == 1


def _with(first: Evidence, second: Evidence) -> Evidence:
    join = np.concatenate
    return Evidence(
        first.problem, join([first.points, second.points]), join([first.claimed, second.claimed]),
        join([first.reference, second.reference]), join([first.bound, second.bound]),
        join([first.usable, second.usable]), join([first.differs, second.differs]), max(first.fit, second.fit),
    )  # fmt: skip


def _diagnosis(verified: Verified, fault: Fault, indices: Iterable[int], message: str, confidence: float) -> Diagnosis:
    parts = tuple(component(verified.problem, i) for i in indices)
    return Diagnosis(
        fault=fault, components=parts, message=f"{subject(verified, parts)}: {message}", confidence=confidence
    )


def subject(verified: Verified, parts: Sequence[Component]) -> str:
    """`∂f/∂x`, `∂f/∂x and ∂f/∂y`, `all of W2`, `12 components of W`."""
    if len(parts) <= MOST_LISTED:
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
        row = int(np.argmax(bad.sum(axis=1)))  # where most of them are, the first such
        here = np.flatnonzero(bad[row])
        values = sorted({str(value) for value in verified.claim.values[row, here]})
        where = show_point(verified.points[row])
        message = f"the claim is {' or '.join(values)} at {where}, where f is finite"
        if here.size < columns.size:
            label = component(verified.problem, int(here[0])).label
            value = verified.claim.values[row, here[0]]
            message = f"the claim is not finite at points where f is, as {label} is {value} at {where}"
        yield _diagnosis(verified, Fault.NON_FINITE, columns[:MOST_EXAMINED].tolist(), message, CERTAIN)


@dataclass(slots=True)
class _Found:
    """What was guessed of wrong components, and of which nothing was."""

    guesses: dict[int, Guess] = field(default_factory=dict)  # by flat index

    def wanted(self, indices: Sequence[int]) -> Wanted:
        """Which changes of the claim's formula might say more: any where a component has no good guess, or they have
        different ones; of a constant offset, whether it is a sign."""
        guesses = [self.guesses.get(i) for i in indices]
        keys = {None if g is None or g.weak or g.confidence < SURE else g.key for g in guesses}
        if None in keys or len(keys) > 1:
            return Wanted.ANY
        return Wanted.SIGNS if guesses[0] is not None and guesses[0].fault is Fault.CONSTANT_OFFSET else Wanted.NONE


def _by_component(
    verified: Verified,
    evidence: Evidence,
    wrong: Array,
    ask: Ask,
    function_of: PartFunction,
) -> list[Diagnosis]:
    problem = verified.problem
    counts, scalars = sizes(problem), scalar_constants(problem)
    parts = _parts(verified, evidence, ask, function_of)
    found = _Found()
    fruitless: collections.Counter[str] = collections.Counter()
    everyone = wrong.tolist()
    partly = _partly_right(evidence)
    most = MOST_BY_TERMS
    for position, index in enumerate(everyone):
        variable = component(problem, index).variable
        simple_only = fruitless[variable] >= MOST_FRUITLESS
        told = parts if position < most and not simple_only else None
        things = {} if partly[index] else counts
        guess = _guess(evidence, index, things, scalars, told)
        if told is not None and guess is not None and most == MOST_BY_TERMS and len(everyone) > most:
            most = MOST_BY_TERMS if _guess(evidence, index, things, scalars, None) else MOST_BY_TERMS_THAT_FIT
        if guess is None:
            fruitless[variable] += 1
        else:
            found.guesses[index] = guess
    for guess, indices in repairs_by_column(evidence, everyone, found.wanted, function_of, counts, scalars):
        found.guesses.update(dict.fromkeys(indices, guess))
    doubtful = _parts_of_their_own(evidence, found)
    fruitless.clear()
    unknown: list[int] = []
    for index in everyone:
        if index in found.guesses:
            continue
        variable = component(problem, index).variable
        last = (
            None
            if fruitless[variable] >= MOST_FRUITLESS
            else _last_guess(verified, evidence, index, counts, function_of, ask)
        )
        if last is None:
            unknown.append(index)
            fruitless[variable] += 1
        else:
            found.guesses[index] = last
    for guess, indices in common_causes(evidence, unknown) if unknown else ():
        found.guesses.update(dict.fromkeys(indices, guess))
        unknown = [i for i in unknown if i not in found.guesses]
    found.guesses.update((i, doubtful[i]) for i in unknown if i in doubtful)
    unknown = [i for i in unknown if i not in found.guesses]
    for indices in by_variable(evidence, list(found.guesses)).values():
        found.guesses.update(signs_together(found.guesses, indices))
    _offsets_together(verified, found)
    for indices in by_variable(evidence, list(found.guesses)).values():
        joined = factors_together(found.guesses, indices)
        if joined is not None:
            found.guesses.update(dict.fromkeys(indices, joined))
    groups: dict[tuple[str, str], list[int]] = {}
    for index in everyone:
        if index in found.guesses:
            name = component(problem, index).variable
            key = (name if problem.variables[name].size > 1 else "", found.guesses[index].key)
            groups.setdefault(key, []).append(index)
    out = []
    for indices in groups.values():
        guess, formulas = found.guesses[indices[0]], {found.guesses[i].formula for i in indices}
        # Components with the same slip may have formulas of their own: the right one of the first is none of theirs.
        shown = f"; right with that changed: {guess.formula}" if guess.formula and len(formulas) == 1 else ""
        out.append(_diagnosis(verified, guess.fault, indices, guess.message + shown, guess.confidence))
    if unknown:
        step = numerical_step(evidence, unknown)
        if step is not None:
            out.append(_diagnosis(verified, step[0], unknown, step[1], 0.9))
        else:
            numbers = _numbers(verified, evidence, unknown[0])
            if most == MOST_BY_TERMS_THAT_FIT and set(unknown) - set(everyone[:most]):
                numbers += f"; parts of f were tried for the first {most} wrong components alone"
            out.append(_diagnosis(verified, Fault.UNKNOWN, unknown, numbers, UNSURE))
    return out


def _partly_right(evidence: Evidence) -> Mask:
    """Which components are of an array others of which are right, and not 0, (c,): those have no sum for a mean."""
    with np.errstate(all="ignore"):
        tells = (evidence.usable & (np.abs(evidence.reference) > evidence.bound)).any(axis=0)
    right: Mask = np.reshape(tells & ~evidence.differs.any(axis=0), (-1, evidence.problem.variables.size))
    out = np.zeros(right.shape, dtype=np.bool_)
    for variable in evidence.problem.variables:
        block = slice(variable.offset, variable.offset + variable.size)
        out[:, block] = right[:, block].any(axis=1, keepdims=True)
    return out.ravel()


FEWEST_OF_THEIR_OWN = 3  # different factors of one part


def _parts_of_their_own(evidence: Evidence, found: _Found) -> dict[int, Guess]:
    """Takes back what says of one part of f that each component has another factor of it, and returns it as one guess.

    What all components have in common is likelier: a mean over another axis is off by one amount.
    """
    taken: dict[int, Guess] = {}
    for indices in by_variable(evidence, list(found.guesses)).values():
        of_a_part: dict[str, list[int]] = {}
        for index in indices:
            guess = found.guesses[index]
            if guess.weak and guess.fault is Fault.FACTOR and guess.key.startswith(PART_FACTOR):
                of_a_part.setdefault(guess.message.partition(FACTOR_OF)[0], []).append(index)
        for part, own in of_a_part.items():
            if len({found.guesses[i].key for i in own}) >= FEWEST_OF_THEIR_OWN:
                message = f"{part} has a factor of its own for each component, the same at every point"
                joined = Guess(Fault.FACTOR, f"of their own {part}", message, UNSURE, weak=True)
                for index in own:
                    del found.guesses[index]
                    taken[index] = joined
    return taken


MOST_SHOWN = 4  # different offsets


def _offsets_together(verified: Verified, found: _Found) -> None:
    """Constants that differ from component to component of one variable are one mistake: a constant array."""
    by_variable: dict[str, list[int]] = {}
    for index, guess in found.guesses.items():
        if guess.fault is Fault.CONSTANT_OFFSET:
            by_variable.setdefault(component(verified.problem, index).variable, []).append(index)
    for name, indices in by_variable.items():
        keys = dict.fromkeys(found.guesses[i].key for i in indices)
        if len(keys) > 1 and verified.problem.variables[name].size > 1:
            texts = [key.removeprefix("offset ") for key in keys]
            shown = ", ".join(texts[:MOST_SHOWN]) + (", …" if len(texts) > MOST_SHOWN else "")
            message = f"off by constants that differ from component to component: {shown}"
            one = found.guesses[indices[0]]
            joined = Guess(Fault.CONSTANT_OFFSET, "offsets", message, one.confidence)
            found.guesses.update(dict.fromkeys(indices, joined))


def _parts(verified: Verified, evidence: Evidence, ask: Ask, function_of: PartFunction) -> Parts | None:
    if root_of(verified.problem) is None:
        return None
    known = [j for j in verified.judged if j.evidence and np.isfinite(j.reference).any()]
    exact = [j for j in known if j.evidence[0].strength >= Level.EXACT.strength]
    quickest = min(exact or known, key=lambda j: j.answer.seconds, default=None)
    if quickest is None:
        return None
    backend = quickest.backend if exact else _for_a_formula(verified, evidence, ask) or quickest.backend
    return Parts(evidence, backend, ask, function_of)


def _for_a_formula(verified: Verified, evidence: Evidence, ask: Ask) -> str | None:
    """A backend that could do nothing with f's code, and has a derivative of the formula that the code spells."""
    problem = replace(verified.problem, claim=None, gradient_claim=None)
    for answer in verified.answers:
        if answer.estimates is None:
            found = ask(answer.backend, problem, Request(evidence.points[:1])).estimates
            if found is not None and np.isfinite(found.points[0].value).all():
                return answer.backend
    return None


def _averages_nothing(problem: Problem, counts: Mapping[int, str]) -> bool:
    """Whether f is an expression without any mean, so that a claim cannot have a sum in place of one."""
    return root_of(problem) is not None and not any(what.startswith(AVERAGED) for what in counts.values())


def _guess(
    evidence: Evidence, index: int, counts: Mapping[int, str], scalars: Mapping[str, float], parts: Parts | None
) -> Guess | None:
    """What explains the component, simplest first: the whole, a term of f, a route through f, a constant."""
    col = column(evidence, index)
    problem: Problem = evidence.problem
    simple = next(guesses(col, counts, problem.derivative, scalars), None)
    too_large = simple is not None and simple.fault is Fault.MEAN_VS_SUM and (simple.factor or 0.0) > 1
    if too_large and _averages_nothing(problem, counts):
        # Where f is known to average nothing there is no mean that a sum stands for: the number is a coincidence.
        simple = next((g for g in guesses(col, {}, problem.derivative, scalars) if g.fault is Fault.FACTOR), simple)
    offset = next(offset_guesses(col), None)
    root = root_of(problem, index)
    if simple is not None and simple.fault is Fault.LOG_PARAMETER and parts is not None and root is not None:
        return next(inner_guesses(evidence, index, root, parts), simple)
    vague = offset if simple is None else simple if simple.weak else None
    if parts is None or root is None or (simple is not None and vague is None):
        return simple or offset
    by_term = next(term_guesses(evidence, index, additive_terms(root), parts, scalars), None)
    through = routes(root, problem.variables.names) if problem.derivative is not Derivative.HESSIAN else []
    if vague is not None:
        # A constant that is a term's derivative, or what the product rule adds for a factor, is told as that; and so is
        # a factor that has no name, as where one of two terms with constant derivatives is missing.
        said = itertools.chain((by_term,), route_guesses(evidence, index, root, through, parts, scalars, ()))
        known = (g for g in said if g is not None and (g.fault is Fault.MISSING_TERM or g.factor == -1.0))
        return next(known, vague)
    if by_term is not None:
        return by_term
    if problem.derivative is Derivative.HESSIAN:
        return None
    slopes = list(chain_slopes(evidence, index, root, parts))
    by_chain = next(chain_guesses(evidence, index, slopes), None)
    if by_chain is not None:
        return by_chain
    in_term = next(part_chain_guesses(evidence, index, additive_terms(root), slopes, parts), None)
    if in_term is not None:
        return in_term
    by_route = next(route_guesses(evidence, index, root, through, parts, scalars, slopes), None)
    same = _the_same(col)
    if by_route is not None or (same.any() and side_of_a_condition(col, same, root, parts.function_of) is not None):
        return by_route  # one condition that tells right from wrong says more than what the claim takes instead
    return next(branch_guesses(evidence, index, root, parts), None)


def _last_guess(
    verified: Verified,
    evidence: Evidence,
    index: int,
    counts: Mapping[int, str],
    function_of: PartFunction,
    ask: Ask,
) -> Guess | None:
    at_kink = _at_a_kink(verified, evidence, index)
    if at_kink is not None:
        return at_kink
    other = copied_from(evidence, index)
    if other is not None:
        message = f"it holds the value of {component_label(verified.problem, other)}"
        return Guess(Fault.SWAPPED_COMPONENTS, f"copy of {other}", message, SURE)
    col = column(evidence, index)
    rough = next(rougher_guesses(col, verified.problem.variables.component_name), None)
    if rough is not None:
        return rough
    tried = Tried(verified, evidence, index, ask)
    return _branch(evidence, index, counts, verified.problem.derivative, function_of, tried)


def _at_a_kink(verified: Verified, evidence: Evidence, index: int) -> Guess | None:
    """Right wherever f has a derivative, wrong where it has none: the value that the claim takes at a kink."""
    if evidence.differs[:, index].any():
        return None
    for row in np.flatnonzero(verified.codes[:, index] == Code.FAIL).tolist():
        kink = verified.kinks[row].get(index)
        if kink is not None:
            claimed, where = verified.claim.values[row, index], show_point(verified.points[row])
            slopes = f"{kink.left:.6g} and {kink.right:.6g}"
            second = verified.problem.derivative is Derivative.HESSIAN
            bend, them = ("kink of f's slope", "the second derivatives") if second else ("kink of f", "the slopes")
            message = f"right beside the {bend} at {where}, wrong there: claimed {claimed:.6g}, {them} are {slopes}"
            if min(kink.left, kink.right) <= claimed <= max(kink.left, kink.right):
                message = (
                    f"right where f has a derivative; at {where} the claimed {claimed:.6g} lies between the slopes "
                    f"{slopes}, but with the other components it is no subgradient"
                )
            return Guess(Fault.WRONG_BRANCH, f"kink {message}", message, SURE)
    return None


def _branch(
    evidence: Evidence,
    index: int,
    counts: Mapping[int, str],
    derivative: Derivative,
    function_of: PartFunction,
    tried: Tried,
) -> Guess | None:
    """Right on one side of a threshold, wrong on the other: a branch is wrong. Says what is wrong there where it
    can."""
    col = column(evidence, index)
    same = _the_same(col)
    good = same & (np.abs(col.r) > col.b)
    # Off by less than the tolerance is off: a claim that is a little wrong everywhere has no right branch.
    if good.sum() < 2 or not col.differs.any() or not (same | col.differs).all():
        return None
    # And what fades away is no branch: a missing exp(−x) is nothing at 20.
    if not (np.abs(col.c - col.r)[col.differs] >= PLAINLY * np.abs(col.r)[col.differs]).all():
        return None
    # A condition of f that tells is why; a variable's value that does may do so by chance.
    where = side_of_a_condition(col, same, root_of(evidence.problem, index), function_of)
    if where is None:
        where = next((texts for j, texts in _sides(col, evidence) if tried.turns_with(j, good, col.differs)), None)
    if where is None or tried.fades(good, col.differs):
        return None
    rows: Mask = evidence.differs[:, index]
    there = column(evidence, index, rows)
    inner = next(itertools.chain(guesses(there, counts, derivative), offset_guesses(there)), None)
    message = f"right where {where[0]}, wrong where {where[1]}: a branch is wrong"
    if inner is not None:
        message += f" (there {inner.message})"
    return Guess(Fault.WRONG_BRANCH, f"branch {where[1]}", message, 0.8)


UNLIKELY = 0.05  # that chance alone separates right from wrong points
MOST_SIDES = 50  # variables that are looked at for a threshold


def _the_same(col: Column) -> Mask:
    """Points at which claim and reference agree to round-off."""
    return agrees(col.c, col.r, col.b, col.fit)


def _sides(col: Column, evidence: Evidence) -> Iterator[tuple[int, tuple[str, str]]]:
    """The variables whose values separate the right points from the wrong ones, with the two sides."""
    good, bad = ~col.differs, col.differs
    # So often a variable that has nothing to do with it separates the points by chance, in either of two measures. The
    # component's own is likelier, but where many components are wrong, one of them does so by chance.
    chance = 2 * 2.0 / math.comb(int(good.sum() + bad.sum()), int(bad.sum()))
    alone = col.points.shape[1] == 1
    wrong = int(evidence.differs.any(axis=0).sum())
    tries = {True: wrong, False: wrong * min(col.points.shape[1], MOST_SIDES)}
    own = [col.variable, *(j for j in range(min(col.points.shape[1], MOST_SIDES)) if j != col.variable)]
    for j in own:
        x = col.x(j)
        name = evidence.problem.variables.component_name(j)
        at_zero = np.ptp(x[bad]) == 0 and not x[bad].any()
        if j == col.variable and at_zero and x[good].all():
            yield j, (f"{name} ≠ 0", f"{name} = 0")
            continue
        if not alone and not chance * tries[j == col.variable] <= UNLIKELY:
            continue
        for values, symbol in ((x, name), (np.abs(x), f"|{name}|")):
            above, below = values[bad].min() > values[good].max(), values[bad].max() < values[good].min()
            if (above or below) and at_zero:
                yield j, (f"{name} ≠ 0", f"{name} = 0")
            elif above:
                yield j, (f"{symbol} ≤ {values[good].max():.4g}", f"{symbol} ≥ {values[bad].min():.4g}")
            elif below:
                yield j, (f"{symbol} ≥ {values[good].min():.4g}", f"{symbol} ≤ {values[bad].max():.4g}")


def _numbers(verified: Verified, evidence: Evidence, index: int) -> str:
    rows = np.flatnonzero(evidence.differs[:, index])
    if rows.size:
        row = int(rows[0])
        c, r, where = evidence.claimed[row, index], evidence.reference[row, index], show_point(evidence.points[row])
        return f"claimed {c:.8g}, reference {r:.8g} at {where}; no known mistake fits all points"
    for row in np.flatnonzero(verified.codes[:, index] == Code.FAIL).tolist():
        kink = verified.kinks[row].get(index)
        if kink is not None:
            c, where = verified.claim.values[row, index], show_point(verified.points[row])
            return f"claimed {c:.8g} at the kink at {where}, between {kink.left:.8g} and {kink.right:.8g} on its sides"
    return "wrong, with no pattern that fits all points"
