"""Where exactly one decision of a formula hangs in the balance.

At a point where several non-smooth parts of f are tied at once, automatic differentiation's usual rules, such as
relu'(0) = 0, give values that are no subgradient of f although every part is right (Kakade & Lee 2018, "Provably
correct automatic subdifferentiation"). Where a single one is tied, they are subgradients, and a claim that is none is
wrong.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gradverify.core.arrays import Array, Mask, Matrix
from gradverify.core.problem import ExpressionFunction, Function
from gradverify.expression.evaluate import evaluate_tree
from gradverify.expression.guards import decisions
from gradverify.expression.nodes import Compare, Comparison, Node
from gradverify.expression.numpy_arithmetic import NUMPY


def single_ties(function: Function, points: Matrix) -> Mask:
    """At which of `points`, shape (k, n), one entry of one part of the formula is tied; shape (k,). False for code.

    Parts that are written the same way decide the same way, and count once.
    """
    return np.asarray(_count(function, points) == 1)


def single_values(function: Function, points: Matrix) -> Mask:
    """At which of `points`, shape (k, n), `==` or `!=` in the formula picks out a value of its own; False for code."""
    return np.asarray(_count(function, points, _is_equality) > 0)


def _is_equality(part: Node) -> bool:
    return isinstance(part, Compare) and part.operator in (Comparison.EQ, Comparison.NE)


def _count(function: Function, points: Matrix, counts: Callable[[Node], bool] | None = None) -> Array:
    """How many entries of the parts that count are tied at each point, shape (k,)."""
    rows = points.shape[0]
    ties = np.zeros(rows, dtype=np.int64)
    if not isinstance(function, ExpressionFunction):
        return ties
    found = {
        decision for tree in function.trees for decision in decisions(tree) if counts is None or counts(decision[0])
    }
    values = function.variables.split(points) if found else {}
    for _, guard in found:
        with np.errstate(all="ignore"):
            value = np.asarray(evaluate_tree(guard, values, NUMPY, rows, function.constants))
        ties += (value == 0).reshape(rows, -1).sum(axis=1)
    return ties
