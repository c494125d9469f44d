"""Functions given piece by piece, as SymPy objects that differentiate piece by piece, without distributions."""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy.core.function import ArgumentIndexError


class Branch(sp.Function):  # type: ignore[misc]
    """`Branch(guard, plus, minus, zero)`: `plus` where guard > 0, `minus` where guard < 0, `zero` where guard = 0.

    Its derivative is taken branch by branch, which is right wherever the guard is not zero.
    """

    nargs = 4

    @classmethod
    def eval(cls, guard: Any, plus: Any, minus: Any, zero: Any) -> Any:
        """One branch where the guard's sign is known; otherwise one guard for all ways of writing it."""
        if plus == minus == zero:
            return plus
        if guard.is_positive or (guard.is_nonnegative and zero == plus):
            return plus
        if guard.is_negative or (guard.is_nonpositive and zero == minus):
            return minus
        if guard.is_zero:
            return zero
        if plus == minus and guard.is_nonzero:
            return plus
        content, primitive = guard.as_content_primitive() if guard.is_Add or guard.is_Mul else (1, guard)
        if primitive.could_extract_minus_sign():
            return cls(-primitive, minus, plus, zero)
        return cls(primitive, plus, minus, zero) if content != 1 else None

    def _eval_derivative(self, symbol: Any) -> Any:
        guard, *pieces = self.args
        return Branch(guard, *(piece.diff(symbol) for piece in pieces))

    def _eval_is_real(self) -> Any:
        return True if all(piece.is_real for piece in self.args[1:]) else None

    def _eval_is_finite(self) -> Any:
        return True if all(piece.is_finite for piece in self.args[1:]) else None

    def _eval_is_nonnegative(self) -> Any:
        guard, plus, minus, zero = self.args
        is_magnitude = plus == guard and minus == -guard
        sides = is_magnitude or (plus.is_nonnegative and minus.is_nonnegative)
        return True if sides and zero.is_nonnegative else None

    def _eval_is_positive(self) -> Any:
        return True if all(piece.is_positive for piece in self.args[1:]) else None


def without_single_values(derivative: Any) -> Any:
    """A derivative as it is around single values of f: what it says at them is the derivative of the value alone."""
    return derivative.replace(
        lambda part: isinstance(part, Branch) and part.args[1] == part.args[2], lambda part: part.args[1]
    )


class Floor(sp.Function):  # type: ignore[misc]
    """The largest integer that is not larger; its derivative is 0 wherever there is one."""

    nargs = 1

    @classmethod
    def eval(cls, argument: Any) -> Any:
        """The value at a rational number."""
        return sp.Integer(argument.p // argument.q) if argument.is_Rational else None

    def fdiff(self, argindex: int = 1) -> Any:
        """Zero: between its jumps the function is constant."""
        if argindex != 1:
            raise ArgumentIndexError(self, argindex)
        return sp.S.Zero

    def _eval_is_real(self) -> Any:
        return self.args[0].is_real

    def _eval_is_integer(self) -> Any:
        return self.args[0].is_real


def absolute(value: Any) -> Any:
    """|value|."""
    return Branch(value, value, -value, sp.S.Zero)


def sign(value: Any) -> Any:
    """−1, 0 or 1."""
    return Branch(value, sp.S.One, sp.S.NegativeOne, sp.S.Zero)


def larger(left: Any, right: Any) -> Any:
    """max(left, right)."""
    return Branch(left - right, left, right, left)


def smaller(left: Any, right: Any) -> Any:
    """min(left, right)."""
    return Branch(right - left, left, right, left)


def without_sympy_kinks(expression: Any) -> Any:
    """The same with `Branch` for the `Abs` that SymPy makes of sqrt(x**2), and for its `sign`."""
    if not expression.has(sp.Abs, sp.sign):
        return expression
    return expression.replace(sp.Abs, absolute).replace(sp.sign, sign)
