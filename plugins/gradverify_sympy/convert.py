"""SymPy's arithmetic for the one evaluator of expressions, and the symbols that stand for variables and literals."""

from __future__ import annotations

import enum
import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache, partial
from typing import Any

import numpy as np
import sympy as sp

from gradverify.plugin import Arithmetic, Array, DoesNotApply, Domain, Number, Variables
from gradverify_sympy.branches import Branch, Floor, absolute, larger, sign, smaller

MAX_BITS = 20_000  # of a number that is written out; larger powers of numbers stay out of exact arithmetic
MAX_DIGITS = 1000  # of a literal, before or after the point
MAX_GAMMA_ARGUMENT = 200  # above, SymPy would write the factorial out


class Condition(enum.Enum):
    """What an operation asks of its operand to be real and finite."""

    POSITIVE = "> 0"
    NONNEGATIVE = ">= 0"
    NONZERO = "!= 0"


@dataclass(frozen=True, slots=True)
class Need:
    """`expression` has to meet `condition` for the formula, as it is written, to have a value."""

    expression: Any
    condition: Condition


@dataclass(frozen=True, slots=True)
class Choice:
    """A condition of the language, known by what it chooses: `select(yes, no)` is an expression."""

    select: Callable[[Any, Any], Any]


def symbols_for(variables: Variables, domain: Domain) -> list[Any]:
    """One real symbol a component, named as people know it, with the sign that the domain guarantees."""
    return [
        _symbol(
            variables.component_name(i),
            _sign_in(domain.low[i], domain.high[i], bool(domain.low_open[i]), bool(domain.high_open[i])),
        )
        for i in range(variables.size)
    ]


def _sign_in(low: float, high: float, low_open: bool, high_open: bool) -> str:
    if low > 0 or (low == 0 and low_open):
        return "positive"
    if high < 0 or (high == 0 and high_open):
        return "negative"
    if low == 0:
        return "nonnegative"
    return "nonpositive" if high == 0 else "real"


@lru_cache(maxsize=4096)
def _symbol(name: str, assumption: str) -> Any:
    return sp.Symbol(name, **{assumption: True})


@lru_cache(maxsize=4096)
def _literal(text: str, value: float) -> Any:
    """A literal that is a float exactly, as that number; any other as a symbol, since NumPy rounds it."""
    mantissa, _, exponent = text.lower().partition("e")
    if len(mantissa) > MAX_DIGITS or (exponent and (len(exponent) > 5 or abs(int(exponent)) > MAX_DIGITS)):
        raise DoesNotApply("a number in it has too many digits")
    exact = Fraction(text)
    if exact == Fraction(value):
        return sp.Rational(exact.numerator, exact.denominator)
    return sp.Symbol(text, positive=True, literal=True) if value > 0 else sp.S.Zero


PI = sp.Symbol("pi", positive=True, literal=True)
E = sp.Symbol("e", positive=True, literal=True)


@lru_cache(maxsize=4096)
def is_literal(symbol: Any) -> bool:
    """Whether `symbol` stands for a number."""
    return bool(symbol.assumptions0.get("literal", False))


@lru_cache(maxsize=4096)
def meaning(symbol: Any) -> Any:
    """The exact number that a literal's symbol stands for."""
    if symbol == PI:
        return sp.pi
    if symbol == E:
        return sp.E
    exact = Fraction(symbol.name)
    return sp.Rational(exact.numerator, exact.denominator)


def rounded(symbol: Any) -> float:
    """The float that NumPy uses for a literal's symbol."""
    return math.pi if symbol == PI else math.e if symbol == E else float(symbol.name)


def rational(value: float) -> Any:
    """A float as the binary fraction that it is."""
    if not math.isfinite(value):
        raise DoesNotApply("a constant is not finite")
    numerator, denominator = float(value).as_integer_ratio()
    return sp.Rational(numerator, denominator)


def _filled(values: list[Any], shape: tuple[int, ...]) -> Array:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array.reshape(shape)


def _number(literal: Number) -> Array:
    return _filled([_literal(literal.text, literal.value)], (1,))


def _constant(array: Any) -> Array:
    values = np.asarray(array, dtype=np.float64)
    return _filled([rational(v) for v in values.ravel().tolist()], values.shape)


# Elementwise rules.


