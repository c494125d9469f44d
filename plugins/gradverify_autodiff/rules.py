"""Derivative rules that autograd lacks, or that are more exact than its own.

Some of autograd's rules lose digits where the derivative itself is harmless: −g·x/y² overflows for y near 1e-160, a
product with a zero factor is differentiated as 0/0. The same rules, in forms without that, replace them.
"""

from __future__ import annotations

import math
from typing import Any

import autograd.numpy as anp
import numpy as np
from autograd.extend import SparseObject, defvjp, primitive, vspace
from autograd.numpy import numpy_vjps
from autograd.numpy.numpy_boxes import ArrayBox
from autograd.numpy.numpy_vjps import unbroadcast_f
from autograd.tracer import trace_primitives_map

from gradverify.plugin import NUMPY
from gradverify_autodiff.boxes import plain_value

_raw = NUMPY.functions


@primitive  # type: ignore[untyped-decorator]
def sigmoid(x: Any) -> Any:
    """1/(1 + exp(−x))."""
    return _raw["sigmoid"](x)


@primitive  # type: ignore[untyped-decorator]
def softplus(x: Any) -> Any:
    """log(1 + exp(x))."""
    return _raw["softplus"](x)


@primitive  # type: ignore[untyped-decorator]
def logsumexp(x: Any, axes: tuple[int, ...]) -> Any:
    """log(sum(exp(x))) over `axes`."""
    return _raw["logsumexp"](x, axes)


@primitive  # type: ignore[untyped-decorator]
def erf(x: Any) -> Any:
    """The error function."""
    return _raw["erf"](x)


@primitive  # type: ignore[untyped-decorator]
def erfc(x: Any) -> Any:
    """1 − erf(x)."""
    return _raw["erfc"](x)


@primitive  # type: ignore[untyped-decorator]
def gammaln(x: Any) -> Any:
    """log |Γ(x)|."""
    return _raw["gammaln"](x)


@primitive  # type: ignore[untyped-decorator]
def digamma(x: Any) -> Any:
    """The derivative of `gammaln`."""
    return _raw["digamma"](x)


_ASYMPTOTIC_FROM = 20.0  # the series below then has a relative error under 1e-17 with 10 terms
_MOST_SHIFTS = 10_000
# Bernoulli numbers B₂, B₄ … B₂₀ (NIST DLMF table 24.2.1).
_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798, -174611 / 330)


@primitive  # type: ignore[untyped-decorator]
def polygamma(order: int, x: Any) -> Any:
    """The `order`-th derivative (≥ 1) of digamma: recurrence up to x ≥ 20, then DLMF 5.15.8. NaN at its poles."""
    x = np.asarray(x, dtype=np.float64)
    sign = (-1.0) ** (order + 1)
    factorial = math.factorial(order)
    shifted, total = x.copy(), np.zeros_like(x)
    for _ in range(_MOST_SHIFTS):
        low = shifted < _ASYMPTOTIC_FROM
        if not np.any(low):
            break
        total = np.where(low, total + sign * factorial / shifted ** (order + 1), total)
        shifted = np.where(low, shifted + 1, shifted)
    series = math.factorial(order - 1) / shifted**order + factorial / (2 * shifted ** (order + 1))
    for k, bernoulli in enumerate(_BERNOULLI, 1):
        series = series + bernoulli * math.factorial(2 * k + order - 1) / math.factorial(2 * k) / shifted ** (
            2 * k + order
        )
    return np.where(np.isfinite(total), total + sign * series, np.nan)


def prod(x: Any, axis: Any = None, keepdims: bool = False, **_: Any) -> Any:
    """The product over `axis` as a chain of multiplications, whose derivative is right where a factor is 0."""
    x = anp.array(x)
    axes = range(x.ndim) if axis is None else [a % x.ndim for a in (axis if isinstance(axis, tuple) else (axis,))]
    result = x
    for a in axes:
        factors = [result[(slice(None),) * a + (slice(i, i + 1),)] for i in range(result.shape[a])]
        product = factors[0] if factors else anp.ones([1 if i == a else n for i, n in enumerate(result.shape)])
        for factor in factors[1:]:
            product = product * factor
        result = product
    return result if keepdims else anp.squeeze(result, axis=tuple(axes))


def is_basic(index: Any) -> bool:
    """Whether NumPy gives a view for it, and no copy."""
    return index is None or index is Ellipsis or isinstance(index, (slice, int, np.integer))


@primitive  # type: ignore[untyped-decorator]
def untake(x: Any, index: Any, space: Any) -> Any:
    """An array of `space` that holds x at `index`, which names no entry twice, and 0 elsewhere: to be added."""

    def added_to(whole: Any) -> Any:
        whole[index] += x
        return whole

    return SparseObject(space, added_to)


