"""Which accusations are taken back: gaps that f itself, or the claim's own round-off, accounts for.

A failing code is only as good as its reference and as the digits of the claim. What is taken back is undecided.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from gradverify.core import stairs
from gradverify.core.answers import Ask, Judged, values_at
from gradverify.core.arrays import Array, Mask, Matrix, Tensor, Vector
from gradverify.core.cross_examination import OtherSlopes, is_inconsistent, other_slopes
from gradverify.core.estimates import Kink, Note, Screened
from gradverify.core.judge import FAIL, ROUND_OFF_UNITS, Code
from gradverify.core.kinks import find_kinks
from gradverify.core.lost_digits import is_exact_elsewhere, lost
from gradverify.core.lost_values import hidden_size
from gradverify.core.problem import Derivative, Precision, Problem, Request
from gradverify.core.unresponsive import Negligible
from gradverify.core.values import flat
from gradverify.core.verdicts import Evidence, NoteKind

TWO_SLOPES = "f has another slope over small steps than over longer ones, and the claim is neither"
STEPPING = (
    "f moves in small jumps, as what is iterated until a tolerance is met does; what they add to its slope is as much"
    " as the claim is off"
)
UNSOUND = (
    "the differences contradict f's changes in directions across the axes: f has no gradient here, or is too noisy"
)


def cross_examined(
    problem: Problem,
    points: Matrix,
    judged: Sequence[Judged],
    codes: Array,
    claimed: Matrix,
    kinks: Sequence[Mapping[int, Kink]],
    typical: Vector,
) -> list[Judged]:
    """Take back what failed by a reference that f itself contradicts. Changes `codes`.

    Only estimated references need it: exact ones know f's formula. The first row that stands decides the verdict, and
    ends the questions. What f's slope over other steps excludes as well stands, by that slope.
    """
    taken = np.zeros(codes.shape, dtype=np.bool_)
    others: dict[int, OtherSlopes] = {}
    stepping = np.zeros(len(codes), dtype=np.bool_)
    if problem.derivative is not Derivative.HESSIAN:
        for row in np.flatnonzero((codes == FAIL).any(axis=1)).tolist():
            failing = codes[row] == FAIL
            known = [j for j in judged if np.isfinite(j.reference[row] + j.bound[row])[failing].all()]
            exact = any(j.evidence[row].strength >= Evidence.EXACT.strength for j in known)
            if exact or kinks[row] or _jumps(known, row, failing) or not known:
                break
            shape = (-1, problem.variables.size)
            reference, bound = known[0].reference[row].reshape(shape), known[0].bound[row].reshape(shape)
            sure = np.isfinite(reference + bound).all(axis=0)  # the lines stay in these variables
            reference, bound = np.where(sure, reference, 0.0), np.where(sure, bound, 0.0)
            size = np.where(points[row] != 0, np.abs(points[row]), typical)
            size = np.where(sure, size, 0.0)
            if not is_inconsistent(problem, points[row], reference, bound, size):
                explained = stairs.explain(problem, points[row], claimed[row], known[0].reference[row], failing, size)
                if not explained.any():
                    break
                taken[row], stepping[row] = explained, True
                if (failing & ~explained).any():
                    break
                continue
            taken[row] = failing
            other = other_slopes(problem, points[row], claimed[row].reshape(shape), size)
            accused = taken[row] & (other.excludes.ravel() if other is not None else False)
            if other is not None and accused.any():
                explained = stairs.explain(problem, points[row], claimed[row], other.value.ravel(), accused, size)
                stepping[row] = bool(explained.any())
                if (accused & ~explained).any():
                    taken[row] &= ~accused | explained
                    others[row] = replace(other, excludes=other.excludes & ~explained.reshape(other.excludes.shape))
                    break
    codes[taken] = Code.INCONCLUSIVE
    return [_taken_back(j, taken, others, stepping) for j in judged] if taken.any() or others else list(judged)


def _jumps(judged: Sequence[Judged], row: int, failing: Mask) -> bool:
    """Whether f jumps again and again along a failing component: lines see its trend then, which is not its slope."""
    named = [note.components for j in judged for note in j.notes[row] if note.kind is NoteKind.JUMP]
    return any(not components or failing[list(components)].any() for components in named)


def _taken_back(judged: Judged, taken: Mask, others: Mapping[int, OtherSlopes], stepping: Mask) -> Judged:
    """taken: (k, c).  others: by row, the slopes that stand in for the reference where they accuse the claim.

    stepping: (k,), where f's jumps are the reason.
    """
    notes = list(judged.notes)
    for row in sorted({*np.flatnonzero(taken.any(axis=1)).tolist(), *others}):
        notes[row] = (
            *notes[row],
            Note(NoteKind.NOISE, TWO_SLOPES if row in others else STEPPING if stepping[row] else UNSOUND),
        )
    reference, bound = judged.reference.copy(), judged.bound.copy()
    for row, other in others.items():
        stands = other.excludes.ravel() & (judged.codes[row] == FAIL)
        reference[row] = np.where(stands, other.value.ravel(), reference[row])
        bound[row] = np.where(stands, other.bound.ravel(), bound[row])
    failed = taken & (judged.codes == FAIL)
    return replace(judged.recoded(failed, Code.INCONCLUSIVE), notes=tuple(notes), reference=reference, bound=bound)


# A gap that is the claim's round-off, such as that of 1 − cos(x) near 0, is small beside the value and changes its sign
# from one point to the next; a fault in the formula does not, or it passes through zero on a straight line.
SMALL_GAP = 1e-2
SCATTER_DISTANCE = 1e-3  # relative; far enough for round-off to be another, near enough for the formula to be the same
SCATTER_POINTS = 24
FIRST_SCATTER_POINTS = 6
# Of how far the gaps at x + d and x − d are apart: what round-off leaves of their mean is as large as that.
STRAIGHT = 0.1
STEADY = 0.1  # relative spread of a gap; six draws of noise lie as close together about once in 1e7 times
FEWEST_OF_EITHER_SIGN = 2  # of 24: the chance that a fair coin shows fewer is 3e-6; a fault of one sign shows none


def scattered(
    problem: Problem, points: Matrix, codes: Array, judged: Sequence[Judged], claimed: Matrix, ask: Ask
) -> Array:
    """Where a small gap scatters about zero around the point, and so is the claim's own round-off; shape (k, c)."""
    out = np.zeros(codes.shape, dtype=np.bool_)
    claim = problem.claim
    for row in np.flatnonzero((codes == FAIL).any(axis=1)).tolist():
        exact = [j for j in judged if j.evidence[row].strength >= Evidence.EXACT.strength]
        if not exact or claim is None:
            continue
        best = min(exact, key=lambda j: j.answer.seconds)
        with np.errstate(all="ignore"):
            small = np.abs(claimed[row] - best.reference[row]) <= SMALL_GAP * np.abs(best.reference[row])
        suspects = small & (codes[row] == FAIL)
        if not suspects.any():
            continue
        gap, apart = _gaps_around(problem, points[row], best.backend, ask, row, suspects)
        if gap.shape[0] == 0:
            continue
        above, below = (apart & (gap > 0)).sum(axis=0), (apart & (gap < 0)).sum(axis=0)
        found = suspects & (above >= FEWEST_OF_EITHER_SIGN) & (below >= FEWEST_OF_EITHER_SIGN)
        found &= ~_is_straight(gap, claimed[row] - best.reference[row])
        if found.any() and is_exact_elsewhere(problem, claim, points[row], np.flatnonzero(found).tolist()):
            out[row] = found
    return out


