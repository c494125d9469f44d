"""A symbolic derivative's value at a point, with a bound on its error; one-sided slopes where it has none."""

from __future__ import annotations

import enum
import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

import sympy as sp
from mpmath import libmp
from mpmath.libmp import libmpi

from gradverify_sympy.branches import Branch, Floor
from gradverify_sympy.convert import PI, E, meaning, rounded
from gradverify_sympy.enclose import (
    NOT_RIGOROUS,
    Border,
    Enclosure,
    Interval,
    Tied,
    Undecided,
    Undefined,
    from_fractions,
    magnitude,
    relative_bits,
    width,
)

# Bits worked with, one after the other, until enough of the result is known. The first is enough nearly always; the
# last resolves cancellation down to below the smallest float next to numbers as large as the largest.
PRECISIONS = (120, 400, 2400)
ENOUGH_BITS = 60  # a few more than a float's 53, so that the error is the representation's alone
# Literals are known to a float's 53 bits: where they occur, more precision seldom tells more than this.
LITERAL_BITS = 46
NEAR = (200, 300)  # one-sided slopes are taken 2**-200 and 2**-300 away: no threshold written in floats is that near


class Outcome(enum.Enum):
    """Why there is no value."""

    UNDEFINED = "undefined"
    TIED = "tied"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Value:
    """A float and a bound on its distance from the truth."""

    value: float
    bound: float


@dataclass(frozen=True, slots=True)
class Slopes:
    """The limits of a derivative from both sides; None where it has none. `jump`: the function itself jumps."""

    left: Value | None
    right: Value | None
    jump: bool = False


def is_rigorous(expressions: Sequence[Any]) -> bool:
    """Whether enclosures of `expressions` are proved rather than computed with guard bits."""
    return not any(e.has(*NOT_RIGOROUS) for e in expressions)


def can_switch(expression: Any) -> bool:
    """Whether `expression` has places where it changes its formula or jumps."""
    return bool(expression.has(Branch, Floor, sp.atan2))


class Place:
    """One point, at which expressions are evaluated with as much precision as they need."""

    def __init__(self, symbols: Sequence[Any], literals: Sequence[Any], point: Sequence[float]) -> None:
        self._symbols, self._literals = symbols, literals
        self._point = [Fraction(*x.as_integer_ratio()) for x in point]
        self._enclosures: dict[int, Enclosure] = {}

    def _enclosure(self, precision: int) -> Enclosure:
        known = self._enclosures.get(precision)
        if known is None:
            values = {s: _exact(x) for s, x in zip(self._symbols, self._point, strict=True)}
            for literal in self._literals:
                values[literal] = literal_interval(literal, precision)
            border = Border.COMPARE if precision == PRECISIONS[-1] else Border.REFUSE
            known = self._enclosures[precision] = Enclosure(values, precision, border)
        return known

    def enclose(self, expression: Any) -> Interval | Outcome:
        """An interval that holds the value, for every choice of the literals between what is written and its float."""
        best: Interval | None = None
        for precision in PRECISIONS:
            try:
                found = self._enclosure(precision).of(expression)
            except Undefined:
                return Outcome.UNDEFINED
            except Tied:
                return Outcome.TIED
            except Undecided:
                continue
            stalled = best is not None and relative_bits(found) < relative_bits(best) + 1
            best = found
            known = relative_bits(found)
            if known >= ENOUGH_BITS or (self._literals and (stalled or known >= LITERAL_BITS)):
                break
        return Outcome.UNDECIDED if best is None else best

    def slopes(self, function: Any, derivative: Any, j: int) -> Slopes:
        """The one-sided limits of `derivative`, that of `function` by component j, at the point.

        By the mean value theorem they are the one-sided slopes wherever `function` is continuous. Both are looked at
        at distances 2**-200 and 2**-300, with literals as the floats that NumPy uses.
        """
        here = self._near(function, j, None, Border.AS_WRITTEN)
        sides: list[Value | None] = []
        for direction in (-1, 1):
            values = [self._near(function, j, (direction, bits), Border.COMPARE) for bits in NEAR]
            if here is not None and None not in values and not _approaches(values, here):
                return Slopes(None, None, jump=True)
            if here is None or None in values:
                sides.append(None)
                continue
            sides.append(_limit([self._near(derivative, j, (direction, bits), Border.COMPARE) for bits in NEAR]))
        return Slopes(sides[0], sides[1])

    def _near(self, expression: Any, j: int, away: tuple[int, int] | None, border: Border) -> Interval | None:
        point = list(self._point)
        if away is not None:
            direction, bits = away
            point[j] += direction * max(abs(point[j]), Fraction(1)) / 2**bits
        precision = PRECISIONS[-1]
        values = {s: _exact(x) for s, x in zip(self._symbols, point, strict=True)}
        values |= {s: _exact(Fraction(rounded(s))) for s in self._literals}
        try:
            return Enclosure(values, precision, border).of(expression)
        except (Undefined, Undecided, Tied):
            return None


