"""Does a claim jump on the way from one point to another: where something begins there, or beyond?

A branch that an author has written shows so, wherever its border lies.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gradverify.core.arrays import Matrix, Vector
from gradverify.core.problem import Function
from gradverify.core.values import values_of

HALVINGS = 60  # of the way to where something begins: down to neighbouring doubles
# Of the way: where the claim is looked at on both sides of the border, and three times as far. A smooth claim moves
# between the nearer two no more than a fraction of what it moves between either and the farther one; one that is 1/x at
# 0, one and a half times as much.
BESIDE = 1e-6
JUMPS = 100.0
LEAST_JUMP = 1e-3  # relative to the larger value
SAMPLES = 64  # of the claim on its way through a region, between two of which it may jump: a convention
MOST_STEEP = 4  # such places that are looked at
HALVINGS_OF_A_SAMPLE = 20  # down to where the claim jumps: to a hundredth of `BESIDE`


def branches(claim: Function, start: Vector, end: Vector, is_beyond: Callable[[Vector], bool]) -> bool:
    """Whether the claim jumps on the way from `start` to `end`, where that is first beyond something or later."""
    border = border_before(start, end, is_beyond)
    return _jumps_at(claim, border, start, end) or any(
        _jumps_at(claim, at, start, end) for at in _steepest(claim, border, start, end)
    )


def border_before(start: Vector, end: Vector, is_beyond: Callable[[Vector], bool]) -> float:
    """How much of the way from `start` to `end` one goes before a point is beyond, as `end` is."""
    low, high = 0.0, 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        if is_beyond(start + middle * (end - start)):
            high = middle
        else:
            low = middle
    return low


def jumps(values: Matrix) -> bool:
    """Whether a claim jumps between the second and the third of its `values`, (4 or more, c), on one line: the first
    and the fourth are three times as far from the border."""
    jump = np.abs(values[2] - values[1])
    steady = np.abs(values[1] - values[0]) + np.abs(values[3] - values[2])
    found = (jump > JUMPS * steady) & (jump > LEAST_JUMP * np.maximum(np.abs(values[1]), np.abs(values[2])))
    return bool(found.any())


def around(at: float) -> Vector | None:
    """Where the claim is looked at, for a jump at a part of a way: four parts; None where some lie outside of it."""
    ways: Vector = at + BESIDE * np.array([-3.0, -1.0, 1.0, 3.0])
    return None if ways[0] < 0 or ways[-1] > 1 else ways


def _jumps_at(claim: Function, at: float, start: Vector, end: Vector) -> bool:
    """Whether the claim jumps at a part of the way from `start` to `end`."""
    ways = around(at)
    if ways is None:
        return False
    values = values_of(claim, start + ways[:, None] * (end - start))
    return bool(np.isfinite(values).all() and jumps(values))


def _steepest(claim: Function, border: float, start: Vector, end: Vector) -> list[float]:
    """Where the claim changes more than on both sides, between `border` and `end`: parts of the way there."""
    way = end - start
    ways = border + (1.0 - border) * np.linspace(0.0, 1.0, SAMPLES + 1)
    with np.errstate(all="ignore"):
        changes = np.abs(np.diff(values_of(claim, start + ways[:, None] * way), axis=0))
        standing_out = changes[1:-1] - np.maximum(changes[:-2], changes[2:])
    rows, components = np.nonzero(standing_out > 0)
    most = np.argsort(-standing_out[rows, components], kind="stable")[:MOST_STEEP]
    found: list[float] = []
    for row, component in zip((rows[most] + 1).tolist(), components[most].tolist(), strict=True):
        low, high = float(ways[row]), float(ways[row + 1])
        first, last = values_of(claim, start + np.array([[low], [high]]) * way)[:, component]
        for _ in range(HALVINGS_OF_A_SAMPLE):
            middle = (low + high) / 2
            between = values_of(claim, (start + middle * way)[None])[0, component]
            with np.errstate(all="ignore"):
                earlier = abs(between - first) > abs(last - between)
            low, high, first, last = (low, middle, first, between) if earlier else (middle, high, between, last)
        found.append(low)
    return found