def _is_straight(gaps: Matrix, here: Vector) -> Mask:
    """Whether gaps at pairs of opposite points, shape (2·p, c), go straight through the gap `here` between them; (c,).

    One that does is a fault of the formula that happens to be 0 nearby, as that of exp(x)·(1 + (x − 1)/100) at 1.
    """
    with np.errstate(all="ignore"):
        one, other = gaps[0::2], gaps[1::2]
        bend = np.abs((one - here) + (other - here)).sum(axis=0)
        straight: Mask = bend <= STRAIGHT * np.abs(one - other).sum(axis=0)
    return straight


def without_digits(
    problem: Problem,
    points: Matrix,
    codes: Array,
    judged: Sequence[Judged],
    kinks: Sequence[Mapping[int, Kink]],
    claimed: Matrix,
) -> Array:
    """Where the claim has lost its digits to round-off, by as much as it is off; shape (k, c)."""
    out = np.zeros(codes.shape, dtype=np.bool_)
    claim = problem.claim
    if claim is None or not judged:
        return out
    references = np.array([j.reference for j in judged])
    bounds = np.array([np.where(np.isfinite(j.reference) & np.isfinite(j.bound), j.bound, np.inf) for j in judged])
    best = np.argmin(bounds, axis=0)[None]
    reference = np.take_along_axis(references, best, axis=0)[0]
    for row in np.flatnonzero((codes == FAIL).any(axis=1)).tolist():
        failing = [i for i in np.flatnonzero(codes[row] == FAIL).tolist() if i not in kinks[row]]
        with np.errstate(all="ignore"):
            gap = np.abs(claimed[row] - reference[row])
        out[row] = lost(problem, claim, points[row], gap, failing)
    return out


