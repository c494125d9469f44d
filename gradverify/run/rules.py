"""A rule's parts are verified themselves, its composite too, and where that is wrong the part to blame is named."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from gradverify.core import conclude
from gradverify.core.arrays import Matrix
from gradverify.core.judge import Code
from gradverify.core.problem import Domain, Problem
from gradverify.core.report import Check, PointResult, SpecResult
from gradverify.core.verdicts import Verdict
from gradverify.core.verify import (
    Verified,
    best_reference,
    component_label,
    show_point,
    verdict_of,
    verify,
)
from gradverify.functions.build import domain_of
from gradverify.functions.rules import Composite, Part
from gradverify.spec.model import Spec

if TYPE_CHECKING:
    from gradverify.run.verification import Verification

WORDS = {"linear-combination": "the linear combination", "product": "the product", "chain": "the chain f(g(x))"}
SAME = 1e-9  # relative; two ways to compute one value differ by round-off, not by more than half of the digits


@dataclass(frozen=True, slots=True)
class Ruled:
    """What came of a rule: its checks, and what they cost."""

    checks: tuple[Check, ...]
    evaluations: int
    claim_evaluations: int


def check_rule(work: Verification, composite: Composite, run_part: Callable[[Spec], SpecResult], line: int) -> Ruled:
    """Check the parts by themselves, the composite's function and its gradient.

    run_part: verifies one spec that is no rule.
    """
    checks = [check for part in _distinct(composite) for check in _part_check(part, run_part, line)]
    evaluations = claim_evaluations = 0
    started = time.perf_counter()
    made = next((v for v in work.verified if v.problem.claim is composite.claim), None)
    if made is None:
        problem = replace(
            work.verified[0].problem, derivative=composite.derivative, claim=composite.claim, gradient_claim=None
        )
        made = verify(problem, work.points, work.backends, work.ask, work.spec.at_kinks)
        evaluations += made.evaluations
        claim_evaluations += made.claim_evaluations
    values = _function_check(work, composite, line)
    checks += values
    verdict, reason = verdict_of(made)
    blamed: list[str] = []
    shown: tuple[PointResult, ...] = ()
    if verdict is Verdict.FAIL:
        blamed = list(_blame(work, composite, made))
        told = "; ".join(blamed) or _nobody(bool(values and values[0].verdict is Verdict.FAIL))
        reason = f"{WORDS[composite.rule.kind]} has a wrong {composite.derivative.value}: {told}"
        failing = [c for c in conclude.checks_of(made, "rule", line) if c.verdict is Verdict.FAIL and c.points]
        shown = failing[0].points if failing else ()
    checks.append(
        Check(
            kind="rule", backend=None, name=composite.rule.kind, verdict=verdict, reason=reason, line=line,
            evidence=conclude.evidence_of(made), seconds=time.perf_counter() - started, points=shown,
            details={"parts": [part.label for part in composite.parts], "to_blame": blamed},
        )
    )  # fmt: skip
    return Ruled(tuple(checks), evaluations, claim_evaluations)


def _distinct(composite: Composite) -> list[Part]:
    """All parts, those of parts that are rules themselves included, each once."""
    found: dict[tuple[str, int], Part] = {}
    pending = list(composite.parts)
    while pending:
        part = pending.pop(0)
        key = (part.spec.place.file, part.spec.index)
        if key not in found:
            found[key] = part
            if part.loaded.composite is not None:
                pending += part.loaded.composite.parts
    return list(found.values())


def _part_check(part: Part, run_part: Callable[[Spec], SpecResult], line: int) -> Iterator[Check]:
    """A part by itself. One that is a rule is no more than its own parts, which are checked as well."""
    if part.loaded.composite is not None:
        return
    bare = replace(part.spec, extensions={})
    result = run_part(bare)
    reason = None
    if result.found is not Verdict.PASS:
        reason = f"the part {part.label}: {result.reason or result.found.value}"
        if result.expected != "pass" and result.found is Verdict.FAIL:
            reason = f"the part {part.label} is wrong on purpose (`expect: {result.expected}`)"
    yield Check(
        kind="rule", backend=None, name=f"part {part.label}", verdict=result.found, reason=reason,
        evidence=result.evidence, seconds=result.seconds, line=line,
    )  # fmt: skip


def _function_check(work: Verification, composite: Composite, line: int) -> list[Check]:
    """Where the spec gives a function of its own: whether it is the one that the rule makes."""
    if work.loaded.function is composite.function:
        return []
    own = work.loaded.function.evaluate(work.points).values.reshape((work.points.shape[0], -1))
    made = composite.function.evaluate(work.points).values.reshape(own.shape)
    with np.errstate(all="ignore"):
        size = np.maximum(np.abs(own), np.abs(made))
        room = max(SAME, work.verified[0].problem.tolerance.relative) * np.max(size, axis=1, keepdims=True, initial=0.0)
        apart = np.abs(own - made) > room
    rows = np.flatnonzero(apart.any(axis=1))
    verdict, reason = Verdict.PASS, None
    if not np.isfinite(own - made).all():
        verdict, reason = Verdict.INCONCLUSIVE, "the two functions are not finite at all points"
    if rows.size:
        row = int(rows[0])
        j = int(np.flatnonzero(apart[row])[0])
        verdict = Verdict.FAIL
        reason = (
            f"`function` is not {WORDS[composite.rule.kind]} of the parts: at {show_point(work.points[row])} it is"
            f" {own[row, j]:.6g}, and the parts make {made[row, j]:.6g}"
        )
    return [Check(kind="rule", backend=None, name="function", verdict=verdict, reason=reason, line=line)]


def _nobody(other_function: bool) -> str:
    if other_function:
        return "the parts are right where it is wrong; `function` is another one than they make"
    return "no part is wrong where it is"


def _blame(work: Verification, composite: Composite, made: Verified) -> Iterator[str]:
    """For each part whose own claim is wrong where the composite's is, a sentence."""
    rows = np.flatnonzero((made.codes == Code.FAIL).any(axis=1))[:4]  # a few points show which part is wrong
    if rows.size == 0:
        return
    told: set[str] = set()
    for part, needed in zip(composite.parts, composite.inputs, strict=True):
        for sentence in _wrong_parts(work, part, needed(work.points[rows])):
            if sentence not in told:
                told.add(sentence)
                yield sentence