def _given_back(_ans: Any, whole: Any, index: Any) -> Any:
    """The rule of `whole[index]`. What autograd adds entry by entry is added at once where it is a view."""
    parts = index if isinstance(index, tuple) else (index,)
    give_back = untake if all(map(is_basic, parts)) else numpy_vjps.untake
    return lambda g: give_back(g, index, vspace(whole))


def _expanded(value: Any, like: Any, axes: tuple[int, ...]) -> Any:
    return anp.reshape(value, _kept_shape(anp.shape(like), axes))


def chosen(
    ans: Any,
    x: Any,
    axis: Any = None,
    out: Any = None,  # noqa: ARG001 - the arguments are NumPy's
    keepdims: Any = False,  # noqa: ARG001
    initial: Any = None,
    where: Any = True,
) -> tuple[Any, Any]:
    """The entries of x that max or min has chosen, as a mask of x's shape, and their number for each result.

    `initial` counts as one more entry, that no slope goes to, and what `where` leaves out as none. The number is 0
    where the result is NaN, which is equal to nothing; its shape is that of the result with the axes kept.
    """
    values, result = np.asarray(plain_value(x)), np.asarray(plain_value(ans))
    axes = tuple(range(values.ndim)) if axis is None else tuple(np.atleast_1d(axis).tolist())
    kept = np.reshape(result, _kept_shape(values.shape, axes))
    mask = np.logical_and(values == kept, plain_value(where))
    number = np.sum(mask, axis=axes, keepdims=True)
    if initial is not None and initial is not np._NoValue:
        number = number + (kept == plain_value(initial))
    return mask, number


def _chosen_part(ans: Any, x: Any, *args: Any, **kwargs: Any) -> Any:
    """The rule of max and min: what was chosen is seen in the plain values, equal ones share the slope.

    autograd's own rule compares what it traces, which a second derivative traces again: it compares rounded sums then.
    """
    mask, number = chosen(ans, x, *args, **kwargs)
    with np.errstate(invalid="ignore"):  # a NaN is equal to nothing
        share = mask / number
    return lambda g: anp.reshape(g, number.shape) * share


def _kept_shape(shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
    gone = {a % len(shape) for a in axes} if shape else set()
    return tuple(1 if i in gone else n for i, n in enumerate(shape))


def install() -> None:
    """Define the rules. They hold for any use of autograd in this process, and only make it more exact."""
    two_over_root_pi = 2 / math.sqrt(math.pi)
    defvjp(sigmoid, lambda ans, x: lambda g: g * ans * sigmoid(-x))
    defvjp(softplus, lambda _ans, x: lambda g: g * sigmoid(x))
    defvjp(
        logsumexp,
        lambda ans, x, axes: lambda g: _expanded(g, x, axes) * anp.exp(x - _expanded(ans, x, axes)),
    )
    defvjp(erf, lambda _ans, x: lambda g: g * (two_over_root_pi * anp.exp(-x * x)))
    defvjp(erfc, lambda _ans, x: lambda g: -g * (two_over_root_pi * anp.exp(-x * x)))
    defvjp(gammaln, lambda _ans, x: lambda g: g * digamma(x))
    defvjp(digamma, lambda _ans, x: lambda g: g * polygamma(1, x))
    defvjp(polygamma, None, lambda _ans, order, x: lambda g: g * polygamma(order + 1, x))
    defvjp(anp.cbrt, lambda ans, _x: lambda g: g / (3 * ans * ans))
    defvjp(anp.sqrt, lambda ans, _x: lambda g: g * 0.5 / ans)
    defvjp(anp.reciprocal, lambda ans, _x: lambda g: -g * ans * ans)
    defvjp(anp.tan, lambda ans, _x: lambda g: g * (1 + ans * ans))
    defvjp(
        trace_primitives_map[np.where],  # autograd's own rule forgets that a branch may be smaller than the result
        None,
        lambda _ans, c, x=None, _y=None: unbroadcast_f(x, lambda g: anp.where(c, g, anp.zeros(g.shape))),
        lambda _ans, c, _x=None, y=None: unbroadcast_f(y, lambda g: anp.where(c, anp.zeros(g.shape), g)),
    )
    defvjp(ArrayBox.__getitem__, _given_back)
    defvjp(untake, lambda _ans, _x, index, _space: lambda g: g[index])
    for choose in {anp.max, anp.min, anp.amax, anp.amin}:
        defvjp(choose, _chosen_part)
    for divide in {anp.divide, anp.true_divide}:
        defvjp(
            divide,
            lambda _ans, x, y: unbroadcast_f(x, lambda g: g / y),
            lambda ans, _x, y: unbroadcast_f(y, lambda g: -(g * ans) / y),
        )
    defvjp(
        anp.arctan2,
        lambda _ans, y, x: unbroadcast_f(y, lambda g: g * (x / (r := anp.hypot(x, y))) / r),
        lambda _ans, y, x: unbroadcast_f(x, lambda g: -g * (y / (r := anp.hypot(x, y))) / r),
    )


install()