# Of the points beside a tie, relative to the component's size: far enough for a backend that checks its own values by
# differences not to meet the tie in them.
TIE_DISTANCE = 1e-3
TIE_SLACK = 0.05  # how far a slope may move over that distance, relative to the larger one
MOST_TIES = 16  # components at a point


def at_ties(
    problem: Problem,
    points: Matrix,
    codes: Array,
    judged: Sequence[Judged],
    kinks: Sequence[Mapping[int, Kink]],
    claimed: Matrix,
    ask: Ask,
    typical: Vector,
) -> Array:
    """Where differences alone accuse a claim that lies between the slopes on either side of a tie; shape (k, c).

    An exact backend that sees a branch decided by equality has no value there. Where its two slopes are close, or small
    beside the noise of f, differences see no kink and take the mean of both for the derivative.
    """
    out = np.zeros(codes.shape, dtype=np.bool_)
    if problem.derivative is Derivative.HESSIAN:
        return out
    for row in np.flatnonzero((codes == FAIL).any(axis=1)).tolist():
        for one in judged:
            notes = [note for note in one.notes[row] if note.kind is NoteKind.KINK]
            if one.evidence[row].strength < Evidence.EXACT.strength or not notes:
                continue
            tied = {i for note in notes for i in note.components}
            suspects = [i for i in np.flatnonzero(codes[row] == FAIL).tolist() if i in tied and i not in kinks[row]]
            for index in suspects[:MOST_TIES]:
                j = index % problem.variables.size
                step = np.zeros(problem.variables.size)
                step[j] = TIE_DISTANCE * (abs(points[row, j]) or typical[j])
                beside = np.array([points[row] - step, points[row] + step])
                answer = ask(one.backend, problem, Request(beside))
                if answer.estimates is None or not problem.domain.contains(beside).all():
                    continue
                slopes = [float(flat(e.value[None])[0, index]) for e in answer.estimates.points]
                slack = TIE_SLACK * max(map(abs, slopes))
                out[row, index] = min(slopes) - slack <= claimed[row, index] <= max(slopes) + slack
    return out


LEAVES = 100.0  # times a solver's tolerance: what it leaves of slopes, relative to the largest
MOST_LEFT = 0.05  # relative; a wrong sign or factor is more


