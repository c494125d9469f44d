"""Rigorous enclosures of SymPy expressions at a point, by interval arithmetic of any precision.

An interval is a pair of mpmath's raw floats (lower, upper), as in `mpmath.libmp.libmpi`, whose elementary operations
round outwards. Functions that mpmath has no interval version of are monotone where used here, and are evaluated at both
ends with guard bits; expressions with those are called exact rather than certified.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import mpmath
import sympy as sp
from mpmath import libmp
from mpmath.libmp import libmpi

from gradverify_sympy.branches import Branch, Floor

Interval = tuple[Any, Any]

ZERO: Interval = (libmp.fzero, libmp.fzero)
ONE: Interval = (libmp.fone, libmp.fone)
GUARD_BITS = 20  # mpmath's functions err by a few units in the last place of the working precision
LARGEST_EXPONENT = 1 << 40  # exp of more than 2**40 is beyond any float by far, and costs memory in proportion
_FAR_BELOW = libmp.from_int(-LARGEST_EXPONENT)


class Undefined(Exception):  # noqa: N818 - an outcome, not an error
    """The expression has no real finite value at the point."""


class Undecided(Exception):  # noqa: N818
    """The enclosures are too wide to tell; more precision may."""


class Tied(Exception):  # noqa: N818
    """The point lies on the border between branches that differ."""


class Unsupported(Exception):  # noqa: N818
    """The expression contains an object that cannot be enclosed."""


def from_fractions(low: Fraction, high: Fraction, precision: int) -> Interval:
    """The interval from `low` to `high`, rounded outwards."""
    return (
        libmp.from_rational(low.numerator, low.denominator, precision, libmp.round_floor),
        libmp.from_rational(high.numerator, high.denominator, precision, libmp.round_ceiling),
    )


def exactly(value: float) -> Interval:
    """The interval of one float."""
    raw = libmp.from_float(value)
    return raw, raw


def is_positive(value: Interval) -> bool:
    """Whether all of `value` is > 0."""
    return bool(libmp.mpf_sign(value[0]) > 0)


def is_negative(value: Interval) -> bool:
    """Whether all of `value` is < 0."""
    return bool(libmp.mpf_sign(value[1]) < 0)


def is_zero(value: Interval) -> bool:
    """Whether `value` is 0 exactly."""
    return bool(value[0] == value[1] == libmp.fzero)


def width(value: Interval) -> Any:
    """An upper bound of the interval's width, as a raw float."""
    return libmp.mpf_sub(value[1], value[0], 53, libmp.round_ceiling)


def magnitude(value: Interval) -> int:
    """e with |v| < 2**e for all v in `value`; very negative for zero."""
    return max((raw[2] + raw[3] for raw in value if raw[1]), default=-(1 << 60))


def relative_bits(value: Interval) -> float:
    """About how many leading bits of the value are known."""
    wide = width(value)
    return math.inf if wide == libmp.fzero else float(magnitude(value) - (wide[2] + wide[3]))


class Border(enum.Enum):
    """What to do where a guard cannot be told from 0."""

    REFUSE = "refuse"  # raise `Undecided`, unless it is 0 exactly: then as COMPARE
    COMPARE = "compare"  # take the branches' common value, or raise `Tied` where they differ
    AS_WRITTEN = "as written"  # take the branch for 0, as NumPy would


class Enclosure:
    """Encloses expressions at one point with one precision; shared subexpressions are evaluated once."""

    def __init__(self, values: Mapping[Any, Interval], precision: int, border: Border = Border.REFUSE) -> None:
        self.precision = precision
        self.border = border
        self._known: dict[Any, Interval] = dict(values)

    def of(self, expression: Any) -> Interval:
        """The enclosure of `expression`."""
        known = self._known.get(expression)
        if known is None:
            rule = _RULES.get(type(expression))
            if rule is None:
                rule = _rule_by_kind(expression)
            known = rule(self, expression)
            if libmp.finf in known or libmp.fninf in known or libmp.fnan in known:
                raise Undecided
            self._known[expression] = known
        return known


