"""Gradients, Jacobians and Hessians of functions of independent rows, in as few reverse passes as there are outputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradverify.plugin import Array, Derivative, Tensor
from gradverify_autodiff.tape import trace

# Takes an array of shape (rows, n), returns (rows,) or (rows, m); row i of the result depends on row i alone.
RowFunction = Callable[[Any], Any]


def differentiate(function: RowFunction, points: Array, derivative: Derivative) -> tuple[Tensor, Tensor]:
    """Values of shape (rows,) or (rows, m), and derivatives: (rows, n), (rows, m, n) or (rows, n, n)."""
    with np.errstate(all="ignore"):
        match derivative:
            case Derivative.GRADIENT:
                traced = trace(function, points)
                return traced.value, np.array(traced.pull_back(np.ones(np.shape(traced.value))))
            case Derivative.JACOBIAN:
                traced = trace(function, points)
                return traced.value, _rows_of_jacobian(traced.pull_back, np.shape(traced.value))
            case Derivative.HESSIAN:
                values: list[Tensor] = []

                def gradient(x: Any) -> Any:
                    inner = trace(function, x)
                    values.append(inner.value)
                    return inner.pull_back(np.ones(points.shape[0]))

                outer = trace(gradient, points)
                value = values[0]
                while hasattr(value, "_value"):
                    value = value._value
                return value, _rows_of_jacobian(outer.pull_back, points.shape)


def _rows_of_jacobian(pull_back: Callable[[Array], Array], shape: tuple[int, ...]) -> Tensor:
    """All rows of the Jacobian of an output of `shape` (rows, m): m reverse passes. Shape (rows, m, n)."""
    columns = []
    for i in range(shape[1]):
        cotangent = np.zeros(shape)
        cotangent[:, i] = 1
        columns.append(np.array(pull_back(cotangent)))
    return np.stack(columns, axis=1)