def approximated(problem: Problem, judged: Sequence[Judged], claimed: Matrix) -> list[Judged]:
    """`judged` without fails that are as small as what stops at a tolerance in f, or in the claim, leaves undecided.

    The derivative of the solution and that of an unfinished iteration are different numbers, and either may be meant.
    """
    if not any((j.codes == FAIL).any() for j in judged):
        return list(judged)
    with np.errstate(all="ignore"):  # what is left of a component that is 0 is as large as that of the others
        gaps = [np.abs(claimed - j.reference) / _largest(j.reference) for j in judged]
    if not any(((j.codes == FAIL) & (gap <= MOST_LEFT)).any() for j, gap in zip(judged, gaps, strict=True)):
        return list(judged)
    found = problem.approximation()
    if found is None:
        return list(judged)
    most = min(MOST_LEFT, LEAVES * found.tolerance)
    text = (
        f"{found.what} stops at a tolerance ({found.tolerance:g}), which leaves as much of a slope as the claim is off"
    )
    return [_undecided(j, (j.codes == FAIL) & (gap <= most), text) for j, gap in zip(judged, gaps, strict=True)]


def _largest(reference: Matrix) -> Matrix:
    """The largest magnitude at each point, (k, 1)."""
    largest: Matrix = np.max(np.where(np.isfinite(reference), np.abs(reference), 0.0), axis=1, keepdims=True)
    return largest


def _undecided(judged: Judged, where: Array, text: str) -> Judged:
    """The same, undecided at the places of `where`, shape (k, c), with a note on why."""
    if not where.any():
        return judged
    changed = judged.recoded(where, Code.INCONCLUSIVE)
    for row in np.flatnonzero(where.any(axis=1)).tolist():
        note = Note(NoteKind.NOISE, text, tuple(np.flatnonzero(where[row]).tolist()))
        changed = _with_note(changed, row, note)
    return changed


UNSEEN = "claim and reference are apart by less than f, as it is computed, could show"
USUAL_POINTS = 8  # at which the size of f is looked at


def unseen(
    problem: Problem,
    points: Matrix,
    judged: Sequence[Judged],
    claimed: Matrix,
    values: Matrix,
    typical: Vector,
    negligible: Negligible,
) -> list[Judged]:
    """`judged` without the fails that f itself could not tell from passes. values: f at the points, (k, m).

    Where f does not move at all, differences say 0 ± 0, as of log(1 + t) for t = 1e-20, whose terms are of the size
    that f has elsewhere; what f does not answer to over long steps either is 0. Where f has lost its digits on the way
    to the point, its differences are those of another function. And a claim of 0 beside 1e-40 has
    underflowed on the way, as 1 − tanh(x)² does.
    """
    if not any((j.codes == FAIL).any() for j in judged):
        return list(judged)
    epsilon, out = problem.precision.epsilon, []
    usual: Vector | None = None
    for one in judged:
        taken = np.zeros(claimed.shape, dtype=np.bool_)
        for row in np.flatnonzero((one.codes == FAIL).any(axis=1)).tolist():
            size = np.maximum(np.abs(points[row]), typical)
            lengths = size[None, :] * (size[:, None] if problem.derivative is Derivative.HESSIAN else 1.0)
            here, reference = np.abs(values[row]), one.reference[row]
            with np.errstate(all="ignore"):
                underflow = (epsilon**2 * here[:, None] / lengths).ravel()
                taken[row] = (claimed[row] == 0) & (np.abs(reference) <= underflow)
                if (
                    one.evidence[row].strength < Evidence.EXACT.strength
                    and problem.derivative is not Derivative.HESSIAN
                ):
                    taken[row] |= _below_what_f_lost(problem, points[row], size, np.abs(claimed[row] - reference))
                still = (reference == 0) & (one.codes[row] == FAIL)
                if still.any() and one.evidence[row].strength < Evidence.EXACT.strength:
                    usual = _usual_size(problem, points[row]) if usual is None else usual
                    unfelt = (epsilon * np.maximum(here, usual)[:, None] / lengths).ravel()
                    unfelt_here = still & (one.bound[row] <= unfelt) & (np.abs(claimed[row]) <= unfelt)
                    components = np.flatnonzero(unfelt_here)
                    steepest = float(np.max(np.abs(reference[np.isfinite(reference)]), initial=0.0))
                    if components.size:
                        taken[row, components] |= negligible.answers(row, components, steepest)
        out.append(_undecided(one, taken & (one.codes == FAIL), UNSEEN))
    return out


