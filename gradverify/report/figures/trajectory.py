"""A descent's way over the level sets of a function of two variables."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from gradverify.report.figures.contours import contours, levels
from gradverify.report.figures.frame import Canvas, Figure, dots, figure, polyline
from gradverify.report.figures.scales import linear
from gradverify.report.markup import element

MOST_VERTICES = 400
FEW_ITERATES = 60  # each gets a dot
SQUARE = Canvas(400.0, 402.0)  # its window is one, so that equal units look equal where the ranges are
LARGEST_GRID = 200  # rows or columns


@dataclass(frozen=True)
class Grid:
    """f on a grid: values[i][j] at (x[j], y[i]) with x and y evenly spaced between their ends."""

    x: tuple[float, float]
    y: tuple[float, float]
    values: tuple[tuple[float, ...], ...]

    @cached_property
    def lines(self) -> list[list[tuple[float, float]]]:
        """The level sets, in units of x and y; several descents are drawn over them."""
        columns, rows = len(self.values[0]) - 1, len(self.values) - 1
        (x0, x1), (y0, y1) = self.x, self.y
        return [
            [(x0 + (x1 - x0) * u / columns, y0 + (y1 - y0) * v / rows) for u, v in line]
            for found in contours(self.values, levels(self.values))
            for line in found
        ]


def read_grid(data: object) -> Grid | None:
    """What a descent's details hold as `contours`; None for anything else."""
    if not isinstance(data, Mapping):
        return None
    x, y, rows = _row(data.get("x")), _row(data.get("y")), data.get("f")
    if x is None or y is None or len(x) != 2 or len(y) != 2 or not isinstance(rows, Sequence) or isinstance(rows, str):
        return None
    read = [_row(row) for row in rows[:LARGEST_GRID]]
    values = tuple(row for row in read if row is not None)
    if len(values) < 2 or len(values) != len(read) or len({len(row) for row in values}) != 1 or len(values[0]) < 2:
        return None
    if not (x[0] < x[1] and y[0] < y[1] and all(map(math.isfinite, (*x, *y)))):
        return None
    return Grid((x[0], x[1]), (y[0], y[1]), values)


def _row(data: object) -> tuple[float, ...] | None:
    if not isinstance(data, Sequence) or isinstance(data, str):
        return None
    numbers = []
    for item in data[:LARGEST_GRID]:
        if item in ("nan", "inf", "-inf"):
            numbers.append(math.nan)
        elif isinstance(item, (int, float)) and not isinstance(item, bool) and abs(item) < 1e300:
            numbers.append(float(item))
        else:
            return None
    return tuple(numbers)


def trajectory_figure(
    points: Sequence[Sequence[float]], names: tuple[str, str], title: str, grid: Grid | None, canvas: Canvas = SQUARE
) -> Figure | None:
    """The iterates in the plane of the two variables, over contours where there is a grid of f."""
    way = [(p[0], p[1]) for p in points if len(p) == 2 and math.isfinite(p[0]) and math.isfinite(p[1])]
    if not way:
        return None
    if grid is not None:
        x, y = linear(grid.x, *canvas.x, margin=0.0), linear(grid.y, *canvas.y, margin=0.0)
    else:
        x, y = linear([p[0] for p in way], *canvas.x), linear([p[1] for p in way], *canvas.y)
    kept = way if len(way) <= MOST_VERTICES else [*way[: MOST_VERTICES - 1], way[-1]]
    pixels = [(x(a), y(b)) for a, b in kept]
    lines = () if grid is None else grid.lines
    marks = [polyline([(x(a), y(b)) for a, b in line], "level") for line in lines]
    marks.append(polyline(pixels, "run s0"))
    if len(pixels) <= FEW_ITERATES:
        marks.append(dots(pixels, "s0"))
    marks += [
        element("circle", cx=pixels[0][0], cy=pixels[0][1], r=4.5, class_="begin"),
        element("circle", cx=pixels[-1][0], cy=pixels[-1][1], r=4.5, class_="finish"),
    ]
    told = (
        f"{title}: {len(way)} iterates from ({way[0][0]:.4g}, {way[0][1]:.4g})"
        f" to ({way[-1][0]:.4g}, {way[-1][1]:.4g}), over level sets of f."
    )
    return figure(canvas, title, told, x, y, names, marks)
