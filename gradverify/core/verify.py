"""One claimed derivative against every backend: estimates in, codes and verdicts out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from gradverify.core import beside_zeros, withdrawn
from gradverify.core.answers import Answer as Answer  # noqa: PLC0414 - offered here as well
from gradverify.core.answers import Ask as Ask  # noqa: PLC0414
from gradverify.core.answers import Judged
from gradverify.core.arrays import Array, Mask, Matrix, Vector
from gradverify.core.bends import bends_beside
from gradverify.core.estimates import Estimate, Estimates, Kink, stacked
from gradverify.core.examine import ClaimValues, ScaleProbe, examine, typical_lengths
from gradverify.core.judge import EXCUSED, FAIL, INCONCLUSIVE, PASS, SKIPPED, Code, judge, judge_kink, judge_with_scales
from gradverify.core.kinks import find_kinks
from gradverify.core.mixtures import exclude_mixtures
from gradverify.core.problem import Derivative, Failure, Observation, Problem, Request
from gradverify.core.ties import single_values
from gradverify.core.unresponsive import Negligible
from gradverify.core.values import flat
from gradverify.core.verdicts import AtKinks, Evidence, Fault, NoteKind, Verdict
from gradverify.core.zeros import right_zeros

if TYPE_CHECKING:
    from gradverify.core.projection.points import Projected


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two backends whose references are further apart than both bounds, with different verdicts."""

    row: int
    component: int
    first: str
    second: str
    values: tuple[float, float]
    bounds: tuple[float, float]
    decided: bool  # a third backend, or a proof, settles it


@dataclass(frozen=True, slots=True)
class Verified:
    """All that is known of one claimed derivative at k points with c components."""

    problem: Problem
    points: Matrix
    claim: ClaimValues
    function_values: Array  # (k, m) flat
    function_failures: Mapping[int, Failure]
    answers: tuple[Answer, ...]
    judged: tuple[Judged, ...]
    kinks: tuple[Mapping[int, Kink], ...]  # by point: component → kink
    codes: Array  # (k, c): all backends together
    contradictions: tuple[Contradiction, ...]
    evaluations: int  # of the function
    claim_evaluations: int
    proof_backend: str | None = None  # the backend that proved the claim right
    probe: ScaleProbe | None = field(default=None, compare=False)
    scattered: Array | None = None  # (k, c): gaps that are the claim's round-off, since they scatter about zero
    projected: tuple[Projected, ...] = ()  # backends that could compare along random directions only
    leans_on_projections: bool = False  # whether some component passes for no other reason
    function_observations: tuple[Observation, ...] = ()  # what its calls at the points showed: no fault of the claim
    at_kinks: AtKinks = AtKinks.ACCEPT_SUBGRADIENT  # the rule that the codes at kinks follow

    @property
    def proved(self) -> bool:
        """Whether a backend proved claim and derivative to be the same function."""
        return self.proof_backend is not None

    def only_refused(self, row: int, component: int) -> bool:
        """Whether a claim that lies between the slopes of a kink fails for no other reason than `at_kinks: fail`."""
        kink = self.kinks[row].get(component)
        if self.at_kinks is not AtKinks.FAIL or kink is None:
            return False
        return judge_kink(float(self.claim.values[row, component]), kink, self.problem.tolerance) is Code.PASS

    def rows_without_function(self) -> list[int]:
        """Points at which the function raised or is not finite."""
        finite = np.isfinite(self.function_values).reshape((self.points.shape[0], -1)).all(axis=1)
        return sorted(set(np.flatnonzero(~finite).tolist()) | set(self.function_failures))


