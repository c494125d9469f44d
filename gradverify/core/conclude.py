"""From arrays of codes to the checks, points and components that reports show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from gradverify.core.answers import Answer, Judged
from gradverify.core.arrays import Array, Matrix, Vector
from gradverify.core.estimates import Proof
from gradverify.core.judge import Code, tolerances
from gradverify.core.problem import Derivative, Precision, Problem
from gradverify.core.report import Check, Component, PointResult
from gradverify.core.verdicts import Evidence, Fault, Verdict
from gradverify.core.verify import Contradiction, Verified, component_label, nothing_noticed, show_point, verdict_of

if TYPE_CHECKING:
    from gradverify.core.projection.points import Projected

# Beyond this many components a point's vectors hold those that are wrong, or else the worst, and no others: nobody
# reads the rest, and a report of 25 million numbers is of no use. Of a point, so many coordinates are shown as well.
MOST_COMPONENTS = 1_000
MOST_NAMED = 1_000


WAY_OUT = "`precision: float32`"
_NO_DOUBT = frozenset((Code.PASS, Code.SKIPPED, Code.EXCUSED))


def component(problem: Problem, index: int) -> Component:
    """The component that flat `index` of the derivative is."""
    n = problem.variables.size
    variable, position = problem.variables.locate(index % n)
    output = None if problem.derivative is Derivative.GRADIENT else index // n
    return Component(index, variable.name, position, output, component_label(problem, index))


def point_verdict(codes: Array) -> Verdict:
    """The verdict on one point from its components' codes, shape (c,)."""
    if codes.size and not codes.any():  # each is a pass, whose code is 0
        return Verdict.PASS
    present = set(codes.astype(np.uint8).tobytes())  # of a thousand components there are still few different codes
    if Code.FAIL in present:
        return Verdict.FAIL
    if present == {Code.SKIPPED}:
        return Verdict.SKIPPED
    if present <= _NO_DOUBT and present and present != {Code.EXCUSED}:
        return Verdict.PASS
    return Verdict.INCONCLUSIVE


def checks_of(verified: Verified, kind: str, line: int | None) -> list[Check]:
    """One check a backend that was asked."""
    by_backend = {j.backend: j for j in verified.judged}
    plain = nothing_noticed(verified) and not np.isnan(verified.claim.values).any()
    projected = {p.backend: p for p in verified.projected}
    return [
        projected_check(verified, projected[answer.backend], kind, line)
        if answer.backend in projected
        else _check(verified, answer, by_backend.get(answer.backend), kind, line, plain=plain)
        for answer in verified.answers
    ]


def projected_check(verified: Verified, projected: Projected, kind: str, line: int | None) -> Check:
    """The check of a backend that could compare along random directions only."""
    from gradverify.core.projection import words  # seldom needed

    problem = verified.problem
    if projected.broken is not None:
        return Check(
            kind=kind, backend=projected.backend, verdict=Verdict.ERROR, reason=projected.broken, line=line,
            seconds=projected.answer.seconds,
        )  # fmt: skip
    points, verdicts, reasons = [], [], []
    for row, comparison in sorted(projected.comparisons.items()):
        verdict = _PROJECTED[comparison.code]
        why = words.why(comparison, lambda i: component_label(problem, i))
        shown = comparison.wrong
        claimed, reference, bound = (
            np.array([getattr(part, name) for part in shown], dtype=np.float64)
            for name in ("claimed", "reference", "bound")
        )
        points.append(
            PointResult(
                at=_point_shown(verified.points[row]), verdict=verdict, reason=why,
                components=tuple(part.index for part in shown),
                claimed=_numbers(claimed), reference=_numbers(reference), error_bound=_numbers(bound),
                tolerance=_numbers(tolerances(reference, problem.tolerance) + problem.tolerance.absolute),
                wrong_components=tuple(component(problem, part.index) for part in shown),
                notes=(*words.seen(comparison), *(note.message for note in comparison.notes)),
            )
        )  # fmt: skip
        verdicts.append(verdict)
        reasons += [f"{why}, at {show_point(verified.points[row])}"] if why is not None else []
    verdict = worst_verdict(verdicts)
    located = [part for c in projected.comparisons.values() for part in c.wrong]
    worst = max(
        (abs(p.claimed - p.reference) / abs(p.reference) if p.reference else np.inf for p in located), default=None
    )
    return Check(
        kind=kind, backend=projected.backend, verdict=verdict, evidence=Evidence.PROJECTED,
        reason=reasons[0] if reasons and verdict is not Verdict.PASS else None, seconds=projected.answer.seconds,
        max_relative_error=worst, points=tuple(points), line=line,
        details={
            "evaluations": projected.evaluations,
            "projections": [words.details(c) for c in list(projected.comparisons.values())[:MOST_DETAILED]],
        },
    )  # fmt: skip


