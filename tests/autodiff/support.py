"""Problems from text and from callables, and what the backend says of them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from gradverify_autodiff.backend import AutodiffBackend

from gradverify.expression.parse import parse_expression
from gradverify.functions.callables import function_from_callable, output_shape_of
from gradverify.functions.expressions import function_from_expression
from gradverify.functions.python_loader import source_of
from gradverify.plugin import (
    Array,
    Derivative,
    DoesNotApply,
    Domain,
    Estimate,
    Function,
    Precision,
    Problem,
    Request,
    Shape,
    Variables,
)

Shapes = Mapping[str, Shape]


def problem_of(
    function: Function, variables: Variables, derivative: str, domain: Domain | None, precision: Precision
) -> Problem:
    return Problem(
        name="a problem",
        derivative=Derivative(derivative),
        variables=variables,
        function=function,
        domain=domain or Domain.everywhere(variables.size),
        precision=precision,
    )


def from_text(
    text: str,
    shapes: Shapes,
    points: Sequence[Any],
    derivative: str = "gradient",
    constants: Mapping[str, Any] | None = None,
    domain: Domain | None = None,
) -> tuple[Estimate, ...]:
    """The backend's estimates for an expression."""
    held = {name: np.asarray(value, dtype=np.float64) for name, value in (constants or {}).items()}
    tree = parse_expression(text, {**shapes, **{name: value.shape for name, value in held.items()}})
    variables = Variables.of(list(shapes.items()))
    function = function_from_expression(tree, variables, held)
    problem = problem_of(function, variables, derivative, domain, Precision.FLOAT64)
    found: tuple[Estimate, ...] = (
        AutodiffBackend().estimate(problem, Request(np.array(points, dtype=np.float64))).points
    )
    return found


def callable_problem(
    function: Callable[..., Any],
    shapes: Shapes,
    points: Array,
    derivative: str = "gradient",
    constants: Mapping[str, Any] | None = None,
    domain: Domain | None = None,
    precision: Precision = Precision.FLOAT64,
) -> Problem:
    held = {name: np.asarray(value, dtype=np.float64) for name, value in (constants or {}).items()}
    variables = Variables.of(list(shapes.items()))
    outputs = output_shape_of(function, variables, held, points)
    if derivative == "jacobian" and outputs == ():
        outputs = (1,)
    made = function_from_callable(function, variables, held, outputs, source=source_of(function))
    return problem_of(made, variables, derivative, domain, precision)


def from_callable(
    function: Callable[..., Any], shapes: Shapes, points: Sequence[Any], derivative: str = "gradient", **more: Any
) -> tuple[Estimate, ...]:
    """The backend's estimates for a Python function."""
    rows = np.array(points, dtype=np.float64)
    problem = callable_problem(function, shapes, rows, derivative, **more)
    assert AutodiffBackend().why_not(problem) is None
    found: tuple[Estimate, ...] = AutodiffBackend().estimate(problem, Request(rows)).points
    return found


def refusal(function: Callable[..., Any], shapes: Shapes, points: Sequence[Any], **more: Any) -> str:
    """The reason with which the backend says that it does not apply."""
    with pytest.raises(DoesNotApply) as caught:
        from_callable(function, shapes, points, **more)
    message = str(caught.value)
    assert "\n" not in message
    return message


def complex_step(function: Callable[..., Any], point: Array) -> Array:
    """The gradient of an analytic function of one array, exact to round-off (Squire & Trapp 1998). Shape (n,)."""
    step = 1e-40
    columns = []
    for i in range(point.size):
        moved = point.astype(complex)
        moved[i] += 1j * step
        columns.append(np.imag(function(moved)) / step)
    return np.stack(columns, axis=-1)


def covers(estimate: Estimate, truth: Any) -> bool:
    """Whether every component is known and within its bound of the truth."""
    gap = np.abs(estimate.value - np.asarray(truth, dtype=np.float64))
    return bool(np.all(gap <= estimate.error_bound) and np.all(np.isfinite(estimate.error_bound)))


def sharp(estimate: Estimate, relative: float = 1e-9) -> bool:
    """Whether the bounds are small beside the largest component."""
    return bool(np.max(estimate.error_bound) <= relative * max(1e-300, float(np.max(np.abs(estimate.value)))))