def verify(
    problem: Problem,
    points: Matrix,
    backends: Sequence[str],
    ask: Ask,
    at_kinks: AtKinks = AtKinks.ACCEPT_SUBGRADIENT,
    claim_values: ClaimValues | None = None,
) -> Verified:
    """Ask every backend for the derivative at `points`, shape (k, n), and judge the claim.

    The only effects are those of `ask` and of the functions' own evaluation.
    """
    claim = problem.claim
    if claim is None:
        raise ValueError("a problem without a claim cannot be verified")
    function = problem.function.evaluate(points)
    if claim_values is None:
        code = claim.kind != "expression"
        claim_values = examine(claim, points, repeat=code, evaluate_function=_caller(problem) if code else None)
    claimed = claim_values.values
    request = Request(points, claimed.reshape((points.shape[0], *problem.shape)))
    answers = [ask(name, problem, request) for name in backends]
    projected: list[Projected] = []
    if any(answer.too_many for answer in answers):
        from gradverify.core.projection.points import project  # seldom needed

        compared = [project(problem, points, claim_values, flat(function.values), a, ask) for a in answers]
        projected = [found for found in compared if found is not None]
    kinks = _kinks([a.estimates for a in answers if a.estimates is not None], points.shape[0])
    prover = next((a for a in answers if _proves(a.estimates)), None)
    function_values = flat(function.values)
    some = any(a.estimates is not None for a in answers)  # without estimates nothing is done for each component
    probe = ScaleProbe(problem, claim, points, typical_lengths(points, problem) if some else np.ones(0))
    negligible = Negligible(problem, points, function_values, probe.typical)
    zeros = right_zeros(problem, points, function_values, claimed, probe.typical, answers, negligible)
    judged = [
        _judge_answer(
            problem, points, claim_values, a, a.estimates, kinks, at_kinks, probe, prover is not None, negligible, right
        )
        for a, right in zip(answers, zeros, strict=True)
        if a.estimates is not None
    ]
    if any(j.codes.any() for j in judged):  # not all pass, whose code is 0
        judged = withdrawn.unseen(problem, points, judged, claimed, function_values, probe.typical, negligible)
        judged = withdrawn.approximated(problem, judged, claimed)
    codes, contradictions = combine(judged, claimed.shape, prover.backend if prover else None)
    probed = [] if not some else _probe_kinks(problem, points, codes, kinks, claimed, at_kinks, probe.typical, judged)
    if any(probed):
        judged = [_at_new_kinks(j, probed, claimed, problem, at_kinks) for j in judged]
        codes, contradictions = combine(judged, claimed.shape, prover.backend if prover else None)
    if codes.any():  # not all pass, whose code is 0
        judged = withdrawn.cross_examined(problem, points, judged, codes, claimed, kinks, probe.typical)
    if at_kinks is AtKinks.ACCEPT_SUBGRADIENT:
        judged = exclude_mixtures(problem, points, codes, judged, kinks, claimed, ask, probe.typical)
    scattered = None
    if codes.any() and (codes == FAIL).any():
        scattered = withdrawn.scattered(problem, points, codes, judged, claimed, ask)
        scattered |= withdrawn.without_digits(problem, points, codes, judged, kinks, claimed)
        scattered |= withdrawn.in_single_precision(codes, judged, claimed)
        scattered |= withdrawn.at_ties(problem, points, codes, judged, kinks, claimed, ask, probe.typical)
        faint, judged = withdrawn.at_faint_kinks(problem, points, codes, judged, kinks, claimed, probe.typical)
        scattered |= faint
        codes[scattered] = Code.INCONCLUSIVE
        judged = [j.recoded(scattered & (j.codes == FAIL), Code.INCONCLUSIVE) for j in judged]
    leans = bool(projected) and _take_in(
        problem, points, claimed, projected, judged, codes, contradictions, prover is not None, scattered
    )
    asked_nearby = 0
    if some and prover is None:
        judged, asked_nearby = beside_zeros.doubted(problem, points, codes, judged, claimed, kinks, probe, ask)
    finite = np.atleast_1d(np.isfinite(function_values).all(axis=1))
    # NaN or infinity in the claim where f is finite is a fault even where no backend has a value to set beside it,
    # except that an infinite claim may be right where the slope is infinite.
    if not finite.all() or np.isnan(claimed).any():
        wrong = np.isnan(claimed) & finite[:, None] & (codes != SKIPPED)
        codes[wrong] = Code.FAIL
        codes[~finite & (codes != SKIPPED).any(axis=1), :] = Code.INCONCLUSIVE
    evaluations = points.shape[0] + sum(a.estimates.evaluations for a in answers if a.estimates is not None)
    evaluations += sum(p.evaluations for p in projected) + negligible.evaluations + asked_nearby
    return Verified(
        problem=problem, points=points, claim=claim_values, function_values=function_values,
        function_failures={f.row: f for f in function.failures}, answers=tuple(answers), judged=tuple(judged),
        kinks=tuple(kinks), codes=codes, contradictions=tuple(contradictions), evaluations=evaluations,
        claim_evaluations=claim_values.evaluations + probe.evaluations,
        proof_backend=prover.backend if prover else None, probe=probe if some else None, scattered=scattered,
        projected=tuple(projected), leans_on_projections=leans, function_observations=function.observations,
        at_kinks=at_kinks,
    )  # fmt: skip