_PROJECTED = {Code.PASS: Verdict.PASS, Code.FAIL: Verdict.FAIL, Code.INCONCLUSIVE: Verdict.INCONCLUSIVE}
MOST_DETAILED = 16  # points whose directions are told one by one


def projection_notes(verified: Verified) -> list[str]:
    """What random directions could and could not have shown, where the verdict leans on them."""
    if not verified.projected or (verified.judged and not verified.leans_on_projections):
        return []
    from gradverify.core.projection import words

    return [
        text
        for p in verified.projected
        for c in p.comparisons.values()
        if c.code == Code.PASS
        for text in words.seen(c)
    ]


def _check(
    verified: Verified, answer: Answer, judged: Judged | None, kind: str, line: int | None, *, plain: bool
) -> Check:
    if judged is None:
        verdict = Verdict.SKIPPED if answer.broken is None else Verdict.ERROR
        reason = answer.not_applicable if answer.broken is None else answer.broken
        return Check(
            kind=kind, backend=answer.backend, verdict=verdict, reason=reason, seconds=answer.seconds, line=line
        )
    passes = plain and judged.codes.size and not judged.codes.any()  # the code of a pass is 0
    verdict, reason = (Verdict.PASS, None) if passes else _backend_verdict(verified, judged)
    rows = _Rows(verified, judged)
    points = tuple([_point(verified, judged, rows, row) for row in range(verified.points.shape[0])])
    evidence = _weakest(judged.evidence)
    estimates = answer.estimates
    proof = estimates.proof if estimates is not None else None
    if proof is not None and proof.identical is True:
        evidence = Evidence.PROVED
    return Check(
        kind=kind, backend=answer.backend, verdict=verdict, evidence=evidence, reason=reason, seconds=answer.seconds,
        max_relative_error=_max_relative_error(verified.claim.values, judged.reference), points=points, line=line,
        details=_details(verified, judged, proof),
    )  # fmt: skip


def _weakest(evidence: Sequence[Evidence]) -> Evidence | None:
    """The weakest of a check's points; most have the same at all of them."""
    levels = set(evidence)
    return levels.pop() if len(levels) == 1 else min(levels, key=lambda e: e.strength, default=None)


def _backend_verdict(verified: Verified, judged: Judged) -> tuple[Verdict, str | None]:
    """The verdict of one backend alone, worded as for the whole."""
    codes = judged.codes.copy()
    finite = np.atleast_1d(np.isfinite(verified.function_values).all(axis=1))
    codes[np.isnan(verified.claim.values) & finite[:, None] & (codes != Code.SKIPPED)] = Code.FAIL
    relevant = [c for c in verified.contradictions if judged.backend in (c.first, c.second) and c.decided]
    verdict, reason = verdict_of(replace(verified, codes=codes, judged=(judged,), contradictions=()))
    if relevant and verdict is Verdict.FAIL:
        return Verdict.INCONCLUSIVE, _contradiction_text(verified, relevant[0])
    if verdict is Verdict.FAIL and any(judged.backend in (c.first, c.second) for c in verified.contradictions):
        return Verdict.INCONCLUSIVE, _contradiction_text(verified, verified.contradictions[0])
    return verdict, reason


def _contradiction_text(verified: Verified, c: Contradiction) -> str:
    name = component_label(verified.problem, c.component)
    return (
        f"backends contradict one another on {name} at {show_point(verified.points[c.row])}:"
        f" {c.first} says {c.values[0]:.10g} ± {c.bounds[0]:.1g},"
        f" {c.second} says {c.values[1]:.10g} ± {c.bounds[1]:.1g}"
    )


