"""Points in regions that the borders in f and in the claim make, and that no other point of the evidence lies in.

A branch that is right tells nothing of the others: of where(x > 1, −2x, 2) beside where(x > 1, 2x, 2) each point beyond
1 says that the sign is wrong, and between 0.5 and 1 alone shows that 2x where x + 0.5 > 1 is not right either. Where
a safeguard of f is active, as that of log(maximum(p, 1e-12)), the usual gradient is none of f's, and tells nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from gradverify.core.arrays import Array, Mask, Matrix
from gradverify.core.problem import ExpressionFunction, Problem
from gradverify.expression.evaluate import evaluate_trees
from gradverify.expression.guards import GuardKind, guards
from gradverify.expression.nodes import Node
from gradverify.expression.numpy_arithmetic import NUMPY
from gradverify.expression.safeguards import bare

MOST_DRAWN = 256  # a region that fewer than one in a hundred points lie in is likely missed
MOST_NUMBERS = 400_000  # in all that are drawn
MOST_REGIONS = 8  # each costs a derivative
MOST_BORDERS = 24  # entries of what changes its sign
REACHES = (0.1, 4.0)  # of the listed points' components: between such parts of them points are drawn


def in_other_regions(problem: Problem, points: Matrix) -> Matrix:
    """Points, one in each region that none of `points`, (k, n), lies in: shape (r, n), r at most MOST_REGIONS."""
    n = problem.variables.size
    count = min(MOST_DRAWN, MOST_NUMBERS // max(1, n))
    nothing = np.empty((0, n))
    borders = _borders(problem) if count and len(points) else []
    # Of very many entries that change their signs, every point has a region of its own.
    if not borders or sum(math.prod(node.shape) for _, nodes in borders for node in nodes) > MOST_BORDERS:
        return nothing
    drawn = _drawn(problem, points, count)
    sides = _sides(problem, borders, np.concatenate([points, drawn]))
    seen = {row.tobytes() for row in sides[: len(points)]}
    found: dict[bytes, list[int]] = {}
    for at, row in enumerate(sides[len(points) :]):
        if row.tobytes() not in seen:
            found.setdefault(row.tobytes(), []).append(at)
    largest = sorted(found.values(), key=len, reverse=True)[:MOST_REGIONS]
    return drawn[[rows[0] for rows in largest]] if largest else nothing


def is_between_borders(problem: Problem, points: Matrix, condition: Node, constants: Mapping[str, Array]) -> bool:
    """Whether `condition` holds on one side of borders of f, as far as points around `points`, (k, n), show it.

    One that is made up to be right at all points tried may be another one: x > 2 where none lies between 1 and 2.
    """
    borders = _borders(replace(problem, claim=None))
    drawn = _drawn(problem, points, min(MOST_DRAWN, MOST_NUMBERS // max(1, problem.variables.size)))
    size = math.prod(condition.shape) + sum(math.prod(node.shape) for _, nodes in borders for node in nodes)
    if not len(drawn) or size > MOST_BORDERS:
        return True
    split = problem.variables.split(drawn)
    (found,) = evaluate_trees((condition,), split, NUMPY, len(drawn), constants)
    holds = np.asarray(found).reshape((len(drawn), -1)) != 0
    sides = _sides(problem, borders, drawn) if borders else np.empty((len(drawn), 0), dtype=np.bool_)
    wanted = [column for column in holds.T if column.any() and not column.all()]
    return all(any((side == column).all() or (side != column).all() for side in sides.T) for column in wanted)


def without_safeguards(problem: Problem, points: Matrix) -> Matrix:
    """The `points`, (k, n), at which no safeguard of f is active."""
    f = problem.function
    if not isinstance(f, ExpressionFunction) or not len(points):
        return points
    found = bare(f.trees, frozenset(problem.variables.names), f.constants)
    if not found.safeguards:
        return points
    active = found.active(problem.variables.split(points), len(points), f.constants)
    return points[[not name for name in active]]


def _borders(problem: Problem) -> list[tuple[ExpressionFunction, tuple[Node, ...]]]:
    """What changes its sign at the borders in f, and in the claim."""
    found = []
    for function in (problem.function, problem.claim):
        if isinstance(function, ExpressionFunction):
            around = [guard for tree in function.trees for guard in guards(tree) if guard.kind is not GuardKind.EDGE]
            found.append((function, tuple(dict.fromkeys(guard.node for guard in around))))
    return [(function, nodes) for function, nodes in found if nodes]


def _drawn(problem: Problem, points: Matrix, count: int) -> Matrix:
    """Points about as large as the listed ones, and about 1, with any signs, inside the domain."""
    rng = np.random.default_rng((problem.seed, 11))
    base = points[rng.integers(0, len(points), size=count)]
    low, high = np.log(REACHES)
    out = base * np.exp(rng.uniform(low, high, size=base.shape)) * rng.choice((-1.0, 1.0), size=base.shape)
    out[1::2] = rng.normal(size=out[1::2].shape)
    out = np.where(problem.domain.contains(out), out, base)
    inside: Matrix = out[problem.domain.contains(out).all(axis=1) & (out != base).any(axis=1)]
    return inside


def _sides(problem: Problem, borders: list[tuple[ExpressionFunction, tuple[Node, ...]]], points: Matrix) -> Mask:
    """On which side of each border each of `points`, (k, n), lies: (k, entries)."""
    values, columns = problem.variables.split(points), []
    for function, nodes in borders:
        found = evaluate_trees(nodes, values, NUMPY, len(points), function.constants)
        columns += [np.asarray(part).reshape((len(points), -1)) > 0 for part in found]
    sides: Mask = np.concatenate(columns, axis=1)
    return sides
