"""Normal forms of formulas that are smooth in pieces, with exact coefficients: what decides plain claims without SymPy.

A form is a sum of terms, each a rational number times a product of powers of *generators*: the variables, the
literals that floats round, π, one generator for each distinct exp(m), log(p), sin(p), cos(p), arctan(p), erf(p),
tanh(p), sigmoid(p) and sign(p), and one for each base p of a power; m is a product, p a form. Sums, products, powers
and derivatives of forms are forms again; the derivative of a sign is 0, which holds where it is not 0 itself.

Why an identity found here is a proof: every rewriting that is used holds for all real values at which both sides have
one. These are the laws of a commutative ring with rational coefficients, which are exact; exp(a + b) = exp(a)·exp(b)
and exp(q·a) = exp(a)^q for rational q, exp being positive; p^a·p^b = p^(a + b) where p^a and p^b have values; p^1 = p;
exp(q·log p) = p^q and log(exp(u)) = u; sin² = 1 − cos²; sin, tanh and sign are odd, cos is even, and sigmoid(−u) =
1 − sigmoid(u); tanh and sigmoid are quotients of exponentials; sign³ = sign, at 0 too; (p·r)^q = p^q·r^q for positive
p; (r^k)^q = r^(k·q) for odd k, where r^k ≥ 0. To find that a form
is 0 it may be multiplied by powers of bases and of sines first, the same for all its terms: where a form has a value, a
base with a negative exponent is not 0, so nothing is lost by that. Whether the generators are algebraically
independent, which the structure theorems of Risch and others are about, matters for refuting only, and nothing is
refuted here: a form that is not found to be 0 may be 0 all the same. That it is undecidable in general whether an
expression is 0 (Richardson 1968, J. Symbolic Logic 33) is no hindrance either, for the same reason. See Moses 1971,
Algebraic simplification: a guide for the perplexed, Comm. ACM 14, on canonical forms of this kind.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

Exponent = int | Fraction
Coefficient = int | Fraction
Monomial = tuple[tuple[int, Exponent], ...]  # generators' numbers, ascending, with exponents other than 0
Terms = dict[Monomial, Coefficient]  # coefficients other than 0

MAX_TERMS = 2_000  # of one form
MAX_WORK = 40_000  # products of two terms, in all: one or two tenths of a second
MAX_MULTIPLIED_OUT = 64  # terms, before like ones are collected: a larger product of sums stays a product
MAX_EXPONENT = 200  # integers beyond are left to SymPy, as are numbers that would be long
MAX_BITS = 4_000  # of a coefficient
ONE: Terms = {(): 1}
ZERO: Terms = {}
HALF = Fraction(1, 2)


class Beyond(Exception):  # noqa: N818 - an outcome: this is a question for SymPy
    """The formula has something that forms do not express, or is too large."""


class Kind(enum.StrEnum):  # strings know their hashes
    """What a generator stands for."""

    VARIABLE = "variable"
    LITERAL = "literal"
    PI = "pi"
    BASE = "base"
    EXP = "exp"
    LOG = "log"
    SIN = "sin"
    COS = "cos"
    ARCTAN = "arctan"
    ERF = "erf"
    TANH = "tanh"
    SIGMOID = "sigmoid"
    SIGN = "sign"


class Sign(enum.IntEnum):
    """What is known of a generator's sign, wherever it has a value."""

    UNKNOWN = 0
    NONNEGATIVE = 1
    POSITIVE = 2


class Generator(NamedTuple):
    """`inner`: the base, or the argument (of exp: one product with coefficient 1). `literal`: (text, float)."""

    kind: Kind
    sign: Sign
    inner: Terms
    literal: tuple[str, float] = ("", 0.0)


def times(left: Monomial, right: Monomial) -> Monomial:
    """The product."""
    if not left:
        return right
    if not right:
        return left
    if left[-1][0] < right[0][0]:  # no generator in common, as for most products
        return left + right
    if right[-1][0] < left[0][0]:
        return right + left
    powers = dict(left)
    for generator, exponent in right:
        total = powers.get(generator, 0) + exponent
        if total:
            powers[generator] = _whole(total)
        else:
            del powers[generator]
    return tuple(sorted(powers.items()))