def _below_what_f_lost(problem: Problem, point: Vector, size: Vector, gap: Vector) -> Mask:
    """Which gaps, (c,), make less over the variables' sizes than the round-off of what f has lost at the point."""
    lost = problem.precision.epsilon * hidden_size(problem, point, size)
    with np.errstate(all="ignore"):
        below: Mask = (gap <= (lost[:, None] / size).ravel()) & np.isfinite(gap)
    return below


def _usual_size(problem: Problem, point: Vector) -> Vector:
    """The size of f, (m,), where its variables are about 1, as far as its domain allows."""
    drawn = np.random.default_rng(problem.seed).normal(size=(USUAL_POINTS, point.size))
    found = np.abs(flat(problem.function.evaluate(np.where(problem.domain.contains(drawn), drawn, point)).values))
    size: Vector = np.median(np.where(np.isfinite(found), found, 0.0), axis=0)
    return size


LENGTHS = (0.0, 1.0, 100.0)  # that steps are relative to at least: the component's own, and as far as differences go


def at_faint_kinks(
    problem: Problem,
    points: Matrix,
    codes: Array,
    judged: Sequence[Judged],
    kinks: Sequence[Mapping[int, Kink]],
    claimed: Matrix,
    typical: Vector,
) -> tuple[Array, list[Judged]]:
    """Where differences alone accuse a claim that lies between one-sided slopes which differ down to the noise.

    In 1e6 + max(0, t)/1000 the slopes stay apart over two decades of steps only, the smaller ones being noise: too few
    to call it a kink, enough not to believe the mean of both. And where noise leaves differences only steps that reach
    over a kink beside the point, as at 1e-7, the mean is what they find. Also returns `judged` with notes that say so.
    """
    out, noted = np.zeros(codes.shape, dtype=np.bool_), list(judged)
    for row in np.flatnonzero((codes == FAIL).any(axis=1)).tolist():
        exact = [j for j in judged if j.evidence[row].strength >= Evidence.EXACT.strength]
        failing = [i for i in np.flatnonzero(codes[row] == FAIL).tolist() if i not in kinks[row]]
        failing = [i for i in failing if not any(np.isfinite(j.reference[row, i]) for j in exact)][:MOST_TIES]
        found: dict[int, Kink] = {}
        for length in LENGTHS:
            left = [i for i in failing if i not in found]
            found.update(find_kinks(problem, points[row], left, typical, faint=True, at_least=length))
        for index, kink in found.items():
            low, high = min(kink.left, kink.right), max(kink.left, kink.right)
            out[row, index] = low - kink.bound <= claimed[row, index] <= high + kink.bound
            if out[row, index]:
                sides = f"{kink.left:.6g} and {kink.right:.6g} differ down to its noise"
                text = f"f seems to have a kink: its slopes {sides}"
                if problem.derivative is Derivative.HESSIAN:
                    text = f"the slope of f seems to have a kink: f's second derivatives {sides}"
                note = Note(NoteKind.KINK, text, (index,))
                noted = [j if j in exact else _with_note(j, row, note) for j in noted]
    return out, noted


def _with_note(judged: Judged, row: int, note: Note) -> Judged:
    notes = list(judged.notes)
    notes[row] = (*notes[row], note)
    return replace(judged, notes=tuple(notes))


