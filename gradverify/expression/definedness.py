"""Where a formula means something at every step, and not only by what IEEE 754 makes of infinity.

exp(−1/x²) is 0 at x = 0 in floating point, erf(log(x²)) is −1: both through an infinite intermediate, and neither
formula is defined there. arctan2(0, 0) is 0 by convention only. What a branch that is not taken computes does not
matter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from gradverify.core.arrays import Array, Mask
from gradverify.expression.evaluate import Arithmetic, evaluate_trees
from gradverify.expression.nodes import Node
from gradverify.expression.numpy_arithmetic import NUMPY


@dataclass(frozen=True, slots=True, eq=False)
class _Marked:
    """Values, and which of them come from a step without a finite value; both of one shape."""

    value: Array
    lost: Mask

    @property
    def shape(self) -> tuple[int, ...]:
        return self.value.shape

    def __getitem__(self, index: Any) -> _Marked:
        return _Marked(self.value[index], self.lost[index])


def defined(trees: Sequence[Node], values: Mapping[str, Array], rows: int, constants: Mapping[str, Array]) -> Mask:
    """At which of `rows` points every step of every tree that matters has a finite value; shape (rows,).

    values: the variables, each of shape (rows, *its shape).
    """
    marked = {name: _marked(array) for name, array in values.items()}
    found = evaluate_trees(tuple(trees), marked, _MARKED, rows, constants)
    fine: Mask = np.ones(rows, dtype=np.bool_)
    for result in found:
        fine &= ~result.lost.reshape((rows, -1)).any(axis=1)
    return fine


def _marked(array: Array) -> _Marked:
    array = np.asarray(array, dtype=np.float64)
    return _Marked(array, np.zeros(array.shape, dtype=np.bool_))


def _elementwise(function: Callable[..., Array], *arguments: _Marked) -> _Marked:
    value = np.asarray(function(*[one.value for one in arguments]))
    lost = ~np.isfinite(value)
    for one in arguments:
        lost = lost | one.lost
    return _Marked(value, lost)


def _arctan2(y: _Marked, x: _Marked) -> _Marked:
    found = _elementwise(np.arctan2, y, x)
    return _Marked(found.value, found.lost | ((y.value == 0) & (x.value == 0)))


def _where(condition: _Marked, yes: _Marked, no: _Marked) -> _Marked:
    value = np.where(condition.value, yes.value, no.value)
    return _Marked(value, condition.lost | np.where(condition.value, yes.lost, no.lost))


def _along(function: Callable[..., Array], array: _Marked, axes: Any) -> _Marked:
    value = np.asarray(function(array.value, axes))
    return _Marked(value, array.lost.any(axis=axes) | ~np.isfinite(value))


def _cumsum(array: _Marked, axis: int) -> _Marked:
    value = np.cumsum(array.value, axis)
    return _Marked(value, np.logical_or.accumulate(array.lost, axis=axis) | ~np.isfinite(value))


def _both(function: Callable[..., Array], array: _Marked, detail: Any) -> _Marked:
    return _Marked(np.asarray(function(array.value, detail)), np.asarray(function(array.lost, detail)))


def _join(function: Callable[..., Array], arrays: Sequence[_Marked], axis: int) -> _Marked:
    return _Marked(function([one.value for one in arrays], axis), function([one.lost for one in arrays], axis))


def _matmul(left: _Marked, right: _Marked) -> _Marked:
    value = np.matmul(left.value, right.value)
    touched = np.matmul(left.lost.astype(np.float64), np.ones(right.shape))
    touched = touched + np.matmul(np.ones(left.shape), right.lost.astype(np.float64))
    return _Marked(value, (touched > 0) | ~np.isfinite(value))


_SHAPING: Mapping[str, Callable[..., _Marked]] = {
    "where": _where,
    "arctan2": _arctan2,
    "matmul": _matmul,
    "cumsum": _cumsum,
    **{name: partial(_along, NUMPY.functions[name]) for name in ("sum", "prod", "min", "max", "logsumexp")},
    **{name: partial(_both, NUMPY.functions[name]) for name in ("reshape", "broadcast_to", "transpose")},
    **{name: partial(_join, NUMPY.functions[name]) for name in ("stack", "concatenate")},
}
_MARKED = Arithmetic(
    functions={name: _SHAPING.get(name, partial(_elementwise, function)) for name, function in NUMPY.functions.items()},
    number=lambda literal: _marked(NUMPY.number(literal)),
    constant=lambda array: _marked(NUMPY.constant(array)),
    names={name: _marked(array) for name, array in NUMPY.names.items()},
    context=NUMPY.context,
)