def _probe_kinks(
    problem: Problem,
    points: Matrix,
    codes: Array,
    kinks: Sequence[dict[int, Kink]],
    claimed: Matrix,
    at_kinks: AtKinks,
    typical: Vector,
    judged: Sequence[Judged],
) -> list[dict[int, Kink]]:
    """Kinks that no backend named, at components that did not pass; at all components where the spec asks for kinks.

    An exact value says by itself that there is none: it is missing where a branch is decided by equality. They are
    added to `kinks`, and returned by point.
    """
    second = problem.derivative is Derivative.HESSIAN
    if at_kinks is AtKinks.ACCEPT_SUBGRADIENT and not codes.any() and not second:  # the code of a pass is 0
        return []
    found: list[dict[int, Kink]] = []
    for row, known in enumerate(kinks):
        suspects = np.arange(codes.shape[1])
        if at_kinks is AtKinks.ACCEPT_SUBGRADIENT:
            suspects = np.flatnonzero(codes[row] != PASS)
            for one in judged:
                if one.evidence[row].strength >= Evidence.EXACT.strength:
                    smooth = np.isfinite(one.reference[row]) & np.isfinite(one.bound[row])
                    suspects = suspects[~smooth[suspects]]
        usable = [int(i) for i in suspects if i not in known and not np.isinf(claimed[row, i])]
        new = find_kinks(problem, points[row], usable, typical)
        known.update(new)
        if second:
            beside = _mixtures(problem, points[row], row, codes[row], known, claimed, typical, judged)
            known.update(beside)
            new = {**new, **beside}
        found.append(new)
    return found


def _mixtures(
    problem: Problem,
    point: Vector,
    row: int,
    codes: Array,
    known: Mapping[int, Kink],
    claimed: Matrix,
    typical: Vector,
    judged: Sequence[Judged],
) -> dict[int, Kink]:
    """Where an estimate that decides on its own has mixed both sides of a jump of the Hessian.

    codes: (c,), those of `row`.
    """
    references, bounds = [j.reference[row] for j in judged], [j.bound[row] for j in judged]
    exact = [j.evidence[row].strength >= Evidence.EXACT.strength for j in judged]
    decided = ((codes == PASS) & (claimed[row] != 0)) | (codes == FAIL)
    for reference, bound, sure in zip(references, bounds, exact, strict=True):
        decided &= ~(np.isfinite(reference + bound) & sure)
    found: dict[int, Kink] = {}
    for reference, bound, sure in zip(references, bounds, exact, strict=True):
        asked = [i for i in np.flatnonzero(decided & np.isfinite(reference + bound)).tolist() if i not in known]
        if asked and not sure:
            found.update(bends_beside(problem, point, asked, typical, reference, bound))
    return found


def _at_new_kinks(
    judged: Judged, probed: Sequence[Mapping[int, Kink]], claimed: Matrix, problem: Problem, at_kinks: AtKinks
) -> Judged:
    codes = judged.codes.copy()
    for row, found in enumerate(probed):
        for component, kink in found.items():
            codes[row, component] = _code_at_kink(claimed[row, component], kink, problem, at_kinks)
    return replace(judged, codes=codes)


def _caller(problem: Problem) -> Callable[[Matrix], object]:
    """f, called at points as far as they are inside the domain."""
    return lambda points: problem.function.evaluate(points[problem.domain.contains(points).all(axis=1)])


def _proves(estimates: Estimates | None) -> bool:
    return estimates is not None and estimates.proof is not None and estimates.proof.identical is True