def _rule_by_kind(expression: Any) -> Callable[[Enclosure, Any], Interval]:
    if expression.is_Rational:
        return _rational
    raise Unsupported(f"`{type(expression).__name__}` has no rule")


def _rational(at: Enclosure, expression: Any) -> Interval:
    value = Fraction(int(expression.p), int(expression.q))
    return from_fractions(value, value, at.precision)


def _constant(raw: Any) -> Callable[[Enclosure, Any], Interval]:
    def rule(at: Enclosure, _: Any) -> Interval:
        return raw(at.precision, libmp.round_floor), raw(at.precision, libmp.round_ceiling)

    return rule


def _add(at: Enclosure, expression: Any) -> Interval:
    first, *rest = expression.args
    total = at.of(first)
    for term in rest:
        total = libmpi.mpi_add(total, at.of(term), at.precision)
    return total


def _mul(at: Enclosure, expression: Any) -> Interval:
    first, *rest = expression.args
    product = at.of(first)
    for factor in rest:
        product = libmpi.mpi_mul(product, at.of(factor), at.precision)
    return product


def _power(at: Enclosure, expression: Any) -> Interval:
    base_expression, exponent_expression = expression.args
    if base_expression is sp.S.Exp1:
        return _exp_of(at, at.of(exponent_expression))
    base = at.of(base_expression)
    if exponent_expression.is_Integer:
        exponent = int(exponent_expression)
        if exponent < 0:
            _refuse_zero(base)
        return _checked_power(base, exponent, at.precision)
    if exponent_expression is sp.S.Half:
        return _square_root(base, at.precision)
    if exponent_expression == -sp.S.Half:
        _refuse_zero(base)
        inverse: Interval = libmpi.mpi_div(ONE, _square_root(base, at.precision), at.precision)
        return inverse
    return _general_power(at, base, at.of(exponent_expression))


def _general_power(at: Enclosure, base: Interval, exponent: Interval) -> Interval:
    if is_negative(base):
        if exponent[0] == exponent[1] and exponent[0][2] >= 0 and magnitude(exponent) < 64:
            return _checked_power(base, libmp.to_int(exponent[0]), at.precision)
        raise Undefined if exponent[0] == exponent[1] else Undecided
    if is_zero(base):
        if is_positive(exponent):
            return ZERO
        if is_zero(exponent):
            return ONE
        raise Undefined if is_negative(exponent) else Undecided
    if not is_positive(base):
        raise Undecided
    working = at.precision + GUARD_BITS
    return _exp_of(at, libmpi.mpi_mul(exponent, libmpi.mpi_log(base, working), working))


def _checked_power(base: Interval, exponent: int, precision: int) -> Interval:
    """base**exponent, unless the result's exponent itself would need a large integer."""
    if abs(exponent) * (abs(magnitude(base)) + 1) > LARGEST_EXPONENT and not is_zero(base):
        raise Undefined
    value: Interval = libmpi.mpi_pow_int(base, exponent, precision)
    return value


def _refuse_zero(value: Interval) -> None:
    """Raise unless 0 lies outside `value`."""
    if is_zero(value):
        raise Undefined
    if not is_positive(value) and not is_negative(value):
        raise Undecided


def _square_root(value: Interval, precision: int) -> Interval:
    if is_negative(value):
        raise Undefined
    if libmp.mpf_sign(value[0]) < 0:
        raise Undecided
    root: Interval = libmpi.mpi_sqrt(value, precision)
    return root


def _exp_of(at: Enclosure, argument: Interval) -> Interval:
    if magnitude(argument) > 40:
        if is_negative(argument) and libmp.mpf_lt(argument[1], _FAR_BELOW):
            return libmp.fzero, libmp.from_man_exp(1, -LARGEST_EXPONENT)
        raise Undefined
    value: Interval = libmpi.mpi_exp(argument, at.precision)
    return value


def _log(at: Enclosure, expression: Any) -> Interval:
    argument = at.of(expression.args[0])
    if is_zero(argument) or is_negative(argument):
        raise Undefined
    if not is_positive(argument):
        raise Undecided
    value: Interval = libmpi.mpi_log(argument, at.precision)
    return value


