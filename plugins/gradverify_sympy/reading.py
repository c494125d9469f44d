"""Expressions as forms: the evaluator's arithmetic over an `Algebra`, and what the operations need to have a value."""

from __future__ import annotations

import enum
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from gradverify.plugin import (
    Arithmetic,
    Array,
    Call,
    ExpressionFunction,
    Index,
    Name,
    Number,
    UnsupportedFunctionError,
    evaluate_trees,
    program_of,
    walk,
)
from gradverify_sympy.forms import (
    HALF,
    ONE,
    Algebra,
    Beyond,
    Coefficient,
    Monomial,
    Sign,
    Terms,
    add,
    number_of,
    scaled,
    subtract,
)

MAX_ELEMENTS = 400  # of a point or a constant: what is larger is quicker with SymPy's sums, or with no algebra at all


class Condition(enum.Enum):
    """What an operation asks of its operand to be real and finite."""

    POSITIVE = "> 0"
    NONNEGATIVE = ">= 0"
    NONZERO = "!= 0"


@dataclass(frozen=True, slots=True)
class Need:
    """`form` has to meet `condition` for the formula, as it is written, to have a value."""

    form: Terms
    condition: Condition


class _NeedsArrays(Exception):  # noqa: N818
    """The trees are not about scalars alone."""


class Reader:
    """Reads the trees of one problem as forms over `algebra`."""

    def __init__(self, algebra: Algebra, size: int) -> None:
        """size: of the point."""
        self.algebra = algebra
        self._size = size
        self._needs: list[Need] = []
        self.guards: list[Terms] = []  # where one of them is 0, the formula changes

    def read(self, owner: ExpressionFunction) -> tuple[list[list[Terms]], list[Need]]:
        """The entries of each tree in C order, and what they need. Raises `Beyond`."""
        self._needs = []
        try:
            return self._read_scalars(owner), self._needs
        except _NeedsArrays:
            self._needs = []
        try:
            return self._read_arrays(owner), self._needs
        except UnsupportedFunctionError:
            raise Beyond from None

    def need(self, terms: Terms, condition: Condition) -> None:
        """Note what the formula needs."""
        self._needs.append(Need(terms, condition))

    # Scalars: step by step, which is several times quicker than arrays with one element.

    def _read_scalars(self, owner: ExpressionFunction) -> list[list[Terms]]:
        known: dict[str, Terms | None] = {
            v.name: None if v.shape else self.algebra.variable(v.offset) for v in owner.variables
        }
        for name, value in owner.constants.items():
            known[name] = None if value.shape else _exact(float(value))
        program = program_of(owner.trees)
        # A form; or what becomes one where it is first needed, so that generators are numbered in that order; or the
        # entries of a vector, which no step may need.
        slots: list[Any] = [known.get(name, name) for name in program.names]
        slots += program.literals
        multiply = self.algebra.multiply
        for operation, arguments, detail, _ in program.steps:
            rule = _RULES.get(operation)
            if rule is None or detail is not None:
                if operation != "stack":
                    raise _NeedsArrays
                slots.append([self._form_in(slots, i) for i in arguments])
            elif len(arguments) == 2:
                left, right = slots[arguments[0]], slots[arguments[1]]
                if type(left) is not dict:
                    left = self._form_in(slots, arguments[0])
                if type(right) is not dict:
                    right = self._form_in(slots, arguments[1])
                slots.append(multiply(left, right) if rule is _multiply else rule(self, left, right))
            else:
                slots.append(rule(self, *[self._form_in(slots, i) for i in arguments]))
        return [
            entries if isinstance(entries := slots[i], list) else [self._form_in(slots, i)] for i in program.results
        ]

    def _form_in(self, slots: list[Any], i: int) -> Terms:
        """The form in slot `i`, if it is a scalar."""
        found = slots[i]
        if type(found) is dict:
            return found
        if isinstance(found, Number):
            form = self.algebra.literal(found.text, found.value)
        elif isinstance(found, str) and found in _NAMED:
            form = _NAMED[found](self.algebra)
        else:
            raise _NeedsArrays
        slots[i] = form
        return form

    def sign(self, terms: Terms) -> Terms:
        """The sign of what a branch is decided by."""
        self.guards.append(terms)
        return self.algebra.sign(terms)

    # Arrays of forms: NumPy's, of objects.

    def _read_arrays(self, owner: ExpressionFunction) -> list[list[Terms]]:
        if self._size > MAX_ELEMENTS or sum(array.size for array in owner.constants.values()) > MAX_ELEMENTS:
            raise Beyond
        row = _filled([self.algebra.variable(i) for i in range(self._size)], (1, self._size))
        found = evaluate_trees(owner.trees, owner.variables.split(row), self._arithmetic(), 1, owner.constants)
        return [list(one.ravel()) for one in found]

    def _arithmetic(self) -> Arithmetic:
        functions: dict[str, Callable[..., Any]] = {
            name: np.frompyfunc(partial(rule, self), rule.__code__.co_argcount - 1, 1) for name, rule in _RULES.items()
        }
        functions |= {
            "min": partial(_reduce, partial(self._fold, _minimum)),
            "max": partial(_reduce, partial(self._fold, _maximum)),
            "sum": partial(_reduce, self._sum),
            "prod": partial(_reduce, self._product),
            "logsumexp": partial(_reduce, self._log_sum_exp),
            "cumsum": self._cumulative_sum,
            "reshape": np.reshape,
            "broadcast_to": np.broadcast_to,
            "transpose": np.transpose,
            "stack": np.stack,
            "concatenate": np.concatenate,
            "matmul": self._matmul,
        }
        algebra = self.algebra
        names = {name: _filled([make(algebra)], (1,)) for name, make in _NAMED.items()}
        return Arithmetic(
            functions=functions,
            number=lambda literal: _filled([algebra.literal(literal.text, literal.value)], (1,)),
            constant=_constants,
            names=names,
        )

    def _sum(self, forms: list[Terms]) -> Terms:
        total: Terms = {}
        for form in forms:
            total = add(total, form)
        return total

    def _fold(self, rule: Callable[[Reader, Terms, Terms], Terms], forms: list[Terms]) -> Terms:
        result = forms[0]
        for form in forms[1:]:
            result = rule(self, result, form)
        return result

    def _product(self, forms: list[Terms]) -> Terms:
        product: Terms = ONE
        for form in forms:
            product = self.algebra.multiply(product, form)
        return product

    def _log_sum_exp(self, forms: list[Terms]) -> Terms:
        return self.algebra.log(self._sum([self.algebra.exp(form) for form in forms]))

    def _cumulative_sum(self, array: Array, axis: int) -> Array:
        result: Array = np.frompyfunc(add, 2, 1).accumulate(array, axis=axis, dtype=object)
        return result

    def _matmul(self, left: Array, right: Array) -> Array:
        multiply = np.frompyfunc(self.algebra.multiply, 2, 1)
        products = multiply(left[..., :, None, :], np.swapaxes(right, -1, -2)[..., None, :, :])
        return _reduce(self._sum, products, (products.ndim - 1,))


