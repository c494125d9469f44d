"""Is a gap the claim's own round-off, on scales that neighbouring points do not show?

`gradverify.core.roundoff` moves the point by a few units in its last place. A formula that has lost its digits moves in
far longer steps: 1 − tanh(x)² near 18 is a multiple of 1.1e-16 and stands still for a tenth, and the derivative of
(1 − cos x)/x² near 1e-5, written as it comes, jumps by 10⁵ times its value every 1e-11. Such a claim is right and yet
far from its reference. Three things show it; they are asked only where a claim is about to be called wrong.

1. The claim lies on the grid of its ordinary size: zero, or a multiple of about a unit of round-off of that size, as
   differences of two numbers of that size are (Sterbenz 1974; Higham 2002, section 2.5), and the gap is of that size.
2. The claim scatters along a line by as much as the gap, and does so by jumping (an oscillation does not jump), while
   at ordinary points it does not scatter: a claim in half precision, or rounded to three digits, does so everywhere.

3. It moves in steps of about the gap's height on the way to ordinary points, several times, and has none there
   (`gradverify.core.quanta`).

None of them makes it pass. It is then undecided. A 0 that is written, as that of `where(x < 8, exp(-x**2), 0)` beyond
8, has no digits to lose.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradverify.core import quanta
from gradverify.core.arrays import Array, Mask, Matrix, Vector
from gradverify.core.judge import ROUND_OFF_UNITS
from gradverify.core.problem import Function, Problem
from gradverify.core.roundoff import GAMMA, ORDER, RANK, STEPS
from gradverify.core.values import values_of
from gradverify.core.wider import zero_by_its_text

ORDINARY_POINTS = 8  # with components of about 1
GRID = 0.125  # of a unit of round-off of the ordinary size: a product of several numbers near 1 keeps so much of it
SPACINGS = (2.0**-30, 2.0**-22, 2.0**-16, 2.0**-10)  # of the line's points, relative to the components
SCATTER = 8.0  # times the measured level: what a gap may be; seven points see a level to within a factor of 4
COMPARABLE = 0.1  # the third largest of six changes beside the largest
HALVINGS = 40
LAST_HALVINGS = 6  # over which a jump stays, and a continuous change falls 64-fold
STAYS = 0.5
HIGH = 0.05  # of the level: a jump that explains it
MOST_COMPONENTS = 8  # whose jumps are looked for; the others are taken to be like most of them
EXACT_ELSEWHERE = 0.1  # of the tolerance: so little a claim scatters at ordinary points, beside its size there
MANTISSA = 2.0**53


def lost(problem: Problem, claim: Function, point: Vector, gap: Vector, components: Sequence[int]) -> Mask:
    """Which of `components` have a gap to their reference that is the claim's round-off; shape (c,), False elsewhere.

    gap: |claimed − reference|, shape (c,).
    """
    out = np.zeros(gap.shape, dtype=np.bool_)
    wanted = np.array([i for i in components if np.isfinite(gap[i])], dtype=np.intp)
    if wanted.size and np.isfinite(point).all():
        wanted = wanted[~zero_by_its_text(problem, point[None], values_of(claim, point[None]))[0, wanted]]
    if not wanted.size or not np.isfinite(point).all():
        return out
    rng = np.random.default_rng((problem.seed, 21))
    with np.errstate(all="ignore"):
        ordinary = _ordinary_points(problem, point, rng)
        values = values_of(claim, ordinary)
        size = np.nanmedian(np.where(np.isfinite(values), np.abs(values), 0.0), axis=0)
        claimed = values_of(claim, point[None])[0]
        epsilon = problem.precision.epsilon
        small = gap <= ROUND_OFF_UNITS * epsilon * size
        on_grid = (claimed == 0) | (_last_bit(claimed) >= GRID * epsilon * size)
        out[wanted] = (small & on_grid)[wanted]
        rest = wanted[~out[wanted]]
        if rest.size:
            out[rest] = _scatters(problem, claim, point, gap, rest, ordinary, rng)
        rest = wanted[~out[wanted]]
        if rest.size:
            stepping = quanta.explain(problem, claim, point, gap, rest.tolist())
            if stepping.any() and _exact_at(problem, claim, ordinary, np.flatnonzero(stepping)):
                out |= stepping
    return out


def _ordinary_points(problem: Problem, point: Vector, rng: np.random.Generator) -> Matrix:
    """Points with components of about 1, or uniform in a bounded domain, or else those of `point`."""
    low, high = problem.domain.low, problem.domain.high
    shape = (ORDINARY_POINTS, point.size)
    bounded = np.isfinite(low) & np.isfinite(high)
    drawn = np.where(bounded, low + rng.uniform(size=shape) * (high - low), rng.normal(size=shape))
    for candidate in (drawn, np.abs(drawn), -np.abs(drawn)):
        inside = problem.domain.contains(candidate)
        if inside.all():
            return np.asarray(candidate)
    return np.where(problem.domain.contains(drawn), drawn, point)


def _last_bit(values: Vector) -> Vector:
    """The largest power of two that divides each value."""
    mantissa, exponent = np.frexp(values)
    whole = np.abs(np.where(np.isfinite(mantissa), mantissa, 0.0) * MANTISSA).astype(np.int64)
    bit: Vector = np.ldexp((whole & -whole).astype(np.float64), exponent - 53)
    return bit


def _levels(table: Array) -> Array:
    """The level at which values of shape (7, c) along a line scatter, (c,); 0 where they do not."""
    third = np.diff(table, n=ORDER, axis=0)
    scatters = (third > 0).any(axis=0) & (third < 0).any(axis=0)
    level = np.where(scatters, np.sqrt(GAMMA * np.mean(third**2, axis=0)), 0.0)
    return np.where(np.isfinite(level), level, 0.0)


def _at_many_places(table: Array) -> Array:
    """Whether values along a line change by other than their trend at many places, (c,), and not at one branch.

    A branch moves one difference, or two where it is a single point; round-off moves most of them.
    """
    step = np.diff(table, axis=0)
    moved = np.sort(np.abs(step - np.median(step, axis=0)), axis=0)
    return np.asarray(moved[-RANK] >= COMPARABLE * moved[-1])


def _scatters(
    problem: Problem,
    claim: Function,
    point: Vector,
    gap: Vector,
    components: Array,
    ordinary: Matrix,
    rng: np.random.Generator,
) -> Mask:
    """Whether the claim jumps about by as much as the gap here, and not at ordinary points; shape of `components`."""
    line = np.abs(point) * rng.choice((-1.0, 1.0), size=point.shape)
    points = np.concatenate([point + STEPS[:, None] * (spacing * line) for spacing in SPACINGS])
    points = np.where(problem.domain.contains(points), points, point)
    table = values_of(claim, points)[:, components].reshape((len(SPACINGS), STEPS.size, -1))
    levels = np.array([np.where(_at_many_places(part), _levels(part), 0.0) for part in table])
    best = np.argmax(levels, axis=0)
    level = levels.max(axis=0)
    suspects = np.flatnonzero(gap[components] <= SCATTER * level)
    out = np.zeros(len(components), dtype=np.bool_)
    if not suspects.size or not _exact_at(problem, claim, ordinary, components[suspects]):
        return out
    tried = suspects[:MOST_COMPONENTS]
    jumps = np.array([
        _jump(claim, point, SPACINGS[best[i]] * line, int(components[i])) >= HIGH * level[i] for i in tried
    ])  # fmt: skip
    out[tried] = jumps
    out[suspects[MOST_COMPONENTS:]] = jumps.mean() > 0.5
    return out


def is_exact_elsewhere(problem: Problem, claim: Function, point: Vector, components: Sequence[int]) -> bool:
    """Whether these components of the claim are exact at ordinary points, however they scatter at `point`."""
    rng = np.random.default_rng((problem.seed, 22))
    with np.errstate(all="ignore"):
        ordinary = _ordinary_points(problem, point, rng)
        return _exact_at(problem, claim, ordinary, np.asarray(components, dtype=np.intp))


def _exact_at(problem: Problem, claim: Function, ordinary: Matrix, components: Array) -> bool:
    """Whether these components hardly scatter at most of the ordinary points."""
    spread = np.concatenate([spacing * STEPS for spacing in SPACINGS])[:, None]
    points = np.concatenate([row * (1.0 + spread) for row in ordinary])
    table = values_of(claim, points)[:, components].reshape((len(ordinary), len(SPACINGS), STEPS.size, -1))
    size = np.max(np.abs(table), axis=(1, 2))
    level = np.array([np.max([_levels(part) for part in parts], axis=0) for parts in table])
    return bool(np.median(level / np.where(size > 0, size, np.inf)) <= EXACT_ELSEWHERE * problem.tolerance.relative)


def _jump(claim: Function, point: Vector, step: Vector, component: int) -> float:
    """The height of a jump of one component between point − 3·step and point + 3·step; 0 where none is found."""

    def at(t: float) -> float:
        return float(values_of(claim, (point + t * step)[None])[0, component])

    a, b = float(STEPS[0]), float(STEPS[-1])
    low, high = at(a), at(b)
    changes = [abs(high - low)]
    for _ in range(HALVINGS):
        middle = (a + b) / 2
        if (
            not (point + middle * step != point + a * step).any()
            or not (point + middle * step != point + b * step).any()
        ):
            break
        value = at(middle)
        if abs(value - low) >= abs(high - value):
            b, high = middle, value
        else:
            a, low = middle, value
        changes.append(abs(high - low))
    stays = changes[-1] >= STAYS * changes[max(0, len(changes) - 1 - LAST_HALVINGS)]
    return changes[-1] if stays else 0.0
