"""Functions in Python by the formulas that their source spells, for whoever explains a wrong claim.

A verdict never rests on them: the function is what it computes. But its likely mistake is found in formulas, and those
count here where they give the function's own values at the points and around them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from gradverify.core.answers import Ask
from gradverify.core.arrays import Array, Matrix
from gradverify.core.problem import CallableFunction, Derivative, ExpressionFunction, Function, Problem
from gradverify.core.report import Diagnosis
from gradverify.core.values import flat
from gradverify.core.variables import Shape, Variables
from gradverify.core.verify import Verified
from gradverify.expression.nodes import Node
from gradverify.functions.expressions import claim_from_expression, function_from_expression
from gradverify.functions.formulas import formula_of
from gradverify.spec.model import ExpressionSource

if TYPE_CHECKING:
    from gradverify.core.diagnosis.terms import PartFunction

PYTHON = "python"
MOST_POINTS = 8  # at which values are compared, and as many around them
AROUND = 0.3  # of the components: as far as those lie
# What a formula may differ by from the code that spells it, relatively: the order of additions.
SAME = 1e-9
MOST_COMPONENTS = 200  # of the variables together: a longer formula tells nobody anything


def diagnosed(
    verified: Verified, ask: Ask, constants: Mapping[str, Array], right: Verified | None = None
) -> list[Diagnosis]:
    """The likely mistakes, by the formulas that the spec or the code spells. constants: the spec's."""
    from gradverify.core.diagnosis import diagnose  # what most runs do not need

    spelled = with_formulas(verified)
    return diagnose(spelled, ask, _parts_of(spelled.problem, constants), right)


def _parts_of(problem: Problem, of_the_spec: Mapping[str, Array]) -> PartFunction:
    """What makes functions of parts of f's tree."""
    function = problem.function
    own = function.constants if isinstance(function, ExpressionFunction) else {}  # a rule's parts bring their own

    def make(
        node: Node, variables: Variables | None = None, constants: Mapping[str, Array] | None = None
    ) -> ExpressionFunction:
        held = {**own, **of_the_spec} if constants is None else constants
        return function_from_expression(node, variables or problem.variables, held)

    return make


def with_formulas(verified: Verified) -> Verified:
    """The same with the function and the claim as expressions, as far as their source spells such."""
    problem = verified.problem
    if problem.variables.size > MOST_COMPONENTS or not verified.judged:
        return verified
    points = _points(problem, verified.points)
    function, claim = _function(problem, points), _claim(problem, points)
    if function is None and claim is None:
        return verified
    return replace(
        verified, problem=replace(problem, function=function or problem.function, claim=claim or problem.claim)
    )


def _points(problem: Problem, points: Matrix) -> Matrix:
    some = points[:MOST_POINTS]
    rng = np.random.default_rng(problem.seed)
    around = some + AROUND * rng.uniform(-1.0, 1.0, size=some.shape) * np.where(some != 0, np.abs(some), 1.0)
    inside = problem.domain.contains(around)
    return np.concatenate([some, np.where(inside, around, some)])


def _function(problem: Problem, points: Matrix) -> Function | None:
    function = problem.function
    if not isinstance(function, CallableFunction) or function.kind != PYTHON:
        return None
    part = 0 if function.returns_value_and_gradient else None
    formula = formula_of(function.callable, problem.variables, function.constants, part=part)
    if formula is None:
        return None
    found = function_from_expression(formula.trees[0], problem.variables, formula.constants)
    return found if found.output_shape == function.output_shape and _same(found, function, points) else None


def _claim(problem: Problem, points: Matrix) -> Function | None:
    found = spelled_claim(problem.claim, problem.variables, problem.derivative, problem.function.output_shape)
    return found if found is not None and problem.claim is not None and _same(found, problem.claim, points) else None


def spelled_claim(
    claim: Function | None, variables: Variables, derivative: Derivative, outputs: Shape
) -> ExpressionFunction | None:
    """The formula that a claim's source spells; None where it spells none. Whether it is the claim's is not asked."""
    if not isinstance(claim, CallableFunction) or claim.kind != PYTHON or variables.size > MOST_COMPONENTS:
        return None
    part = 1 if claim.returns_value_and_gradient else None
    formula = formula_of(claim.callable, variables, claim.constants, part=part, by_variable=True)
    if formula is None:
        return None
    if len(formula.trees) == len(variables) > 1:
        source = ExpressionSource(None, dict(zip(variables.names, formula.trees, strict=True)))
    else:
        source = ExpressionSource(formula.trees[0])
    return claim_from_expression(source, variables, formula.constants, derivative, outputs)


def spelled(problem: Problem) -> Callable[[Matrix], ExpressionFunction | None]:
    """What `Problem.spelled` is: the source is read once, and held against the claim at the points of each question."""
    read = cache(
        lambda: spelled_claim(problem.claim, problem.variables, problem.derivative, problem.function.output_shape)
    )

    def at(points: Matrix) -> ExpressionFunction | None:
        found = read()
        ours = found is not None and problem.claim is not None and _same(found, problem.claim, _points(problem, points))
        return found if ours else None

    return at


def _same(found: Function, function: Function, points: Matrix) -> bool:
    """Whether both have the same values, and have them at the same points."""
    one, other = flat(found.evaluate(points).values), flat(function.evaluate(points).values)
    if one.shape != other.shape:
        return False
    finite: Array = np.isfinite(other)
    if not finite.any() or (np.isfinite(one) != finite).any():
        return False
    with np.errstate(all="ignore"):
        size = np.max(np.where(finite, np.abs(other), 0.0), axis=1, keepdims=True)
        near = ~finite | (np.abs(one - other) <= SAME * size)
    return bool(near.all())
