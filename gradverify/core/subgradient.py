"""Kinks in several components at once: is the claim one subgradient, and not a mixture that no side of the kink has?

At a tie of max(x, y) each component may be anything in [0, 1], but (1, 1) is no subgradient: they must add up to 1.
The gradients at random points nearby are vertices of Clarke's subdifferential (Clarke 1983, theorem 2.5.1; gradient
sampling, Burke, Lewis & Overton 2005, SIAM J. Optim. 15(3)). For each pair of components the claim must lie in the
convex hull of those gradients, up to their own change over so short a distance. Pairs are enough to see that components
exclude one another, and their hulls have so few vertices that random points find them all.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import numpy as np

from gradverify.core.arrays import Array, Matrix, Vector
from gradverify.core.estimates import Kink
from gradverify.core.problem import Problem

SAMPLES = 48  # a pair of independent kinks has 4 vertices: the chance to miss one of them is 4 · 0.75⁴⁸ = 4e-6
DISTANCE = 1e-5  # of the sampled points, relative to the point's size: near enough for the smooth part to stand still
SLACK = 1e-2  # how far outside the hull, relative to its size, is clearly outside
DIRECTIONS = 64  # in which the hull's support is compared
MOST_COMPONENTS = 12  # kinked components whose pairs are tried


def nearby(point: Vector, problem: Problem, length: Vector) -> Matrix:
    """Points around a kink, inside the domain, shape (k, n) with k at most SAMPLES. `length`: shape (n,), for zeros."""
    rng = np.random.default_rng((problem.seed, 11))
    size = np.where(point != 0, np.abs(point), length)
    points = point + DISTANCE * size * rng.uniform(-1.0, 1.0, size=(SAMPLES, point.size))
    keep = np.all(problem.domain.contains(points), axis=1)
    return np.asarray(points[keep])


def excluded(claimed: Vector, kinks: Mapping[int, Kink], gradients: Matrix) -> list[int]:
    """The kinked components whose claimed values no subgradient has together; `gradients` of shape (k, c)."""
    usable = np.isfinite(gradients).all(axis=1)
    sampled = gradients[usable]
    if sampled.shape[0] < SAMPLES // 2:
        return []
    angles = np.linspace(0.0, 2 * np.pi, DIRECTIONS, endpoint=False)
    directions = np.stack([np.cos(angles), np.sin(angles)])
    out: set[int] = set()
    for i, j in combinations(sorted(kinks)[:MOST_COMPONENTS], 2):
        if _outside(claimed[[i, j]], sampled[:, [i, j]], directions):
            out |= {i, j}
    return sorted(out)


def _outside(value: Vector, vertices: Matrix, directions: Array) -> bool:
    """Whether a direction separates `value`, shape (2,), from all `vertices`, shape (k, 2), clearly."""
    support = np.max(vertices @ directions, axis=0)
    size = float(np.max(np.abs(vertices), initial=0.0))
    return bool((value @ directions > support + SLACK * size).any())