def _kinks(all_estimates: Sequence[Estimates], rows: int) -> list[dict[int, Kink]]:
    """The kinks that any backend found, by point and component; of several, the one with the least bound.

    Where an exact backend has a value there is none: differences do not tell a kink beside the point from one at it.
    """
    found: list[dict[int, Kink]] = [{} for _ in range(rows)]
    for estimates in all_estimates:
        for row, estimate in enumerate(estimates.points):
            for kink in estimate.kinks:
                if any(_has_exact_value(e.points[row], kink.component) for e in all_estimates if e is not estimates):
                    continue
                known = found[row].get(kink.component)
                if known is None or kink.bound < known.bound:
                    found[row][kink.component] = kink
    return found


def _has_exact_value(estimate: Estimate, component: int) -> bool:
    if estimate.evidence.strength < Evidence.EXACT.strength:
        return False
    value, bound = estimate.value.ravel()[component], estimate.error_bound.ravel()[component]
    return bool(np.isfinite(value) and np.isfinite(bound))


def _judge_answer(
    problem: Problem,
    points: Matrix,
    claim: ClaimValues,
    answer: Answer,
    estimates: Estimates,
    kinks: Sequence[Mapping[int, Kink]],
    at_kinks: AtKinks,
    probe: ScaleProbe,
    proved: bool,
    negligible: Negligible,
    right_zeros: Mask | None,
) -> Judged:
    rows = points.shape[0]
    reference, bound = stacked(estimates.points, claim.values.shape[1])
    codes = judge(claim.values, reference, bound, problem.tolerance)
    if right_zeros is not None:
        codes[right_zeros] = Code.PASS
    # A proof is one of formulas: at a single value of f, as in where(x == 0, 1, sin(x)/x), f has another slope than it.
    matters = proved and (codes.any() or any(kinks))
    proves = ~single_values(problem.function, points) if matters else np.zeros(rows, dtype=np.bool_)
    for row in np.flatnonzero((codes != PASS).any(axis=1)).tolist() if codes.any() else ():
        if row in claim.failures:
            codes[row] = Code.FAIL
            continue
        known = np.isfinite(reference[row]) & np.isfinite(bound[row])
        undecided = (codes[row] != PASS) & known & np.isfinite(claim.values[row])
        if undecided.any():
            scales = probe.at(row)
            codes[row] = judge_with_scales(
                claim.values[row],
                reference[row],
                bound[row],
                problem.tolerance,
                scales,
                problem.precision.epsilon,
                negligible.at(row, claim.values[row], bound[row]),
            )
            if right_zeros is not None:
                codes[row][right_zeros[row]] = Code.PASS
            if proves[row]:
                # Identical as functions: what is left of the gap is the claim's own round-off, by definition.
                codes[row][np.isfinite(claim.values[row]) & known] = Code.PASS
    for row in range(rows):
        for component, kink in kinks[row].items():
            codes[row, component] = _code_at_kink(claim.values[row, component], kink, problem, at_kinks)
    if proves.any():
        finite = np.isfinite(claim.values) & (codes == INCONCLUSIVE) & proves[:, None]
        codes[finite] = Code.PASS
    notes = tuple(e.notes for e in estimates.points)
    return Judged(answer, codes, reference, bound, tuple(e.evidence for e in estimates.points), notes)


def _code_at_kink(claimed: float, kink: Kink, problem: Problem, at_kinks: AtKinks) -> Code:
    match at_kinks:
        case AtKinks.SKIP:
            return Code.SKIPPED
        case AtKinks.FAIL:
            return Code.FAIL
        case AtKinks.ACCEPT_SUBGRADIENT:
            code = judge_kink(claimed, kink, problem.tolerance)
            # Second differences of f miss a jump beside the point, at a distance d, by (d/h)² only: no claim passes by
            # one, and what lies beyond both sides is wrong wherever it is.
            return Code.INCONCLUSIVE if code is Code.PASS and problem.derivative is Derivative.HESSIAN else code


