"""Python's `math` for traced numbers.

Values come from `math` itself, not from NumPy, whose last digit may differ: a function that subtracts nearly equal ones
shows it, and the traced function must be the function. Derivatives are those of DLMF chapter 4, and of 5.2 and 7.10.
"""

from __future__ import annotations

import functools
import math
import operator
import types
from collections.abc import Callable
from typing import Any

import autograd.numpy as anp
import numpy as np
from autograd.extend import defvjp, primitive
from autograd.tracer import getval

from gradverify_autodiff import rules
from gradverify_autodiff.boxes import LostConnectionError, holds_traced, plain_value
from gradverify_autodiff.tape import tie, whole_argument


def _named(name: str, compute: Callable[..., Any]) -> Callable[..., Any]:
    """`compute` under NumPy's `name`, by which ties and rounded results are known (tape.py)."""

    def function(*arguments: Any) -> Any:
        return compute(*arguments)

    function.__name__ = name
    traced: Callable[..., Any] = primitive(function)
    return traced


LN2, LN10 = math.log(2.0), math.log(10.0)
# Of one argument, by the name in `math`: the name in NumPy, and the derivative from the result and the argument.
_SLOPES: dict[str, tuple[str, Callable[[Any, Any], Any]]] = {
    "exp": ("exp", lambda y, _: y),
    "expm1": ("expm1", lambda y, _: y + 1),
    "exp2": ("exp2", lambda y, _: y * LN2),
    "log": ("log", lambda _, x: 1 / x),
    "log1p": ("log1p", lambda _, x: 1 / (1 + x)),
    "log2": ("log2", lambda _, x: 1 / (x * LN2)),
    "log10": ("log10", lambda _, x: 1 / (x * LN10)),
    "sqrt": ("sqrt", lambda y, _: 0.5 / y),
    "cbrt": ("cbrt", lambda y, _: 1 / (3 * y * y)),
    "sin": ("sin", lambda _, x: anp.cos(x)),
    "cos": ("cos", lambda _, x: -anp.sin(x)),
    "tan": ("tan", lambda y, _: 1 + y * y),
    "asin": ("arcsin", lambda _, x: 1 / anp.sqrt((1 - x) * (1 + x))),
    "acos": ("arccos", lambda _, x: -1 / anp.sqrt((1 - x) * (1 + x))),
    "atan": ("arctan", lambda _, x: 1 / (1 + x * x)),
    "sinh": ("sinh", lambda _, x: anp.cosh(x)),
    "cosh": ("cosh", lambda _, x: anp.sinh(x)),
    "tanh": ("tanh", lambda y, _: (1 - y) * (1 + y)),
    "asinh": ("arcsinh", lambda _, x: 1 / anp.hypot(1.0, x)),
    "acosh": ("arccosh", lambda _, x: 1 / anp.sqrt((x - 1) * (x + 1))),
    "atanh": ("arctanh", lambda _, x: 1 / ((1 - x) * (1 + x))),
    "erf": ("erf", lambda _, x: 2 / math.sqrt(math.pi) * anp.exp(-x * x)),
    "erfc": ("erfc", lambda _, x: -2 / math.sqrt(math.pi) * anp.exp(-x * x)),
    "gamma": ("gamma", lambda y, x: y * rules.digamma(x)),
    "lgamma": ("gammaln", lambda _, x: rules.digamma(x)),
    "degrees": ("degrees", lambda _y, _x: math.degrees(1.0)),
    "radians": ("radians", lambda _y, _x: math.radians(1.0)),
    "fabs": ("fabs", lambda _, x: anp.sign(x)),
}


def _of_one(name: str) -> Callable[..., Any]:
    theirs, slope = _SLOPES[name]
    traced = _named(theirs, getattr(math, name))
    defvjp(traced, lambda ans, x: lambda g: g * slope(ans, x))
    return traced


_log = _of_one("log")
_atan2, _power = _named("arctan2", math.atan2), _named("power", math.pow)
_norm_of = _named("norm", lambda parts: math.hypot(*parts))
_distance_of = _named("norm", math.dist)
_sum_of = _named("sum", math.fsum)
defvjp(
    _atan2,
    lambda _ans, y, x: lambda g: g * (x / (r := anp.hypot(x, y))) / r,
    lambda _ans, y, x: lambda g: -g * (y / (r := anp.hypot(x, y))) / r,
)
defvjp(
    _power,
    lambda _ans, x, y: lambda g: g * y * x ** anp.where(getval(y) != 0, y - 1, 1.0),
    lambda ans, x, _y: lambda g: g * ans * anp.log(anp.where(getval(x) != 0, x, 1.0)),
)
defvjp(_norm_of, lambda ans, parts: lambda g: g * parts / ans)
defvjp(_distance_of, lambda ans, p, q: lambda g: g * (p - q) / ans, lambda ans, p, q: lambda g: g * (q - p) / ans)
defvjp(_sum_of, lambda _ans, parts: lambda g: g * np.ones(anp.shape(parts)))


def _whole(name: str) -> Callable[..., Any]:
    compute = getattr(math, name)

    def whole(x: Any) -> Any:
        tie(whole_argument(None, getval(x)))
        return compute(plain_value(x))

    return whole


_OTHER: dict[str, Callable[..., Any]] = {
    **{name: _of_one(name) for name in _SLOPES if hasattr(math, name)},
    **{name: _whole(name) for name in ("floor", "ceil", "trunc")},
    **{name: getattr(anp, name) for name in ("isnan", "isinf", "isfinite")},
    "log": lambda x, base=None: _log(x) if base is None else _log(x) / _log(base),
    "atan2": _atan2,
    "pow": _power,
    "hypot": lambda *parts: _norm_of(anp.array(list(parts))),
    "dist": lambda p, q: _distance_of(anp.array(list(p)), anp.array(list(q))),
    "fsum": lambda parts: _sum_of(anp.array(list(parts))),
    "prod": lambda parts, start=1: functools.reduce(operator.mul, parts, start),
}


def _served(name: str, plain: Callable[..., Any]) -> Callable[..., Any]:
    other = _OTHER.get(name)

    def served(*arguments: Any, **options: Any) -> Any:
        if arguments and isinstance(arguments[0], (types.GeneratorType, map)):
            arguments = (list(arguments[0]), *arguments[1:])
        if not holds_traced(arguments):
            return plain(*arguments, **options)
        if other is None:
            raise LostConnectionError(f"`math.{name}` has no derivative rule")
        return other(*arguments, **options)

    served.__name__ = name
    return served


@functools.lru_cache
def math_module() -> types.ModuleType:
    """The module `math`, which takes traced numbers."""
    made = types.ModuleType("math")
    for name, value in vars(math).items():
        made.__dict__[name] = _served(name, value) if isinstance(value, types.BuiltinFunctionType) else value
    return made
