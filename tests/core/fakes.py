"""Problems from text, and a backend that knows the truth because it is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from gradverify.core.arrays import Array
from gradverify.core.estimates import Estimate, Estimates, Kink, Note
from gradverify.core.problem import Derivative, Domain, ExpressionFunction, Function, Problem, Request, Tolerance
from gradverify.core.variables import Shape, Variables
from gradverify.core.verdicts import Evidence
from gradverify.core.verify import Answer, Ask, Verified, verify
from gradverify.expression.nodes import Node
from gradverify.expression.parse import parse_expression
from gradverify.functions.expressions import claim_from_expression, function_from_expression
from gradverify.spec.model import ExpressionSource

EPSILON = float(np.finfo(float).eps)


def variables_of(shapes: Mapping[str, Shape]) -> Variables:
    return Variables.of(list(shapes.items()))


def function_of(text: str, shapes: Mapping[str, Shape]) -> ExpressionFunction:
    return function_from_expression(parse_expression(text, shapes), variables_of(shapes), {})


def claim_of(
    texts: Mapping[str, str], shapes: Mapping[str, Shape], derivative: Derivative = Derivative.GRADIENT
) -> ExpressionFunction:
    trees = {name: parse_expression(text, shapes) for name, text in texts.items()}
    return claim_from_expression(ExpressionSource(None, trees), variables_of(shapes), {}, derivative, ())


def problem_of(
    f: str,
    claim: Mapping[str, str] | Function,
    shapes: Mapping[str, Shape] | None = None,
    tolerance: Tolerance = Tolerance(),  # noqa: B008 - immutable
    domain: Domain | None = None,
) -> Problem:
    """Scalars named by the claim's keys unless `shapes` says otherwise."""
    if shapes is None:
        assert isinstance(claim, Mapping)
        shapes = dict.fromkeys(claim, ())
    variables = variables_of(shapes)
    return Problem(
        name="test", derivative=Derivative.GRADIENT, variables=variables, function=function_of(f, shapes),
        claim=claim_of(claim, shapes) if isinstance(claim, Mapping) else claim,
        domain=domain or Domain.everywhere(variables.size), tolerance=tolerance,
    )  # fmt: skip


def telling(
    truth: Function,
    *,
    bound: float = 4 * EPSILON,
    evidence: Evidence = Evidence.EXACT,
    notes: Sequence[Note] = (),
    kinks: Sequence[Kink] = (),
    others: Mapping[str, Function] | None = None,
) -> Ask:
    """A backend that answers with `truth`, with a relative error bound; parts of f get central differences."""

    def ask(name: str, problem: Problem, request: Request) -> Answer:
        source = (others or {}).get(name, truth)
        if problem.claim is None:
            values = _differences(problem.function, request)
        else:
            values = source.evaluate(request.points).values
        return Answer(name, _estimates(values, bound, evidence, notes, kinks), seconds=0.001)

    return ask


def _differences(function: Function, request: Request) -> np.ndarray:
    """By complex step: exact for the analytic parts that tests use."""
    points = request.points.astype(complex)
    columns = []
    for j in range(points.shape[1]):
        moved = points.copy()
        moved[:, j] += 1e-30j
        columns.append(function.evaluate(moved).values.imag / 1e-30)
    return np.stack(columns, axis=1)


def _estimates(
    values: np.ndarray, bound: float, evidence: Evidence, notes: Sequence[Note], kinks: Sequence[Kink]
) -> Estimates:
    return Estimates(
        points=tuple(
            Estimate(
                value=v,
                error_bound=np.full_like(v, bound) if np.isinf(bound) else bound * np.abs(v),
                evidence=evidence,
                notes=tuple(notes),
                kinks=tuple(kinks),
            )
            for v in values
        ),
        evaluations=values.shape[0],
    )


def check(problem: Problem, truth: Mapping[str, str], points: Sequence[Sequence[float]]) -> tuple[Verified, Ask]:
    """Verify `problem` at `points` against the gradient `truth`."""
    shapes = {v.name: v.shape for v in problem.variables}
    ask = telling(claim_of(truth, shapes))
    return verify(problem, np.array(points, dtype=float), ["truth"], ask), ask


class Parts:
    """Makes a function of a part of f's tree, as the diagnosis asks for."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem

    def __call__(
        self, node: Node, variables: Variables | None = None, constants: Mapping[str, Array] | None = None
    ) -> ExpressionFunction:
        return function_from_expression(node, variables or self.problem.variables, constants or {})