def _power(needs: list[Need], base: Any, exponent: Any) -> Any:
    if base.is_Rational and exponent.is_Rational:
        bits = max(int(base.p).bit_length(), int(base.q).bit_length())
        if abs(exponent) * bits > MAX_BITS and base not in (0, 1, -1):
            raise DoesNotApply("a power in it has too many digits to be written out")
        if base == 0 and exponent < 0:
            raise DoesNotApply("it divides by zero")
    if exponent.is_Integer:
        if exponent < 0:
            needs.append(Need(base, Condition.NONZERO))
    else:
        needs.append(Need(base, Condition.NONNEGATIVE if exponent.is_positive else Condition.POSITIVE))
    return base**exponent


def _divide(needs: list[Need], left: Any, right: Any) -> Any:
    if right.is_zero:
        raise DoesNotApply("it divides by zero")
    needs.append(Need(right, Condition.NONZERO))
    return left / right


def _needing(
    needs: list[Need], condition: Condition, of: Callable[[Any], Any], function: Callable[[Any], Any], argument: Any
) -> Any:
    """`function(argument)`, which has a value where `of(argument)` meets `condition`."""
    needed = of(argument)
    if needed.is_Rational and (needed < 0 or (needed == 0 and condition is not Condition.NONNEGATIVE)):
        raise DoesNotApply("a part of it has no real value anywhere")
    needs.append(Need(needed, condition))
    return function(argument)


def _gamma_like(function: Callable[[Any], Any], argument: Any) -> Any:
    if argument.is_Number and abs(argument) > MAX_GAMMA_ARGUMENT:
        raise DoesNotApply("the gamma function of a large number cannot be written out")
    return function(argument)


def _cube_root(argument: Any) -> Any:
    third = sp.Rational(1, 3)
    if argument.is_nonnegative:
        return argument**third
    return Branch(argument, argument**third, -((-argument) ** third), sp.S.Zero)


def _remainder(needs: list[Need], left: Any, right: Any) -> Any:
    return left - right * Floor(_divide(needs, left, right))


def _arctan2(y: Any, x: Any) -> Any:
    if y.is_zero and x.is_zero:
        return sp.S.Zero
    return sp.atan2(y, x)


# Conditions: the guard's sign decides.


def _less(left: Any, right: Any) -> Choice:
    return Choice(lambda yes, no: Branch(right - left, yes, no, no))


def _less_equal(left: Any, right: Any) -> Choice:
    return Choice(lambda yes, no: Branch(right - left, yes, no, yes))


def _equal(left: Any, right: Any) -> Choice:
    return Choice(lambda yes, no: Branch(right - left, no, no, yes))


def _not(condition: Choice) -> Choice:
    return Choice(lambda yes, no: condition.select(no, yes))


def _and(first: Choice, second: Choice) -> Choice:
    return Choice(lambda yes, no: first.select(second.select(yes, no), no))


def _or(first: Choice, second: Choice) -> Choice:
    return Choice(lambda yes, no: first.select(yes, second.select(yes, no)))


# Reductions.


def _reduce(function: Callable[[list[Any]], Any], array: Array, axes: tuple[int, ...]) -> Array:
    kept = [i for i in range(array.ndim) if i not in axes]
    shape = tuple(array.shape[i] for i in kept)
    lines = array.transpose((*kept, *axes)).reshape((math.prod(shape), -1))
    return _filled([function(list(line)) for line in lines], shape)


def _fold(function: Callable[[Any, Any], Any], values: list[Any]) -> Any:
    result = values[0]
    for value in values[1:]:
        result = function(result, value)
    return result


def _log_sum_exp(values: list[Any]) -> Any:
    return sp.log(sp.Add(*map(sp.exp, values)))


def _matmul(left: Array, right: Array) -> Array:
    products = left[..., :, None, :] * np.swapaxes(right, -1, -2)[..., None, :, :]
    return _reduce(lambda terms: sp.Add(*terms), products, (products.ndim - 1,))


