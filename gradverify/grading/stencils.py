"""Difference quotients of f: their values, and the round-off of f that each is off by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradverify.core.arrays import Array, Matrix, Vector
from gradverify.core.problem import Function
from gradverify.grading.nudges import EPSILON


@dataclass(frozen=True, slots=True)
class Scheme:
    """A difference quotient: the sum of f(x + offset · h) · weight, divided by h. Its error is of the given order."""

    name: str
    offsets: tuple[float, ...]
    weights: tuple[float, ...]
    order: int

    def slopes(
        self, function: Function, points: Matrix, index: int | Array, h: float | Vector
    ) -> tuple[Vector, Vector]:
        """Quotients at points (k, n) by one component, or by one at each point, and the round-off of each: both (k,).

        h is one step, or one at each point (k,).
        """
        rows = np.arange(points.shape[0])
        moved = np.repeat(points[None], len(self.offsets), axis=0)
        moved[:, rows, index] += np.multiply.outer(np.array(self.offsets), h).reshape((len(self.offsets), -1))
        values = function.evaluate(moved.reshape((-1, points.shape[1]))).values.reshape((len(self.offsets), -1))
        with np.errstate(all="ignore"):
            slopes = np.array(self.weights) @ values / h
            # x + h is rounded as well, which counts as an error of |x| in f's terms.
            size = np.max(np.abs(values), axis=0) + np.abs(slopes * points[rows, index])
            round_off = EPSILON * size / h
        return slopes, round_off


SCHEMES = (
    Scheme("forward", (0.0, 1.0), (-1.0, 1.0), 1),
    Scheme("backward", (-1.0, 0.0), (-1.0, 1.0), 1),
    Scheme("central", (-1.0, 1.0), (-0.5, 0.5), 2),
)
