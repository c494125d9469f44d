"""Before differences alone accuse a claim, their reference is held against f once more, along lines across the axes.

A reference r is a gradient only if the derivative along any u is r·u. The check is crude and independent of how the
backend chose its steps: plain central differences over nine decades. It tells apart

- a function with partial derivatives and no gradient: the median of (x, 0, 0, 0) is 0 for all x, and its partial
  derivatives at the origin are 0, yet along (1, 1, 1, 1) it grows at a rate of 1;
- a reference that took noise or the steps of a staircase for a slope.

In the first case nothing is known that a claim could be accused by. In the second, f has two slopes: the one of its
noise or its rounding, over small steps, and another one over longer steps. A claim that is neither is wrong whichever
of them is meant: `other_slopes` reads the other one off along the axes.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from gradverify.core.arrays import Mask, Matrix, Vector
from gradverify.core.problem import Problem

DIRECTIONS = 2  # random ones: a reference that is wrong is consistent with neither, but for a set of measure 0
LARGEST_STEP = 1e-2  # relative to the variable's size
RATIO = 4.0  # between steps
STEPS = 16  # down to 1e-2 · 4⁻¹⁵ = 1e-11 of the size
COST = 2 * STEPS * DIRECTIONS  # evaluations of f, at most
WINDOW = 3  # steps that have to agree: one pair agrees by accident now and then
SPREAD = 4.0  # times the spread of a window bounds its error: truncation falls 16-fold from one step to the next
NOISE_UNITS = 64.0  # of round-off in a difference of two values of f
CLEAR = 1e-3  # relative to the derivative: finer than that this check does not pretend to see
MOST_AXES = 64  # variables up to which the axes are looked along
PART = 0.1  # of the claim's distance from a slope: what a slope must be known to, to speak for the claim or against


def is_inconsistent(problem: Problem, point: Vector, reference: Matrix, bound: Matrix, size: Vector) -> bool:
    """Whether f changes along some line through `point` by something else than `reference` says.

    point: shape (n,).  size: shape (n,), a length for each variable, in its unit; 0 where it stays.
    reference, bound: shape (m, n), with m = 1 for a gradient.
    Costs 2·STEPS·DIRECTIONS evaluations of f. False where the lines leave the domain, or tell nothing.
    """
    rng = np.random.default_rng(problem.seed)
    steps = LARGEST_STEP * RATIO ** -np.arange(STEPS, dtype=np.float64)
    for _ in range(DIRECTIONS):
        line = size * rng.uniform(0.5, 1.0, point.shape) * rng.choice((-1.0, 1.0), point.shape)
        points = np.concatenate([point + steps[:, None] * line, point - steps[:, None] * line])
        if not np.all(problem.domain.contains(points)):
            continue
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what f does at these points is looked at, not complained about
            values = problem.function.evaluate(points).values.reshape((2, STEPS, -1))
            slope, error = _slopes(values, steps, problem.precision.epsilon)
            expected = reference @ line
            doubt = bound @ np.abs(line) + CLEAR * (np.abs(reference) @ np.abs(line) + np.abs(slope))
            if (np.abs(slope - expected) > error + doubt).any():
                return True
    return False


@dataclass(frozen=True, slots=True)
class OtherSlopes:
    """What f does along the axes over steps that the reference disagrees with: shape (m, n) each.

    excludes: where it speaks against the claim, as the reference does, and at no length of steps for it.
    """

    value: Matrix
    bound: Matrix
    excludes: Mask


def other_slopes(problem: Problem, point: Vector, claimed: Matrix, size: Vector) -> OtherSlopes | None:
    """The slopes along the axes that hold along lines across them as well; None where there are none.

    size: (n,), a length for each variable, 0 for those that are to stay.
    claimed: (m, n). Called where f contradicts the reference. Costs 2·STEPS evaluations a variable, and as many
    as `is_inconsistent`.
    """
    m, n = claimed.shape
    if n > MOST_AXES:
        return None
    steps = LARGEST_STEP * RATIO ** -np.arange(STEPS, dtype=np.float64)
    value, bound = np.zeros((m, n)), np.zeros((m, n))
    spoken_for = np.zeros((m, n), dtype=np.bool_)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for j in np.flatnonzero(size).tolist():
            axis = np.zeros(n)
            axis[j] = size[j]
            points = np.concatenate([point + steps[:, None] * axis, point - steps[:, None] * axis])
            if not np.all(problem.domain.contains(points)):
                return None
            values = problem.function.evaluate(points).values.reshape((2, STEPS, -1))
            slopes, errors = _readings(values, steps * size[j], problem.precision.epsilon)
            best, outputs = np.argmin(errors, axis=0), np.arange(m)
            value[:, j], bound[:, j] = slopes[best, outputs], errors[best, outputs]
            close = np.abs(slopes - claimed[:, j]) <= errors + CLEAR * np.abs(claimed[:, j])
            telling = errors <= PART * np.abs(claimed[:, j] - value[:, j])
            spoken_for[:, j] = (close & telling).any(axis=0)
        bound += CLEAR * np.abs(value)
        if not np.isfinite(bound).all() or is_inconsistent(problem, point, value, bound, size):
            return None
        excludes = ~spoken_for & (size != 0) & (bound <= PART * np.abs(claimed - value))
    return OtherSlopes(value, bound, excludes)


def _slopes(values: np.ndarray, steps: Vector, epsilon: float) -> tuple[Vector, Vector]:
    """The derivative along a line for each output, and a bound on its error, from values of shape (2, steps, m).

    A bound is infinite where no window of steps moves f. An even function moves although both sides are equal.
    """
    slopes, errors = _readings(values, steps, epsilon)
    best = np.argmin(errors, axis=0)
    outputs = np.arange(values.shape[2])
    return slopes[best, outputs], errors[best, outputs]


def _readings(values: np.ndarray, steps: Vector, epsilon: float) -> tuple[Matrix, Matrix]:
    """The same for every window of steps, shape (windows, m)."""
    up, down = values
    slopes = (up - down) / (2 * steps[:, None])
    noise = NOISE_UNITS * epsilon * np.maximum(np.abs(up), np.abs(down)) / steps[:, None]
    windows = np.lib.stride_tricks.sliding_window_view(slopes, WINDOW, axis=0)
    moved = (up != down) | np.concatenate([up[:-1] != up[1:], np.zeros_like(up[:1], dtype=np.bool_)])
    moves = np.lib.stride_tricks.sliding_window_view(moved, WINDOW, axis=0).all(axis=-1)
    error = SPREAD * np.ptp(windows, axis=-1) + noise[WINDOW - 1 :]
    return windows[..., -1], np.where(np.isfinite(error) & moves, error, np.inf)