# Rules, one a function of the language: forms in, a form out, with what is needed noted.


def _negative(reader: Reader, x: Terms) -> Terms:
    del reader
    return scaled(x, -1)


def _add(reader: Reader, x: Terms, y: Terms) -> Terms:
    del reader
    return add(x, y)


def _subtract(reader: Reader, x: Terms, y: Terms) -> Terms:
    del reader
    return subtract(x, y)


def _multiply(reader: Reader, x: Terms, y: Terms) -> Terms:
    return reader.algebra.multiply(x, y)


def _divide(reader: Reader, x: Terms, y: Terms) -> Terms:
    reader.need(y, Condition.NONZERO)
    return reader.algebra.divide(x, y)


def _power(reader: Reader, base: Terms, exponent: Terms) -> Terms:
    algebra = reader.algebra
    number = number_of(exponent)
    if (number == 0 and number_of(base) is None) or (number is None and base == ONE):
        raise Beyond  # NumPy's NaN**0 and 1**NaN are 1: there f has a value where its operand has none
    if number is None:
        reader.need(base, Condition.NONNEGATIVE if algebra.is_positive(exponent) else Condition.POSITIVE)
        return algebra.exp(algebra.multiply(exponent, algebra.log(base)))
    if number.denominator > 1:
        reader.need(base, Condition.NONNEGATIVE if number > 0 else Condition.POSITIVE)
    elif number < 0:
        reader.need(base, Condition.NONZERO)
    return algebra.power(base, number)


def _square(reader: Reader, x: Terms) -> Terms:
    return reader.algebra.power(x, 2)


def _exp(reader: Reader, x: Terms) -> Terms:
    return reader.algebra.exp(x)


def _exp2(reader: Reader, x: Terms) -> Terms:
    return reader.algebra.exp(reader.algebra.multiply(x, reader.algebra.log({(): 2})))


def _expm1(reader: Reader, x: Terms) -> Terms:
    return subtract(reader.algebra.exp(x), ONE)


def _log(reader: Reader, x: Terms) -> Terms:
    reader.need(x, Condition.POSITIVE)
    return reader.algebra.log(x)


def _log2(reader: Reader, x: Terms) -> Terms:
    return reader.algebra.divide(_log(reader, x), reader.algebra.log({(): 2}))