def combine(judged: Sequence[Judged], shape: tuple[int, ...], prover: str | None) -> tuple[Array, list[Contradiction]]:
    """All backends' codes as one: (k, c). A pass and a fail at one place are a contradiction, settled only by more
    evidence."""
    if judged and not any(j.codes.any() for j in judged):  # all pass, whose code is 0
        return np.zeros(shape, dtype=np.int8), []
    codes = np.full(shape, Code.INCONCLUSIVE, dtype=np.int8)
    contradictions: list[Contradiction] = []
    if not judged:
        return codes, contradictions
    stack = np.array([j.codes for j in judged])
    passes, fails = (stack == PASS), (stack == FAIL)
    some_pass, some_fail = passes.any(axis=0), fails.any(axis=0)
    codes[(stack == EXCUSED).any(axis=0)] = Code.EXCUSED
    codes[(stack == SKIPPED).any(axis=0)] = Code.SKIPPED
    codes[some_pass] = Code.PASS
    codes[some_fail] = Code.FAIL
    for row, component in np.argwhere(some_pass & some_fail).tolist():
        verdict, contradiction = _settle(judged, row, component, prover)
        codes[row, component] = verdict
        contradictions.append(contradiction)
    undecided = (stack == INCONCLUSIVE).any(axis=0)
    for row, component in np.argwhere(some_fail & ~some_pass & undecided).tolist():
        doubt = _doubt(judged, row, component)
        if doubt is not None:
            codes[row, component] = Code.INCONCLUSIVE
            contradictions.append(doubt)
    return codes, contradictions


def _doubt(judged: Sequence[Judged], row: int, component: int) -> Contradiction | None:
    """A backend that is too inexact to decide, and yet excludes the only reference that the claim fails by."""
    failing = [j for j in judged if j.codes[row, component] == FAIL]
    undecided = [j for j in judged if j.codes[row, component] == INCONCLUSIVE]
    if len(failing) != 1:
        return None
    accuser = failing[0]
    for other in undecided:
        known = np.isfinite([other.reference[row, component], other.bound[row, component]]).all()
        if known and np.isfinite(accuser.reference[row, component]) and not _agree([accuser, other], row, component):
            return _contradiction(row, component, accuser, other, decided=False)
    return None


def _settle(judged: Sequence[Judged], row: int, component: int, prover: str | None) -> tuple[Code, Contradiction]:
    """What holds where backends contradict one another: a proof, else the side with more backends, else nothing."""
    passing = [j for j in judged if j.codes[row, component] == PASS]
    failing = [j for j in judged if j.codes[row, component] == FAIL]
    if any(j.backend == prover for j in passing) or len(passing) > len(failing):
        verdict = Code.PASS
    elif len(failing) > len(passing) and _agree(failing, row, component):
        verdict = Code.FAIL
    else:
        verdict = Code.INCONCLUSIVE
    return verdict, _contradiction(row, component, passing[0], failing[0], decided=verdict is not Code.INCONCLUSIVE)


def _contradiction(row: int, component: int, first: Judged, second: Judged, *, decided: bool) -> Contradiction:
    return Contradiction(
        row, component, first.backend, second.backend,
        (float(first.reference[row, component]), float(second.reference[row, component])),
        (float(first.bound[row, component]), float(second.bound[row, component])),
        decided,
    )  # fmt: skip


def _agree(side: Sequence[Judged], row: int, component: int) -> bool:
    """Whether the references of `side` agree with one another within their bounds."""
    low = max(float(j.reference[row, component] - j.bound[row, component]) for j in side)
    high = min(float(j.reference[row, component] + j.bound[row, component]) for j in side)
    slack = 8 * np.finfo(np.float64).eps * abs(low)  # a bound is itself computed in floating point
    return bool(low <= high + slack)


