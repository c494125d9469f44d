"""Where exactly one decision of a formula hangs in the balance.

At a point where several non-smooth parts of f are tied at once, automatic differentiation's usual rules, such as
relu'(0) = 0, give values that are no subgradient of f although every part is right (Kakade & Lee 2018, "Provably
correct automatic subdifferentiation"). Where a single one is tied, they are subgradients, and a claim that is none is
wrong.
"""

from __future__ import annotations

import numpy as np

from gradverify.core.arrays import Mask, Matrix
from gradverify.core.problem import ExpressionFunction, Function
from gradverify.expression.evaluate import evaluate_tree
from gradverify.expression.guards import decisions
from gradverify.expression.numpy_arithmetic import NUMPY


def single_ties(function: Function, points: Matrix) -> Mask:
    """At which of `points`, shape (k, n), one entry of one part of the formula is tied; shape (k,). False for code.

    Parts that are written the same way decide the same way, and count once.
    """
    rows = points.shape[0]
    if not isinstance(function, ExpressionFunction):
        return np.zeros(rows, dtype=np.bool_)
    ties = np.zeros(rows, dtype=np.int64)
    values = function.variables.split(points)
    for _, guard in {decision for tree in function.trees for decision in decisions(tree)}:
        with np.errstate(all="ignore"):
            value = np.asarray(evaluate_tree(guard, values, NUMPY, rows, function.constants))
        ties += (value == 0).reshape(rows, -1).sum(axis=1)
    return np.asarray(ties == 1)