def function_notes(verified: Verified, verdict: Verdict, reason: str | None) -> list[str]:
    """What the function does that is no fault of the claim, a sentence each: changes its input, has single precision.

    The latter is told where it may have led to the verdict, and neither the spec nor the verdict's reason says so.
    """
    seen = verified.function_observations
    notes = [
        f"{one.message}; gradverify gives it a fresh copy for every call, other callers may not"
        for one in seen
        if one.kind is Fault.MUTATES_INPUT
    ]
    silent = verified.problem.precision is Precision.FLOAT64 and WAY_OUT not in (reason or "")
    if verdict is not Verdict.PASS and silent and any(one.kind is Fault.SINGLE_PRECISION for one in seen):
        notes.append(f"f returns single precision; {WAY_OUT} in the spec says so, and widens the default tolerance")
    return notes


def contradiction_notes(verified: Verified) -> list[str]:
    """One sentence for each pair of backends that contradict one another, with what that usually means."""
    seen: set[tuple[str, str]] = set()
    notes = []
    for c in verified.contradictions:
        if (c.first, c.second) in seen:
            continue
        seen.add((c.first, c.second))
        notes.append(
            _contradiction_text(verified, c)
            + "; usually f computes something that only one of them sees: a step, a rounding, a branch or hidden state"
        )
    return notes


def _with_kinks(verified: Verified, judged: Judged) -> tuple[Array, Array]:
    """Reference and bound, shape (k, c); where f has a kink and the claim lies outside its slopes, the nearer slope.

    Of a Hessian too, whose estimate is the mean of both sides there, and the value of neither.
    """
    mean = verified.problem.derivative is Derivative.HESSIAN
    reference, bound = judged.reference, judged.bound
    for row, kinks in enumerate(verified.kinks):
        for index, kink in kinks.items():
            claimed = verified.claim.values[row, index]
            nearest = min(max(claimed, min(kink.left, kink.right)), max(kink.left, kink.right))
            if (np.isnan(reference[row, index]) or mean) and abs(claimed - nearest) > kink.bound:
                if reference is judged.reference:
                    reference, bound = reference.copy(), bound.copy()
                reference[row, index], bound[row, index] = nearest, kink.bound
    return reference, bound


class _Rows:
    """The numbers of all points as Python's, row by row: those of all components, or of MOST_COMPONENTS of them."""

    def __init__(self, verified: Verified, judged: Judged) -> None:
        tolerance = verified.problem.tolerance
        claimed, (reference, bound) = verified.claim.values, _with_kinks(verified, judged)
        self.shown: Array | None = None  # which components, shape (k, MOST_COMPONENTS)
        if claimed.shape[1] > MOST_COMPONENTS:
            rows = zip(claimed, reference, bound, judged.codes, strict=True)
            self.shown = np.array([_worst(*row) for row in rows]).reshape((-1, MOST_COMPONENTS))
            claimed, reference, bound = (np.take_along_axis(a, self.shown, axis=1) for a in (claimed, reference, bound))
        self.at = verified.points[:, :MOST_COMPONENTS].tolist()
        self.claimed = claimed.tolist()
        self.reference = reference.tolist()
        self.bound = bound.tolist()
        self.tolerance = (tolerances(reference, tolerance) + tolerance.absolute).tolist()
        self.wrong = (judged.codes == int(Code.FAIL)).any(axis=1).tolist()

    def components(self, row: int) -> tuple[int, ...] | None:
        """Which components the numbers of a row are; None for all."""
        return None if self.shown is None else tuple(self.shown[row].tolist())


def _point(verified: Verified, judged: Judged, rows: _Rows, row: int) -> PointResult:
    problem = verified.problem
    codes = judged.codes[row]
    wrong: tuple[Component, ...] = ()
    if rows.wrong[row]:
        wrong = tuple(component(problem, int(i)) for i in np.flatnonzero(codes == Code.FAIL)[:MOST_NAMED])
    failure = verified.claim.failures.get(row)
    function_failure = verified.function_failures.get(row)
    verdict, reason = point_verdict(codes), None
    if function_failure is not None:
        verdict, reason = Verdict.ERROR, f"the function failed: {function_failure.message}"
    elif failure is not None:
        verdict, reason = Verdict.FAIL, failure.message
    notes = [note.message for note in judged.notes[row]]
    if verdict is Verdict.INCONCLUSIVE and notes:
        reason = "; ".join(dict.fromkeys(notes))
    return PointResult(
        at=tuple(rows.at[row]),
        claimed=tuple(rows.claimed[row]) if failure is None else None,
        reference=tuple(rows.reference[row]),
        error_bound=tuple(rows.bound[row]),
        tolerance=tuple(rows.tolerance[row]),
        components=rows.components(row),
        verdict=verdict, wrong_components=wrong, reason=reason, notes=tuple(dict.fromkeys(notes)),
    )  # fmt: skip


