"""Level sets of a function of two variables: marching squares on a grid of its values.

Lorensen & Cline 1987, in two dimensions; an ambiguous cell is cut according to the mean of its corners.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence

# Parts of the grid's area that the level sets enclose: even steps show slopes and valleys, the first the minimum.
# Smaller parts would be finer than the grid.
SHARES = (0.015, *(0.05 + 0.1 * i for i in range(10)))
Point = tuple[float, float]
Edge = tuple[int, int, bool]  # row, column, whether it runs along the row


def levels(grid: Sequence[Sequence[float]]) -> list[float]:
    """Values below which f is in the SHARES of the grid's area; rising, each once."""
    values = sorted(v for row in grid for v in row if math.isfinite(v))
    if not values or values[0] == values[-1]:
        return []
    found = [values[int(share * len(values))] for share in SHARES]
    return sorted({v for v in found if values[0] < v < values[-1]})


def contours(grid: Sequence[Sequence[float]], at: Sequence[float]) -> list[list[list[Point]]]:
    """The lines on which the grid has each of the values `at`, which rise; in units of columns and rows."""
    ends: list[dict[Edge, list[Edge]]] = [{} for _ in at]
    for i in range(len(grid) - 1):
        row, following = grid[i], grid[i + 1]
        for j in range(len(row) - 1):
            corners = row[j], row[j + 1], following[j + 1], following[j]
            if not math.isfinite(sum(corners)):
                continue
            # Few cells are cut by any level, and most of those by one.
            for number in range(bisect_left(at, min(corners)), bisect_left(at, max(corners))):
                for a, b in _cell(corners, i, j, at[number]):
                    ends[number].setdefault(a, []).append(b)
                    ends[number].setdefault(b, []).append(a)
    return [
        [[_crossing(grid, edge, level) for edge in line] for line in _chains(found)]
        for level, found in zip(at, ends, strict=True)
    ]


def _cell(corners: tuple[float, float, float, float], i: int, j: int, level: float) -> list[tuple[Edge, Edge]]:
    """The pairs of edges of one cell that the line connects."""
    above = [corner > level for corner in corners]
    edges: tuple[Edge, ...] = ((i, j, True), (i, j + 1, False), (i + 1, j, True), (i, j, False))
    cut = [edge for k, edge in enumerate(edges) if above[k] != above[(k + 1) % 4]]
    if len(cut) == 2:
        return [(cut[0], cut[1])]
    if len(cut) < 4:
        return []
    centre = sum(c / 4 for c in corners) > level
    # Equal corners lie across: the line parts those that differ from the centre.
    first = [(cut[0], cut[1]), (cut[2], cut[3])]
    return first if above[0] == centre else [(cut[3], cut[0]), (cut[1], cut[2])]


def _crossing(grid: Sequence[Sequence[float]], edge: Edge, level: float) -> Point:
    i, j, along = edge
    here, there = grid[i][j], grid[i][j + 1] if along else grid[i + 1][j]
    part = (level - here) / (there - here) if math.isfinite(there - here) else 0.5
    return (j + part, float(i)) if along else (float(j), i + part)


def _chains(ends: dict[Edge, list[Edge]]) -> list[list[Edge]]:
    """The segments joined into lines; open ones first, from end to end."""
    lines = []
    for start in sorted(ends, key=lambda edge: (len(ends[edge]) != 1, edge)):
        while ends[start]:
            line = [start]
            while ends[line[-1]]:
                following = ends[line[-1]].pop()
                ends[following].remove(line[-1])
                line.append(following)
            lines.append(line)
    return lines