def raised(monomial: Monomial, exponent: Exponent) -> Monomial:
    """The power, factor by factor."""
    if len(monomial) == 1:
        ((generator, power),) = monomial
        return ((generator, _whole(power * exponent)),)
    return tuple((generator, _whole(power * exponent)) for generator, power in monomial)


def _lowered(monomial: Monomial, at: int) -> Monomial:
    """The monomial with the exponent of factor `at` less by one."""
    generator, exponent = monomial[at]
    if exponent == 1:
        return monomial[:at] + monomial[at + 1 :]
    return (*monomial[:at], (generator, _whole(exponent - 1)), *monomial[at + 1 :])


def _whole(number: Exponent) -> Exponent:
    """The same, as an int if it is one: broken exponents say that what they belong to is not negative."""
    return number if number.denominator > 1 else number.numerator


def add(left: Terms, right: Terms) -> Terms:
    """The sum."""
    if len(left) < len(right):
        left, right = right, left
    total = dict(left)
    _accumulate(total, right)
    return total


def _accumulate(total: Terms, more: Terms, factor: Coefficient = 1, by: Monomial = ()) -> None:
    """Add `more`, times a number and a monomial, to `total`."""
    for monomial, coefficient in more.items():
        if by:
            monomial = times(monomial, by)  # noqa: PLW2901 - no two of the products are the same
        value = factor * coefficient
        known = total.get(monomial)
        if known is not None:
            value += known
            if not value:
                del total[monomial]
                continue
        total[monomial] = value
    if len(total) > MAX_TERMS:
        raise Beyond


def scaled(terms: Terms, factor: Coefficient) -> Terms:
    """The product with a number."""
    return {monomial: factor * coefficient for monomial, coefficient in terms.items()} if factor else {}


def subtract(left: Terms, right: Terms) -> Terms:
    """The difference."""
    total = dict(left)
    _accumulate(total, right, -1)
    return total


def number_of(terms: Terms) -> Coefficient | None:
    """The rational number that the form is; None where it is none."""
    if not terms:
        return 0
    return terms.get(()) if len(terms) == 1 else None