def _take_in(
    problem: Problem,
    points: Matrix,
    claimed: Matrix,
    projected: Sequence[Projected],
    judged: Sequence[Judged],
    codes: Array,
    contradictions: list[Contradiction],
    proved: bool,
    scattered: Array | None,
) -> bool:
    """Enter what the comparisons along directions say. Changes `codes`; whether some component passes only for them.

    They never overrule a backend that has judged each component, but may contradict it. scattered: (k, c), gaps that
    are the claim's round-off: nothing along a direction is as exact as the reference that showed them.
    """
    from gradverify.core.projection import disputes

    leans = False
    for one in projected:
        for row, comparison in one.comparisons.items():
            for part in comparison.wrong:
                passing = [j for j in judged if j.codes[row, part.index] == PASS]
                if codes[row, part.index] != PASS or not passing:
                    codes[row, part.index] = Code.FAIL
                    continue
                decided = proved or len(passing) > 1
                codes[row, part.index] = Code.PASS if decided else Code.INCONCLUSIVE
                first = passing[0]
                contradictions.append(
                    Contradiction(
                        row, part.index, first.backend, one.backend,
                        (float(first.reference[row, part.index]), part.reference),
                        (float(first.bound[row, part.index]), part.bound), decided,
                    )
                )  # fmt: skip
            if comparison.code != PASS:
                continue
            for other in judged:
                failing = np.flatnonzero((other.codes[row] == FAIL) & (codes[row] == FAIL))
                if failing.size and disputes.disputed(
                    problem, points[row], claimed[row], other.reference[row], failing, comparison
                ):
                    codes[row, failing] = Code.INCONCLUSIVE
                    i = int(failing[np.argmax(np.abs(claimed[row, failing] - other.reference[row, failing]))])
                    contradictions.append(
                        Contradiction(
                            row, i, one.backend, other.backend,
                            (float(claimed[row, i]), float(other.reference[row, i])),
                            (np.inf, float(other.bound[row, i])), False,
                        )
                    )  # fmt: skip
            open_ = codes[row] == INCONCLUSIVE
            if scattered is not None:
                open_ &= ~scattered[row]
            if open_.any() and not any(c.row == row and not c.decided for c in contradictions):
                codes[row, open_] = Code.PASS
                leans = True
    return leans


def best_reference(verified: Verified) -> tuple[Matrix, Matrix]:
    """For each point and component the reference with the least bound, and that bound: both (k, c); NaN where none.

    A backend that decides comes before one that does not: where f has underflowed, differences are 0 ± 0 and wrong.
    """
    shape = verified.claim.values.shape
    if not verified.judged:
        return np.full(shape, np.nan), np.full(shape, np.inf)
    values = np.array([j.reference for j in verified.judged])
    bounds = np.array([j.bound for j in verified.judged])
    bounds[~np.isfinite(values) | np.isnan(bounds)] = np.inf
    if verified.codes.any():  # not all pass, whose code is 0
        open_ = np.array([j.codes for j in verified.judged]) == INCONCLUSIVE
        bounds[open_ & ~open_.all(axis=0)] = np.inf
    if len(verified.judged) == 1:
        return values[0], bounds[0]
    flat_values, flat_bounds = values.reshape((len(values), -1)), bounds.reshape((len(bounds), -1))
    best = flat_bounds.argmin(axis=0), np.arange(flat_bounds.shape[1])
    return flat_values[best].reshape(shape), flat_bounds[best].reshape(shape)


def nothing_noticed(verified: Verified) -> bool:
    """Whether nothing beside the codes of components has a say in the verdict."""
    return not (
        verified.claim.faults or verified.claim.failures or verified.function_failures or verified.projected
        or not verified.judged
    ) and bool(np.isfinite(verified.function_values).all())  # fmt: skip


def verdict_of(verified: Verified) -> tuple[Verdict, str | None]:
    """The verdict on the claimed derivative, with the reason where it is not a pass."""
    claim, codes = verified.claim, verified.codes
    if codes.size and not codes.any() and nothing_noticed(verified):
        return Verdict.PASS, None
    what = f"the claimed {verified.problem.derivative.value}"
    if claim.faults:
        message = claim.faults[0].message
        return Verdict.FAIL, message if message.startswith(what) else f"{what}: {message}"
    bad_rows = verified.rows_without_function()
    failing = [row for row in sorted(claim.failures) if row not in bad_rows]
    if failing:
        return Verdict.FAIL, claim.failures[failing[0]].message
    usable = np.ones(codes.shape[0], dtype=bool)
    usable[bad_rows] = False
    if (codes[usable] == FAIL).any():
        at_kinks = _why_wrong_at_kinks(verified, usable)
        if at_kinks is not None:
            return Verdict.FAIL, at_kinks
        count = int((codes[usable] == FAIL).any(axis=0).sum())
        only = codes.shape[1] == 1
        least = "at least " if _found_in_part(verified, usable) else ""
        wrong = f"{least}{count} of {codes.shape[1]} components wrong"
        return Verdict.FAIL, "the only component is wrong" if only else wrong
    raised = [row for row in bad_rows if row in verified.function_failures]
    if raised:
        where = show_point(verified.points[raised[0]])
        return Verdict.ERROR, f"the function failed at {where}: {verified.function_failures[raised[0]].message}"
    if codes.shape[0] == 0:
        return Verdict.INCONCLUSIVE, "there is no point to check at"
    if bad_rows:
        where = show_point(verified.points[bad_rows[0]])
        return Verdict.INCONCLUSIVE, f"the function is not finite at {where}"
    along = _along_directions(verified)
    if along is not None:
        return along
    if not verified.judged and not verified.projected:
        return _nobody_judged(verified)
    certified = (codes == PASS).any(axis=0)
    if ((codes == PASS) | (codes == SKIPPED) | ((codes == EXCUSED) & certified)).all():
        if (codes == PASS).any():
            return Verdict.PASS, None
        return Verdict.INCONCLUSIVE, "every point was skipped: the function has kinks at all of them"
    return Verdict.INCONCLUSIVE, why_inconclusive(verified)