def _log10(reader: Reader, x: Terms) -> Terms:
    return reader.algebra.divide(_log(reader, x), reader.algebra.log({(): 10}))


def _log1p(reader: Reader, x: Terms) -> Terms:
    return _log(reader, add(ONE, x))


def _sqrt(reader: Reader, x: Terms) -> Terms:
    reader.need(x, Condition.NONNEGATIVE)
    return reader.algebra.power(x, HALF)


def _sin(reader: Reader, x: Terms) -> Terms:
    return reader.algebra.sine(x)


def _cos(reader: Reader, x: Terms) -> Terms:
    return reader.algebra.cosine(x)


def _tan(reader: Reader, x: Terms) -> Terms:
    return reader.algebra.divide(reader.algebra.sine(x), reader.algebra.cosine(x))


def _both_exponentials(reader: Reader, x: Terms) -> tuple[Terms, Terms]:
    return reader.algebra.exp(x), reader.algebra.exp(scaled(x, -1))


def _sinh(reader: Reader, x: Terms) -> Terms:
    up, down = _both_exponentials(reader, x)
    return scaled(subtract(up, down), HALF)


def _cosh(reader: Reader, x: Terms) -> Terms:
    up, down = _both_exponentials(reader, x)
    return scaled(add(up, down), HALF)


def _tanh(reader: Reader, x: Terms) -> Terms:
    return reader.algebra.hyperbolic_tangent(x)


def _sigmoid(reader: Reader, x: Terms) -> Terms:
    return reader.algebra.sigmoid(x)


def _softplus(reader: Reader, x: Terms) -> Terms:
    return reader.algebra.log(add(ONE, reader.algebra.exp(x)))


def _arctan(reader: Reader, x: Terms) -> Terms:
    return reader.algebra.arctangent(x)


def _erf(reader: Reader, x: Terms) -> Terms:
    return reader.algebra.error_function(x)


def _erfc(reader: Reader, x: Terms) -> Terms:
    return subtract(ONE, reader.algebra.error_function(x))


def _hypot(reader: Reader, x: Terms, y: Terms) -> Terms:
    return reader.algebra.power(add(_square(reader, x), _square(reader, y)), HALF)


def _logaddexp(reader: Reader, x: Terms, y: Terms) -> Terms:
    return reader.algebra.log(add(reader.algebra.exp(x), reader.algebra.exp(y)))


# Branches: conditions are forms that are 1 or 0, made of the sign s of left − right, s being 0 on the border.


def _sign(reader: Reader, x: Terms) -> Terms:
    return reader.sign(x)


def _abs(reader: Reader, x: Terms) -> Terms:
    return reader.algebra.multiply(reader.sign(x), x)


def _above(reader: Reader, x: Terms) -> Terms:
    """Whether x > 0: (s² + s)/2."""
    s = reader.sign(x)
    return scaled(add(reader.algebra.multiply(s, s), s), HALF)


def _not(reader: Reader, x: Terms) -> Terms:
    del reader
    return subtract(ONE, x)


def _greater(reader: Reader, x: Terms, y: Terms) -> Terms:
    return _above(reader, subtract(x, y))


def _less(reader: Reader, x: Terms, y: Terms) -> Terms:
    return _above(reader, subtract(y, x))


def _greater_equal(reader: Reader, x: Terms, y: Terms) -> Terms:
    return _not(reader, _less(reader, x, y))


def _less_equal(reader: Reader, x: Terms, y: Terms) -> Terms:
    return _not(reader, _greater(reader, x, y))


def _not_equal(reader: Reader, x: Terms, y: Terms) -> Terms:
    return reader.algebra.power(reader.sign(subtract(x, y)), 2)


def _equal(reader: Reader, x: Terms, y: Terms) -> Terms:
    return _not(reader, _not_equal(reader, x, y))


def _and(reader: Reader, x: Terms, y: Terms) -> Terms:
    return reader.algebra.multiply(x, y)


def _or(reader: Reader, x: Terms, y: Terms) -> Terms:
    return subtract(add(x, y), reader.algebra.multiply(x, y))


def _where(reader: Reader, condition: Terms, yes: Terms, no: Terms) -> Terms:
    multiply = reader.algebra.multiply
    return add(multiply(condition, yes), multiply(_not(reader, condition), no))


def _maximum(reader: Reader, x: Terms, y: Terms) -> Terms:
    return _where(reader, _greater_equal(reader, x, y), x, y)


def _minimum(reader: Reader, x: Terms, y: Terms) -> Terms:
    return _where(reader, _less_equal(reader, x, y), x, y)


