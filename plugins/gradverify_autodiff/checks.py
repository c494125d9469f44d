"""Is the traced function the function, and its derivative connected to every input? Untraced evaluations decide.

A traced value can be lost on the way (made a plain number, kept from another call), and a derivative then lacks a part
without anybody having raised. Central differences along a random direction, and along one through all components whose
derivative is zero, would show it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gradverify.plugin import CallableFunction, Derivative, DoesNotApply, Domain, Mask, Matrix, Problem, Tensor, Vector
from gradverify_autodiff.measure import Measured

Indices = NDArray[np.intp]

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


@dataclass(frozen=True, slots=True)
class Agreement:
    """What plain evaluations say of a trace, by point.

    refuted: trace and function disagree.  unseen: nothing could be compared.  reason: of the first refutation.
    """

    refuted: Mask
    unseen: Mask
    reason: str
    spent: int


def require_agreement(
    problem: Problem, function: CallableFunction, points: Matrix, values: Tensor, found: Measured
) -> Agreement:
    """Raise `DoesNotApply` where trace and function disagree anywhere."""
    seen = agreement(problem, function, points, values, found)
    if seen.refuted.any():
        raise DoesNotApply(seen.reason)
    return seen


def agreement(
    problem: Problem, function: CallableFunction, points: Matrix, values: Tensor, found: Measured
) -> Agreement:
    """Hold the traces at `points`, shape (k, n), against `values` there and against differences beside them."""
    k, n = points.shape
    other = _has_other_values(problem, values, found.values)
    reasons = ["f returns another value when it is traced"] if other.any() else []
    flat = found.derivatives.reshape((k, -1, n))
    known = np.isfinite(flat).all(axis=1)
    refuted, unseen, spent = other, known.any(axis=1), 0
    rows = np.flatnonzero(known.any(axis=1) & ~other)
    if rows.size:
        derivatives = np.where(known[rows, None, :], flat[rows], 0.0)
        for which, directions, complaint in _asked(problem, points[rows], derivatives, known[rows]):
            shaped = derivatives[which].reshape((which.size, *found.derivatives.shape[1:]))
            wrong, compared, cost = _compared(problem, function, points[rows[which]], directions, shaped)
            refuted[rows[which[wrong]]] = True
            unseen[rows[which[compared]]] = False
            reasons += [f"the traced {problem.derivative.value} {complaint}"] if wrong.any() else []
            spent += cost
    return Agreement(refuted, unseen & ~refuted, reasons[0] if reasons else "", spent)


UNEVEN = 1e-2  # a component's share of f's change along a direction below which it is given a direction of its own
DISAGREES = "disagrees with a directional difference"


def _asked(problem: Problem, points: Matrix, derivatives: Tensor, known: Mask) -> list[tuple[Indices, Matrix, str]]:
    """Rows, directions (rows, n), and what is said where a difference along them disagrees. derivatives: (k, r, n).

    One direction through all components; one through those whose derivative is 0, since a lost connection gives 0; and
    one in which all others weigh alike, so that none hides behind a larger one.
    """
    generator = np.random.default_rng(problem.seed + 1)
    second = problem.derivative is Derivative.HESSIAN
    whole = np.where(known, _directions(problem, points, generator), 0.0)
    every = np.arange(points.shape[0])
    asked = [(every, whole, DISAGREES)]
    zero = (derivatives == 0).all(axis=1) & known
    mixed = np.flatnonzero(zero.any(axis=1) & ~zero.all(axis=1))
    if mixed.size:
        along = _directions(problem, points[mixed], generator) * zero[mixed]
        asked.append((mixed, along, "lacks a part: f changes along components where it is zero"))
    share = np.max(np.abs(derivatives), axis=1) * np.abs(whole)
    least = np.min(np.where(share > 0, share, np.inf), axis=1)
    uneven = np.flatnonzero(np.isfinite(least) & (least < UNEVEN * np.max(share, axis=1)))
    if uneven.size:
        with np.errstate(all="ignore"):
            weight = np.where(share[uneven] > 0, least[uneven, None] / share[uneven], 0.0)
        asked.append((uneven, whole[uneven] * (np.sqrt(weight) if second else weight), DISAGREES))
    return asked


def _has_other_values(problem: Problem, values: Tensor, traced: Tensor) -> Mask:
    scale = np.max(np.abs(values), initial=0.0)
    allowed = VALUE_UNITS * problem.precision.epsilon * (np.abs(values) + 1e-3 * scale)
    gap = np.abs(traced.reshape(values.shape) - values)
    other: Mask = ~(gap <= allowed).reshape((values.shape[0], -1)).all(axis=1)
    return other


def _directions(problem: Problem, points: Matrix, generator: np.random.Generator) -> Matrix:
    """A random direction a point, on the scale of its components, into the domain where it is at its edge: (k, n)."""
    scale = np.where(points != 0, np.abs(points), 1.0)
    signs = generator.choice((-1.0, 1.0), points.shape)
    found: Matrix = scale * signs * generator.uniform(0.5, 1.0, points.shape)
    if problem.domain is Domain.everywhere(points.shape[1]):
        return found
    domain, reach = problem.domain, 2 * max(*STEPS, *HESSIAN_STEPS) * found
    inside = (points + reach >= domain.low) & (points + reach <= domain.high)
    turned = (points - reach >= domain.low) & (points - reach <= domain.high)
    return np.where(~inside & turned, -found, found)


def _compared(
    problem: Problem, function: CallableFunction, points: Matrix, directions: Matrix, derivatives: Tensor
) -> tuple[Mask, Mask, int]:
    """Which rows a difference along `directions`, (k, n), refutes, which it says something of, and its evaluations.

    Smaller and larger steps are taken where the first does not agree.
    """
    k = points.shape[0]
    second = problem.derivative is Derivative.HESSIAN
    rows = derivatives.reshape((k, -1, points.shape[1]))
    expected = np.einsum("krn,kn->kr", rows, directions)
    size = np.einsum("krn,kn->kr", np.abs(rows), np.abs(directions))
    if second:
        expected = np.sum(expected * directions, axis=1)
        size = np.sum(size * np.abs(directions), axis=1)
    elif problem.derivative is Derivative.GRADIENT:
        expected, size = expected[:, 0], size[:, 0]
    spent = 0
    open_ = np.ones(k, dtype=np.bool_)
    refuted = np.zeros(k, dtype=np.bool_)
    compared = np.zeros(k, dtype=np.bool_)
    for step in HESSIAN_STEPS if second else STEPS:
        which = np.flatnonzero(open_)
        if which.size == 0:
            break
        agrees, excess, cost = _compare(
            problem, function, points[which], directions[which], expected[which], size[which], step
        )
        spent += cost
        compared[which] |= np.isfinite(excess).any(axis=1)
        disagrees = (excess > 0).any(axis=1)
        open_[which[agrees]] = False
        for i in np.flatnonzero(disagrees & ~agrees).tolist():
            noise = _noise(problem, function, points[which[i]], step * directions[which[i]])
            spent += NOISE_POINTS
            divisor = step**2 if second else step
            refuted[which[i]] |= bool((excess[i] > NOISE_UNITS * noise / divisor).any())
    return refuted & open_, compared, spent


def _compare(
    problem: Problem,
    function: CallableFunction,
    points: Matrix,
    directions: Matrix,
    expected: Tensor,
    size: Tensor,
    step: float,
) -> tuple[Mask, Tensor, int]:
    """In which rows a difference with `step` clearly agrees with `expected`, by how much it is further from it than its
    error allows, and what it cost: shapes (k,) and (k, outputs), the latter −inf where nothing is known.

    Central differences where there is room on both sides, else forward ones of second order (of first order for second
    derivatives), whose error is bounded by that of a worse one as well.
    """
    k = points.shape[0]
    second = problem.derivative is Derivative.HESSIAN
    places = (0.0, 0.5, 1.0, 2.0, -0.5, -1.0)
    central, forward = _room(problem, points, step * directions)
    # f at the point itself only where it is needed, and outside the domain never.
    wanted = np.array(
        [central & second | forward, central | forward, central | forward, forward & second, central, central]
    )
    values = np.full((len(places), k, *function.output_shape), np.nan)
    for place, which, found in zip(places, wanted, values, strict=True):
        if which.all():
            found[:] = function.evaluate(points + step * place * directions).values
        elif which.any():
            found[which] = function.evaluate(points[which] + step * place * directions[which]).values
    here, half, one, two, back_half, back = values
    two_sided = central.reshape((k,) + (1,) * (here.ndim - 1))
    with np.errstate(all="ignore"):
        largest = np.nanmax(np.abs(np.where(np.isfinite(values), values, 0.0)), axis=0)
        if second:
            coarse = np.where(two_sided, one - 2 * here + back, here - 2 * one + two) / step**2
            fine = np.where(two_sided, half - 2 * here + back_half, here - 2 * half + one) / (step / 2) ** 2
            noise = ROUND_OFF * problem.precision.epsilon * largest / (step / 2) ** 2
        else:
            coarse = np.where(two_sided, (one - back) / 2, one - here) / step
            fine = np.where(two_sided, half - back_half, 4 * half - 3 * here - one) / step
            noise = ROUND_OFF * problem.precision.epsilon * largest / step
        error = TRUNCATION * np.abs(coarse - fine) + noise + RELATIVE * size
        gap = np.abs(fine - expected)
        sharp = error <= 1e-2 * np.maximum(np.abs(fine), size)
        agrees = _all(sharp & (gap <= error))
        excess = np.where(np.isfinite(gap) & np.isfinite(error), gap - error, -np.inf)
    return agrees, excess.reshape((k, -1)), int(wanted.sum())


def _room(problem: Problem, points: Matrix, reach: Matrix) -> tuple[Mask, Mask]:
    """Where there is room for central differences with steps up to `reach`, and where only for forward ones."""
    k, n = points.shape
    if problem.domain is Domain.everywhere(n):
        return np.ones(k, dtype=np.bool_), np.zeros(k, dtype=np.bool_)
    inside = [problem.domain.contains(points + place * reach).all(axis=1) for place in (0.5, 1.0, 2.0, -0.5, -1.0)]
    half, one, two, back_half, back = inside
    central: Mask = half & one & back_half & back
    return central, ~central & half & one & two


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
