"""Gradients, Jacobians and Hessians of functions of independent rows, in as few reverse passes as there are outputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from autograd.tracer import getval

from gradverify.plugin import Array, Derivative, Tensor
from gradverify_autodiff.tape import trace

# Takes an array of shape (rows, n), returns (rows,) or (rows, m); row i of the result depends on row i alone.
RowFunction = Callable[[Any], Any]


def differentiate(function: RowFunction, points: Array, derivative: Derivative) -> tuple[Tensor, Tensor]:
    """Values of shape (rows,) or (rows, m), and derivatives: (rows, n), (rows, m, n) or (rows, n, n)."""
    with np.errstate(all="ignore"):
        if derivative is Derivative.HESSIAN:
            return _hessian(function, points)
        traced = trace(function, points)
        if derivative is Derivative.JACOBIAN:
            return traced.value, _rows_of_jacobian(traced.pull_back, np.shape(traced.value))
        return traced.value, np.array(traced.pull_back(np.ones(np.shape(traced.value))))


def _hessian(function: RowFunction, points: Array) -> tuple[Tensor, Tensor]:
    """Values (rows,) and Hessians (rows, n, n): the reverse pass is traced itself, and pulled back n times."""
    values: list[Any] = []

    def gradient(x: Any) -> Any:
        inner = trace(function, x)
        values.append(getval(inner.value))
        return inner.pull_back(np.ones(points.shape[0]))

    outer = trace(gradient, points)
    return values[0], _rows_of_jacobian(outer.pull_back, points.shape)


def _rows_of_jacobian(pull_back: Callable[[Array], Array], shape: tuple[int, ...]) -> Tensor:
    """All rows of the Jacobian of an output of `shape` (rows, m): m reverse passes. Shape (rows, m, n)."""
    columns = []
    for i in range(shape[1]):
        cotangent = np.zeros(shape)
        cotangent[:, i] = 1
        columns.append(np.array(pull_back(cotangent)))
    return np.stack(columns, axis=1)
