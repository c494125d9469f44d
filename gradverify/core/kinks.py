"""Has f a kink here? One-sided slopes that stay apart as the step shrinks over decades, down to the noise.

With F(h) = (f(x + h) − f(x)) / h and B(h) = (f(x) − f(x − h)) / h, the gap J(h) = F(h) − B(h) of a smooth f is h·f″
and shrinks with h; at a kink it tends to the difference of the one-sided slopes. A gap that is the same over three
decades of h, the smallest usable step included, is therefore a kink at x, and neither a curvature (which would have
changed a thousandfold) nor a kink near x (which the smallest steps no longer reach).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from gradverify.core.arrays import Array, Matrix, Vector
from gradverify.core.bends import find_bends
from gradverify.core.estimates import Kink
from gradverify.core.one_sided import CLEAR, NOISE_UNITS, RATIO, limit, standing
from gradverify.core.problem import Derivative, Problem
from gradverify.core.values import values_inside

LARGEST_STEP = 1e-2  # relative to the component, or to its typical length where it is 0
STEPS = 16  # down to 1e-2 · 4⁻¹⁵ = 1e-11 of the component
DECADES = 3.0  # over which the gap has to stand still
FEW_DECADES = 2.0  # enough to doubt an accusation, not to call it a kink
MOST_COMPONENTS = 256  # that are probed at one point
MOST_NUMBERS = 4_000_000  # in the points that are evaluated at a time: 32 MB, and as much again for each copy


def find_kinks(
    problem: Problem,
    point: Vector,
    components: Sequence[int],
    typical: Vector,
    *,
    faint: bool = False,
    at_least: float = 0.0,
) -> dict[int, Kink]:
    """The kinks of f along the variables of `components` (flat indices into the derivative) at `point`, shape (n,).

    Of a Hessian: where the second derivative jumps (`bends`).

    typical: shape (n,), a length for components that are 0.  faint: whether a gap is enough that stands still over
    FEW_DECADES of steps, which is to doubt an accusation.  at_least: a length that steps are relative to where the
    component is smaller: they reach over a kink that lies beside a small component.
    Costs 2·STEPS evaluations a variable, and one.
    """
    if not components:
        return {}
    if problem.derivative is Derivative.HESSIAN:
        return {} if at_least else find_bends(problem, point, components, typical, faint=faint)
    decades = FEW_DECADES if faint else DECADES
    n = problem.variables.size
    point = np.asarray(point, dtype=np.float64)
    wanted = sorted(set(components))[:MOST_COMPONENTS]
    variables = sorted({c % n for c in wanted})
    size = np.maximum(np.where(point != 0, np.abs(point), typical), at_least)
    steps = LARGEST_STEP * RATIO ** -np.arange(STEPS, dtype=np.float64)
    here = values_inside(problem, point[None, :], point)[0]
    found: dict[int, Kink] = {}
    for some, points in _ways(point, variables, steps, size):
        values = values_inside(problem, points, point)
        for k, variable in enumerate(some):
            block = slice(2 * STEPS * k, 2 * STEPS * (k + 1))
            h = np.abs(points[block, variable] - point[variable])
            for output in range(values.shape[1]):
                flat = output * n + variable
                epsilon = problem.precision.epsilon
                kink = _kink(
                    here[output], values[block, output], h, point[variable], flat, epsilon, decades,
                    beside=at_least > 0,
                )  # fmt: skip
                if kink is not None and flat in wanted:
                    found[flat] = kink
    return found


def _ways(
    point: Vector, variables: Sequence[int], steps: Vector, size: Vector
) -> Iterator[tuple[Sequence[int], Matrix]]:
    """Some variables after others, with `point` moved up and down along each by `steps` times its size."""
    at_once = max(1, MOST_NUMBERS // (2 * STEPS * point.size))
    for start in range(0, len(variables), at_once):
        some = variables[start : start + at_once]
        points = np.repeat(point[None, :], 2 * STEPS * len(some), axis=0)
        for k, j in enumerate(some):
            points[2 * STEPS * k : 2 * STEPS * k + STEPS, j] += steps * size[j]
            points[2 * STEPS * k + STEPS : 2 * STEPS * (k + 1), j] -= steps * size[j]
        yield some, points


def _kink(
    here: float, around: Array, h: Vector, x: float, flat: int, epsilon: float, decades: float, *, beside: bool
) -> Kink | None:
    """A kink at `x` from the values at x + h (first half) and x − h (second half), or None."""
    up, down, step_up, step_down = around[:STEPS], around[STEPS:], h[:STEPS], h[STEPS:]
    with np.errstate(all="ignore"):
        right, left = (up - here) / step_up, (here - down) / step_down
        noise = NOISE_UNITS * epsilon * np.maximum(np.maximum(np.abs(up), np.abs(down)), abs(here)) * 2 / step_up
        gap = right - left
        usable = np.isfinite(gap) & (np.abs(gap) > CLEAR * noise)
    smallest = standing(gap, noise, usable, decades, beside=beside)
    if smallest is None:
        return None
    # f may round x itself on its way, as in sin(25 x): as good as a value that is off by that much.
    slip = NOISE_UNITS * epsilon * abs(x) * np.maximum(np.abs(left), np.abs(right)) / step_up
    used = slice(0, smallest + 1)
    known = [limit(slope[used], (noise + slip)[used]) for slope in (left, right)]
    return Kink(flat, known[0][0], known[1][0], 2.0 * max(error for _, error in known))
