"""Kinks in several components at once: is the claim one subgradient, and not a mixture that no side of the kink has?

At a tie of max(x, y) each component may be anything in [0, 1], but (1, 1) is no subgradient: they must add up to 1.
The gradients at random points nearby are vertices of Clarke's subdifferential (Clarke 1983, theorem 2.5.1; gradient
sampling, Burke, Lewis & Overton 2005, SIAM J. Optim. 15(3)). For each pair of components the claim must lie in the
convex hull of those gradients, up to their own change over so short a distance. Pairs are enough to see that components
exclude one another.

Random points find the common vertices only: of a maximum over k tied entries each is the largest at one point in k. So
before a claim is excluded, the vertices that could hold it are looked for where they are: for a convex f the gradient
at x + t·d is the vertex that reaches furthest along d (Rockafellar 1970, theorem 23.5), for a concave one that at
x − t·d, and where f is one in some variables and the other in others, that at x with d's components turned one by one.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations, product

import numpy as np

from gradverify.core.arrays import Array, Matrix, Vector
from gradverify.core.estimates import Kink
from gradverify.core.problem import Problem

SAMPLES = 48  # a pair of independent kinks has 4 vertices: the chance to miss one of them is 4 · 0.75⁴⁸ = 4e-6
DECADES = 3.0  # over which the distances of a point's components are spread
ENOUGH = 12  # of them with a value: what an unlucky choice hides is looked for before anything is excluded
ROUNDS = 3  # of looking for them: what lies within a triangle of vertices is shown to by the third of them
MOST_PAIRS = 12  # for which they are looked for at once
ASIDE = 0.05  # how far the other components are moved, relative to those of a pair: enough to leave their ties
DISTANCE = 1e-5  # of the sampled points, relative to the point's size: near enough for the smooth part to stand still
SLACK = 1e-2  # how far outside the hull, relative to its size, is clearly outside
DIRECTIONS = 64  # in which the hull's support is compared
MOST_COMPONENTS = 12  # kinked components whose pairs are tried


def nearby(point: Vector, problem: Problem, length: Vector) -> Matrix:
    """Points around a kink, inside the domain, shape (k, n) with k at most SAMPLES. `length`: shape (n,), for zeros."""
    rng = np.random.default_rng((problem.seed, 11))
    size = np.where(point != 0, np.abs(point), length)
    shape = (SAMPLES, point.size)
    # On all scales, so that of many tied entries one is clearly the largest: between two that are nearly tied again no
    # backend has a value.
    moves = rng.choice((-1.0, 1.0), size=shape) * 10.0 ** rng.uniform(-DECADES, 0.0, size=shape)
    points = point + DISTANCE * size * moves
    keep = np.all(problem.domain.contains(points), axis=1)
    return np.asarray(points[keep])


def apart(claimed: Vector, kinks: Mapping[int, Kink], gradients: Matrix) -> dict[tuple[int, int], Vector]:
    """The pairs of kinked components whose claimed values lie outside all `gradients`, shape (k, c), together.

    Each with a direction, shape (2,), that separates them.
    """
    usable = np.isfinite(gradients).all(axis=1)
    sampled = gradients[usable]
    if sampled.shape[0] < ENOUGH:
        return {}
    angles = np.linspace(0.0, 2 * np.pi, DIRECTIONS, endpoint=False)
    directions = np.stack([np.cos(angles), np.sin(angles)])
    out: dict[tuple[int, int], Vector] = {}
    for i, j in combinations(sorted(kinks)[:MOST_COMPONENTS], 2):
        direction = _separating(claimed[[i, j]], sampled[:, [i, j]], directions)
        if direction is not None:
            out[i, j] = direction
    return out


def aimed(point: Vector, pairs: Mapping[tuple[int, int], Vector], problem: Problem, length: Vector) -> Matrix:
    """Points near `point`, inside the domain, whose gradients reach furthest along the pairs' directions.

    Shape (k, n) with k at most 4 a pair.
    """
    rng = np.random.default_rng((problem.seed, 12))
    size = np.where(point != 0, np.abs(point), length)
    # An equal length for both of a pair, or the larger variable alone would say where f goes.
    rows = []
    for (i, j), direction in pairs.items():
        both = float(min(size[i], size[j]))
        for signs in product((1.0, -1.0), repeat=2):
            move = ASIDE * size * rng.uniform(-1.0, 1.0, size=point.size)
            move = np.minimum(np.maximum(move, -ASIDE * both), ASIDE * both)
            move[[i, j]] += both * direction * signs
            rows.append(point + DISTANCE * move)
    points = np.array(rows).reshape((-1, point.size))
    return np.asarray(points[np.all(problem.domain.contains(points), axis=1)])


def _separating(value: Vector, vertices: Matrix, directions: Array) -> Vector | None:
    """The direction that separates `value`, shape (2,), most from all `vertices`, (k, 2), where one does clearly."""
    size = float(np.max(np.abs(vertices), initial=0.0))
    beyond = value @ directions - np.max(vertices @ directions, axis=0) - SLACK * size
    furthest = int(np.argmax(beyond))
    return np.asarray(directions[:, furthest]) if beyond[furthest] > 0 else None
