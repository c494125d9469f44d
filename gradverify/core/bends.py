"""Does f's second derivative jump here? One-sided second differences that stay apart as the step shrinks.

With R(h) = f[x, x + h, x + 2h]·2 and L(h) the same to the left (divided differences), the gap R(h) − L(h) of a smooth f
is O(h); where the slope of f has a kink at x, as in max(0, x)² or Huber's loss at its threshold, it tends to the
difference of the one-sided second derivatives. A gap that is the same over decades of h is therefore a jump. Central
differences see nothing of it: they settle on the mean of both sides, with a tiny error.

A mixed derivative jumps where those along both its axes do, if the pieces of f meet in one smooth surface: the second
derivative then jumps by c·n·nᵀ (n: the surface's normal). It equals a quarter of what the directions e_a + e_b and
e_a − e_b differ by, and which sides of the two belong together is not known: its values lie within those of all four
combinations, and no claim in between is confirmed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gradverify.core.arrays import Array, Vector
from gradverify.core.estimates import Kink
from gradverify.core.one_sided import CLEAR, NOISE_UNITS, RATIO, limit, standing
from gradverify.core.problem import Problem
from gradverify.core.values import values_inside

LARGEST_STEP = 0.1  # relative to the component, or to its typical length where it is 0
STEPS = 12  # down to 0.1 · 4⁻¹¹ = 2e-8 of the component, where a second difference is noise
MOST_COMPONENTS = 256  # that are probed at one point
DECADES = 2.0  # over which a gap has to stand still: that of a smooth f changes a millionfold meanwhile, extrapolated
FEW_DECADES = 1.2  # enough to doubt an accusation: beside an offset of 1e6 noise leaves no more
FEWEST = 3  # values that a limit is taken of
ROUNDED_VALUES = 6.0  # of f in a one-sided second difference: Σ|weight|·h², 1 + 2 + 1, and the steps' own rounding


@dataclass(frozen=True, slots=True)
class Bend:
    """One-sided second derivatives along a direction, and a bound on the error of either; equal where none jumps."""

    left: float
    right: float
    bound: float


def find_bends(
    problem: Problem, point: Vector, components: Sequence[int], typical: Vector, *, faint: bool
) -> dict[int, Kink]:
    """Where the Hessian of f jumps at `point`, shape (n,), among `components` (flat indices i·n + j).

    faint: whether a gap is enough that stands still over FEW_DECADES of steps. Costs 4·STEPS evaluations a variable,
    and 8·STEPS a pair of variables that both jump.
    """
    size = np.where(point != 0, np.abs(point), typical)
    return _found(problem, point, components, size, FEW_DECADES if faint else DECADES)


def bends_beside(
    problem: Problem, point: Vector, components: Sequence[int], typical: Vector, reference: Vector, bound: Vector
) -> dict[int, Kink]:
    """Where central differences have mixed both sides of a jump at `point` or very near it, among `components`.

    At 1e-9 the steps of second differences of max(0, x)² reach over the jump at 0, and find 1. So wherever a reference
    lies between what the sides show, over steps as long as the component or as 1, it is neither's value, and the claim
    may be right by either. reference, bound: that of all components, (n·n,).

    Costs 8 evaluations a variable for each of both lengths, and those of `find_bends` for variables that look so.
    """
    own = np.where(point != 0, np.abs(point), typical)
    found: dict[int, Kink] = {}
    n = problem.variables.size
    for size in (own, np.maximum(own, 1.0)) if (own < 1.0).any() else (own,):
        left = [c for c in components if c not in found]
        uneven = _uneven(problem, point, sorted({index for c in left for index in divmod(c, n)}), size)
        left = [c for c in left if uneven.issuperset(divmod(c, n))]
        for flat, kink in _found(problem, point, left, size, DECADES).items() if left else ():
            slack = bound[flat] + (kink.bound if flat // n == flat % n else 0.0)
            low, high = min(kink.left, kink.right), max(kink.left, kink.right)
            if low + slack < reference[flat] < high - slack:
                found[flat] = kink
    return found


LOOKS = (1 / 16, 1 / 1024)  # of the largest step: over so different ones a jump looks alike
ALIKE = 0.3  # as part of the gap at the larger step; that of a smooth f falls like the step


def _uneven(problem: Problem, point: Vector, variables: Sequence[int], size: Vector) -> set[int]:
    """The variables along which the one-sided second differences stay apart, as far as two steps show."""
    t = LARGEST_STEP * np.array(LOOKS)
    moved = np.repeat(point[None], 4 * len(t) * len(variables), axis=0).reshape((len(variables), 4, len(t), point.size))
    for k, j in enumerate(variables):
        moved[k, :, :, j] += np.array([1.0, 2.0, -1.0, -2.0])[:, None] * t * size[j]
    points = np.concatenate([point[None], moved.reshape((-1, point.size))])
    values = values_inside(problem, points, point)[:, 0]
    out = set()
    with np.errstate(all="ignore"):
        for k, j in enumerate(variables):
            around = values[1:].reshape((len(variables), 4, len(t)))[k]
            h = t * size[j]
            weights = (around[1] - 2 * around[0] + values[0], around[3] - 2 * around[2] + values[0])
            gap = np.abs(weights[0] - weights[1]) / h**2
            noise = NOISE_UNITS * problem.precision.epsilon * np.max(np.abs(around)) * 2 * ROUNDED_VALUES / h**2
            # What noise covers at the smaller step may be a jump as well.
            if not gap[1] + noise[1] < ALIKE * gap[0] and gap[0] > noise[0]:
                out.add(j)
    return out


def _found(problem: Problem, point: Vector, components: Sequence[int], size: Vector, decades: float) -> dict[int, Kink]:
    """The jumps among `components` over steps relative to `size`, shape (n,)."""
    n = problem.variables.size
    point = np.asarray(point, dtype=np.float64)
    wanted = sorted(set(components))[:MOST_COMPONENTS]
    axes: dict[int, Bend] = {}
    for j in sorted({index for c in wanted for index in divmod(c, n)}):
        bend = _bend(problem, point, _direction(n, {j: size[j]}), decades)
        if bend is not None and bend.left != bend.right:
            axes[j] = Bend(bend.left / size[j] ** 2, bend.right / size[j] ** 2, bend.bound / size[j] ** 2)
    bends: dict[tuple[int, int], Bend | None] = {(i, i): bend for i, bend in axes.items()}
    found: dict[int, Kink] = {}
    for flat in wanted:
        i, j = sorted(divmod(flat, n))
        if not (i in axes and j in axes):
            continue
        if (i, j) not in bends:  # the Hessian is symmetric
            bends[i, j] = _mixed(problem, point, (i, j), size, decades)
        bend = bends[i, j]
        if bend is not None:
            found[flat] = Kink(flat, bend.left, bend.right, bend.bound)
    return found


def _direction(n: int, parts: dict[int, float]) -> Vector:
    direction = np.zeros(n)
    for index, part in parts.items():
        direction[index] = part
    return direction


def _mixed(problem: Problem, point: Vector, pair: tuple[int, int], size: Vector, decades: float) -> Bend | None:
    """The values that the mixed derivative may have beside `point`; the bound is their spread: none is confirmed."""
    i, j = pair
    n = point.size
    sums = _bend(problem, point, _direction(n, {i: size[i], j: size[j]}), decades)
    differences = _bend(problem, point, _direction(n, {i: size[i], j: -size[j]}), decades)
    if sums is None or differences is None:
        return None
    low = min(sums.left, sums.right) - max(differences.left, differences.right)
    high = max(sums.left, sums.right) - min(differences.left, differences.right)
    spread = high - low + sums.bound + differences.bound
    scale = 4.0 * size[i] * size[j]
    return Bend(float(low / scale), float(high / scale), float(spread / scale))


def _bend(problem: Problem, point: Vector, direction: Vector, decades: float) -> Bend | None:
    """The one-sided second derivatives along `direction`, shape (n,); None where they cannot be told."""
    t = LARGEST_STEP * RATIO ** -np.arange(STEPS, dtype=np.float64)
    moved = np.concatenate([point + s * t[:, None] * direction for s in (1.0, 2.0, -1.0, -2.0)])
    used = int(np.argmax(np.abs(direction)))
    # The steps are those that rounding leaves.
    steps = np.abs(moved[:, used] - point[used]).reshape((4, STEPS)) / abs(direction[used])
    points = np.concatenate([point[None, :], moved])
    values = values_inside(problem, points, point)[:, 0]
    with np.errstate(all="ignore"):
        here, around = float(values[0]), values[1:].reshape((4, STEPS))
        right, coarse_right = _second(here, around[0], around[1], steps[0], steps[1], point, direction, problem)
        left, coarse_left = _second(here, around[2], around[3], steps[2], steps[3], point, direction, problem)
        gap, noise = right - left, coarse_right + coarse_left
        # Extrapolated, so that a third derivative beside the jump does not move it (Richardson).
        better, blurred = (RATIO * gap[1:] - gap[:-1]) / (RATIO - 1), (RATIO * noise[1:] + noise[:-1]) / (RATIO - 1)
        usable = np.isfinite(better) & (np.abs(better) > CLEAR * blurred)
        smallest = standing(better, blurred, usable, decades)
    if smallest is not None:
        upto = slice(0, smallest + 2)
        ends = [limit(side[upto], noise[upto]) for side in (left, right)]
        return Bend(ends[0][0], ends[1][0], 2.0 * max(error for _, error in ends))
    mean = 0.5 * (left + right)
    known = np.isfinite(mean)
    if np.count_nonzero(known) < FEWEST:
        return None
    value, error = limit(mean[known], noise[known])
    return Bend(value, value, error)


def _second(
    here: float, near: Vector, far: Vector, h: Vector, g: Vector, point: Vector, direction: Vector, problem: Problem
) -> tuple[Vector, Array]:
    """One-sided second differences from f at 0, h and g, and their noise: that of f, and of f's rounding of x."""
    first, second = (near - here) / h, (far - here) / g
    epsilon = problem.precision.epsilon
    largest = np.maximum(np.maximum(np.abs(near), np.abs(far)), abs(here))
    slip = float(np.max(np.abs(point[direction != 0] / direction[direction != 0]))) * np.abs(second)
    noise = NOISE_UNITS * epsilon * ROUNDED_VALUES * (largest + slip) / h**2
    return 2.0 * (second - first) / (g - h), noise
