"""Does an exact derivative at a tie hold along each axis of f as well?

At a tie of many parts, as of the largest of 40 equal numbers, each part decides in few directions only, and a handful
of random neighbours shows no trace of most of them: their derivative seems to stand still at 0. Along its own axis each
part decides at once, so that the one-sided slopes of f there tell a kink.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gradverify.plugin import Derivative, Mask, Matrix, Problem, Tensor, Vector
from gradverify_autodiff.measure import Measured

MOST_VARIABLES = 1024  # whose axes are looked along at one point; four evaluations each
# Two distances, relative to the component: a jump of the slope is the same at either, curvature falls with it.
LONG, SHORT = 2.0**-13, 2.0**-20
FALLS = 4.0  # by less than this from one to the other: a jump; a curvature's part falls by 2⁷
NOISE_UNITS = 64.0  # of round-off in f's values
RELATIVE = 1e-5  # of the larger slope: less is no kink that matters, and may be the function's own noise


def held_against_axes(problem: Problem, points: Matrix, measured: Measured, sound: Mask) -> Measured:
    """`measured`, with infinite bounds where f has other slopes along its axes at ties.

    sound: rows with a value, (k,).
    """
    if problem.derivative is Derivative.HESSIAN or points.shape[1] > MOST_VARIABLES:
        return measured
    bounds = measured.bounds.copy()
    rows = [row for row in range(points.shape[0]) if measured.tied[row] and sound[row]]
    for row in rows:
        value = np.ravel(measured.values[row])
        bounds[row][_refuted(problem, points[row], value, measured.derivatives[row])] = np.inf
    spent = measured.evaluations + 4 * points.shape[1] * len(rows)
    return replace(measured, bounds=bounds, evaluations=spent)


def _refuted(problem: Problem, point: Vector, value: Vector, derivative: Tensor) -> Mask:
    """Which components of `derivative` are not the slopes of f along their variables, to either side; of its shape.

    point: (n,).  value: f there, flat.
    """
    n = point.size
    size = np.where(point != 0, np.abs(point), 1.0)
    steps = np.array([LONG, -LONG, SHORT, -SHORT])[:, None] * size  # (4, n)
    rows = np.broadcast_to(point, (4, n, n)).copy()
    rows[:, np.arange(n), np.arange(n)] += steps
    rows = rows.reshape((-1, n))
    inside = problem.domain.contains(rows).all(axis=1)
    values = np.full((rows.shape[0], value.size), np.nan)
    if inside.any():
        values[inside] = np.asarray(problem.function.evaluate(rows[inside]).values).reshape((-1, value.size)).real
    length = (rows.reshape((4, n, n)) - point)[:, np.arange(n), np.arange(n)][:, :, None]  # (4, n, 1), as rounded
    slopes = derivative.reshape((value.size, n)).T  # (n, m)
    around = values.reshape((4, n, value.size))
    with np.errstate(all="ignore"):
        seen = (around - value) / length
        gap = np.abs(seen - slopes)
        noise = NOISE_UNITS * problem.precision.epsilon * np.maximum(np.abs(around), np.abs(value)) / np.abs(length)
        clear = gap > noise + RELATIVE * np.maximum(np.abs(seen), np.abs(slopes))
        stays = clear[2:] & clear[:2] & (gap[2:] * FALLS > gap[:2])
    return np.asarray(stays.any(axis=0).T.reshape(derivative.shape))
