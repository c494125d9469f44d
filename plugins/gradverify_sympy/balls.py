"""Rigorous values of forms at a point: fixed-point balls, an integer and a bound on its error in units of 2**-BITS.

What is computed with integers is exact or bounded by one unit a step (the mean value theorem for inverses, roots and
logarithms); mpmath's functions get `GUARD_BITS` more than they need. A float's point is exact, a literal is a ball that
holds both what is written and the float that NumPy makes of it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from mpmath import libmp
from mpmath.libmp import libelefun

from gradverify_sympy.forms import Algebra, Exponent, Generator, Kind, Terms, exact_literal

BITS = 160  # after the point: values down to about 1e-30 keep more digits than floats have
UNIT = 1 << BITS
GUARD_BITS = 20
_BELOW_UNIT = UNIT - 1
LARGEST_EXPONENT = 60 << BITS  # of exp: larger results, and far smaller ones, are left to the general road
LARGEST_ANGLE = 1 << (BITS + 40)
PLAIN_TURNS = 1 << 10  # quarters
PLAIN_ANGLE = PLAIN_TURNS * UNIT  # less than that many quarters
LARGEST_POWER = 200
ENOUGH_BITS = 60  # a few more than a float's 53: as reference.py asks for
LITERAL_BITS = 30  # literals are known to a float's 53 bits, and sums of them cancel some of these
LITTLE = 1e-3  # of a tolerance: what decides nothing

Ball = tuple[int, int]  # middle, radius


class Unclear(Exception):  # noqa: N818 - an outcome: the general road knows more
    """No value, or none that is known well enough."""


class Value(NamedTuple):
    """A float and a bound on its distance from the truth."""

    value: float
    bound: float


def multiply(left: Ball, right: Ball) -> Ball:
    """The product; exact where it needs no more than `BITS` bits."""
    x, dx = left
    y, dy = right
    product = x * y
    if dx or dy:
        return product >> BITS, ((abs(x) * dy + abs(y) * dx + dx * dy) >> BITS) + 2
    return product >> BITS, 1 if product & _BELOW_UNIT else 0


def inverse(value: Ball) -> Ball:
    """1/value. |1/x − 1/y| ≤ |x − y| / (|x|·(|x| − |x − y|))."""
    x, dx = value
    least = abs(x) - dx
    if least <= 0:
        raise Unclear
    quotient, rest = divmod(UNIT << BITS, x)
    if not dx:
        return quotient, 1 if rest else 0
    return quotient, (dx << (2 * BITS)) // (abs(x) * least) + 2


def whole_power(base: Ball, exponent: int) -> Ball:
    """base^exponent, by squaring."""
    if exponent < 0:
        return inverse(whole_power(base, -exponent))
    if exponent > LARGEST_POWER:
        raise Unclear
    result: Ball = (UNIT, 0)
    square = base
    while exponent:
        if exponent & 1:
            result = multiply(result, square)
        exponent >>= 1
        if exponent:
            square = multiply(square, square)
    return result


def square_root(value: Ball) -> Ball:
    """√value, of a ball above 0. |√x − √y| ≤ |x − y| / (2·√min)."""
    x, dx = value
    if x - dx <= 0:
        raise Unclear
    root = math.isqrt(x << BITS)
    if not dx:
        return root, 0 if root * root == x << BITS else 1
    return root, (dx << BITS) // (2 * math.isqrt((x - dx) << BITS)) + 2


def _to_fixed(number: Any) -> int:
    """mpmath's raw float, rounded down; its integers may be gmpy2's."""
    return int(libmp.to_fixed(number, BITS))


def exponential(value: Ball) -> Ball:
    """exp(value). |exp(x + d) − exp(x)| ≤ 2·|d|·exp(x) for |d| ≤ 1."""
    x, dx = value
    if abs(x) > LARGEST_EXPONENT or dx > UNIT:
        raise Unclear
    if not x and not dx:
        return UNIT, 0
    middle = _to_fixed(libmp.mpf_exp(libmp.from_man_exp(x, -BITS), BITS + GUARD_BITS))
    return middle, (middle >> (BITS + GUARD_BITS - 4)) + 4 + ((dx * (middle + 2)) >> (BITS - 1))


def logarithm(value: Ball) -> Ball:
    """log(value), of a ball above 0. |log x − log y| ≤ |x − y| / min."""
    x, dx = value
    if x - dx <= 0:
        raise Unclear
    if x == UNIT and not dx:
        return 0, 0
    middle = _to_fixed(libmp.mpf_log(libmp.from_man_exp(x, -BITS), BITS + GUARD_BITS))
    return middle, 2 + (-((-dx << BITS) // (x - dx)) if dx else 0)


def cosine_and_sine(value: Ball) -> tuple[Ball, Ball]:
    """Both, whose slopes are at most 1.

    mpmath's fixed-point functions are twice as quick as its floats. They reduce by n·(π/2) with π/2 to one unit, and
    then round some fifty times by a unit: for n < `PLAIN_TURNS` all that is far less than 2**GUARD_BITS units.
    """
    x, dx = value
    if abs(x) <= PLAIN_ANGLE:
        found = libelefun.cos_sin_fixed(x << GUARD_BITS, BITS + GUARD_BITS)
        cosine, sine = (int(one) >> GUARD_BITS for one in found)
        return (cosine, dx + 2), (sine, dx + 2)
    if abs(x) > LARGEST_ANGLE:
        raise Unclear
    pair = libmp.mpf_cos_sin(libmp.from_man_exp(x, -BITS), BITS + GUARD_BITS)
    cosine, sine = (_to_fixed(one) for one in pair)
    return (cosine, dx + 2), (sine, dx + 2)


def arctangent(value: Ball) -> Ball:
    """arctan(value), whose slope is at most 1."""
    x, dx = value
    return _to_fixed(libmp.mpf_atan(libmp.from_man_exp(x, -BITS), BITS + GUARD_BITS)), dx + 2


def sigmoid(value: Ball) -> Ball:
    """1/(1 + exp(−value))."""
    x, dx = exponential((-value[0], value[1]))
    return inverse((UNIT + x, dx))


def exactly(value: float) -> Ball:
    """A float; with a radius where it has digits below `2**-BITS`."""
    numerator, denominator = value.as_integer_ratio()  # a power of 2
    places = denominator.bit_length() - 1
    if places <= BITS:
        return numerator << (BITS - places), 0
    quotient, rest = divmod(numerator << BITS, denominator)
    return quotient, 1 if rest else 0


@lru_cache(maxsize=4096)
def literal_ball(text: str, value: float) -> Ball:
    """From what is written to the float that NumPy makes of it. e is written "e"."""
    as_float, _ = exactly(value)
    if text == "e":
        written = int(libmp.e_fixed(BITS))
    else:
        exact = exact_literal(text)
        written = (exact.numerator << BITS) // exact.denominator
    return (as_float + written) // 2, abs(as_float - written) // 2 + 2


@lru_cache(maxsize=1)
def pi_ball() -> Ball:
    """From π's float to π."""
    as_float, _ = exactly(math.pi)
    exact = int(libmp.pi_fixed(BITS))
    return (as_float + exact) // 2, abs(as_float - exact) // 2 + 2