SINGLE_EPSILON = Precision.FLOAT32.epsilon


def in_single_precision(codes: Array, judged: Sequence[Judged], claimed: Matrix) -> Array:
    """Where f is seen to compute in single precision and the claim is off by what that leaves; shape (k, c).

    A spec that does not say so is held to what double precision can tell. Whoever computes f in single precision
    computes its gradient so, with an error of some units of round-off of its largest component.
    """
    out = np.zeros(codes.shape, dtype=np.bool_)
    for row in np.flatnonzero((codes == FAIL).any(axis=1)).tolist():
        if any(is_single(judged, row)):
            size = max(float(np.max(np.abs(j.reference[row]), initial=0.0)) for j in judged)
            with np.errstate(all="ignore"):
                gap = np.max([np.abs(claimed[row] - j.reference[row]) for j in judged], axis=0)
                out[row] = (codes[row] == FAIL) & (gap <= ROUND_OFF_UNITS * SINGLE_EPSILON * size)
    return out


def is_single(judged: Sequence[Judged], row: int) -> list[bool]:
    """For each backend, whether it saw at point `row` that f computes in single precision without saying so."""
    return [any(note.kind is NoteKind.SINGLE_PRECISION for note in j.notes[row]) for j in judged]


def _gaps_around(
    problem: Problem, point: Vector, backend: str, ask: Ask, row: int, suspects: Mask
) -> tuple[Matrix, Mask]:
    """claimed − reference at up to SCATTER_POINTS points around `point`, and where it exceeds the tolerance: (p, c).

    Each two points that follow one another are opposite; components without room for that stay.
    Where the first few gaps of the suspects, (c,), are all but the same, they are a fault of the formula, and the rest
    is not looked at.
    """
    claim = problem.claim
    assert claim is not None
    rng = np.random.default_rng((problem.seed, row))
    step = point * (SCATTER_DISTANCE * rng.uniform(-1, 1, size=(SCATTER_POINTS // 2, point.size)))
    room = problem.domain.contains(point + step) & problem.domain.contains(point - step)
    step = np.where(room, step, 0.0)
    around = np.stack([point + step, point - step], axis=1).reshape((-1, point.size))
    gaps, aparts = np.empty((0, 0)), np.empty((0, 0), dtype=np.bool_)
    for part in (around[:FIRST_SCATTER_POINTS], around[FIRST_SCATTER_POINTS:]):
        values = claim.evaluate(part).values
        reference = _reference(problem, Request(part, values), backend, ask, suspects)
        if reference is None:
            break
        with np.errstate(all="ignore"):
            gap = flat(values - reference)
            apart = np.abs(gap) > problem.tolerance.relative * np.abs(flat(reference))
        gaps = gap if gaps.size == 0 else np.concatenate([gaps, gap])
        aparts = apart if aparts.size == 0 else np.concatenate([aparts, apart])
        with np.errstate(all="ignore"):
            steady = np.ptp(gap, axis=0) <= STEADY * np.abs(np.mean(gap, axis=0))
        if steady[suspects & apart.any(axis=0)].all():
            break
    return gaps, aparts


SHARP = 0.01  # of the tolerance: so little a rough value may be off by where a gap is held against the tolerance


def _reference(problem: Problem, request: Request, backend: str, ask: Ask, suspects: Mask) -> Tensor | None:
    """The backend's derivatives, (p, …); suspects: (c,).

    A quick look will do where it is sharp for the suspects.
    """

    def sharp(rough: Screened) -> Tensor | None:
        values, bounds = flat(rough.values)[:, suspects], flat(rough.error_bounds)[:, suspects]
        is_sharp = (bounds <= SHARP * problem.tolerance.relative * np.abs(values)).all()  # unknown values are NaN
        return rough.values if is_sharp else None

    return values_at(ask, backend, problem, request, sharp)