def _exact(value: Fraction) -> Interval:
    """A binary fraction without rounding."""
    raw = libmp.from_man_exp(value.numerator, 1 - value.denominator.bit_length())
    return raw, raw


@lru_cache(maxsize=1024)
def literal_interval(literal: Any, precision: int) -> Interval:
    """From what is written to the float that NumPy makes of it, whichever is larger."""
    as_float = Fraction(rounded(literal))
    if literal in (PI, E):  # both floats lie below the numbers that they stand for: checked by the tests
        function = libmp.mpf_pi if literal == PI else libmp.mpf_e
        return from_fractions(as_float, as_float, precision)[0], function(precision, libmp.round_ceiling)
    number = meaning(literal)
    written = Fraction(int(number.p), int(number.q))
    return from_fractions(min(written, as_float), max(written, as_float), precision)


def to_value(interval: Interval) -> Value | None:
    """The float nearest to the interval's middle, and the largest distance from it; None beyond the range of floats."""
    if magnitude(interval) < -PRECISIONS[-1] // 2:
        # Nothing but 0 is that small here: the smallest float is 2**-1074.
        return Value(0.0, 0.0 if width(interval) == libmp.fzero else math.ulp(0.0))
    middle = libmp.mpf_shift(libmp.mpf_add(interval[0], interval[1], 80, libmp.round_nearest), -1)
    value = libmp.to_float(middle, rnd=libmp.round_nearest)
    if not math.isfinite(value):
        return None
    raw = libmp.from_float(value)
    distances = [libmp.mpf_abs(libmp.mpf_sub(end, raw, 60, libmp.round_up)) for end in interval]
    bound = max(libmp.to_float(distance) for distance in distances)
    exact = all(distance == libmp.fzero for distance in distances)
    return Value(value, 0.0 if exact else math.nextafter(bound, math.inf))


def _gap(left: Interval, right: Interval) -> int:
    """e with |left − right| < 2**e; very negative where they are the same."""
    return magnitude(libmpi.mpi_sub(left, right, 64))


def _approaches(values: Sequence[Any], here: Interval) -> bool:
    """Whether two values, the second much nearer, tend to the value at the point."""
    far, near = (_gap(value, here) for value in values)
    return values[1] == here or near <= far - 20 or near <= magnitude(here) - ENOUGH_BITS


def _limit(values: Sequence[Interval | None]) -> Value | None:
    """What two values, the second much nearer, tend to; None where they do not seem to."""
    far, near = values
    if far is None or near is None:
        return None
    if far == near:
        return to_value(near)
    difference = _gap(far, near)
    if difference <= magnitude(near) - ENOUGH_BITS // 2:
        found = to_value(near)
        return None if found is None else Value(found.value, found.bound + math.ldexp(1.0, max(difference, -1074)))
    if magnitude(near) <= magnitude(far) - 20:
        return Value(0.0, math.ldexp(1.0, max(magnitude(near), -1074)))
    return None