class Place:
    """One point, at which forms over one algebra are evaluated; what they share is evaluated once."""

    def __init__(
        self, algebra: Algebra, point: Sequence[float], fixed: dict[tuple[int, Exponent], Ball] | None = None
    ) -> None:
        """point: the components, finite floats.  fixed: where places keep together what is the same at all of them."""
        self.point = point
        self._generators = algebra.generators
        self._fixed = {} if fixed is None else fixed
        self._known: dict[int, Ball] = {i: exactly(x) for i, x in enumerate(point)}
        self._powers: dict[tuple[int, Exponent], Ball] = {(i, 1): ball for i, ball in self._known.items()}
        self._angles: dict[int, tuple[Ball, Ball]] = {}

    def of(self, terms: Terms) -> Ball:
        """The value of a form. Raises `Unclear`."""
        middle, radius = 0, 0
        powers = self._powers
        for monomial, coefficient in terms.items():
            x, dx = UNIT, 0
            for at, item in enumerate(monomial):
                factor = powers.get(item)
                if factor is None:
                    factor = powers[item] = self._fixed.get(item) or self._power(*item)
                if at:  # as `multiply`
                    y, dy = factor
                    if dx or dy:
                        dx = ((abs(x) * dy + abs(y) * dx + dx * dy) >> BITS) + 2
                        x = x * y >> BITS
                    else:
                        x *= y
                        dx = 1 if x & _BELOW_UNIT else 0
                        x >>= BITS
                else:
                    x, dx = factor
            if coefficient != 1:
                x, dx = x * coefficient.numerator, dx * abs(coefficient.numerator)
                if coefficient.denominator > 1:
                    x, rest = divmod(x, coefficient.denominator)
                    dx = dx // coefficient.denominator + (2 if rest or dx else 0)
            middle += x
            radius += dx
        return middle, radius

    def _power(self, number: int, exponent: Exponent) -> Ball:
        generator = self._generators[number]
        if generator.kind is Kind.EXP:  # exp(m)^q as exp(q·m), which is as exact for any q
            ((monomial, _),) = generator.inner.items()
            return exponential(self.of({monomial: exponent}))
        base = self._known.get(number)
        if base is None:
            base = self._known[number] = self._base(generator)
        if exponent == 1:
            if generator.kind is Kind.LITERAL:
                self._fixed[number, exponent] = base
            return base
        if exponent.denominator == 1:
            return whole_power(base, int(exponent))
        if exponent.denominator == 2:
            return whole_power(square_root(base), exponent.numerator)
        x, dx = logarithm(base)
        x, dx = x * exponent.numerator // exponent.denominator, dx * abs(exponent.numerator) // exponent.denominator
        return exponential((x, dx + 2))

    def _base(self, generator: Generator) -> Ball:
        match generator.kind:
            case Kind.BASE:
                return self.of(generator.inner)
            case Kind.LITERAL:
                return literal_ball(*generator.literal)
            case Kind.PI:
                return pi_ball()
            case Kind.LOG:
                return logarithm(self.of(generator.inner))
            case Kind.SIN | Kind.COS:
                pair = self._angles.get(id(generator.inner))  # a sine has its cosine's own argument
                if pair is None:
                    pair = self._angles[id(generator.inner)] = cosine_and_sine(self.of(generator.inner))
                return pair[generator.kind is Kind.SIN]
            case Kind.ARCTAN:
                return arctangent(self.of(generator.inner))
            case Kind.SIGN:
                x, dx = self.of(generator.inner)
                if abs(x) <= dx:
                    raise Unclear
                return (UNIT if x > 0 else -UNIT), 0
            case Kind.SIGMOID:
                return sigmoid(self.of(generator.inner))
            case Kind.TANH:  # 2·sigmoid(2u) − 1
                x, dx = self.of(generator.inner)
                x, dx = sigmoid((2 * x, 2 * dx))
                return 2 * x - UNIT, 2 * dx
            case _:
                raise Unclear


def to_value(ball: Ball, *, has_literals: bool, relative: float) -> Value:
    """The float nearest to the middle. Raises `Unclear` where too few digits are known.

    Without literals that is `ENOUGH_BITS`. With them no precision tells more than they allow, so that it is enough if
    the radius is little beside `relative`, the tolerance that it will be held against.
    """
    middle, radius = ball
    if radius:
        if not has_literals:
            enough = radius << ENOUGH_BITS <= abs(middle)
        else:
            enough = radius << LITERAL_BITS <= abs(middle) and radius <= LITTLE * relative * abs(middle)
        if not enough:
            raise Unclear
    try:
        value = middle / UNIT
    except OverflowError:
        raise Unclear from None
    numerator, denominator = value.as_integer_ratio()
    distance = abs(middle * denominator - (numerator << BITS)) + radius * denominator
    return Value(value, math.nextafter(distance / (denominator << BITS), math.inf) if distance else 0.0)
