"""NumPy's arithmetic: float64 by default, float32 on request, and complex128 where `analytic` says so."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gradverify.core.arrays import Array
from gradverify.core.overflow import silently
from gradverify.expression.evaluate import Arithmetic
from gradverify.expression.nodes import Number
from gradverify.expression.special import digamma, erf, erfc, gammaln


def sigmoid(x: Array) -> Array:
    """1/(1 + exp(−x)), without overflow; real or complex."""
    small = np.exp(np.where(np.real(x) >= 0, -x, x))  # of modulus at most 1
    return np.asarray(np.where(np.real(x) >= 0, 1, small) / (1 + small))


def logaddexp(a: Array, b: Array) -> Array:
    """log(exp(a) + exp(b)), without overflow; real or complex."""
    if not (np.iscomplexobj(a) or np.iscomplexobj(b)):
        return np.asarray(np.logaddexp(a, b))
    larger = np.real(a) >= np.real(b)
    high, low = np.where(larger, a, b), np.where(larger, b, a)
    return np.asarray(high + np.log1p(np.exp(low - high)))


def softplus(x: Array) -> Array:
    """log(1 + exp(x)), without overflow; real or complex."""
    return logaddexp(x, np.zeros(1, dtype=x.dtype))


def logsumexp(x: Array, axes: tuple[int, ...]) -> Array:
    """log(sum(exp(x))) over `axes`, without overflow; real or complex."""
    high = np.max(np.real(x), axis=axes, keepdims=True)
    high = np.where(np.isfinite(high), high, 0)
    return np.asarray(np.log(np.sum(np.exp(x - high), axis=axes)) + np.squeeze(high, axis=axes))


def _broadcast_to(x: Array, shape: tuple[int, ...]) -> Array:
    """A copy, so that whoever gets it may write to it."""
    return np.array(np.broadcast_to(x, shape))


_SAME_NAMES = (
    "add subtract multiply divide power remainder negative abs sign sqrt cbrt exp exp2 expm1 log log2 log10 log1p sin "
    "cos tan arcsin arccos arctan sinh cosh tanh arcsinh arccosh arctanh floor ceil arctan2 hypot minimum maximum less "
    "less_equal greater greater_equal equal not_equal logical_and logical_or logical_not where sum prod min max cumsum "
    "reshape transpose stack concatenate matmul"
)
_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    **{name: getattr(np, name) for name in _SAME_NAMES.split()},
    "sigmoid": sigmoid,
    "logaddexp": logaddexp,
    "softplus": softplus,
    "logsumexp": logsumexp,
    "erf": erf,
    "erfc": erfc,
    "gammaln": gammaln,
    "digamma": digamma,
    "broadcast_to": _broadcast_to,
}


def numpy_arithmetic(dtype: type[np.floating[Any]]) -> Arithmetic:
    """NumPy's arithmetic with literals and constants of `dtype`; values should have it too, or be complex."""

    def number(literal: Number) -> Array:
        return np.array([literal.value], dtype=dtype)

    return Arithmetic(
        functions=_FUNCTIONS,
        number=number,
        constant=lambda array: np.asarray(array, dtype=dtype),
        names={"pi": np.array([math.pi], dtype=dtype), "e": np.array([math.e], dtype=dtype)},
        context=silently,
    )


NUMPY = numpy_arithmetic(np.float64)
NUMPY_SINGLE = numpy_arithmetic(np.float32)
