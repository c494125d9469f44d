"""SymPy expressions as text of gradverify's expression language."""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy.printing.str import StrPrinter

LARGEST_DENOMINATOR = 10_000  # of a fraction that people read: 1/3, 7/720
ROUNDED_AWAY = 6  # digits that have to disappear before a last digit is taken for rounding
MAX_TEXT = 500  # characters; a longer formula helps nobody

_NAMES = {
    "asin": "arcsin",
    "acos": "arccos",
    "atan": "arctan",
    "asinh": "arcsinh",
    "acosh": "arccosh",
    "atanh": "arctanh",
    "atan2": "arctan2",
    "loggamma": "gammaln",
    "Abs": "abs",
    "Floor": "floor",
}


class _NoText(Exception):  # noqa: N818
    """The language has no word for it."""


class _Printer(StrPrinter):  # type: ignore[misc]
    """SymPy's own text form is Python's; only some words differ."""

    def _print_Function(self, expr: Any) -> str:  # noqa: N802 - SymPy finds printers by the class name
        name = type(expr).__name__
        known = {"sin", "cos", "tan", "sinh", "cosh", "tanh", "exp", "log", "erf", "erfc", "sign"}
        if name not in _NAMES and name not in known:
            raise _NoText(name)
        return f"{_NAMES.get(name, name)}({self.stringify(expr.args, ', ')})"

    _print_loggamma = _print_Function

    def _print_polygamma(self, expr: Any) -> str:
        if expr.args[0] != 0:
            raise _NoText("polygamma")
        return f"digamma({self._print(expr.args[1])})"

    def _print_Exp1(self, _: Any) -> str:  # noqa: N802
        return "e"

    def _print_Branch(self, expr: Any) -> str:  # noqa: N802
        guard, plus, minus, zero = expr.args
        u, yes, no, at = (self._print(argument) for argument in expr.args)
        if plus == guard and minus == -guard:
            return f"abs({u})"
        if (plus, minus, zero) == (1, -1, 0):
            return f"sign({u})"
        if plus == guard and minus == 0:
            return f"relu({u})"
        if plus == minus:
            return f"where({u} == 0, {at}, {yes})"
        if zero == plus:
            return f"where({u} >= 0, {yes}, {no})"
        if zero == minus:
            return f"where({u} > 0, {yes}, {no})"
        return f"where({u} > 0, {yes}, where({u} < 0, {no}, {at}))"


_PRINTER = _Printer()


def _with_decimals(expression: Any) -> Any:
    """Fractions that nobody wrote, such as 5404319552844595/18014398509481984 for 0.3, as the decimals they stand for.

    The language computes with the same doubles, so the formula means what it did.
    """
    fractions = {r for r in expression.atoms(sp.Rational) if r.q > LARGEST_DENOMINATOR}
    decimals = {r: sp.sign(r) * sp.Symbol(_decimal(abs(r)), positive=True) for r in fractions if float(r) != 0.0}
    return expression.xreplace(decimals) if decimals else expression


def _decimal(fraction: Any) -> str:
    """The shortest decimal for it; 2.1 for 2.0999999999999996, which is what rounding made of 3·0.7."""
    exact, rounded = repr(float(fraction)), repr(float(f"{float(fraction):.15g}"))
    return rounded if len(rounded) <= len(exact) - ROUNDED_AWAY else exact


def to_text(expression: Any) -> str:
    """`expression` in the language; empty where the language lacks a word or the text would be long."""
    if expression.has(sp.I, sp.nan, sp.zoo, sp.oo, sp.EulerGamma, sp.Derivative, sp.Subs):
        return ""
    try:
        text = str(_PRINTER.doprint(_with_decimals(expression)))
    except _NoText:
        return ""
    return text if len(text) <= MAX_TEXT else ""
