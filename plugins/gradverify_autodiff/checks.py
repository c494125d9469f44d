"""Is the traced function the function, and its derivative connected to every input? Untraced evaluations decide.

A traced value can be lost on the way (made a plain number, kept from another call), and a derivative then lacks a part
without anybody having raised. Central differences along a random direction, and along one through all components whose
derivative is zero, would show it.
"""

from __future__ import annotations

import numpy as np

from gradverify.plugin import CallableFunction, Derivative, DoesNotApply, Mask, Matrix, Problem, Tensor, Vector
from gradverify_autodiff.measure import Measured

# Steps relative to the point, tried in order until one agrees: the usual compromise between truncation and round-off
# first (eps^(1/3), Nocedal & Wright 2006, section 8.1; eps^(1/4) for second derivatives), then smaller and larger ones.
STEPS = (2.0**-17, 2.0**-24, 2.0**-10)
HESSIAN_STEPS = (2.0**-12, 2.0**-15, 2.0**-8)
TRUNCATION = 10.0  # the difference of two steps' results times this bounds the error of either, generously
ROUND_OFF = 64.0  # units of round-off in the function's values
RELATIVE = 1e-5  # a difference of that relative size is no lost connection
# Before a trace is refuted, f is looked at along the same stretch: log(1 + x²) near 0 moves in steps of one unit of
# round-off of 1, however small its own value is.
NOISE_POINTS = 33
NOISE_UNITS = 8.0  # of the noise measured there: a generous bound, from third differences (Moré & Wild 2011, section 3)
THIRD_DIFFERENCES = 20.0  # the sum of the squares of their coefficients 1, −3, 3, −1
STAIRCASE = 0.2  # share of neighbours with equal values, from which on f is taken to move in steps
VALUE_UNITS = 64.0  # units of round-off between the traced and the plain value: sums may be ordered otherwise


def require_agreement(
    problem: Problem, function: CallableFunction, points: Matrix, values: Tensor, found: Measured
) -> int:
    """Raise `DoesNotApply` where trace and function disagree; otherwise the number of evaluations spent."""
    rows = np.flatnonzero(np.isfinite(found.derivatives).reshape((points.shape[0], -1)).all(axis=1))
    _require_equal_values(problem, values, found.values)
    if rows.size == 0:
        return 0
    generator = np.random.default_rng(problem.seed + 1)
    whole = _directions(points[rows], generator)
    zero = np.all((found.derivatives[rows] == 0).reshape((rows.size, -1, points.shape[1])), axis=1)
    asked = [(rows, whole, "disagrees with a directional difference")]
    with_zeros = np.any(zero, axis=1) & ~np.all(zero, axis=1)
    if np.any(with_zeros):
        along = _directions(points[rows[with_zeros]], generator) * zero[with_zeros]
        asked.append((rows[with_zeros], along, "lacks a part: f changes along components where it is zero"))
    spent = 0
    for which, directions, complaint in asked:
        spent += _require(problem, function, points[which], directions, found.derivatives[which], complaint)
    return spent


def _require_equal_values(problem: Problem, values: Tensor, traced: Tensor) -> None:
    scale = np.max(np.abs(values), initial=0.0)
    allowed = VALUE_UNITS * problem.precision.epsilon * (np.abs(values) + 1e-3 * scale)
    gap = np.abs(traced.reshape(values.shape) - values)
    if not np.all(gap <= allowed):
        raise DoesNotApply("f returns another value when it is traced")


def _directions(points: Matrix, generator: np.random.Generator) -> Matrix:
    """A random direction a point, on the scale of its components. Shape (k, n)."""
    scale = np.where(points != 0, np.abs(points), 1.0)
    signs = generator.choice((-1.0, 1.0), points.shape)
    found: Matrix = scale * signs * generator.uniform(0.5, 1.0, points.shape)
    return found


