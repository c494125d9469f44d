"""How the trees of a claim make the entries of the derivative."""

from __future__ import annotations

from gradverify.plugin import Derivative, ExpressionFunction, Problem, Shape


def claim_targets(problem: Problem) -> list[Shape] | None:
    """The shape in which each tree's values are joined along the last axis; None where they do not fit."""
    claim = problem.claim
    if not isinstance(claim, ExpressionFunction):
        return None
    variables = problem.variables
    lead: Shape = problem.shape[:-1]
    if len(claim.trees) == len(variables) and len(claim.trees) > 1:
        wanted = [(*lead, *v.shape) for v in variables]
        targets: list[Shape] = [(*lead, v.size) for v in variables]
    elif len(claim.trees) == 1:
        only = variables.items[0].shape if len(variables) == 1 else None
        hessian = problem.derivative is Derivative.HESSIAN
        natural = problem.shape if only is None else (*only, *only) if hessian else (*lead, *only)
        wanted, targets = [natural], [problem.shape]
        if claim.trees[0].shape == problem.shape:
            wanted = [problem.shape]
    else:
        return None
    if any(not _fits(tree.shape, shape) for tree, shape in zip(claim.trees, wanted, strict=True)):
        return None
    return targets


def _fits(actual: Shape, wanted: Shape) -> bool:
    """The same but for axes of length 1."""
    return actual == wanted or [a for a in actual if a != 1] == [a for a in wanted if a != 1]