def _found_in_part(verified: Verified, usable: Mask) -> bool:
    """Whether more components are wrong than those that are known: directions tell of others, which nobody judged."""
    if not verified.projected or not (verified.codes[usable] == INCONCLUSIVE).any():
        return False
    from gradverify.core.projection import words

    return any(words.has_more(c) for one in verified.projected for c in one.comparisons.values())


def _along_directions(verified: Verified) -> tuple[Verdict, str] | None:
    """What the comparisons along directions decide where no component has been judged wrong; None where nothing."""
    if not verified.projected:
        return None
    from gradverify.core.projection import words

    for one in verified.projected:
        if one.broken is not None and not verified.judged:
            return Verdict.ERROR, one.broken
        for row in one.wrong_rows():
            comparison = one.comparisons[row]
            if comparison.wrong or verified.proved:
                continue
            where = show_point(verified.points[row])
            if not verified.judged or not (verified.codes[row] == PASS).all():
                return (
                    Verdict.FAIL,
                    f"{words.why(comparison, lambda i: component_label(verified.problem, i))}, at {where}",
                )
            agreeing = verified.judged[0].backend
            return Verdict.INCONCLUSIVE, (
                f"backends contradict one another: {agreeing} agrees with every component, {one.backend} differs along"
                f" random directions at {where}"
            )
    return None


def _why_wrong_at_kinks(verified: Verified, usable: Array) -> str | None:
    """Why a claim fails that is wrong at kinks of f only; None where it is wrong elsewhere too."""
    wrong = [(row, i) for row, i in np.argwhere(verified.codes == FAIL).tolist() if usable[row]]
    if not wrong or not all(i in verified.kinks[row] for row, i in wrong):
        return None
    row, i = next((place for place in wrong if not verified.only_refused(*place)), wrong[0])
    kink, claimed = verified.kinks[row][i], float(verified.claim.values[row, i])
    where = f"{component_label(verified.problem, i)} at {show_point(verified.points[row])}"
    slopes = _at_kink(verified.problem, kink)
    if all(verified.only_refused(*place) for place in wrong):
        between = f"{slopes}, and the claimed {claimed:.6g} lies between them"
        if len(verified.kinks[row]) == 1 and verified.problem.derivative is Derivative.GRADIENT:
            between += ", which is a subgradient"
        return f"{where}: {between}; the spec asks for a derivative at every point (`at_kinks: fail`)"
    if judge_kink(claimed, kink, verified.problem.tolerance) is Code.PASS:
        return f"{where}: {slopes}; each claimed component lies between its own, but together they are no subgradient"
    return f"{where}: {slopes}, and the claimed {claimed:.6g} does not lie between them"


def _at_kink(problem: Problem, kink: Kink) -> str:
    """A clause: the kink, and the values of the derivative on either side of it."""
    what = "f has a kink there, with slopes"
    if problem.derivative is Derivative.HESSIAN:
        what = "the slope of f has a kink there, with second derivatives"
    return f"{what} {kink.left:.6g} and {kink.right:.6g}"


