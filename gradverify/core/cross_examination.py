"""Before differences alone accuse a claim, their reference is held against f once more, along lines across the axes.

A reference r is a gradient only if the derivative along any u is r·u. The check is crude and independent of how the
backend chose its steps: plain central differences over nine decades. It tells apart

- a function with partial derivatives and no gradient: the median of (x, 0, 0, 0) is 0 for all x, and its partial
  derivatives at the origin are 0, yet along (1, 1, 1, 1) it grows at a rate of 1;
- a reference that took noise or the steps of a staircase for a slope.

In both cases nothing is known that a claim could be accused by.
"""

from __future__ import annotations

import warnings

import numpy as np

from gradverify.core.arrays import Matrix, Vector
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


def is_inconsistent(problem: Problem, point: Vector, reference: Matrix, bound: Matrix, size: Vector) -> bool:
    """Whether f changes along some line through `point` by something else than `reference` says.

    point: shape (n,).  size: shape (n,), a length for each variable, in its unit.  reference, bound: shape (m, n), with
    m = 1 for a gradient.
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


def _slopes(values: np.ndarray, steps: Vector, epsilon: float) -> tuple[Vector, Vector]:
    """The derivative along a line for each output, and a bound on its error, from values of shape (2, steps, m).

    A bound is infinite where no window of steps moves f. An even function moves although both sides are equal.
    """
    up, down = values
    slopes = (up - down) / (2 * steps[:, None])
    noise = NOISE_UNITS * epsilon * np.maximum(np.abs(up), np.abs(down)) / steps[:, None]
    windows = np.lib.stride_tricks.sliding_window_view(slopes, WINDOW, axis=0)
    moved = (up != down) | np.concatenate([up[:-1] != up[1:], np.zeros_like(up[:1], dtype=np.bool_)])
    moves = np.lib.stride_tricks.sliding_window_view(moved, WINDOW, axis=0).all(axis=-1)
    error = SPREAD * np.ptp(windows, axis=-1) + noise[WINDOW - 1 :]
    error = np.where(np.isfinite(error) & moves, error, np.inf)
    best = np.argmin(error, axis=0)
    outputs = np.arange(values.shape[2])
    return windows[best, outputs, -1], error[best, outputs]
