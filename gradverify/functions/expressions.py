"""Expressions as `Function`s: all points at once, on NumPy."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from gradverify.core.arrays import Array
from gradverify.core.assembly import WrongShape, match_shape
from gradverify.core.problem import Derivative, Evaluation, ExpressionFunction, Failure, Observation
from gradverify.core.variables import Shape, Variables
from gradverify.core.verdicts import Fault, NoteKind
from gradverify.expression.evaluate import evaluate_trees
from gradverify.expression.nodes import Node
from gradverify.expression.numpy_arithmetic import NUMPY
from gradverify.spec.model import ExpressionSource


def _values(
    trees: tuple[Node, ...], variables: Variables, constants: Mapping[str, Array], points: Array
) -> list[Array]:
    return evaluate_trees(trees, variables.split(points), NUMPY, points.shape[0], constants)  # silent by itself


def _number_type(points: Array) -> type:
    return np.complex128 if points.dtype.kind == "c" else np.float64


def function_from_expression(tree: Node, variables: Variables, constants: Mapping[str, Array]) -> ExpressionFunction:
    """A function of shape () or (m,); any other shape of one component counts as a scalar."""
    shape: Shape = tree.shape if len(tree.shape) <= 1 else (math.prod(tree.shape),)

    trees = (tree,)

    def run(points: Array) -> Evaluation:
        (value,) = _values(trees, variables, constants, points)
        return Evaluation(np.asarray(value, dtype=_number_type(points)).reshape((points.shape[0], *shape)))

    return ExpressionFunction(trees, variables, dict(constants), shape, run)


def claim_from_expression(
    source: ExpressionSource,
    variables: Variables,
    constants: Mapping[str, Array],
    derivative: Derivative,
    outputs: Shape,
) -> ExpressionFunction:
    """A claimed derivative; where a static shape cannot be read as the derivative's, every row fails with both."""
    n = variables.size
    lead = outputs if derivative is Derivative.JACOBIAN else ()
    shape: Shape = (n, n) if derivative is Derivative.HESSIAN else (*lead, n)
    what = f"the claimed {derivative.value}"
    notes: list[str] = []
    problem: str | None = None
    trees: tuple[Node, ...]
    targets: list[Shape]
    if source.whole is not None:
        trees, targets = (source.whole,), [shape]
        only = variables.items[0] if len(variables) == 1 else None
        natural = shape if only is None or derivative is Derivative.HESSIAN else (*lead, *only.shape)
        if derivative is Derivative.HESSIAN and only is not None and trees[0].shape != shape:
            natural = (*only.shape, *only.shape)
        wanted = [(trees[0].shape, natural, what)]
    else:
        given = source.by_variable or {}
        trees = tuple(given[v.name] for v in variables)
        rows = (n,) if derivative is Derivative.HESSIAN else lead
        targets = [(*rows, v.size) for v in variables]
        wanted = [(given[v.name].shape, (*rows, *v.shape), f"{what} for `{v.name}`") for v in variables]
    try:
        notes = [note for actual, meant, label in wanted if (note := match_shape(actual, meant, label))]
    except WrongShape as error:
        problem = str(error)

    def run(points: Array) -> Evaluation:
        rows = points.shape[0]
        if problem is not None:
            failures = tuple(Failure(row, problem, fault=Fault.WRONG_SHAPE) for row in range(rows))
            return Evaluation(np.full((rows, *shape), np.nan), failures)
        parts = [
            value.reshape((rows, *target))
            for value, target in zip(_values(trees, variables, constants, points), targets, strict=True)
        ]
        value: Array = np.concatenate(parts, axis=-1, dtype=_number_type(points), casting="unsafe")
        observed = tuple(Observation(NoteKind.CONVENTION, note) for note in notes)
        return Evaluation(value, observations=observed)

    return ExpressionFunction(trees, variables, dict(constants), shape, run)
