"""f on a grid around the descents of a function of two variables, for a figure of its level sets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradverify.core.arrays import Matrix, Vector
from gradverify.core.problem import Domain
from gradverify.core.report import DescentRun

SIDE = 61  # points along each axis: level sets look smooth, and a Python function answers in a moment
SPREAD = 1.5  # iterates farther from the best one than this times the farthest start are left out of the picture
PADDING = 0.12  # of the range, free around the iterates
SQUARE = 4.0  # up to this ratio of ranges both axes get the same one: right angles then look right
DIGITS = 6  # significant ones of the values that the report keeps


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle: its lower and upper corner, shape (2,) each."""

    low: Vector
    high: Vector

    def points(self) -> Matrix:
        """The grid, shape (SIDE², 2), row by row: the second variable is the slow one."""
        x, y = (np.linspace(self.low[i], self.high[i], SIDE) for i in (0, 1))
        grid = np.meshgrid(x, y)
        return np.stack([grid[0].ravel(), grid[1].ravel()], axis=1)


def box_around(runs: Sequence[DescentRun]) -> Box | None:
    """Where the descents happen: around the best iterate, as far as the starts are; None where nothing is finite."""
    ways = [np.array(run.trajectory, dtype=np.float64) for run in runs if run.trajectory]
    ways = [way[np.isfinite(way).all(axis=1)] for way in ways]
    ways = [way for way in ways if len(way)]
    if not ways:
        return None
    finals = [
        (run.final_value, run.final_point) for run in runs if np.isfinite((run.final_value, *run.final_point)).all()
    ]
    best = np.array(min(finals)[1]) if finals else ways[0][0]
    reach = max(float(np.max(np.abs(way[0] - best))) for way in ways)
    if reach == 0.0:
        reach = max(1.0, float(np.max(np.abs(best)))) * PADDING
    with np.errstate(all="ignore"):
        every = np.concatenate([*ways, best[None, :]])
        near = every[np.max(np.abs(every - best), axis=1) <= SPREAD * reach]
        low, high = near.min(axis=0), near.max(axis=0)
        span = np.maximum(high - low, reach * PADDING)
        if span.max() <= SQUARE * span.min():
            span[:] = span.max()
        middle = (low + high) / 2
        low, high = middle - span * (0.5 + PADDING), middle + span * (0.5 + PADDING)
    return Box(low, high) if np.isfinite(high - low).all() and (low < high).all() else None


def level_sets(box: Box, domain: Domain, evaluate: Callable[[Matrix], Vector]) -> dict[str, Any]:
    """f on the grid as JSON values; NaN outside the domain, where f is not evaluated."""
    points = box.points()
    values = np.full(len(points), np.nan)
    inside = domain.contains(points).all(axis=1)
    if inside.any():
        values[inside] = evaluate(points[inside])
    rows = [[float(f"{v:.{DIGITS}g}") for v in row] for row in values.reshape((SIDE, SIDE)).tolist()]
    return {
        "x": [float(box.low[0]), float(box.high[0])], "y": [float(box.low[1]), float(box.high[1])], "f": rows,
    }  # fmt: skip
