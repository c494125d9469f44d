"""Problems from text, for these tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from gradverify_sympy.backend import SympyBackend

from gradverify.core.estimates import Estimates
from gradverify.core.problem import Derivative, Domain, Problem, Request
from gradverify.core.variables import Shape, Variables
from gradverify.expression.parse import parse_expression
from gradverify.functions.expressions import claim_from_expression, function_from_expression
from gradverify.spec.model import ExpressionSource

Shapes = Mapping[str, Shape]


def shapes_of(names: str | Shapes) -> Shapes:
    """`"x y"` are scalars; shapes stay what they are."""
    return dict.fromkeys(names.split(), ()) if isinstance(names, str) else names


def domain_of(n: int, intervals: Mapping[int, tuple[float, float]]) -> Domain:
    """A box, open at both ends of each given interval."""
    low, high = (np.array([intervals.get(i, (-np.inf, np.inf))[end] for i in range(n)]) for end in (0, 1))
    is_open = np.array([i in intervals for i in range(n)], dtype=np.bool_)
    return Domain(low.astype(np.float64), high.astype(np.float64), is_open, is_open.copy())


def make_problem(
    names: str | Shapes,
    function: str,
    claim: str | None = None,
    *,
    derivative: Derivative = Derivative.GRADIENT,
    intervals: Mapping[int, tuple[float, float]] | None = None,
    constants: Mapping[str, object] | None = None,
    seconds: float | None = None,
) -> Problem:
    """A problem whose function and claim are expressions."""
    shapes = shapes_of(names)
    arrays = {name: np.asarray(value, dtype=np.float64) for name, value in (constants or {}).items()}
    known = {**shapes, **{name: array.shape for name, array in arrays.items()}}
    variables = Variables.of(list(shapes.items()))
    f = function_from_expression(parse_expression(function, known), variables, arrays)
    claimed = None
    if claim is not None:
        source = ExpressionSource(parse_expression(claim, known))
        claimed = claim_from_expression(source, variables, arrays, derivative, f.output_shape)
    return Problem(
        name="test", derivative=derivative, variables=variables, function=f, claim=claimed,
        domain=domain_of(variables.size, intervals or {}), options={} if seconds is None else {"seconds": seconds},
    )  # fmt: skip


def ask(problem: Problem, *points: Sequence[float]) -> Estimates:
    """The backend's answer."""
    matrix = np.array(points, dtype=np.float64).reshape((len(points), problem.variables.size))
    claimed = None
    if problem.claim is not None and points:
        claimed = problem.claim.evaluate(matrix).values.reshape((len(points), *problem.shape))
    answer: Estimates = SympyBackend().estimate(problem, Request(matrix, claimed))
    return answer


def proves(names: str | Shapes, function: str, claim: str, **more: object) -> bool | None:
    """What the proof says of `claim` as a whole."""
    proof = ask(make_problem(names, function, claim, **more)).proof  # type: ignore[arg-type]
    assert proof is not None
    return proof.identical