_HALF = sp.Rational(1, 2)
_UNARY: Mapping[str, Callable[[Any], Any]] = {
    "negative": operator.neg,
    "abs": absolute,
    "sign": sign,
    "cbrt": _cube_root,
    "exp": sp.exp,
    "exp2": lambda x: sp.Integer(2) ** x,
    "expm1": lambda x: sp.exp(x) - 1,
    "sin": sp.sin,
    "cos": sp.cos,
    "tan": sp.tan,
    "arctan": sp.atan,
    "sinh": sp.sinh,
    "cosh": sp.cosh,
    "tanh": sp.tanh,
    "arcsinh": sp.asinh,
    "floor": Floor,
    "ceil": lambda x: -Floor(-x),
    "sigmoid": lambda x: 1 / (1 + sp.exp(-x)),
    "softplus": lambda x: sp.log(1 + sp.exp(x)),
    "erf": sp.erf,
    "erfc": sp.erfc,
    "logical_not": _not,
}
_BINARY: Mapping[str, Callable[[Any, Any], Any]] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "arctan2": _arctan2,
    "hypot": lambda a, b: sp.sqrt(a**2 + b**2),
    "logaddexp": lambda a, b: sp.log(sp.exp(a) + sp.exp(b)),
    "minimum": smaller,
    "maximum": larger,
    "less": _less,
    "less_equal": _less_equal,
    "greater": lambda a, b: _less(b, a),
    "greater_equal": lambda a, b: _less_equal(b, a),
    "equal": _equal,
    "not_equal": lambda a, b: _not(_equal(a, b)),
    "logical_and": _and,
    "logical_or": _or,
}
_NEEDING: Mapping[str, tuple[Condition, Callable[[Any], Any], Callable[[Any], Any]]] = {
    "sqrt": (Condition.NONNEGATIVE, lambda x: x, sp.sqrt),
    "log": (Condition.POSITIVE, lambda x: x, sp.log),
    "log2": (Condition.POSITIVE, lambda x: x, lambda x: sp.log(x) / sp.log(2)),
    "log10": (Condition.POSITIVE, lambda x: x, lambda x: sp.log(x) / sp.log(10)),
    "log1p": (Condition.POSITIVE, lambda x: 1 + x, lambda x: sp.log(1 + x)),
    "arcsin": (Condition.NONNEGATIVE, lambda x: 1 - x**2, sp.asin),
    "arccos": (Condition.NONNEGATIVE, lambda x: 1 - x**2, sp.acos),
    "arccosh": (Condition.NONNEGATIVE, lambda x: x - 1, sp.acosh),
    "arctanh": (Condition.POSITIVE, lambda x: 1 - x**2, sp.atanh),
    "gammaln": (Condition.POSITIVE, lambda x: x, partial(_gamma_like, sp.loggamma)),
    "digamma": (Condition.POSITIVE, lambda x: x, partial(_gamma_like, sp.digamma)),
}
_STATIC: Mapping[str, Callable[..., Any]] = {
    **{name: np.frompyfunc(rule, 1, 1) for name, rule in _UNARY.items()},
    **{name: np.frompyfunc(rule, 2, 1) for name, rule in _BINARY.items()},
    "where": np.frompyfunc(lambda condition, yes, no: condition.select(yes, no), 3, 1),
    "sum": partial(_reduce, lambda terms: sp.Add(*terms)),
    "prod": partial(_reduce, lambda factors: sp.Mul(*factors)),
    "min": partial(_reduce, partial(_fold, smaller)),
    "max": partial(_reduce, partial(_fold, larger)),
    "logsumexp": partial(_reduce, _log_sum_exp),
    "cumsum": np.cumsum,
    "reshape": np.reshape,
    "broadcast_to": np.broadcast_to,
    "transpose": np.transpose,
    "stack": np.stack,
    "concatenate": np.concatenate,
    "matmul": _matmul,
}


def symbolic_arithmetic(needs: list[Need]) -> Arithmetic:
    """SymPy's arithmetic on object arrays; what operations ask of their operands is appended to `needs`."""
    functions = dict(_STATIC)
    for name, rule in (("power", _power), ("divide", _divide), ("remainder", _remainder)):
        functions[name] = np.frompyfunc(partial(rule, needs), 2, 1)
    for name, (condition, of, function) in _NEEDING.items():
        functions[name] = np.frompyfunc(partial(_needing, needs, condition, of, function), 1, 1)
    names = {"pi": _filled([PI], (1,)), "e": _filled([E], (1,))}
    return Arithmetic(functions=functions, number=_number, constant=_constant, names=names)
