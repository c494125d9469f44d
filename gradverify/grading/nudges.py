"""Points that are moved in their last places, and how what is answered there scatters.

A formula's scatter is its own round-off; that of a difference quotient is f's, divided by the step.
"""

from __future__ import annotations

import numpy as np

from gradverify.core.arrays import Array, Matrix, Vector
from gradverify.grading.bench import Bench

EPSILON = float(np.finfo(np.float64).eps)  # a unit of round-off, relative, in all that grading looks for
# Units in the last place by which x is moved, 1e-10 at most: f takes another value at each, and what is rounded to
# single precision, or to decimals, the same one.
UNITS = np.array((-448_129.0, -320_321.0, -187_711.0, -64_109.0, 0.0, 76_913.0, 193_121.0, 316_907.0, 451_723.0))


def scattered(error: Array) -> Array:
    """The standard deviation of errors (k, line, c) along each line, without what is straight in them: (k, c)."""
    straight = np.stack([np.ones(UNITS.size), UNITS / np.max(np.abs(UNITS))], axis=1)
    with np.errstate(all="ignore"):
        off = error - np.einsum("ab,kbm->kam", straight @ np.linalg.pinv(straight), error)
        out: Array = np.sqrt(np.sum(off**2, axis=1) / (UNITS.size - 2))
    return out


def nudged(point: Vector, bench: Bench) -> Matrix:
    """A point's neighbours, (UNITS.size, n), itself among them; what is 0 stays 0."""
    unit = np.spacing(np.abs(point)) * np.where(point < 0, -1.0, 1.0)
    moved = point + UNITS[:, None] * np.where(point != 0, unit, 0.0)
    inside = bench.problem.domain.contains(moved)
    out: Matrix = np.where(inside, moved, point)
    return out
