"""Is a gap that round-off could make really there? A formula answers in long doubles, whose round-off is smaller.

1 − tanh(x)² has no digits left at x = 18: its value in long doubles is another one. 24/r⁷ at r = 50 is as small beside
its values at 1, and has all its digits: what it is off by is a fault.
"""

from __future__ import annotations

import math

import numpy as np

from gradverify.core.arrays import Mask, Matrix
from gradverify.core.problem import ExpressionFunction, Problem
from gradverify.expression.nodes import Call
from gradverify.expression.walk import walk
from gradverify.expression.written_zeros import written_zeros

IN_DOUBLES = frozenset(("erf", "erfc", "gammaln", "digamma"))  # whatever their argument is
NEAR = 0.1  # of the gap: two values that are so near are off by the same
# The square of less is 0: code that answers with 0 before exp(-x) overflows leaves out what no norm of a gradient sees.
UNSEEN = math.sqrt(np.finfo(np.float64).tiny)


def holds(problem: Problem, points: Matrix, claimed: Matrix, gap: Matrix) -> Mask:
    """Where the claim's value, (k, c) at `points`, is the same in long doubles, but for a small part of `gap`.

    A value of 0 tells nothing, unless its text says so: what has cancelled altogether may do so in both.
    """
    written, claim = zero_by_its_text(problem, points, claimed) & (gap > UNSEEN), problem.claim
    if not isinstance(claim, ExpressionFunction) or np.finfo(np.longdouble).eps >= np.finfo(np.float64).eps:
        return written
    if any(isinstance(part, Call) and part.function in IN_DOUBLES for tree in claim.trees for part in walk(tree)):
        return written
    with np.errstate(all="ignore"):
        found = claim.evaluate(points.astype(np.longdouble))
        if found.failures:
            return written
        values = found.values.reshape(claimed.shape)  # rounded to doubles at the end
        same: Mask = (claimed != 0) & (np.abs(values - claimed) <= NEAR * gap)
    return same | written


def zero_by_its_text(problem: Problem, points: Matrix, claimed: Matrix) -> Mask:
    """Where the claim, (k, c) at `points`, is 0 since its formula or its code says so, and not for want of digits."""
    nowhere = np.zeros(claimed.shape, dtype=np.bool_)
    if not (claimed == 0).any():
        return nowhere
    claim = problem.claim if isinstance(problem.claim, ExpressionFunction) else problem.spelled(points)
    if claim is None:
        return nowhere
    jacobian = len(claim.trees) > 1 and len(claim.output_shape) > 1  # whose columns are given one by one
    if jacobian or not any(_chooses(part) for tree in claim.trees for part in walk(tree)):
        return nowhere
    found = written_zeros(claim.trees, claim.variables.split(points), len(points), claim.constants)
    return (claimed == 0) & found if found.shape == claimed.shape else nowhere


def _chooses(part: object) -> bool:
    return isinstance(part, Call) and part.function == "where"
