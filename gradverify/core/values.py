"""Values of functions at points, one row a point."""

from __future__ import annotations

import warnings

import numpy as np

from gradverify.core.arrays import Array, Matrix, Tensor, Vector
from gradverify.core.problem import Function, Problem


def flat(values: Tensor) -> Matrix:
    """(k, *shape) → (k, c)."""
    return values.reshape((values.shape[0], -1))


def values_of(function: Function, points: Matrix) -> Matrix:
    """A function, or a claim, at `points`, (k, n): (k, c)."""
    return flat(np.asarray(function.evaluate(points).values))


def values_of_complex(function: Function, points: Matrix) -> Array:
    """A function at real `points`, (k, n), computed with complex numbers, so that log(−1) is iπ: (k, c)."""
    return flat(np.asarray(function.evaluate(points.astype(np.complex128)).values))


def values_inside(problem: Problem, points: Matrix, instead: Vector) -> Matrix:
    """f at `points`, (k, n), for somebody who looks at what it does there and does not complain: (k, m).

    NaN outside the domain, where f is asked for its value at `instead`, (n,).
    """
    inside = np.all(problem.domain.contains(points), axis=1)[:, None]
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = values_of(problem.function, np.where(inside, points, instead))
    values: Matrix = np.where(inside, np.asarray(found, dtype=np.float64), np.nan)
    return values
