"""A problem's function and claim as SymPy expressions, flat, in the layout of the derivative."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy as sp

from gradverify.plugin import (
    Array,
    Derivative,
    DoesNotApply,
    ExpressionFunction,
    Problem,
    Shape,
    evaluate_trees,
)
from gradverify_sympy.branches import without_sympy_kinks
from gradverify_sympy.convert import Need, symbolic_arithmetic, symbols_for
from gradverify_sympy.differentiate import Slopes
from gradverify_sympy.layout import claim_targets
from gradverify_sympy.timebox import Deadline

MAX_OPERATIONS = 20_000  # of the function's formula: a few seconds of differentiation
_UNFINISHED = (
    sp.Derivative,
    sp.Subs,
    sp.DiracDelta,
    sp.Heaviside,
    sp.Abs,
    sp.sign,
    sp.re,
    sp.im,
    sp.arg,
    sp.zoo,
    sp.nan,
)
_SUSPICIOUS = (sp.Abs, sp.sign, sp.zoo, sp.nan, sp.oo, sp.I)


@dataclass(frozen=True, slots=True)
class Formulas:
    """Everything as expressions. `derivative` is flat, in C order; `claimed` likewise, or None where there is none.

    functions: what `derivative`'s rows are derivatives of: the function's components (for a Hessian its gradient).
    needs: what the claim asks of its operands and neither the function nor its derivative does.
    """

    symbols: list[Any]
    functions: list[Any]
    derivative: list[Any]
    claimed: list[Any] | None
    function_needs: list[Need]
    claim_needs: list[Need]


def read_formulas(problem: Problem, deadline: Deadline) -> Formulas:
    """Convert and differentiate. Raises `DoesNotApply`; may raise `OutOfTime`."""
    function = problem.function
    if not isinstance(function, ExpressionFunction):
        raise DoesNotApply("it needs the function as an expression")
    symbols = symbols_for(problem.variables, problem.domain)
    function_needs: list[Need] = []
    components = [e for values in _convert(function, symbols, function_needs) for e in values.ravel()]
    if sum(_operations(e) for e in components) > MAX_OPERATIONS:
        raise DoesNotApply("the formula is too large for symbolic differentiation")
    deadline.check()
    functions, derivative = _differentiate(components, symbols, problem.derivative, deadline)
    claim_needs: list[Need] = []
    claimed = _claimed(problem, symbols, claim_needs)
    return Formulas(symbols, functions, derivative, claimed, function_needs, claim_needs)


def _operations(expression: Any) -> int:
    """How many parts of `expression` have arguments; more than MAX_OPERATIONS are not counted."""
    count, pending = 0, [expression]
    while pending and count <= MAX_OPERATIONS:
        arguments = pending.pop().args
        if arguments:
            count += 1
            pending.extend(arguments)
    return count


def _convert(owner: ExpressionFunction, symbols: list[Any], needs: list[Need]) -> list[Array]:
    """Each tree as an array of expressions of shape `tree.shape`."""
    row = np.empty((1, len(symbols)), dtype=object)
    row[0, :] = symbols
    arithmetic = symbolic_arithmetic(needs)
    values = evaluate_trees(owner.trees, owner.variables.split(row), arithmetic, 1, owner.constants)
    return [
        _checked(np.asarray(value, dtype=object)[0:1], tree.shape)
        for value, tree in zip(values, owner.trees, strict=True)
    ]


def _checked(values: Array, shape: Shape) -> Array:
    """The same with our own kinks in place of SymPy's. Raises `DoesNotApply` for what is never finite."""
    result = np.empty(values.size, dtype=object)
    for i, value in enumerate(values.ravel()):
        expression = sp.sympify(value, strict=True)
        if expression.has(*_SUSPICIOUS):
            expression = without_sympy_kinks(expression)
            if expression.has(sp.zoo, sp.nan, sp.oo, sp.I):
                raise DoesNotApply("a part of it has no real finite value anywhere")
        result[i] = expression
    return result.reshape(shape)


def _differentiate(
    components: list[Any], symbols: list[Any], kind: Derivative, deadline: Deadline
) -> tuple[list[Any], list[Any]]:
    by_symbol = [Slopes(symbol) for symbol in symbols]
    if kind is Derivative.HESSIAN:
        components = [_slope(components[0], slopes) for slopes in by_symbol]
    rows: list[list[Any]] = []
    for i, component in enumerate(components):
        # A Hessian is symmetric where it exists: half of it is enough.
        known = [rows[j][i] for j in range(i)] if kind is Derivative.HESSIAN else []
        row = known + [_slope(component, slopes) for slopes in by_symbol[len(known) :]]
        rows.append(row)
        deadline.check()
    return components, [entry for row in rows for entry in row]


def _slope(expression: Any, slopes: Slopes) -> Any:
    slope = without_sympy_kinks(slopes.of(expression))
    if slope.has(*_UNFINISHED):
        raise DoesNotApply("SymPy leaves a derivative of it unfinished")
    return slope


def _claimed(problem: Problem, symbols: list[Any], needs: list[Need]) -> list[Any] | None:
    """The claim in the derivative's layout; None where it is no expression or its shape does not fit."""
    targets = claim_targets(problem)
    if targets is None or not isinstance(problem.claim, ExpressionFunction):
        return None
    values = _convert(problem.claim, symbols, needs)
    parts = [value.reshape(target) for value, target in zip(values, targets, strict=True)]
    return list(np.concatenate(parts, axis=-1).ravel())