def _require(
    problem: Problem,
    function: CallableFunction,
    points: Matrix,
    directions: Matrix,
    derivatives: Tensor,
    complaint: str,
) -> int:
    """Compare along `directions`, shape (k, n), with smaller and larger steps where the first does not agree."""
    second = problem.derivative is Derivative.HESSIAN
    rows = derivatives.reshape((points.shape[0], -1, points.shape[1]))
    expected = np.einsum("krn,kn->kr", rows, directions)
    size = np.einsum("krn,kn->kr", np.abs(rows), np.abs(directions))
    if second:
        expected = np.sum(expected * directions, axis=1)
        size = np.sum(size * np.abs(directions), axis=1)
    elif problem.derivative is Derivative.GRADIENT:
        expected, size = expected[:, 0], size[:, 0]
    spent = 0
    open_ = np.ones(points.shape[0], dtype=np.bool_)
    refuted = np.zeros(points.shape[0], dtype=np.bool_)
    for step in HESSIAN_STEPS if second else STEPS:
        which = np.flatnonzero(open_)
        if which.size == 0:
            break
        agrees, excess = _compare(
            problem, function, points[which], directions[which], expected[which], size[which], step
        )
        spent += 4 * which.size + (which.size if second else 0)
        disagrees = (excess > 0).any(axis=1)
        open_[which[agrees]] = False
        for i in np.flatnonzero(disagrees & ~agrees).tolist():
            noise = _noise(problem, function, points[which[i]], step * directions[which[i]])
            spent += NOISE_POINTS
            divisor = step**2 if second else step
            refuted[which[i]] |= bool((excess[i] > NOISE_UNITS * noise / divisor).any())
    if np.any(refuted & open_):
        raise DoesNotApply(f"the traced {problem.derivative.value} {complaint}")
    return spent


def _compare(
    problem: Problem,
    function: CallableFunction,
    points: Matrix,
    directions: Matrix,
    expected: Tensor,
    size: Tensor,
    step: float,
) -> tuple[Mask, Tensor]:
    """In which rows a difference with `step` clearly agrees with `expected`, and by how much it is further from it
    than its error allows: shapes (k,) and (k, outputs), the latter −inf where nothing is known."""
    k = points.shape[0]
    offsets = step * directions
    stack = [points + offsets, points - offsets, points + offsets / 2, points - offsets / 2]
    second = problem.derivative is Derivative.HESSIAN
    if second:
        stack.append(points)
    inside = np.all(problem.domain.contains(np.concatenate(stack)), axis=1).reshape((len(stack), k)).all(axis=0)
    values = np.full((len(stack), k, *function.output_shape), np.nan)  # outside the domain f is not asked
    if np.any(inside):
        asked = np.stack(stack)[:, inside]
        found = function.evaluate(asked.reshape((-1, points.shape[1]))).values
        values[:, inside] = found.reshape((len(stack), -1, *function.output_shape))
    with np.errstate(all="ignore"):
        largest = np.max(np.abs(values), axis=0)
        if second:
            coarse = (values[0] - 2 * values[4] + values[1]) / step**2
            fine = (values[2] - 2 * values[4] + values[3]) / (step / 2) ** 2
            noise = ROUND_OFF * problem.precision.epsilon * largest / (step / 2) ** 2
        else:
            coarse, fine = (values[0] - values[1]) / (2 * step), (values[2] - values[3]) / step
            noise = ROUND_OFF * problem.precision.epsilon * largest / step
        error = TRUNCATION * np.abs(coarse - fine) + noise + RELATIVE * size
        gap = np.abs(fine - expected)
        sharp = error <= 1e-2 * np.maximum(np.abs(fine), size)
        agrees = _all(sharp & (gap <= error))
        excess = np.where(np.isfinite(gap) & np.isfinite(error), gap - error, -np.inf)
    return agrees, excess.reshape((k, -1))


def _noise(problem: Problem, function: CallableFunction, point: Vector, reach: Vector) -> Vector:
    """The noise of f on the segment `point` ± `reach`, for each output; infinite where f does not move at all."""
    offsets = np.linspace(-1.0, 1.0, NOISE_POINTS)[:, None]
    line = point + offsets * reach
    line = line[np.all(problem.domain.contains(line), axis=1)]
    if line.shape[0] < NOISE_POINTS // 2:
        return np.full(max(1, int(np.prod(function.output_shape))), np.inf)
    with np.errstate(all="ignore"):
        values = function.evaluate(line).values.reshape((line.shape[0], -1))
        scatter = np.sqrt(np.mean(np.diff(values, 3, axis=0) ** 2, axis=0) / THIRD_DIFFERENCES)
        changes = np.abs(np.diff(values, axis=0))
        step = np.min(np.where(changes > 0, changes, np.inf), axis=0)
        noise: Vector = np.where((changes == 0).mean(axis=0) > STAIRCASE, np.maximum(scatter, step), scatter)
    return noise


def _all(mask: Mask) -> Mask:
    return mask.reshape((mask.shape[0], -1)).all(axis=1)
