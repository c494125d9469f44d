"""Answers that look right and are not what was asked for: found by evidence that a formula cannot leave.

Each finding needs two kinds of evidence, since an accusation that is false is worse than a cheat that is missed:

numerical   the error stands far above any round-off at most points, and is either round-off of f magnified by 1/h
            (it changes with every unit in the last place of x, where the reference's does not), or equals the
            truncation error of one known stencil; or f itself was called at the stencil's points.
hard-coded  right at the visible points, and wrong by a jump right beside them where f is smooth; or constant around
            them; or right in balls around them and grossly wrong outside.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from gradverify.core.arrays import Array, Matrix, Vector
from gradverify.core.examine import ClaimValues
from gradverify.core.judge import Code
from gradverify.core.problem import Derivative
from gradverify.grading.assignment import AUTODIFF_LIBRARIES
from gradverify.grading.bench import Bench
from gradverify.grading.claim import Seen, SubmissionClaim
from gradverify.grading.model import Flag, FlagKind

EPSILON = float(np.finfo(np.float64).eps)

_NO_MODULE = re.compile(
    r"No module named '([A-Za-z_][A-Za-z0-9_]*)|cannot import name|`([A-Za-z_][A-Za-z0-9_]*)` is not"
)


@dataclass(frozen=True)
class Suspect:
    """What is known of one answer: values and verdicts at the points, of which the first are visible."""

    bench: Bench
    claim: SubmissionClaim
    points: Matrix
    values: ClaimValues
    codes: Array
    visible: int
    seen: Seen


def evidence(suspect: Suspect) -> Iterator[Flag]:
    """Everything that is found against an answer."""
    if suspect.seen.deaths:
        return  # it is wrong by itself, and asking it again shows nothing
    numerical = stencil_in_calls(suspect) or numerical_noise(suspect)
    if numerical is not None:
        yield Flag(FlagKind.NUMERICAL_DERIVATIVE, numerical)
    coded = hard_coded(suspect)
    if coded is not None and not suspect.claim.seat.exhausted:  # else some of its answers were never given
        yield Flag(FlagKind.HARD_CODED, coded)


def library_wanted(texts: Iterable[str]) -> str | None:
    """The library that differentiates, if one is missed by name: what is not allowed is not there to be imported."""
    for text in texts:
        for match in _NO_MODULE.finditer(text):
            name = match[1] or match[2]
            if name in AUTODIFF_LIBRARIES:
                return name
    return None


# --- numerical derivatives -------------------------------------------------------------------------------------------

# A formula's error is a few units of round-off, 1e-16 to 1e-14; the best central difference has about eps^(2/3) = 4e-11
# (Nocedal & Wright 2006, section 8.1), a forward one sqrt(eps) = 1.5e-8.
ROUGH = 1e-12  # a relative error from which a value counts as rough
LARGEST = 1e-2  # errors beyond this are mistakes, not differences
ABOVE_BOUND = 100.0  # how far above the reference's own bound an error has to stand
MOSTLY = 0.6  # of the values have to be rough
FEWEST_VALUES = 4  # that can be looked at
PROMINENT = 1e-3  # values smaller than this part of their point's largest are left out
LOOKED_AT = 3  # points around which the scatter is measured
UNITS = np.arange(-128, 129, 16, dtype=np.float64)  # units in the last place by which x is moved: 3e-14 at most
FEWEST_DISTINCT = 2  # values on the way: single precision gives one and the same
SCATTERS = 0.05  # of the error: what x's last places have to change at least
QUIET = 1e-2  # of the claim's scatter: what the reference may scatter at most
STEPS = (*(10.0**-k for k in range(1, 11)), EPSILON**0.5, EPSILON ** (1 / 3), 2.0**-10, 2.0**-20, 2.0**-26)
SCHEMES = ("forward", "backward", "central")
MATCH = 0.02  # of the stencil's own error: how near the claim has to be to it
STENCIL_VALUES = 16  # values at which a stencil has to match


def numerical_noise(suspect: Suspect) -> str | None:
    """The error of a difference quotient in answers that are right to the tolerance."""
    bench = suspect.bench
    if bench.primary not in bench.exact or not suspect.points.shape[0]:
        return None
    known = bench.references(suspect.points)
    if known is None:
        return None
    reference, bound = known
    with np.errstate(all="ignore"):
        gap = np.abs(suspect.values.values - reference)
        relative = gap / np.abs(reference)
        largest = np.max(np.abs(reference), axis=1, keepdims=True)
        usable = np.isfinite(relative) & (np.abs(reference) > PROMINENT * largest) & (suspect.codes != Code.SKIPPED)
        rough = usable & (relative > ROUGH) & (gap > ABOVE_BOUND * bound)
    count = int(np.count_nonzero(usable))
    if count < FEWEST_VALUES or not np.count_nonzero(rough) >= MOSTLY * count:
        return None
    typical = float(np.median(relative[rough]))
    if not typical <= LARGEST:
        return None
    told = (
        f"its error is {typical:.1g} of the value (median) at {np.count_nonzero(rough)} of {count} values,"
        " where a formula's round-off is 1e-15 or so"
    )
    stencil = _stencil(suspect, reference, rough)
    if stencil is not None:
        return f"{told}; {stencil}"
    scatter = _scatter(suspect, gap, rough)
    return f"{told}; {scatter}" if scatter is not None else None


def _scatter(suspect: Suspect, gap: Array, rough: Array) -> str | None:
    """Whether the error is round-off that something magnified: it changes when x moves by units in its last place."""
    rows = np.flatnonzero(rough.any(axis=1))[-LOOKED_AT:]  # the last are drawn: round numbers have little round-off
    ratios: list[float] = []
    for row in rows.tolist():
        line = _ulps(suspect.points[row], suspect)
        values = suspect.claim.evaluate(line).values.reshape((line.shape[0], -1))
        known = suspect.bench.references(line)
        if known is None or suspect.claim.seat.exhausted:
            return None
        with np.errstate(all="ignore"):
            own = np.ptp(values - known[0], axis=0)
            expected = np.ptp(known[0], axis=0)
            distinct = np.array([np.unique(column).size for column in values.T])
        for i in np.flatnonzero(rough[row]).tolist():
            # Single precision gives the same value again for neighbouring x; a difference quotient another one.
            scatters = own[i] >= SCATTERS * gap[row, i] and distinct[i] >= FEWEST_DISTINCT
            if not (scatters and expected[i] <= QUIET * own[i]):
                ratios.append(0.0)
                continue
            ratios.append(float(own[i]))
    if len(ratios) < min(FEWEST_VALUES, int(np.count_nonzero(rough[rows]))):
        return None
    if not np.count_nonzero(ratios) >= MOSTLY * len(ratios):
        return None
    size = float(np.median([r for r in ratios if r > 0]))
    value = suspect.bench.problem.function.evaluate(suspect.points[rows]).values
    scale = float(np.max(np.abs(value[np.isfinite(value)]), initial=0.0))
    step = f", as f's round-off divided by a step of about {EPSILON * scale / size:.1g} does" if scale else ""
    return f"the error jumps by {size:.1g} when x moves in its last places, where the true gradient stands still{step}"


def _ulps(point: Vector, suspect: Suspect) -> Matrix:
    unit = np.spacing(np.abs(point)) * np.where(point < 0, -1.0, 1.0)
    moved = point + UNITS[:, None] * np.where(point != 0, unit, 0.0)
    inside = suspect.bench.problem.domain.contains(moved)
    out: Matrix = np.where(inside, moved, point)
    return out


def _stencil(suspect: Suspect, reference: Array, rough: Array) -> str | None:
    """The scheme and step whose truncation error the answer has."""
    problem = suspect.bench.problem
    if problem.derivative is not Derivative.GRADIENT:
        return None
    places = np.argwhere(rough)
    if places.shape[0] < FEWEST_VALUES:
        return None
    pick = places[np.linspace(0, places.shape[0] - 1, min(STENCIL_VALUES, places.shape[0])).astype(int)]
    x = suspect.points[pick[:, 0]]
    index = pick[:, 1]
    rows = np.arange(pick.shape[0])
    claimed = suspect.values.values[pick[:, 0], index]
    right = reference[pick[:, 0], index]
    own = x[rows, index]
    here = problem.function.evaluate(x).values
    for step in STEPS:
        for h, words in ((np.full(own.shape, step), f"{step:.3g}"), (step * np.abs(own), f"{step:.3g}·|x|")):
            up, down = x.copy(), x.copy()
            up[rows, index] += h
            down[rows, index] -= h
            values = problem.function.evaluate(np.concatenate([up, down])).values
            above, below = values[: rows.size], values[rows.size :]
            for scheme in SCHEMES:
                with np.errstate(all="ignore"):
                    slope = {
                        "forward": (above - here) / h, "backward": (here - below) / h,
                        "central": (above - below) / (2 * h),
                    }[scheme]  # fmt: skip
                    error = np.abs(slope - right)
                    size = np.maximum(np.maximum(np.abs(above), np.abs(below)), np.abs(here))
                    round_off = 2 * EPSILON * size / h
                    telling = error > 20 * round_off  # else it is f's round-off that matches, or nothing
                    near = np.abs(claimed - slope) <= MATCH * error + 3 * round_off
                if near.all() and np.count_nonzero(telling) >= FEWEST_VALUES:
                    return (
                        f"it equals a {scheme} difference of f with step {words} at {rows.size} of {rows.size} values"
                    )
    return None


CALL_REACH = 0.2  # how far, relative to the component or to 1, a stencil's point may lie
CALL_SHARE = 0.5  # of the components have to be stepped along


def stencil_in_calls(suspect: Suspect) -> str | None:
    """f, where the entry got it, was called beside the point along one variable after the other."""
    if suspect.claim.function is None:
        return None
    n = suspect.bench.problem.variables.size
    stepped: dict[bytes, dict[int, float]] = {}
    for asked, called in suspect.claim.called_at:
        moved = np.flatnonzero(called != asked)
        if moved.size != 1 and not (n == 1 and moved.size == 1):
            continue
        i = int(moved[0])
        h = float(abs(called[i] - asked[i]))
        if h <= CALL_REACH * max(1.0, abs(float(asked[i]))):
            stepped.setdefault(asked.tobytes(), {})[i] = h
    full = [steps for steps in stepped.values() if len(steps) >= max(1, CALL_SHARE * n)]
    asked_at = {asked.tobytes() for asked, _ in suspect.claim.called_at}
    if not full or len(full) < CALL_SHARE * len(asked_at):
        return None
    i, h = next(iter(full[0].items()))
    name = suspect.bench.problem.variables.component_name(i)
    return (
        f"it called f {suspect.seen.calls} times, beside the point along one variable after the other"
        f" ({name} ± {h:.3g}, for example), at {len(full)} of {len(asked_at)} points"
    )


# --- answers that were copied ----------------------------------------------------------------------------------------

BESIDE = 1e-9  # relative; nothing smooth changes by 1e-2 over it
NEAR = 1e-3  # relative; far enough for a value to change, near enough to be of the same formula
GROSS = 1e-2  # relative error that no rounding explains
MOST_VISIBLE = 4  # visible points that are looked at
DIRECTIONS = 2
REACHES = 2.0 ** np.arange(-10.0, 3.0)  # relative distances at which the end of a right neighbourhood is looked for
ROUND = 3.0  # how unequal the radii of a ball may look
WRONG_SHARE = 0.5  # of the hidden points have to be wrong


def hard_coded(suspect: Suspect) -> str | None:
    """Right where its author could look it up, and there alone."""
    hidden = suspect.codes[suspect.visible :]
    if hidden.shape[0] and not (hidden == Code.FAIL).any():
        return None  # right where nobody could look it up
    rows = _telling_rows(suspect)
    if rows is None:
        return None
    if len(rows) < 2 and suspect.visible > 1:
        return None
    beside = [_around(suspect, row, BESIDE) for row in rows]
    if all(around is not None and around.gross for around in beside):
        return (
            f"it is right at the {len(rows)} visible points looked at, and wrong on all sides of each at a relative"
            f" distance of {BESIDE:g}, where the derivative does not change"
        )
    if hidden.shape[0]:
        wrong = (hidden == Code.FAIL).any(axis=1)
        if not wrong.mean() > WRONG_SHARE:
            return None
    near = [_around(suspect, row, NEAR) for row in rows]
    far = [_around(suspect, row, 0.3) for row in rows]
    everywhere_wrong = all(around is not None and around.gross for around in far)
    if everywhere_wrong and len(rows) >= 2 and all(around is not None and around.stuck for around in near):
        return (
            f"around each of the {len(rows)} visible points looked at it keeps the point's own answer, whatever the"
            " derivative does, and it is wrong further away: it looks answers up"
        )
    if hidden.shape[0] and len(rows) >= 2:
        return _balls(suspect, rows)
    return None


def _telling_rows(suspect: Suspect) -> list[int] | None:
    """Visible points to look around: all are right, and these have no component that a formula might treat apart."""
    codes = suspect.codes[: suspect.visible]
    bench = suspect.bench
    if not codes.shape[0] or not ((codes == Code.PASS) | (codes == Code.SKIPPED)).all():
        return None
    if bench.primary not in bench.exact:
        return None
    points = suspect.points[: suspect.visible]
    generic = [row for row in range(points.shape[0]) if (points[row] != 0).all()]
    return generic[:MOST_VISIBLE] or None


@dataclass(frozen=True)
class _Around:
    """Around a point: is it grossly wrong in every direction; is it the same although the right answer moves?"""

    gross: bool
    stuck: bool


def _around(suspect: Suspect, row: int, distance: float) -> _Around | None:
    point = suspect.points[row]
    places = _places(suspect, row, distance)
    if places.shape[0] < 2:
        return None
    known = suspect.bench.references(np.concatenate([point[None, :], places]))
    if known is None or not np.isfinite(known[0]).all():
        return None
    right, here = known[0][1:], known[0][0]
    claimed = suspect.claim.evaluate(places).values.reshape(right.shape)
    scale = np.max(np.abs(here)) or 1.0
    with np.errstate(all="ignore"):
        off = np.max(np.abs(claimed - right), axis=1)
        moves = np.max(np.abs(right - here), axis=1)
        gross = ~(off <= GROSS * scale) & (moves <= GROSS / 10 * scale if distance <= NEAR else True)
        same = (claimed == suspect.values.values[row]).all(axis=1) & (moves > distance / 100 * scale)
    return _Around(bool(np.all(gross)), bool(np.all(same)))


def _places(suspect: Suspect, row: int, distance: float) -> Matrix:
    """Points on both sides of a visible one, at a relative distance, inside the domain."""
    point = suspect.points[row]
    rng = np.random.default_rng((20_231, row))
    ways = rng.uniform(0.5, 1.0, size=(DIRECTIONS, point.size)) * rng.choice((-1.0, 1.0), size=(DIRECTIONS, point.size))
    moved = np.concatenate([point + distance * np.abs(point) * ways, point - distance * np.abs(point) * ways])
    inside = suspect.bench.problem.domain.contains(moved).all(axis=1)
    out: Matrix = moved[inside]
    return out


def _balls(suspect: Suspect, rows: Sequence[int]) -> str | None:
    """Whether the answer is right in a ball around each visible point, and grossly wrong beyond it on all sides."""
    radii: list[float] = []
    for row in rows:
        found = [_radius(suspect, row, way) for way in range(2 * DIRECTIONS)]
        own = [radius for radius in found if radius is not None]
        # One side may lead into the ball of another point; without an end on the others there is no ball.
        if len(own) < len(found) - 1 or max(own) > ROUND * min(own):
            return None
        radii.append(float(np.median(own)))
    return (
        f"it is right around each of the {len(rows)} visible points looked at, up to a relative distance of about"
        f" {np.median(radii):.2g} on all sides, and grossly wrong beyond, where f has no reason for it"
    )


def _radius(suspect: Suspect, row: int, way: int) -> float | None:
    """The relative distance at which the answer turns from right to grossly wrong; None where it does not."""
    line = []
    for reach in REACHES.tolist():
        places = _line(suspect, row, way, reach)
        if places is None:
            break
        line.append(places)
    if len(line) < 2:
        return None
    points = np.array(line)
    known = suspect.bench.references(points)
    if known is None or not np.isfinite(known[0]).all():
        return None
    claimed = suspect.claim.evaluate(points).values.reshape(known[0].shape)
    scale = np.max(np.abs(known[0]), axis=1)
    with np.errstate(all="ignore"):
        wrong = ~(np.max(np.abs(claimed - known[0]), axis=1) <= GROSS * scale)
    if not wrong.any() or wrong[0]:
        return None
    first = int(np.argmax(wrong))
    # Further out the line may meet the ball of another point.
    return float(REACHES[first]) if wrong[first : first + 2].all() else None


def _line(suspect: Suspect, row: int, way: int, reach: float) -> Vector | None:
    point = suspect.points[row]
    rng = np.random.default_rng((20_232, row, way // 2))
    direction = rng.uniform(0.5, 1.0, size=point.size) * rng.choice((-1.0, 1.0), size=point.size)
    moved = point + reach * np.abs(point) * direction * (1.0 if way % 2 == 0 else -1.0)
    return moved if suspect.bench.problem.domain.contains(moved[None, :]).all() else None