def _worst(claimed: Vector, reference: Vector, bound: Vector, codes: Array) -> Array:
    """The components to show where there are too many for all: wrong ones first, else those that are furthest off.

    Flat indices, rising; shape (MOST_COMPONENTS,).
    """
    with np.errstate(all="ignore"):
        off = (np.abs(claimed - reference) + bound) / np.abs(reference)
    off[np.isnan(off)] = np.inf
    wrong = np.flatnonzero(codes == Code.FAIL)[:MOST_COMPONENTS]
    if wrong.size == MOST_COMPONENTS:
        return wrong
    off[wrong] = -1.0
    more = np.argpartition(-off, MOST_COMPONENTS - wrong.size)[: MOST_COMPONENTS - wrong.size]
    return np.sort(np.concatenate([wrong, more]))


def _point_shown(point: Vector) -> tuple[float, ...]:
    return _numbers(point[:MOST_COMPONENTS])


def _numbers(vector: Vector) -> tuple[float, ...]:
    numbers: list[float] = vector.ravel().tolist()
    return tuple(numbers)


def _max_relative_error(claimed: Matrix, reference: Matrix) -> float | None:
    """The largest |claimed − reference| / |reference|; components whose reference is 0 count by |claimed| alone."""
    with np.errstate(all="ignore"):
        gap = np.abs(claimed - reference)
        relative = gap / np.abs(reference)
    zero = reference == 0
    relative[zero] = np.where(gap[zero] == 0, 0.0, np.inf)
    known = relative[np.isfinite(reference)]
    return float(known.max()) if known.size else None


def _details(verified: Verified, judged: Judged, proof: Proof | None) -> dict[str, Any]:
    details: dict[str, Any] = {}
    if proof is not None:
        details["proof"] = {"identical": proof.identical, "method": proof.method}
        failing = np.flatnonzero((judged.codes == Code.FAIL).any(axis=0)).tolist() if judged.codes.any() else ()
        wrong = sorted({*failing, *_different(proof)})
        formulas = [
            {
                "component": component_label(verified.problem, i),
                "right": proof.reference[i],
                "claimed": proof.claimed[i] if proof.claimed else None,
                "difference": proof.difference[i] if proof.difference else None,
            }
            for i in wrong[:MOST_NAMED]
            if i < len(proof.reference) and proof.reference[i]
        ]
        if formulas:
            details["formulas"] = formulas
    if judged.answer.estimates is not None:
        details["evaluations"] = judged.answer.estimates.evaluations
    return details


def _different(proof: Proof) -> set[int]:
    return {i for i, same in enumerate(proof.components) if same is False}


def wrong_components(verified: Verified) -> tuple[Component, ...]:
    """The components that are wrong at some point."""
    if not verified.codes.any():
        return ()
    wrong = np.flatnonzero((verified.codes == Code.FAIL).any(axis=0))[:MOST_NAMED]
    return tuple(component(verified.problem, int(i)) for i in wrong)


def evidence_of(verified: Verified) -> Evidence | None:
    """The strongest evidence among the backends that decided something."""
    if verified.proved:
        return Evidence.PROVED
    if verified.leans_on_projections or (verified.projected and not verified.judged):
        return Evidence.PROJECTED
    decided = [j for j in verified.judged if (j.codes <= int(Code.FAIL)).any()]
    levels = [weakest for j in decided if (weakest := _weakest(j.evidence)) is not None]
    return max(levels, key=lambda e: e.strength, default=None)


def worst_verdict(verdicts: Sequence[Verdict]) -> Verdict:
    """A spec's verdict from its parts: a fault outweighs what could not be decided, which outweighs a pass."""
    order = (Verdict.FAIL, Verdict.ERROR, Verdict.INCONCLUSIVE, Verdict.PASS, Verdict.SKIPPED)
    return next((v for v in order if v in verdicts), Verdict.INCONCLUSIVE)