def _unary(function: Callable[[Interval, int], Interval]) -> Callable[[Enclosure, Any], Interval]:
    def rule(at: Enclosure, expression: Any) -> Interval:
        return function(at.of(expression.args[0]), at.precision)

    return rule


def _tan(argument: Interval, precision: int) -> Interval:
    cosine, sine = libmpi.mpi_cos_sin(argument, precision + GUARD_BITS)
    _refuse_zero(cosine)
    value: Interval = libmpi.mpi_div(sine, cosine, precision)
    return value


def _hyperbolic(argument: Interval, precision: int) -> tuple[Interval, Interval]:
    if magnitude(argument) > 40:
        raise Undefined
    pair: tuple[Interval, Interval] = libmpi.mpi_cosh_sinh(argument, precision)
    return pair


def _tanh(argument: Interval, precision: int) -> Interval:
    cosh, sinh = _hyperbolic(argument, precision + GUARD_BITS)
    value: Interval = libmpi.mpi_div(sinh, cosh, precision)
    return value


def _arc_sine(argument: Interval, precision: int) -> Interval:
    """atan(x / sqrt(1 − x²)), and ±π/2 at ±1."""
    working = precision + GUARD_BITS
    if argument[0] == argument[1] and argument[0] in (libmp.fone, libmp.fnone):
        half_pi: Interval = libmpi.mpi_shift(libmpi.mpi_pi(precision), -1)
        return half_pi if argument[0] == libmp.fone else (libmp.mpf_neg(half_pi[1]), libmp.mpf_neg(half_pi[0]))
    below = libmpi.mpi_sub(ONE, libmpi.mpi_square(argument, 4 * working), working)
    root = _square_root(below, working)
    _refuse_zero(root)
    value: Interval = libmpi.mpi_atan(libmpi.mpi_div(argument, root, working), precision)
    return value


def _arc_cosine(argument: Interval, precision: int) -> Interval:
    half_pi = libmpi.mpi_shift(libmpi.mpi_pi(precision + GUARD_BITS), -1)
    value: Interval = libmpi.mpi_sub(half_pi, _arc_sine(argument, precision + GUARD_BITS), precision)
    return value


def _arctan2(at: Enclosure, expression: Any) -> Interval:
    y, x = (at.of(argument) for argument in expression.args)
    if is_zero(y) and not is_positive(x) and at.border is not Border.AS_WRITTEN:
        raise Tied
    if not (is_positive(x) or is_positive(y) or is_negative(y) or is_zero(y)):
        raise Undecided if at.border is Border.REFUSE else Tied
    value: Interval = libmpi.mpi_atan2(y, x, at.precision)
    return value


def _monotone(function: Callable[..., Any], *, above: float = -math.inf, below: float = math.inf) -> Any:
    """A rule from mpmath's function, which is monotone in (above, below) and undefined outside."""

    def rule(at: Enclosure, expression: Any) -> Interval:
        argument = at.of(expression.args[-1])
        low, high = (mpmath.mp.make_mpf(raw) for raw in argument)
        if not low > above or not high < below:
            raise Undefined if high <= above or low >= below else Undecided
        with mpmath.workprec(at.precision + GUARD_BITS):
            ends = [function(low, *expression.args[:-1]), function(high, *expression.args[:-1])]
            slack = mpmath.ldexp(1, 4 - at.precision)
            lower, upper = min(ends), max(ends)
            return (lower - abs(lower) * slack)._mpf_, (upper + abs(upper) * slack)._mpf_

    return rule


def _polygamma_at(argument: Any, order: Any) -> Any:
    return mpmath.polygamma(int(order), argument)


def _polygamma(at: Enclosure, expression: Any) -> Interval:
    order = expression.args[0]
    if not order.is_Integer or order < 0:
        raise Unsupported("polygamma of an order that is no natural number")
    rule: Callable[[Enclosure, Any], Interval] = _monotone(_polygamma_at, above=0.0)
    return rule(at, expression)


