"""NumPy as the user's code sees it while it is traced: autograd's functions where there are any, NumPy's otherwise."""

from __future__ import annotations

import functools
import importlib
import math
import sys
import types
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import autograd.numpy as anp
import numpy as np
from autograd.extend import defvjp, primitive
from autograd.tracer import getval, isbox

from gradverify_autodiff import assignment, plain, rules
from gradverify_autodiff.boxes import LostConnectionError, holds_traced
from gradverify_autodiff.mathematics import math_module
from gradverify_autodiff.tape import (
    current_noise,
    equal_arguments,
    tie,
    whole_argument,
    zero_argument,
)


@primitive  # type: ignore[untyped-decorator]
def copied(x: Any, dtype: Any) -> Any:
    """A copy of the array `x` as `dtype`."""
    return np.array(x, dtype=dtype)


defvjp(copied, lambda _ans, x, _dtype: lambda g: copied(g, np.result_type(x)))


def array(a: Any, dtype: Any = None, *, copy: Any = True, ndmin: int = 0, **_: Any) -> Any:
    """`np.array`, also of traced values and of nested sequences that hold some."""
    if not holds_traced(a):
        return assignment.as_constant(np.array(a, dtype=dtype, copy=copy, ndmin=ndmin, **_))
    result = a if isbox(a) else anp.array(a)
    if dtype is not None and np.dtype(dtype).kind not in "fc":
        raise LostConnectionError(f"a conversion to {np.dtype(dtype)} has no derivative")
    if dtype is not None or isbox(a):
        result = copied(result, np.dtype(dtype) if dtype is not None else None)
    missing = ndmin - result.ndim
    return anp.reshape(result, (1,) * missing + result.shape) if missing > 0 else result


def asarray(a: Any, dtype: Any = None, *args: Any, **options: Any) -> Any:
    """`np.asarray`, also of traced values; an array that is one already is itself."""
    if isbox(a) and (dtype is None or np.dtype(dtype) == np.result_type(a)) and not args and not options:
        return a
    return array(a, dtype) if holds_traced(a) else np.asarray(a, dtype, *args, **options)


class float64(np.float64, metaclass=plain.StandIn):  # noqa: N801 - stands in for NumPy's
    """`np.float64`, which keeps a traced value traced."""

    stands_for = np.float64

    def __new__(cls, x: Any = 0.0, /) -> Any:
        """`x` as it is where it is traced."""
        return array(x, np.float64) if holds_traced(x) else np.float64(x)


class float32(np.float32, metaclass=plain.StandIn):  # noqa: N801 - stands in for NumPy's
    """`np.float32`, which keeps a traced value traced."""

    stands_for = np.float32

    def __new__(cls, x: Any = 0.0, /) -> Any:
        """`x` rounded where it is traced, as `astype` rounds it."""
        return array(x, np.float32) if holds_traced(x) else np.float32(x)


def _watched(name: str, is_tie: Callable[..., Any], compute: Callable[..., Any]) -> Callable[..., Any]:
    """`compute`, which also notes where its result jumps."""

    def watched(*args: Any, **kwargs: Any) -> Any:
        if any(map(isbox, args)):
            tie(is_tie(None, *map(getval, args)))
        return compute(*args, **kwargs)

    watched.__name__ = name
    return watched


_RULES = "autograd.numpy.numpy_vjps"  # where autograd's derivative rules are
_COMPARISONS = "less less_equal greater greater_equal equal not_equal"
_ROUNDERS = "floor ceil trunc rint fix sign heaviside"


def _rounding_tie(_: Any, x: Any, *__: Any) -> Any:
    return np.equal(2 * x, np.round(2 * x))


def _where(condition: Any, *choices: Any) -> Any:
    return anp.where(getval(condition), *choices)


def _shaken(name: str) -> Callable[..., Any]:
    """A routine of linear algebra whose matrices are moved by round-off of their own size while noise is measured.

    Its error is that of a nearby problem (Higham 2002, chapter 9), which noise in the result alone does not show.
    """
    compute = getattr(anp.linalg, name)

    def shaken(*args: Any, **kwargs: Any) -> Any:
        noise = current_noise()
        if noise is not None and any(map(isbox, args)):
            args = tuple(a + noise.of_size(getval(a)) if np.ndim(getval(a)) else a for a in args)
        return compute(*args, **kwargs)

    shaken.__name__ = name
    return shaken


