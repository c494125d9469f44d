"""A function and its claim without their safeguards, by the formulas that the spec or the code spells, or by calls.

A claim is not excused by a formula that the code might not be: what is read from code counts where it has the code's
own values, as for the diagnosis. Code that spells no formula is called with arrays that pass safeguards by.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradverify.core.arrays import Matrix, Vector
from gradverify.core.problem import CallableFunction, ExpressionFunction, Function
from gradverify.core.safeguarded import Subjects, Unguarded
from gradverify.core.verify import Verified
from gradverify.expression.nodes import Node
from gradverify.expression.safeguards import Bare, bare
from gradverify.functions.build import as_vector
from gradverify.functions.callables import (
    CAUGHT,
    arguments,
    claim_from_callable,
    fresh_constants,
    function_from_callable,
)
from gradverify.functions.expressions import claim_from_expression, function_from_expression
from gradverify.functions.unbounded import Unbounded
from gradverify.run.formulas import MOST_COMPONENTS, MOST_POINTS, PYTHON, SAME, with_formulas
from gradverify.spec.model import ExpressionSource

WATCHED = "watched"  # the kind of a function that no backend can trace


def unguarded(verified: Verified) -> Unguarded | None:
    """The function and the claim of `verified` without safeguards; None where the function has none."""
    problem = with_formulas(verified).problem
    function, claim = problem.function, problem.claim
    if claim is None:
        return None
    if isinstance(function, CallableFunction):
        return _of_code(function, claim, verified)
    if not isinstance(function, ExpressionFunction):
        return None
    found = _bare(function)
    ordinary = function.variables.split(verified.points), len(verified.points), function.constants
    stay = frozenset((g.source, g.upper) for g in found.safeguards if not found.is_clear(g, *ordinary))
    if stay:
        found = _bare(function, kept=stay)
    if not any(guard.edges for guard in found.safeguards):
        return None

    def active(points: Matrix) -> list[str]:
        return found.active(function.variables.split(points), len(points), function.constants)

    free = function_from_expression(found.trees[0], function.variables, function.constants)
    if free.output_shape != function.output_shape:  # a scalar with a Jacobian
        free = as_vector(free, function.output_shape)

    def subjects(points: Matrix) -> list[Subjects]:
        found_at = found.subjects(function.variables.split(points), len(points), function.constants)
        return [[(value[row], changed[row]) for value, changed in found_at] for row in range(len(points))]

    return Unguarded(free, _claim(claim, verified), active, subjects)


def _of_code(function: CallableFunction, claim: Function, verified: Verified) -> Unguarded | None:
    """The same for code that is no formula, called with arrays that watch for bounds."""
    unbounded = _unbounded(function, verified)
    if unbounded is None:
        return None

    def active(points: Matrix) -> list[str]:
        return [unbounded.active(point, function.variables, function.constants) for point in points]

    free = function_from_callable(
        unbounded, function.variables, function.constants, function.output_shape, kind=WATCHED,
        value_of_pair=function.returns_value_and_gradient,
    )  # fmt: skip

    def subjects(points: Matrix) -> list[Subjects]:
        return [unbounded.subjects(point, function.variables, function.constants) for point in points]

    return Unguarded(free, _claim(claim, verified), active, subjects)


def _unbounded(function: CallableFunction, verified: Verified, *, bounds_only: bool = False) -> Unbounded | None:
    """The callable with safeguards passed by, where it has any and is the same otherwise."""
    if function.kind != PYTHON or verified.problem.variables.size > MOST_COMPONENTS:
        return None
    unbounded = Unbounded(function.callable, bounds_only=bounds_only)
    points = verified.points[:MOST_POINTS]

    def called(one: Callable[..., Any], point: Vector) -> Any:
        return one(*arguments(point, function.variables), **fresh_constants(function.constants))

    try:
        if not unbounded.learn(points, function.variables, function.constants):
            return None
        if not all(_same(called(unbounded, point), called(function.callable, point)) for point in points):
            return None
    except CAUGHT:
        return None
    return unbounded


def _same(one: Any, other: Any) -> bool:
    """Whether two results hold the same numbers, in the same places, but for round-off: powers of an array and of a
    number are not computed alike."""
    if isinstance(other, (list, tuple)):
        return isinstance(one, (list, tuple)) and len(one) == len(other) and all(map(_same, one, other))
    if isinstance(other, dict):
        return isinstance(one, dict) and one.keys() == other.keys() and all(_same(one[k], other[k]) for k in other)
    if np.shape(one) != np.shape(other):
        return False
    with np.errstate(all="ignore"):
        return bool(np.allclose(one, other, rtol=SAME, atol=0.0, equal_nan=True))


def _bare(
    function: ExpressionFunction, *, bounds_only: bool = False, kept: frozenset[tuple[Node, bool]] = frozenset()
) -> Bare:
    names = frozenset(function.variables.names)
    return bare(function.trees, names, function.constants, bounds_only=bounds_only, kept=kept)


def _claim(claim: Function, verified: Verified) -> Function:
    """The claim without safeguards, where it has some."""
    derivative, outputs = verified.problem.derivative, verified.problem.function.output_shape
    if isinstance(claim, CallableFunction):
        unbounded = _unbounded(claim, verified, bounds_only=True)
        if unbounded is None:
            return claim
        return claim_from_callable(
            unbounded, claim.variables, claim.constants, derivative, outputs, kind=WATCHED,
            gradient_of_pair=claim.returns_value_and_gradient,
        )  # fmt: skip
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