def _loggamma(at: Enclosure, expression: Any) -> Interval:
    argument = at.of(expression.args[0])
    if is_negative(argument) or is_zero(argument):
        raise Undefined  # log|Γ| for negative arguments is left to the other backends
    if not is_positive(argument):
        raise Undecided
    value: Interval = libmpi.mpi_loggamma(argument, at.precision)
    return value


def _floor(at: Enclosure, expression: Any) -> Interval:
    argument = at.of(expression.args[0])
    low, high = (libmp.to_int(raw, libmp.round_floor) for raw in argument)
    if low == high and libmp.from_int(low) != argument[0]:
        raw = libmp.from_int(low)
        return raw, raw
    if at.border is Border.AS_WRITTEN:
        raw = libmp.from_int(high)
        return raw, raw
    raise Tied if argument[0] == argument[1] or at.border is Border.COMPARE else Undecided


def _branch(at: Enclosure, expression: Any) -> Interval:
    guard_expression, plus, minus, zero = expression.args
    guard = at.of(guard_expression)
    if is_positive(guard):
        return at.of(plus)
    if is_negative(guard):
        return at.of(minus)
    if at.border is Border.AS_WRITTEN:
        return at.of(zero)
    if not is_zero(guard) and at.border is Border.REFUSE:
        raise Undecided
    return _common_value(at, [at.of(piece) for piece in dict.fromkeys((plus, minus, zero))])


# Values of two branches that agree to this many bits at a border are the same.
AGREEMENT_BITS = 90


def _common_value(at: Enclosure, pieces: list[Interval]) -> Interval:
    """The hull of the branches' values where they cannot be told apart."""
    low, high = pieces[0]
    for piece in pieces[1:]:
        if libmp.mpf_lt(high, piece[0]) or libmp.mpf_lt(piece[1], low):
            raise Tied
        low = low if libmp.mpf_lt(low, piece[0]) else piece[0]
        high = high if libmp.mpf_gt(high, piece[1]) else piece[1]
    hull = (low, high)
    if not is_zero(hull) and relative_bits(hull) < min(AGREEMENT_BITS, at.precision // 2) and not _tiny(hull, at):
        raise Undecided if at.border is Border.REFUSE else Tied
    return hull


def _tiny(value: Interval, at: Enclosure) -> bool:
    """Whether `value` is 0 as far as the precision goes."""
    return magnitude(value) < -at.precision // 2


_RULES: dict[type, Callable[[Enclosure, Any], Interval]] = {
    sp.Add: _add,
    sp.Mul: _mul,
    sp.Pow: _power,
    sp.exp: lambda at, expression: _exp_of(at, at.of(expression.args[0])),
    sp.log: _log,
    sp.sin: _unary(libmpi.mpi_sin),
    sp.cos: _unary(libmpi.mpi_cos),
    sp.tan: _unary(_tan),
    sp.asin: _unary(_arc_sine),
    sp.acos: _unary(_arc_cosine),
    sp.atan: _unary(libmpi.mpi_atan),
    sp.atan2: _arctan2,
    sp.sinh: _unary(lambda value, precision: _hyperbolic(value, precision)[1]),
    sp.cosh: _unary(lambda value, precision: _hyperbolic(value, precision)[0]),
    sp.tanh: _unary(_tanh),
    sp.asinh: _monotone(mpmath.asinh),
    sp.acosh: _monotone(mpmath.acosh, above=1.0),
    sp.atanh: _monotone(mpmath.atanh, above=-1.0, below=1.0),
    sp.erf: _monotone(mpmath.erf),
    sp.erfc: _monotone(mpmath.erfc),
    sp.polygamma: _polygamma,
    sp.loggamma: _loggamma,
    Branch: _branch,
    Floor: _floor,
    type(sp.S.Pi): _constant(libmp.mpf_pi),
    type(sp.S.Exp1): _constant(libmp.mpf_e),
    type(sp.S.EulerGamma): _constant(libmp.mpf_euler),
}

# Enclosed with guard bits rather than with proved outward rounding.
NOT_RIGOROUS = (sp.asinh, sp.acosh, sp.atanh, sp.erf, sp.erfc, sp.polygamma, sp.loggamma)
