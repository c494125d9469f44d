"""Has f a kink here? One-sided slopes that stay apart as the step shrinks over decades, down to the noise.

With F(h) = (f(x + h) − f(x)) / h and B(h) = (f(x) − f(x − h)) / h, the gap J(h) = F(h) − B(h) of a smooth f is h·f″
and shrinks with h; at a kink it tends to the difference of the one-sided slopes. A gap that is the same over three
decades of h, the smallest usable step included, is therefore a kink at x, and neither a curvature (which would have
changed a thousandfold) nor a kink near x (which the smallest steps no longer reach).
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np

from gradverify.core.arrays import Array, Vector
from gradverify.core.estimates import Kink
from gradverify.core.problem import Derivative, Problem

LARGEST_STEP = 1e-2  # relative to the component, or to its typical length where it is 0
RATIO = 4.0  # between steps
STEPS = 16  # down to 1e-2 · 4⁻¹⁵ = 1e-11 of the component
DECADES = 3.0  # over which the gap has to stand still
FEW_DECADES = 2.0  # enough to doubt an accusation, not to call it a kink
STILL = 0.1  # how far the gap may move meanwhile, relative to itself
NOISE_UNITS = 8.0  # of round-off in a difference of two values of f (Higham 2002, section 1.7: a few units)
CLEAR = 20.0  # how far above the noise a gap has to stand to be used
MOST_COMPONENTS = 256  # that are probed at one point


def find_kinks(
    problem: Problem, point: Vector, components: Sequence[int], typical: Vector, decades: float = DECADES
) -> dict[int, Kink]:
    """The kinks of f along the variables of `components` (flat indices into the derivative) at `point`, shape (n,).

    typical: shape (n,), a length for components that are 0.  decades: of steps over which the gap has to stand still.
    Costs 2·STEPS evaluations a variable, and one.
    """
    if problem.derivative is Derivative.HESSIAN or not components:
        return {}
    n = problem.variables.size
    point = np.asarray(point, dtype=np.float64)
    wanted = sorted(set(components))[:MOST_COMPONENTS]
    variables = sorted({c % n for c in wanted})
    size = np.where(point != 0, np.abs(point), typical)
    steps = LARGEST_STEP * RATIO ** -np.arange(STEPS, dtype=np.float64)
    rows = [point[None, :]]
    for j in variables:
        moved = np.repeat(point[None, :], 2 * STEPS, axis=0)
        moved[:STEPS, j] += steps * size[j]
        moved[STEPS:, j] -= steps * size[j]
        rows.append(moved)
    points = np.concatenate(rows)
    inside = np.all(problem.domain.contains(points), axis=1)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what f does at these points is looked at, not complained about
        values = problem.function.evaluate(np.where(inside[:, None], points, point)).values.reshape(
            (points.shape[0], -1)
        )
    values = np.where(inside[:, None], values, np.nan)
    found: dict[int, Kink] = {}
    for k, j in enumerate(variables):
        block = slice(1 + 2 * STEPS * k, 1 + 2 * STEPS * (k + 1))
        h = np.abs(points[block, j] - point[j])
        for output in range(values.shape[1]):
            flat = output * n + j
            epsilon = problem.precision.epsilon
            kink = _kink(values[0, output], values[block, output], h, point[j], flat, epsilon, decades)
            if kink is not None and flat in wanted:
                found[flat] = kink
    return found


def _kink(here: float, around: Array, h: Vector, x: float, flat: int, epsilon: float, decades: float) -> Kink | None:
    """A kink at `x` from the values at x + h (first half) and x − h (second half), or None."""
    up, down, step_up, step_down = around[:STEPS], around[STEPS:], h[:STEPS], h[STEPS:]
    with np.errstate(all="ignore"):
        right, left = (up - here) / step_up, (here - down) / step_down
        noise = NOISE_UNITS * epsilon * np.maximum(np.maximum(np.abs(up), np.abs(down)), abs(here)) * 2 / step_up
        gap = right - left
        usable = np.isfinite(gap) & (np.abs(gap) > CLEAR * noise)
    if not usable.any():
        return None
    smallest = int(np.flatnonzero(usable)[-1])
    # Below the smallest usable step there must be nothing but noise: where a gap vanishes there, the kink is nearby.
    below = slice(smallest + 1, None)
    if (np.abs(gap[below]) + noise[below] < (1 - STILL) * abs(gap[smallest]) - noise[below]).any():
        return None
    span = int(np.ceil(decades / np.log10(RATIO)))
    window = slice(max(0, smallest - span), smallest + 1)
    if smallest < span or not usable[window].all():
        return None
    reference = float(gap[smallest])
    if not (np.abs(gap[window] - reference) <= STILL * abs(reference)).all():
        return None
    # f may round x itself on its way, as in sin(25 x): as good as a value that is off by that much.
    slip = NOISE_UNITS * epsilon * abs(x) * np.maximum(np.abs(left), np.abs(right)) / step_up
    used = slice(0, smallest + 1)
    known = [_one_sided(slope[used], (noise + slip)[used]) for slope in (left, right)]
    return Kink(flat, known[0][0], known[1][0], 2.0 * max(error for _, error in known))


def _one_sided(slopes: Vector, noise: Vector) -> tuple[float, float]:
    """The limit of one-sided quotients whose steps fall by RATIO, and its error: with the least of both kinds.

    A quotient is off by O(h), and its change from one step to the next bounds that; what Richardson's extrapolation
    makes of two is off by O(h²) (Ridders 1982), with (RATIO·noise + noise before) / (RATIO − 1) from round-off.
    """
    better = (RATIO * slopes[1:] - slopes[:-1]) / (RATIO - 1)
    blurred = (RATIO * noise[1:] + noise[:-1]) / (RATIO - 1)
    values = np.concatenate([slopes[2:], better[2:]])
    errors = np.concatenate([_change(slopes, RATIO) + noise[2:], _change(better, RATIO**2) + blurred[2:]])
    best = int(np.argmin(np.where(np.isfinite(errors), errors, np.inf)))
    return float(values[best]), float(errors[best])


def _change(values: Vector, falls: float) -> Vector:
    """How far each value from the third on is from the one before; at least what the change before that leads to
    expect, since one change alone may be small by chance."""
    change = np.abs(np.diff(values))
    return np.maximum(change[1:], change[:-1] / falls)
