"""Differentiation of the expressions that `convert` makes: SymPy's own is general, and several times slower."""

from __future__ import annotations

from typing import Any

import sympy as sp

from gradverify.plugin import DoesNotApply
from gradverify_sympy.branches import Branch


class Slopes:
    """Derivatives with respect to one symbol; shared subexpressions are differentiated once."""

    def __init__(self, symbol: Any) -> None:
        self._known: dict[Any, Any] = {symbol: sp.S.One}

    def of(self, expression: Any) -> Any:
        """The derivative of `expression`."""
        known = self._known.get(expression)
        if known is None:
            known = self._known[expression] = self._derive(expression) if expression.args else sp.S.Zero
        return known

    def _derive(self, expression: Any) -> Any:
        arguments = expression.args
        slopes = [self.of(argument) for argument in arguments]
        if not any(slopes):
            return sp.S.Zero
        if expression.is_Add:
            return sp.Add(*slopes)
        if expression.is_Mul:
            return sp.Add(
                *(sp.Mul(*arguments[:i], slope, *arguments[i + 1 :]) for i, slope in enumerate(slopes) if slope)
            )
        if isinstance(expression, Branch):
            return Branch(arguments[0], *slopes[1:])
        if expression.is_Pow:
            return _power_rule(expression, slopes)
        if not isinstance(expression, sp.Function):
            raise DoesNotApply(f"a derivative of `{type(expression).__name__}` is not known")
        return sp.Add(*(expression.fdiff(i + 1) * slope for i, slope in enumerate(slopes) if slope))


def _power_rule(power: Any, slopes: list[Any]) -> Any:
    """(bᵉ)′ = e·bᵉ⁻¹·b′ + bᵉ·log(b)·e′."""
    base, exponent = power.args
    terms = []
    if slopes[0]:
        terms.append(exponent * base ** (exponent - 1) * slopes[0])
    if slopes[1]:
        terms.append(power * sp.log(base) * slopes[1])
    return sp.Add(*terms)
