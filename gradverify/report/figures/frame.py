"""The frame of a figure: title, axes with units, grid, legend; and the window inside which marks are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gradverify.report.figures.scales import Scale
from gradverify.report.markup import Markup, coordinate, element, join

LEFT, RIGHT, TOP, BOTTOM = 64.0, 14.0, 34.0, 46.0  # room for tick labels, axis labels and the title, in pixels
LEGEND_ROW = 18.0
CHARACTER = 6.6  # an average one at 12 px, for laying out legends
MOST_IN_LEGEND = 44  # characters


@dataclass(frozen=True, slots=True)
class Key:
    """An entry of a legend: the class of its mark, and what the mark means."""

    mark: str
    label: str


@dataclass(frozen=True, slots=True)
class Canvas:
    """The outer size of a figure and of the window in it."""

    width: float = 460.0
    height: float = 300.0

    @property
    def x(self) -> tuple[float, float]:
        """The window's ends from left to right."""
        return LEFT, self.width - RIGHT

    @property
    def y(self) -> tuple[float, float]:
        """The window's ends from bottom to top."""
        return self.height - BOTTOM, TOP


STANDARD = Canvas()


@dataclass(frozen=True, slots=True)
class Figure:
    """An `svg` element and its size in pixels."""

    markup: Markup
    width: float
    height: float


def figure(
    canvas: Canvas, title: str, description: str, x: Scale, y: Scale, labels: tuple[str, str],
    marks: Sequence[Markup], keys: Sequence[Key] = (),
) -> Figure:  # fmt: skip
    """A whole figure; `marks` are clipped to the window."""
    (left, right), (bottom, top) = canvas.x, canvas.y
    legend, rows = _legend(canvas, keys)
    height = canvas.height + rows * LEGEND_ROW
    # An inner `svg` clips what leaves the window, without an id that would have to be unique on a page.
    window = element(
        "svg", *marks, x=left, y=top, width=right - left, height=bottom - top,
        viewBox=f"{coordinate(left)} {coordinate(top)} {coordinate(right - left)} {coordinate(bottom - top)}",
    )  # fmt: skip
    drawn = element(
        "svg",
        element("title", description),
        element("text", title, x=left, y=18, class_="title"),
        join(_x_axis(x, canvas)), join(_y_axis(y, canvas)),
        element("rect", x=left, y=top, width=right - left, height=bottom - top, class_="window"),
        window,
        element("text", labels[0], x=(left + right) / 2, y=canvas.height - 10, class_="axis middle"),
        element(
            "text", labels[1], class_="axis middle",
            transform=f"translate(13 {coordinate((top + bottom) / 2)}) rotate(-90)",
        ),
        legend,
        xmlns="http://www.w3.org/2000/svg", class_="figure", role="img",
        viewBox=f"0 0 {coordinate(canvas.width)} {coordinate(height)}",
        width=canvas.width, height=height,
    )  # fmt: skip
    return Figure(drawn, canvas.width, height)


def _x_axis(scale: Scale, canvas: Canvas) -> list[Markup]:
    bottom, top = canvas.y
    parts = []
    for value, label in scale.ticks():
        at = scale(value)
        parts += [
            element("line", x1=at, x2=at, y1=bottom, y2=top, class_="grid"),
            element("text", label, x=at, y=bottom + 16, class_="tick middle"),
        ]
    return parts


def _y_axis(scale: Scale, canvas: Canvas) -> list[Markup]:
    left, right = canvas.x
    parts = []
    for value, label in scale.ticks():
        at = scale(value)
        parts += [
            element("line", x1=left, x2=right, y1=at, y2=at, class_="grid"),
            element("text", label, x=left - 7, y=at + 4, class_="tick end"),
        ]
    return parts


def _legend(canvas: Canvas, keys: Sequence[Key]) -> tuple[Markup, int]:
    """The entries in as many rows as they need, and the number of rows."""
    parts: list[Markup] = []
    x, row = LEFT, 0
    for key in keys:
        label = key.label if len(key.label) <= MOST_IN_LEGEND else key.label[: MOST_IN_LEGEND - 1] + "…"
        width = 30 + CHARACTER * len(label) + 14
        if x > LEFT and x + width > canvas.width:
            x, row = LEFT, row + 1
        y = canvas.height + 8 + row * LEGEND_ROW
        parts += [
            element("line", x1=x, x2=x + 22, y1=y - 4, y2=y - 4, class_=key.mark),
            element("text", label, x=x + 28, y=y, class_="key"),
        ]
        x += width
    return join(parts), row + 1 if keys else 0


def polyline(points: Sequence[tuple[float, float]], class_: str) -> Markup:
    """A line through points in pixels."""
    path = "".join(f"{'M' if i == 0 else 'L'}{coordinate(x)} {coordinate(y)}" for i, (x, y) in enumerate(points))
    return element("path", d=path, class_=class_)


def dots(points: Sequence[tuple[float, float]], class_: str) -> Markup:
    """A dot at each point, all in one element: lines of no length with round ends."""
    path = "".join(f"M{coordinate(x)} {coordinate(y)}h0" for x, y in points)
    return element("path", d=path, class_=f"{class_} dots")