def _nobody_judged(verified: Verified) -> tuple[Verdict, str]:
    broken = [a.broken for a in verified.answers if a.broken is not None]
    if broken:
        return Verdict.ERROR, broken[0]
    reasons = "; ".join(f"{a.backend}: {a.not_applicable}" for a in verified.answers)
    return Verdict.INCONCLUSIVE, f"no backend applies ({reasons or 'none is installed'})"


def why_inconclusive(verified: Verified) -> str:
    """The reason in one clause: what the backends noticed at the components that could not be decided."""
    for contradiction in verified.contradictions:
        if not contradiction.decided:
            a, b = contradiction.values
            return (
                f"backends contradict one another: {contradiction.first} says {a:.10g},"
                f" {contradiction.second} says {b:.10g} at {show_point(verified.points[contradiction.row])}"
            )
    undecided = np.argwhere((verified.codes == INCONCLUSIVE) | (verified.codes == EXCUSED))
    row, component = (int(i) for i in undecided[0])
    for one in verified.projected if not verified.judged else ():
        if row in one.comparisons:
            from gradverify.core.projection import words

            why = words.why(one.comparisons[row], lambda i: component_label(verified.problem, i))
            return f"{why}, at {show_point(verified.points[row])}"
    name = component_label(verified.problem, component)
    where = f"{name} at {show_point(verified.points[row])}"
    if verified.codes[row, component] == EXCUSED:
        return f"{where}: the difference is only excused by the absolute tolerance, which certifies nothing"
    explained = any(withdrawn.is_single(verified.judged, row)) or any(
        note.kind is NoteKind.KINK and component in note.components for j in verified.judged for note in j.notes[row]
    )
    if verified.scattered is not None and verified.scattered[row, component] and not explained:
        return f"{where}: the claim's own round-off scatters about the reference by more than the tolerance"
    messages: list[str] = []
    for judged in verified.judged:
        for note in judged.notes[row]:
            if (not note.components or component in note.components) and note.message not in messages:
                messages.append(note.message)
    if messages:
        return f"{where}: {'; '.join(messages)}"
    kink = verified.kinks[row].get(component)
    if kink is not None:
        claimed = float(verified.claim.values[row, component])
        return f"{where}: {_at_kink(verified.problem, kink)}, which do not decide about the claimed {claimed:.6g}"
    reference, bound = best_reference(verified)
    ref, err = float(reference[row, component]), float(bound[row, component])
    if not np.isfinite(ref):
        return f"{where}: no backend has a value"
    claimed = float(verified.claim.values[row, component])
    if verified.probe is not None and err <= verified.problem.tolerance.relative * abs(ref) and np.isfinite(claimed):
        level = float(verified.probe.at(row).round_off[component])
        return (
            f"{where}: the claimed {claimed:.6g} and the reference {ref:.6g} are apart by no more than the claim's own"
            f" round-off, {level:.2g}, which is above the tolerance"
        )
    return f"{where}: the reference {ref:.6g} has an error bound of {err:.2g}, wider than the tolerance"


def component_label(problem: Problem, component: int) -> str:
    """`∂f/∂x`, `∂f[1]/∂w[3]`, `∂²f/∂x∂y`: what people call a flat component of the derivative (counted from 0)."""
    n = problem.variables.size
    name = problem.variables.component_name
    match problem.derivative:
        case Derivative.GRADIENT:
            return f"∂f/∂{name(component)}"
        case Derivative.JACOBIAN:
            return f"∂f[{component // n}]/∂{name(component % n)}"
        case Derivative.HESSIAN:
            first, second = divmod(component, n)
            return f"∂²f/∂{name(first)}∂{name(second)}"


def show_point(point: Array, most: int = 6) -> str:
    """`(1, 2, 0.5)`, shortened where there are many components."""
    shown = ", ".join(f"{v:.6g}" for v in point[:most])
    return f"({shown}{', …' if point.size > most else ''})"


def claim_fault(verified: Verified) -> Fault | None:
    """The fault that shows in the claim by itself, if any."""
    if verified.claim.faults:
        kind = verified.claim.faults[0].kind
        return kind if isinstance(kind, Fault) else None
    named = [f.fault for f in verified.claim.failures.values() if f.fault is not None]
    return named[0] if named else None