def _outer(function: Callable[..., Any]) -> Callable[..., Any]:
    def outer(a: Any, b: Any) -> Any:
        left, right = asarray(a), asarray(b)
        return function(left.reshape(left.shape + (1,) * right.ndim), right)

    return outer


def _with_methods(name: str, total: Callable[..., Any] | None) -> Callable[..., Any]:
    """A ufunc with the methods that people use: `np.add.outer`, `np.add.reduce`, by `total`, and `np.add.at`."""
    compute = getattr(anp, name)

    def ufunc(*args: Any, **kwargs: Any) -> Any:
        return compute(*args, **kwargs)

    ufunc.__name__ = name
    vars(ufunc)["outer"] = _outer(compute)
    if total is not None:
        vars(ufunc)["reduce"] = lambda a, axis=0, **kwargs: total(asarray(a), axis=axis, **kwargs)
    if name == "add":
        vars(ufunc)["at"] = assignment.add_at
    return ufunc


def _logarithm_of_sum(a: Any, axis: int = 0) -> Any:
    return functools.reduce(anp.logaddexp, anp.moveaxis(a, axis, 0))


def _convolve(a: Any, v: Any, mode: str = "full") -> Any:
    """`np.convolve` as a product with a matrix of shifts."""
    a, v = asarray(a), asarray(v)
    if a.shape[0] < v.shape[0]:
        a, v = v, a
    n, m = a.shape[0], v.shape[0]
    full = anp.reshape(anp.outer(a, v), (n * m,))
    places = np.add.outer(np.arange(n), np.arange(m)).ravel()
    total = np.equal.outer(np.arange(n + m - 1), places).astype(np.float64) @ full
    cut = {"full": (0, n + m - 1), "same": ((m - 1) // 2, (m - 1) // 2 + n), "valid": (m - 1, n)}[mode]
    return total[cut[0] : cut[1]]


def _average(a: Any, axis: Any = None, weights: Any = None) -> Any:
    if weights is None:
        return anp.mean(asarray(a), axis=axis)
    a, weights = asarray(a), asarray(weights)
    if axis is not None and weights.ndim == 1 and a.ndim > 1:
        weights = weights.reshape([-1 if i == axis % a.ndim else 1 for i in range(a.ndim)])
    return anp.sum(a * weights, axis=axis) / anp.sum(weights + 0 * getval(a), axis=axis)


def _trapezoid(y: Any, x: Any = None, dx: float = 1.0, axis: int = -1) -> Any:
    y = anp.moveaxis(asarray(y), axis, -1)
    widths = dx if x is None else anp.diff(asarray(x), axis=-1)
    return anp.sum((y[..., 1:] + y[..., :-1]) / 2 * widths, axis=-1)


def _vdot(a: Any, b: Any) -> Any:
    return anp.sum(anp.ravel(asarray(a)) * anp.ravel(asarray(b)))


def _clip(a: Any, a_min: Any = None, a_max: Any = None, **kwargs: Any) -> Any:
    low, high = kwargs.pop("min", a_min), kwargs.pop("max", a_max)
    if kwargs:
        raise TypeError(f"`clip` with `{next(iter(kwargs))}` has no derivative rule")
    result = asarray(a)
    result = result if low is None else anp.maximum(result, low)
    return result if high is None else anp.minimum(result, high)


def _copy(a: Any, *_: Any, **__: Any) -> Any:
    return array(a)


def _flip(a: Any, axis: Any = None) -> Any:
    a = asarray(a)
    axes = range(a.ndim) if axis is None else [i % a.ndim for i in np.atleast_1d(axis)]
    return a[tuple(slice(None, None, -1) if i in axes else slice(None) for i in range(a.ndim))]


def _diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    a = anp.moveaxis(asarray(a), (axis1, axis2), (0, 1))
    rows, columns = np.eye(a.shape[0], a.shape[1], offset).nonzero()
    return anp.moveaxis(a[rows, columns], 0, -1)


def _diag(v: Any, k: int = 0) -> Any:
    v = asarray(v)
    return anp.diag(v, k) if v.ndim == 1 else _diagonal(v, k)


def _trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    return anp.sum(_diagonal(a, offset, axis1, axis2), axis=-1)


def _broadcast_to(a: Any, shape: Any) -> Any:
    return asarray(a) + anp.zeros(shape)


def _norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """`np.linalg.norm`, with the orders that autograd lacks."""
    x = asarray(x)
    vector = x.ndim == 1 or isinstance(axis, int)
    if vector and ord == 1:
        return anp.sum(anp.abs(x), axis=axis, keepdims=keepdims)
    if vector and ord == np.inf:
        return anp.max(anp.abs(x), axis=axis, keepdims=keepdims)
    if ord is None or (vector and ord == 2) or ord == "fro":
        return anp.sqrt(anp.sum(x * x, axis=axis, keepdims=keepdims))
    return anp.linalg.norm(x, ord, axis) if not keepdims else anp.linalg.norm(x, ord, axis, keepdims=True)


_MAKERS = "zeros ones empty zeros_like ones_like empty_like eye identity"
_LINALG_SHAKEN = "solve inv det slogdet cholesky eigh svd pinv eig"
_OWN: dict[str, Callable[..., Any]] = {
    "array": array,
    "asarray": asarray,
    "asanyarray": asarray,
    "ascontiguousarray": asarray,
    "asfarray": asarray,
    "copy": _copy,
    "float64": float64,
    "double": float64,
    "float32": float32,
    "single": float32,
    "where": _where,
    "prod": rules.prod,
    "product": rules.prod,
    "convolve": _convolve,
    "average": _average,
    "trapezoid": _trapezoid,
    "trapz": _trapezoid,
    "vdot": _vdot,
    **{name: assignment.fresh(getattr(np, name)) for name in _MAKERS.split()},
    "reshape": assignment.reshape,
    "ravel": assignment.ravel,
    "squeeze": assignment.squeeze,
    "transpose": assignment.transpose,
    "swapaxes": assignment.swapaxes,
    "full": assignment.full,
    "full_like": assignment.full_like,
    "fill_diagonal": assignment.fill_diagonal,
    "copyto": assignment.copyto,
    "clip": _clip,
    "flip": _flip,
    "diag": _diag,
    "diagonal": _diagonal,
    "trace": _trace,
    "broadcast_to": _broadcast_to,
    "round": _watched("round", _rounding_tie, anp.round),
    "around": _watched("around", _rounding_tie, anp.around),
    **{name: _watched(name, equal_arguments, getattr(anp, name)) for name in _COMPARISONS.split()},
    **{
        name: _watched(name, zero_argument if name in ("sign", "heaviside") else whole_argument, getattr(anp, name))
        for name in _ROUNDERS.split()
    },
    **{
        name: _with_methods(name, total)
        for name, total in {
            "add": anp.sum, "multiply": rules.prod, "maximum": anp.max, "minimum": anp.min, "subtract": None,
            "divide": None, "logaddexp": _logarithm_of_sum,
        }.items()
    },
}  # fmt: skip


def _joining(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function`, which takes an array of objects that are traced for the traced array that it stands for.

    `X.dot(w)` is NumPy's own method where X is an array that the user's code made: it multiplies number by number.
    """

    def joining(*args: Any, **kwargs: Any) -> Any:
        for one in args:
            if type(one) is np.ndarray and one.dtype == object:
                return function(*map(joined, args), **kwargs)
        return function(*args, **kwargs)

    return functools.wraps(function)(joining)


def joined(value: Any) -> Any:
    """An array of objects of which some are traced as one traced array; anything else as it is."""
    if type(value) is np.ndarray and value.dtype == object and any(map(isbox, value.flat)):
        return anp.reshape(array(value.ravel().tolist()), value.shape)
    return value


class _Facade(types.ModuleType):
    """A module whose names are looked up in several places, first found first served."""

    def __init__(self, name: str, own: dict[str, Any], traced: Any, real: types.ModuleType) -> None:
        super().__init__(name)
        self._own, self._traced, self._real = own, traced, real

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            return getattr(self._real, name)
        if name in self._own:
            value = self._own[name]
        else:
            real = getattr(self._real, name)  # raises AttributeError in NumPy's own words
            if isinstance(real, types.ModuleType):
                value = facade(real.__name__) or real
            else:
                value = vars(self._traced).get(name, real) if callable(real) and not isinstance(real, type) else real
                if value is not real and isinstance(value, types.FunctionType):
                    value = _joining(value)
        self.__dict__[name] = value
        return value


@lru_cache
def facade(name: str) -> types.ModuleType | None:
    """The stand-in for the module `name`; None where it stays as it is."""
    if name == "math":
        return math_module()
    top = name.partition(".")[0]
    if top not in ("numpy", "scipy") or "._" in name:
        return None
    real = importlib.import_module(name)
    if name == "numpy":
        return _Facade(name, _OWN, anp, real)
    if name == "numpy.linalg":
        return _Facade(name, {"norm": _norm, **{n: _shaken(n) for n in _LINALG_SHAKEN.split()}}, anp.linalg, real)
    try:
        traced = importlib.import_module(f"autograd.{name}")
    except ImportError:
        return None
    return _Facade(name, {}, traced, real)


@lru_cache
def stand_ins() -> dict[int, Any]:
    """What stands in for NumPy's and Python's functions, by identity: for `from numpy import exp`."""
    found: dict[int, Any] = {id(float): plain.float}
    for module in (np, np.linalg, math):
        stand_in = facade(module.__name__)
        for name, value in vars(module).items():
            if callable(value) and not name.startswith("_"):
                other = getattr(stand_in, name)
                if other is not value:
                    found[id(value)] = other
    return found


def array_function(_self: Any, function: Any, _types: Any, args: Any, kwargs: Any) -> Any:
    """NumPy's dispatch for functions (NEP 18): code that was not given our NumPy is served all the same."""
    other = stand_ins().get(id(function))
    if other is None or other is function:
        return NotImplemented
    return other(*args, **kwargs)


def _astype(self: Any, dtype: Any, *_: Any, **__: Any) -> Any:
    return array(self, dtype)


def _compare(name: str) -> Callable[..., Any]:
    watched, unwatched = _OWN[name], getattr(anp, name)

    def method(self: Any, other: Any) -> Any:
        # The rules of max, maximum and their kin compare their argument with their result, to see what was chosen. That
        # is no branch of f: where two were equal, the function itself has noted it.
        rule = sys._getframe(1).f_globals.get("__name__") == _RULES
        return (unwatched if rule else watched)(self, other)

    return method


# What arrays can do and autograd's stand-ins cannot, or what has to be noticed; in force while a function is traced.
BOX_METHODS: dict[str, Any] = {
    "__array_function__": array_function,
    "item": plain.item,
    "tolist": plain.tolist,
    "fill": assignment.fill,
    "reshape": assignment.reshape,
    "ravel": assignment.ravel,
    "squeeze": assignment.squeeze,
    "transpose": assignment.transpose,
    "swapaxes": assignment.swapaxes,
    "T": property(assignment.transpose),
    "__getitem__": assignment.get_item,
    "__setitem__": assignment.set_item,
    **assignment.IN_PLACE,
    "copy": _copy,
    "astype": _astype,
    "dot": anp.dot,
    "conj": anp.conj,
    "conjugate": anp.conj,
    "real": property(anp.real),
    "imag": property(anp.imag),
    "prod": rules.prod,
    "diagonal": _diagonal,
    "trace": _trace,
    "clip": _clip,
    "round": _OWN["round"],
    "flatten": lambda self, *_: anp.ravel(self),
    "__pos__": _copy,
    "__floordiv__": lambda self, other: _OWN["floor"](self / other),
    "__lt__": _compare("less"),
    "__le__": _compare("less_equal"),
    "__gt__": _compare("greater"),
    "__ge__": _compare("greater_equal"),
    "__eq__": _compare("equal"),
    "__ne__": _compare("not_equal"),
}