def _wrong_parts(work: Verification, part: Part, points: Matrix) -> Iterator[str]:
    """A sentence for the part, or for its own parts where it is a rule, if its claim is wrong at `points`."""
    usable = points[np.isfinite(points).all(axis=1)]
    if usable.shape[0] == 0:
        return
    nested = part.loaded.composite
    if nested is not None and part.claim is nested.claim:
        for inner, needed in zip(nested.parts, nested.inputs, strict=True):
            yield from _wrong_parts(work, inner, needed(usable))
        return
    verified = verify(_problem(work, part), usable, work.backends, work.ask, part.spec.at_kinks)
    found = verdict_of(verified)[1]
    wrong = np.argwhere(verified.codes == Code.FAIL)
    if wrong.size == 0:
        return
    row, component = (int(i) for i in wrong[0])
    place = f"{part.label}, line {part.spec.place.line},"
    if row in verified.claim.failures:
        yield f"the part to blame is {place} whose claim fails at {show_point(usable[row])}: {found}"
        return
    reference, _ = best_reference(verified)
    label = component_label(verified.problem, component)
    label += " (counted from 0)" if "[" in label else ""
    yield (
        f"the part to blame is {place} whose {label} is"
        f" {verified.claim.values[row, component]:.6g} at {show_point(usable[row])} and should be"
        f" {reference[row, component]:.6g}"
    )


def _problem(work: Verification, part: Part) -> Problem:
    main = work.verified[0].problem
    domain: Domain = domain_of(part.spec)
    return Problem(
        name=part.spec.name, derivative=part.derivative, variables=part.spec.variables, function=part.function,
        claim=part.claim, domain=domain, tolerance=main.tolerance, precision=main.precision, budget=main.budget,
        seed=main.seed,
    )  # fmt: skip
