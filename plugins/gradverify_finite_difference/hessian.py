"""Second derivatives from f alone: mixed central differences on a ladder of steps, extrapolated.

H_ij(h) = [f(x + h_i e_i + h_j e_j) − f(x + h_i e_i − h_j e_j) − f(x − h_i e_i + h_j e_j) + f(x − h_i e_i − h_j e_j)]
/ (4 h_i h_j)
has the error O(h²) (Abramowitz & Stegun 1964, 25.3.26); on the diagonal it is a central second difference with the
step 2h. Two
Richardson steps make it O(h⁶). Round-off grows like eps |f| / h². The level with the least sum of both is taken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gradverify_finite_difference.arrays import Floats
from gradverify_finite_difference.sampling import BudgetError, Sampler

if TYPE_CHECKING:
    from gradverify.plugin import Problem

LARGEST = 0.25  # first step, relative to the component (or to 1 where it is 0)
RATIO = 2.0
LEVELS = 12  # down to 0.25 / 2¹¹ = 1e-4, below which round-off wins for every smooth f
NOISE_UNITS = 8.0  # of round-off in a sum of four values
SAFETY = (
    8.0  # on the difference of neighbouring extrapolations: covers an error that shrinks by less than the theory's 64
)
AMPLIFICATION = 2.0  # how much two Richardson steps magnify round-off: (16·(4/3 + 1/3) + 1) / 15 ≈ 1.84
CORNERS = np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]], dtype=np.float64)


def second_differences(sampler: Sampler, problem: Problem, points: Floats, centre: Floats) -> tuple[Floats, Floats]:
    """Value and bound of the Hessian at `points`, shape (k, n): both of shape (k, n, n)."""
    k, n = points.shape
    value, bound = np.full((k, n, n), np.nan), np.full((k, n, n), np.inf)
    pairs = [(i, j) for i in range(n) for j in range(i + 1)]
    steps = LARGEST * RATIO ** -np.arange(LEVELS, dtype=np.float64)
    for row in range(k):
        if not np.isfinite(centre[row]).all():
            continue
        size = np.where(points[row] != 0, np.abs(points[row]), 1.0)
        for i, j in pairs:
            try:
                found = _entry(sampler, problem, points[row], i, j, size, steps)
            except BudgetError:
                return value, bound
            value[row, i, j] = value[row, j, i] = found[0]
            bound[row, i, j] = bound[row, j, i] = found[1]
    return value, bound


def _entry(
    sampler: Sampler, problem: Problem, x: Floats, i: int, j: int, size: Floats, steps: Floats
) -> tuple[float, float]:
    """Value and bound of one entry."""
    h, g = steps * size[i], steps * size[j]
    rows = np.repeat(x[None, None, :], LEVELS, axis=0).repeat(4, axis=1)
    rows[:, :, i] += h[:, None] * CORNERS[None, :, 0]
    rows[:, :, j] += g[:, None] * CORNERS[None, :, 1]
    inside = np.all(problem.domain.contains(rows.reshape((-1, x.size))), axis=1).reshape((LEVELS, 4)).all(axis=1)
    values = np.full((LEVELS, 4), np.nan)
    if inside.any():
        values[inside] = sampler.at(rows[inside].reshape((-1, x.size)))[:, 0].reshape((-1, 4))
    with np.errstate(all="ignore"):
        # The steps as rounding takes them, on both sides together.
        width_i = (rows[:, 0, i] - rows[:, 3, i]) / (2 if i != j else 4)
        width_j = (rows[:, 0, j] - rows[:, 3, j]) / (2 if i != j else 4)
        plain = (values[:, 0] - values[:, 1] - values[:, 2] + values[:, 3]) / (4 * width_i * width_j)
        noise = (
            NOISE_UNITS * problem.precision.epsilon * np.max(np.abs(values), axis=1) / (4 * np.abs(width_i * width_j))
        )
        once = (4 * plain[1:] - plain[:-1]) / 3
        twice = (16 * once[1:] - once[:-1]) / 15
        truncation = np.maximum(np.abs(np.diff(twice))[1:], np.abs(np.diff(twice))[:-1])
        total = SAFETY * truncation + AMPLIFICATION * noise[4:]
    if not np.isfinite(total).any():
        return float("nan"), float("inf")
    best = int(np.nanargmin(np.where(np.isfinite(total), total, np.inf)))
    return float(twice[best + 2]), float(total[best])
