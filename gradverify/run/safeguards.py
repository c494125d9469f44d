"""A function and its claim without their safeguards, by the formulas that the spec or the code spells.

A claim is not excused by a formula that the code might not be: what is read from code counts where it has the code's
own values, as for the diagnosis.
"""

from __future__ import annotations

from gradverify.core.arrays import Matrix
from gradverify.core.problem import Derivative, ExpressionFunction, Function
from gradverify.core.safeguarded import Unguarded
from gradverify.core.variables import Shape
from gradverify.core.verify import Verified
from gradverify.expression.nodes import Node
from gradverify.expression.safeguards import Bare, bare
from gradverify.functions.build import as_vector
from gradverify.functions.expressions import claim_from_expression, function_from_expression
from gradverify.run.formulas import with_formulas
from gradverify.spec.model import ExpressionSource


def unguarded(verified: Verified) -> Unguarded | None:
    """The function and the claim of `verified` without safeguards; None where the function has none."""
    problem = with_formulas(verified).problem
    function, claim = problem.function, problem.claim
    if not isinstance(function, ExpressionFunction) or claim is None:
        return None
    found = _bare(function)
    if not any(guard.edges for guard in found.safeguards):
        return None

    def active(points: Matrix) -> list[str]:
        return found.active(function.variables.split(points), len(points), function.constants)

    free = function_from_expression(found.trees[0], function.variables, function.constants)
    if free.output_shape != function.output_shape:  # a scalar with a Jacobian
        free = as_vector(free, function.output_shape)
    return Unguarded(free, _claim(claim, problem.derivative, function.output_shape), active)


def _bare(function: ExpressionFunction, *, bounds_only: bool = False) -> Bare:
    names = frozenset(function.variables.names)
    return bare(function.trees, names, function.constants, bounds_only=bounds_only)


def _claim(claim: Function, derivative: Derivative, outputs: Shape) -> Function:
    """The claim without safeguards, where it is a formula that has some."""
    if not isinstance(claim, ExpressionFunction):
        return claim
    found = _bare(claim, bounds_only=True)
    if not found.safeguards:
        return claim
    return claim_from_expression(_source(found.trees, claim), claim.variables, claim.constants, derivative, outputs)


def _source(trees: tuple[Node, ...], claim: ExpressionFunction) -> ExpressionSource:
    if len(trees) == len(claim.variables) > 1:
        return ExpressionSource(None, dict(zip(claim.variables.names, trees, strict=True)))
    return ExpressionSource(trees[0])
