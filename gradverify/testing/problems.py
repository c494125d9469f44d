"""Problems from plain NumPy callables and from expressions, for tests of backends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gradverify.core.arrays import Array
from gradverify.core.problem import Derivative, Domain, Function, Precision, Problem, Tolerance
from gradverify.core.variables import Shape, Variables
from gradverify.expression.parse import parse_expression
from gradverify.functions.callables import claim_from_callable, function_from_callable
from gradverify.functions.expressions import claim_from_expression, function_from_expression
from gradverify.functions.python_loader import source_of
from gradverify.spec.model import ExpressionSource

Shapes = Mapping[str, Shape]
NO_CONSTANTS: Mapping[str, Any] = {}


def problem_from_callable(
    function: Callable[..., Any],
    claim: Callable[..., Any],
    shapes: Shapes,
    *,
    derivative: Derivative = Derivative.GRADIENT,
    outputs: Shape = (),
    constants: Mapping[str, Any] = NO_CONSTANTS,
    domain: Domain | None = None,
    tolerance: Tolerance = Tolerance(),  # noqa: B008 - immutable
    precision: Precision = Precision.FLOAT64,
    options: Mapping[str, Any] | None = None,
    name: str = "problem",
) -> Problem:
    """The problem of checking `claim` as the derivative of `function`, both taking one argument a variable.

    shapes: variable → shape, in order.  outputs: the shape of the function's value, () or (m,).
    """
    variables = Variables.of(list(shapes.items()))
    arrays = _arrays(constants)
    return _problem(
        function_from_callable(function, variables, arrays, outputs, source=source_of(function)),
        claim_from_callable(claim, variables, arrays, derivative, outputs, source=source_of(claim)),
        variables, derivative, domain, tolerance, precision, options, name,
    )  # fmt: skip


def problem_from_expression(
    function: str,
    claim: str | Mapping[str, str],
    shapes: Shapes,
    *,
    derivative: Derivative = Derivative.GRADIENT,
    constants: Mapping[str, Any] = NO_CONSTANTS,
    domain: Domain | None = None,
    tolerance: Tolerance = Tolerance(),  # noqa: B008 - immutable
    precision: Precision = Precision.FLOAT64,
    options: Mapping[str, Any] | None = None,
    name: str = "problem",
) -> Problem:
    """The same for expressions; `claim` is one expression for the whole derivative, or one for each variable."""
    variables = Variables.of(list(shapes.items()))
    arrays = _arrays(constants)
    known = {**shapes, **{name: value.shape for name, value in arrays.items()}}
    built = function_from_expression(parse_expression(function, known), variables, arrays)
    if isinstance(claim, str):
        source = ExpressionSource(parse_expression(claim, known))
    else:
        source = ExpressionSource(None, {name: parse_expression(text, known) for name, text in claim.items()})
    claimed = claim_from_expression(source, variables, arrays, derivative, built.output_shape)
    return _problem(built, claimed, variables, derivative, domain, tolerance, precision, options, name)


def box(*sides: tuple[float, float]) -> Domain:
    """The closed box with these sides, one a component."""
    low, high = (np.array(ends, dtype=np.float64) for ends in zip(*sides, strict=True))
    closed = np.zeros(len(sides), dtype=np.bool_)
    return Domain(low, high, closed, closed.copy())


def _arrays(constants: Mapping[str, Any]) -> dict[str, Array]:
    return {name: np.asarray(value, dtype=np.float64) for name, value in constants.items()}


def _problem(
    function: Function,
    claim: Function,
    variables: Variables,
    derivative: Derivative,
    domain: Domain | None,
    tolerance: Tolerance,
    precision: Precision,
    options: Mapping[str, Any] | None,
    name: str,
) -> Problem:
    return Problem(
        name=name, derivative=derivative, variables=variables, function=function, claim=claim,
        domain=Domain.everywhere(variables.size) if domain is None else domain,
        tolerance=tolerance, precision=precision, options=options or {},
    )  # fmt: skip