_RULES: Mapping[str, Any] = {
    "sign": _sign,
    "abs": _abs,
    "minimum": _minimum,
    "maximum": _maximum,
    "less": _less,
    "less_equal": _less_equal,
    "greater": _greater,
    "greater_equal": _greater_equal,
    "equal": _equal,
    "not_equal": _not_equal,
    "logical_and": _and,
    "logical_or": _or,
    "logical_not": _not,
    "where": _where,
    "negative": _negative,
    "add": _add,
    "subtract": _subtract,
    "multiply": _multiply,
    "divide": _divide,
    "power": _power,
    "exp": _exp,
    "exp2": _exp2,
    "expm1": _expm1,
    "log": _log,
    "log2": _log2,
    "log10": _log10,
    "log1p": _log1p,
    "sqrt": _sqrt,
    "sin": _sin,
    "cos": _cos,
    "tan": _tan,
    "sinh": _sinh,
    "cosh": _cosh,
    "tanh": _tanh,
    "sigmoid": _sigmoid,
    "softplus": _softplus,
    "arctan": _arctan,
    "erf": _erf,
    "erfc": _erfc,
    "hypot": _hypot,
    "logaddexp": _logaddexp,
}
_NAMED: Mapping[str, Callable[[Algebra], Terms]] = {"pi": Algebra.pi, "e": Algebra.e}


def _filled(forms: list[Terms], shape: tuple[int, ...]) -> Array:
    array = np.empty(len(forms), dtype=object)
    for i, form in enumerate(forms):
        array[i] = form
    return array.reshape(shape)


def _exact(value: float) -> Terms:
    """A float as the binary fraction that it is."""
    if not math.isfinite(value):
        raise Beyond
    number = Fraction(value)
    return {(): number.numerator if number.denominator == 1 else number} if number else {}


def _constants(array: Any) -> Array:
    return _filled([_exact(v) for v in array.ravel().tolist()], array.shape)


def _reduce(function: Callable[[list[Terms]], Terms], array: Array, axes: tuple[int, ...]) -> Array:
    kept = [i for i in range(array.ndim) if i not in axes]
    shape = tuple(array.shape[i] for i in kept)
    lines = array.transpose((*kept, *axes)).reshape((math.prod(shape), -1))
    return _filled([function(list(line)) for line in lines], shape)


def discards(owner: ExpressionFunction) -> bool:
    """Whether a part that is computed may be thrown away, so that f has a value where that part has none: (1/v)[0]."""
    return any(
        (isinstance(node, Index) and not isinstance(node.value, Name))
        or (isinstance(node, Call) and node.function == "trace")
        for tree in owner.trees
        for node in walk(tree)
    )


def is_shown(need: Need, algebra: Algebra) -> bool:
    """Whether signs alone show that a need is met."""
    if need.condition is Condition.NONNEGATIVE:
        return algebra.is_nonnegative(need.form)
    return algebra.is_positive(need.form)


def are_granted(wanted: list[Need], granted: list[Need], derivative: list[Terms], algebra: Algebra) -> bool:
    """Whether what a claim needs holds wherever the function and its derivative have values.

    It does where the function needs the same or more; where signs show it; and, for a division, where all factors of
    the divisor are divisors in the derivative, or factors of what the function needs to be other than 0.
    """
    known = {(_up_to_a_factor(need.form), need.condition) for need in granted}
    nonzero = {g for terms in derivative for monomial in terms for g, exponent in monomial if exponent < 0}
    for need in granted:
        if need.condition is not Condition.NONNEGATIVE:
            nonzero |= _factors(need.form, algebra)

    def is_nonzero(form: Terms) -> bool:
        if not form:
            return False
        factors = _factors(form, algebra)
        return all(g in nonzero or algebra.generators[g].sign is Sign.POSITIVE for g in factors)

    def holds(need: Need) -> bool:
        form, condition = need.form, need.condition
        key = _up_to_a_factor(form)
        if (key, condition) in known or (key, Condition.POSITIVE) in known or algebra.is_positive(form):
            return True
        if condition is Condition.NONNEGATIVE:
            return algebra.is_nonnegative(form)
        if condition is Condition.NONZERO:
            return is_nonzero(form) or algebra.is_positive(scaled(form, -1))
        return (key, Condition.NONNEGATIVE) in known and is_nonzero(form)

    return all(map(holds, wanted))


def _up_to_a_factor(terms: Terms) -> frozenset[tuple[Monomial, Coefficient]]:
    """The same for a form and its multiples by positive numbers."""
    if not terms:
        return frozenset()
    size = abs(Fraction(terms[min(terms)]))
    return frozenset(terms.items() if size == 1 else scaled(terms, 1 / size).items())


def _factors(terms: Terms, algebra: Algebra) -> set[int]:
    """The generators of which one is 0 where `terms` is."""
    ((monomial, _),) = algebra.power(terms, -1).items() if terms else (((), 0),)
    return {generator for generator, _ in monomial}