class Algebra:
    """The generators of one problem, each known by what it stands for, and what can be done with forms over them."""

    def __init__(self, variables: Iterable[Sign], *, literals_are_exact: bool = False) -> None:
        """variables: what the domain says of their signs; they are the first generators.

        literals_are_exact: whether 0.1 is the number 1/10, rather than a generator that stands for any number.
        """
        self.generators: list[Generator] = [Generator(Kind.VARIABLE, sign, {}) for sign in variables]
        self._variables = len(self.generators)
        self._exact = literals_are_exact
        self._numbers: dict[tuple[Kind, object], int] = {}
        self._slopes: dict[int, dict[int, Terms]] = {}
        self._signs: dict[int, frozenset[int]] = {}
        self._assigned: dict[tuple[int, int, int], Terms] = {}
        self._work = 0
        self._literals: dict[str, Terms] = {}
        self._kinds: set[Kind] = set()  # of the generators beyond the variables

    # Generators.

    def _generator(self, kind: Kind, inner: Terms, sign: Sign = Sign.UNKNOWN) -> int:
        key = (kind, frozenset(inner.items()))
        number = self._numbers.get(key)
        if number is None:
            number = self._append(key, Generator(kind, sign, inner))
        return number

    def _append(self, key: tuple[Kind, object], generator: Generator) -> int:
        number = self._numbers[key] = len(self.generators)
        self.generators.append(generator)
        self._kinds.add(generator.kind)
        return number

    def variable(self, index: int) -> Terms:
        """Component `index` of the point."""
        return {((index, 1),): 1}

    def literal(self, text: str, value: float) -> Terms:
        """A literal that a float holds exactly, as that number; any other as a generator, since NumPy rounds it."""
        known = self._literals.get(text)
        if known is None:
            known = self._literals[text] = self._literal(text, value)
        return known

    def _literal(self, text: str, value: float) -> Terms:
        exact, is_a_float = _read_literal(text, value)
        if is_a_float or self._exact:
            return {(): exact} if exact else {}
        if not value > 0:
            raise Beyond
        generator = Generator(Kind.LITERAL, Sign.POSITIVE, {}, (text, value))
        return {((self._append((Kind.LITERAL, text), generator), 1),): 1}

    def pi(self) -> Terms:
        """π."""
        return {((self._generator(Kind.PI, {}, Sign.POSITIVE), 1),): 1}

    def e(self) -> Terms:
        """Euler's number: exp(1) where literals are exact, else what lies between it and its float."""
        if self._exact:
            return self.exp(ONE)
        key = (Kind.LITERAL, "e")
        number = self._numbers.get(key)
        if number is None:
            number = self._append(key, Generator(Kind.LITERAL, Sign.POSITIVE, {}, ("e", math.e)))
        return {((number, 1),): 1}

    @property
    def has_literals(self) -> bool:
        """Whether literals occur that floats round."""
        return Kind.LITERAL in self._kinds

    # Arithmetic.

    def multiply(self, left: Terms, right: Terms) -> Terms:
        """The product, multiplied out where it is short."""
        if not left or not right:
            return {}
        if len(left) == 1:
            left, right = right, left
        if len(right) == 1:
            ((monomial, factor),) = right.items()
            if not monomial:
                return left if factor == 1 else scaled(left, factor)
            self._spend(len(left))
            if len(left) == 1:
                ((other, coefficient),) = left.items()
                return {times(other, monomial): coefficient * factor}
            return {times(m, monomial): c * factor for m, c in left.items()}
        if left == right:
            return self.power(left, 2)
        if len(left) * len(right) > MAX_MULTIPLIED_OUT:
            return self.multiply(self._lump(left), self._lump(right))
        return self._product(left, right)

    def _product(self, left: Terms, right: Terms) -> Terms:
        self._spend(len(left) * len(right))
        total: Terms = {}
        for monomial, factor in right.items():
            _accumulate(total, left, factor, monomial)
        return total

    def _spend(self, products: int) -> None:
        self._work += products
        if self._work > MAX_WORK:
            raise Beyond

    def _lump(self, terms: Terms) -> Terms:
        """The same as one term: a number times a base."""
        if len(terms) == 1:
            return terms
        number, content, unit = self._base(terms, signed=False)
        return {times(unit, ((number, 1),)): content}

    def _base(self, terms: Terms, *, signed: bool) -> tuple[int, Coefficient, Monomial]:
        """A generator, a rational factor, which is positive where `signed`, and a product of exponentials: `terms`."""
        unit = self._common_exponentials(terms)
        if unit:
            inverse = raised(unit, -1)
            terms = {times(m, inverse): c for m, c in terms.items()}
        leading = terms[min(terms)]
        content = _absolute(leading) if signed else leading
        primitive = terms if content == 1 else {m: _quotient(c, content) for m, c in terms.items()}
        sign = Sign.POSITIVE if self.is_positive(primitive) else Sign.UNKNOWN
        return self._generator(Kind.BASE, primitive, sign), content, unit

    def _common_exponentials(self, terms: Terms) -> Monomial:
        """The lowest power of each exponential in `terms`: 1 + 1/E is 1/E times 1 + E."""
        if Kind.EXP not in self._kinds:
            return ()
        lowest: dict[int, Exponent] = {}
        for generator, exponents in _exponents(terms).items():
            if self.generators[generator].kind is Kind.EXP:
                absent = any(all(item[0] != generator for item in monomial) for monomial in terms)
                least = min(exponents)
                if absent and least > 0:
                    continue
                lowest[generator] = least
        return tuple(sorted(lowest.items()))

    def power(self, base: Terms, exponent: Exponent) -> Terms:
        """`base`^`exponent`, as a product of powers of generators. Raises `Beyond` for 1/0."""
        exponent = _whole(exponent)
        if exponent == 1:
            return base
        if exponent == 0:
            return ONE
        if not -MAX_EXPONENT <= exponent <= MAX_EXPONENT:
            raise Beyond
        if not base:
            if exponent > 0:
                return {}
            raise Beyond
        if len(base) == 1:
            monomial, factor = next(iter(base.items()))
            if isinstance(exponent, int):
                return {raised(monomial, exponent): _number_power(factor, exponent)}
            if factor > 0 and self._can_be_shared_out(monomial):
                root = self._root_of_number(factor, exponent)
                return self.multiply({raised(monomial, exponent): 1}, root)
        base = self.expanded(base)
        if not base:  # as is seen only when it is multiplied out
            return self.power(base, exponent)
        if isinstance(exponent, int):
            number, content, unit = self._base(base, signed=False)
            return {times(raised(unit, exponent), ((number, exponent),)): _number_power(content, exponent)}
        number, content, unit = self._base(base, signed=True)
        whole: Terms = {times(raised(unit, exponent), ((number, exponent),)): 1}
        return self.multiply(whole, self._root_of_number(content, exponent))

    def _can_be_shared_out(self, monomial: Monomial) -> bool:
        """Whether a broken power of the product is the product of the powers wherever it has a value.

        It is where all factors but one are positive or roots, which are not negative, and that one has an odd exponent,
        so that its sign is the product's.
        """
        unknown = [
            exponent
            for generator, exponent in monomial
            if self.generators[generator].sign is not Sign.POSITIVE and not isinstance(exponent, Fraction)
        ]
        return not unknown or (len(unknown) == 1 and int(unknown[0]) % 2 == 1)

    def _root_of_number(self, content: Coefficient, exponent: Exponent) -> Terms:
        """`content`^`exponent` of a positive number, with small primes apart: sqrt(8) is 2·sqrt(2)."""
        if content == 1:
            return ONE
        fraction = Fraction(content)
        powers: dict[int, Exponent] = {}
        for number, sign in ((fraction.numerator, 1), (fraction.denominator, -1)):
            for prime, count in _factors(number):
                powers[prime] = powers.get(prime, 0) + sign * count * exponent
        result: Terms = dict(ONE)
        for prime, power in powers.items():
            whole = math.floor(power)
            rest = power - whole
            result = scaled(result, _number_power(prime, whole))
            if rest:
                base = self._generator(Kind.BASE, {(): prime}, Sign.POSITIVE)
                result = self.multiply(result, {((base, rest),): 1})
        return result

    def divide(self, left: Terms, right: Terms) -> Terms:
        """The quotient."""
        return self.multiply(left, self.power(right, -1))

    def expanded(self, terms: Terms) -> Terms:
        """`terms` with short powers of sums multiplied out, so that what is the same is more often written the same."""
        for monomial in terms:
            for generator, exponent in monomial:
                known = self.generators[generator]
                if known.kind is Kind.BASE and isinstance(exponent, int) and 0 < exponent <= 4:
                    if len(known.inner) ** exponent * len(terms) > MAX_MULTIPLIED_OUT:
                        continue
                    return self.expanded(self._without(terms, generator, exponent))
        return terms

    def _without(self, terms: Terms, generator: int, exponent: int) -> Terms:
        """`terms` with the base multiplied out where it has just this exponent."""
        multiplied_out = self._expanded_power(self.generators[generator].inner, exponent)
        total: Terms = {}
        for monomial, coefficient in terms.items():
            if (generator, exponent) in monomial:
                rest = tuple(item for item in monomial if item[0] != generator)
                _accumulate(total, self._product(multiplied_out, {rest: coefficient}))
            else:
                _accumulate(total, {monomial: coefficient})
        return total

    def _expanded_power(self, terms: Terms, exponent: int) -> Terms:
        result = ONE
        for _ in range(exponent):
            result = self._product(result, terms)
        return result

    # Functions.

    def exp(self, argument: Terms) -> Terms:
        """e^argument, as a product over the argument's terms."""
        result: Terms = ONE
        for monomial, coefficient in self.expanded(argument).items():
            if len(monomial) == 1 and monomial[0][1] == 1:
                known = self.generators[monomial[0][0]]
                if known.kind is Kind.LOG:
                    result = self.multiply(result, self.power(known.inner, coefficient))
                    continue
            number = self._generator(Kind.EXP, {monomial: 1}, Sign.POSITIVE)
            result = self.multiply(result, {((number, _whole(coefficient)),): 1})
        return result

    def log(self, argument: Terms) -> Terms:
        """The natural logarithm."""
        if len(argument) == 1:
            ((monomial, coefficient),) = argument.items()
            known = [self.generators[generator] for generator, _ in monomial]
            if coefficient == 1 and all(generator.kind is Kind.EXP for generator in known):
                total: Terms = {}
                for generator, (_, exponent) in zip(known, monomial, strict=True):
                    _accumulate(total, generator.inner, exponent)
                return total
        argument = self.expanded(argument)
        if not argument:
            raise Beyond
        return {((self._generator(Kind.LOG, argument), 1),): 1}

    def sine(self, angle: Terms) -> Terms:
        """sin(angle)."""
        if not angle:
            return {}
        angle, flipped = self._angle(angle)
        cosine = self._generator(Kind.COS, angle)  # before the sine, which is reduced to it
        return {((self._generator(Kind.SIN, self.generators[cosine].inner), 1),): -1 if flipped else 1}

    def cosine(self, angle: Terms) -> Terms:
        """cos(angle)."""
        if not angle:
            return ONE
        return {((self._generator(Kind.COS, self._angle(angle)[0]), 1),): 1}

    def _angle(self, angle: Terms) -> tuple[Terms, bool]:
        angle = self.expanded(angle)
        if angle and angle[min(angle)] < 0:
            return scaled(angle, -1), True
        return angle, False

    def hyperbolic_tangent(self, argument: Terms) -> Terms:
        """tanh(argument)."""
        if not argument:
            return {}
        argument, flipped = self._angle(argument)
        return {((self._generator(Kind.TANH, argument), 1),): -1 if flipped else 1}

    def sigmoid(self, argument: Terms) -> Terms:
        """1/(1 + exp(−argument))."""
        if not argument:
            return {(): HALF}
        argument, flipped = self._angle(argument)
        result: Terms = {((self._generator(Kind.SIGMOID, argument, Sign.POSITIVE), 1),): 1}
        return subtract(ONE, result) if flipped else result

    def arctangent(self, argument: Terms) -> Terms:
        """arctan(argument)."""
        return {((self._generator(Kind.ARCTAN, self.expanded(argument)), 1),): 1} if argument else {}

    def sign(self, argument: Terms) -> Terms:
        """−1, 0 or 1: what branches are made of. Its derivative is 0 wherever the argument is not."""
        argument = self.expanded(argument)
        if not argument:
            return {}
        if self.is_positive(argument):
            return ONE
        if self.is_positive(scaled(argument, -1)):
            return {(): -1}
        leading = argument[min(argument)]
        primitive = argument if leading == 1 else {m: _quotient(c, leading) for m, c in argument.items()}
        return {((self._generator(Kind.SIGN, primitive), 1),): 1 if leading > 0 else -1}

    def error_function(self, argument: Terms) -> Terms:
        """erf(argument)."""
        return {((self._generator(Kind.ERF, self.expanded(argument)), 1),): 1} if argument else {}

    # Branches.

    def signs_in(self, terms: Terms) -> frozenset[int]:
        """The sign generators that the form depends on."""
        if Kind.SIGN not in self._kinds:
            return frozenset()
        found: frozenset[int] = frozenset()
        for monomial in terms:
            for number, _ in monomial:
                found |= self._signs_of(number)
        return found

    def _signs_of(self, number: int) -> frozenset[int]:
        known = self._signs.get(number)
        if known is None:
            known = self.signs_in(self.generators[number].inner)
            if self.generators[number].kind is Kind.SIGN:
                known |= {number}
            self._signs[number] = known
        return known

    def assign(self, terms: Terms, sign: int, value: int) -> Terms:
        """`terms` where the sign generator has that value. Raises `Beyond` where there is no such form."""
        total: Terms = {}
        for monomial, coefficient in terms.items():
            product: Terms = {(): coefficient}
            for number, exponent in monomial:
                factor: Terms = {((number, 1),): 1}
                if sign in self._signs_of(number):
                    factor = self._with_sign(number, sign, value)
                product = self.multiply(product, self.power(factor, exponent))
            _accumulate(total, product)
        return total

    def _with_sign(self, number: int, sign: int, value: int) -> Terms:
        """One generator where the sign has that value, made anew."""
        if number == sign:
            return {(): value} if value else {}
        key = (number, sign, value)
        known = self._assigned.get(key)
        if known is None:
            kind, inner = self.generators[number].kind, self.assign(self.generators[number].inner, sign, value)
            known = self._assigned[key] = inner if kind is Kind.BASE else _MAKERS[kind](self, inner)
        return known

    # Signs.

    def is_positive(self, terms: Terms) -> bool:
        """Whether it is shown that `terms` > 0 wherever it has a value."""
        return self.is_nonnegative(terms) and any(
            all(self.generators[g].sign is Sign.POSITIVE for g, _ in monomial) for monomial in terms
        )

    def is_nonnegative(self, terms: Terms) -> bool:
        """Whether it is shown that `terms` ≥ 0 wherever it has a value."""
        return all(
            coefficient > 0
            and all(
                self.generators[g].sign is not Sign.UNKNOWN or isinstance(e, Fraction) or e % 2 == 0
                for g, e in monomial
            )
            for monomial, coefficient in terms.items()
        )

    def is_analytic(self, terms: Terms) -> bool:
        """Whether it is shown that `terms` is real-analytic wherever its variables are in their domain."""
        return all(
            self._is_analytic_there(number)
            and (self.generators[number].sign is Sign.POSITIVE or (exponent.denominator == 1 and exponent > 0))
            for monomial in terms
            for number, exponent in monomial
        )

    def _is_analytic_there(self, number: int) -> bool:
        generator = self.generators[number]
        if generator.kind is Kind.LOG and not self.is_positive(generator.inner):
            return False
        return generator.kind is not Kind.SIGN and self.is_analytic(generator.inner)

    # Derivatives.

    def gradient(self, terms: Terms) -> dict[int, Terms]:
        """The derivative by each variable that it is not 0 for, as far as is seen."""
        slopes: dict[int, Terms] = {}
        for monomial, coefficient in terms.items():
            for at, (generator, exponent) in enumerate(monomial):
                inner = self._slopes.get(generator)
                if inner is None:
                    inner = self._slopes_of(generator)
                if not inner:
                    continue
                rest = _lowered(monomial, at)
                factor = coefficient * exponent
                for variable, slope in inner.items():
                    self._spend(len(slope))
                    _accumulate(slopes.setdefault(variable, {}), slope, factor, rest)
        return {variable: slope for variable, slope in slopes.items() if slope}

    def _slopes_of(self, number: int) -> dict[int, Terms]:
        """The derivatives of one generator, worked out and kept."""
        known: dict[int, Terms] = {}
        if number < self._variables:
            known[number] = ONE
        else:
            generator = self.generators[number]
            inner = self.gradient(generator.inner) if generator.inner and generator.kind is not Kind.SIGN else {}
            if inner:
                outer = self._outer_slope(number, generator)
                known = {variable: self.multiply(slope, outer) for variable, slope in inner.items()}
        self._slopes[number] = known
        return known

    def _outer_slope(self, number: int, generator: Generator) -> Terms:
        """The generator's derivative by its argument."""
        inner = generator.inner
        match generator.kind:
            case Kind.EXP:
                return {((number, 1),): 1}
            case Kind.LOG:
                return self.power(inner, -1)
            case Kind.SIN:
                return self.cosine(inner)
            case Kind.COS:
                return scaled(self.sine(inner), -1)
            case Kind.ARCTAN:
                return self.power(add(ONE, self.power(inner, 2)), -1)
            case Kind.TANH:
                return subtract(ONE, {((number, 2),): 1})
            case Kind.SIGMOID:
                return subtract({((number, 1),): 1}, {((number, 2),): 1})
            case Kind.ERF:
                bell = self.exp(scaled(self.power(inner, 2), -1))
                return scaled(self.multiply(bell, self.power(self.pi(), -HALF)), 2)
            case _:
                return ONE

    # Zero.

    def vanishes(self, terms: Terms) -> bool:
        """Whether `terms` is shown to be 0 wherever it has a value. False means that nothing is known.

        Positive powers of bases, and of sines, are multiplied out first: that alone settles sums of many quotients,
        whose common denominator would be long. Then tanh and sigmoid are written out, which were left as they are up to
        then because their derivatives are polynomials in themselves; at last negative powers, by multiplying with the
        base. Each step removes a generator in favour of simpler ones.
        """
        while terms:
            exponents = _exponents(terms)
            cubes = [g for g, found in exponents.items() if self._is_cubed(g, found)]
            if cubes:
                terms = self._without_cubes(terms, cubes[0])
                continue
            high = [g for g, found in exponents.items() if self._order(g, found) <= max(found)]
            if high:
                terms = self._reduced(terms, max(high), 0)
                continue
            rational = [g for g in exponents if self.generators[g].kind in (Kind.TANH, Kind.SIGMOID)]
            if rational:
                terms = self._by_exponentials(terms, max(rational))
                continue
            low = [g for g, found in exponents.items() if min(found) < 0 and self._order(g, found) < math.inf]
            if not low:
                return False
            number = max(low)
            terms = self._reduced(terms, number, -math.floor(min(exponents[number])))
        return True

    def _is_cubed(self, number: int, exponents: set[Exponent]) -> bool:
        return self.generators[number].kind is Kind.SIGN and any(e > 2 and e.denominator == 1 for e in exponents)

    def _without_cubes(self, terms: Terms, number: int) -> Terms:
        """s³ = s for signs, 0 included: what is left of a power is s or s²."""
        total: Terms = {}
        for monomial, coefficient in terms.items():
            reduced = tuple((g, 2 - e % 2 if g == number and e > 2 and e.denominator == 1 else e) for g, e in monomial)
            _accumulate(total, {reduced: coefficient})
        return total

    def _by_exponentials(self, terms: Terms, number: int) -> Terms:
        """`terms` with tanh(u) as (eᵘ − e⁻ᵘ)/(eᵘ + e⁻ᵘ) and sigmoid(u) as 1/(1 + e⁻ᵘ)."""
        generator = self.generators[number]
        up, down = self.exp(generator.inner), self.exp(scaled(generator.inner, -1))
        if generator.kind is Kind.TANH:
            meaning = self.divide(subtract(up, down), add(up, down))
        else:
            meaning = self.power(add(ONE, down), -1)
        total: Terms = {}
        for monomial, coefficient in terms.items():
            power: Terms = ONE
            for generator_number, exponent in monomial:
                if generator_number == number:
                    power = self.power(meaning, exponent)
            rest = {tuple(item for item in monomial if item[0] != number): coefficient}
            _accumulate(total, self._product(power, rest))
        return total

    def _order(self, number: int, exponents: set[Exponent]) -> float:
        """The power of the generator that earlier ones express: 1 for bases, 2 for sines, none for others."""
        kind = self.generators[number].kind
        if kind is Kind.BASE:
            return 1
        return 2 if kind is Kind.SIN and all(e.denominator == 1 for e in exponents) else math.inf

    def _reduced(self, terms: Terms, number: int, shift: int) -> Terms:
        """`terms` times the generator to the power `shift`, with its higher powers expressed by earlier generators."""
        generator = self.generators[number]
        if generator.kind is Kind.SIN:
            order, replacement = 2, subtract(ONE, {((self._generator(Kind.COS, generator.inner), 2),): 1})
        else:
            order, replacement = 1, generator.inner
        by_exponent: dict[Exponent, Terms] = {}
        total: Terms = {}
        for monomial, coefficient in terms.items():
            exponent: Exponent = shift
            rest = monomial
            for item in monomial:
                if item[0] == number:
                    exponent = _whole(item[1] + shift)
                    rest = tuple(other for other in monomial if other[0] != number)
            if exponent:
                by_exponent.setdefault(exponent, {})[rest] = coefficient
            else:
                total[rest] = coefficient
        powers: list[Terms] = [ONE]
        for exponent, others in by_exponent.items():
            count, left = (int(exponent // order), _whole(exponent % order)) if exponent >= order else (0, exponent)
            if count > MAX_EXPONENT:
                raise Beyond
            while len(powers) <= count:
                powers.append(self._product(powers[-1], replacement))
            own: Monomial = ((number, left),) if left else ()
            kept = {times(rest, own): coefficient for rest, coefficient in others.items()}
            _accumulate(total, self._product(powers[count], kept) if count else kept)
        return total


_MAKERS: Mapping[Kind, Callable[[Algebra, Terms], Terms]] = {
    Kind.EXP: Algebra.exp,
    Kind.LOG: Algebra.log,
    Kind.SIN: Algebra.sine,
    Kind.COS: Algebra.cosine,
    Kind.ARCTAN: Algebra.arctangent,
    Kind.ERF: Algebra.error_function,
    Kind.TANH: Algebra.hyperbolic_tangent,
    Kind.SIGMOID: Algebra.sigmoid,
    Kind.SIGN: Algebra.sign,
}


def _exponents(terms: Terms) -> dict[int, set[Exponent]]:
    """Each generator's exponents."""
    found: dict[int, set[Exponent]] = {}
    for monomial in terms:
        for generator, exponent in monomial:
            found.setdefault(generator, set()).add(exponent)
    return found


def _absolute(number: Coefficient) -> Coefficient:
    return number if number > 0 else -number


def _quotient(left: Coefficient, right: Coefficient) -> Coefficient:
    if isinstance(left, int) and isinstance(right, int):
        whole, rest = divmod(left, right)
        if not rest:
            return whole
    value = Fraction(left) / right
    return value.numerator if value.denominator == 1 else value


def _number_power(number: Coefficient, exponent: int) -> Coefficient:
    """An exact power of a rational number of bounded length."""
    if number in (1, -1) or exponent == 0:
        return number if exponent % 2 else 1
    fraction = Fraction(number)
    if abs(exponent) * max(fraction.numerator.bit_length(), fraction.denominator.bit_length()) > MAX_BITS:
        raise Beyond
    if exponent > 0:
        return number**exponent
    return _quotient(1, fraction**-exponent)


_SMALL_PRIMES = (2, 3, 5, 7, 11, 13)


def _factors(number: int) -> Iterable[tuple[int, int]]:
    """Small primes with their counts, and what is left, once."""
    for prime in _SMALL_PRIMES:
        count = 0
        while number % prime == 0:
            number //= prime
            count += 1
        if count:
            yield prime, count
    if number != 1:
        yield number, 1


MAX_DIGITS = 60  # of a literal, and of its exponent's size; longer ones are left to SymPy


def exact_literal(text: str) -> Fraction:
    """The number as it is written. Raises `Beyond` for one that is unusually long."""
    mantissa, _, exponent = text.lower().partition("e")
    if len(mantissa) > MAX_DIGITS or (exponent and (len(exponent) > 4 or abs(int(exponent)) > MAX_DIGITS)):
        raise Beyond
    return Fraction(text)


@lru_cache(maxsize=4096)
def _read_literal(text: str, value: float) -> tuple[Coefficient, bool]:
    """The number that is written, and whether it is the float that NumPy makes of it."""
    exact = exact_literal(text)
    return _whole(exact), exact == Fraction(value)
