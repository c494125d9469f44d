"""A spec's measured error over runs: the large figure of its page, and the small one in a table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from gradverify.core.verdicts import Verdict
from gradverify.report.figures.frame import Canvas, Figure, Key, figure, polyline
from gradverify.report.figures.scales import linear, logarithmic
from gradverify.report.markup import Markup, element

WIDE = Canvas(920.0, 300.0)
MOST_LABELS = 7
LEAST_ERROR = 1e-17  # an error of exactly 0 is drawn here: below round-off
LARGEST_ERROR = 1e3  # and an infinite one here
SPARK = (132.0, 26.0)  # width and height of the small figure
RADIUS = 3.6


@dataclass(frozen=True, slots=True)
class Dot:
    """One run: what it is called, the verdict, and the largest relative error where one was measured."""

    label: str
    verdict: Verdict
    error: float | None
    grew: bool = False


def height(error: float) -> float:
    """The error as it is drawn: a positive, finite number."""
    return min(max(error, LEAST_ERROR), LARGEST_ERROR) if not math.isnan(error) else LARGEST_ERROR


def trend_figure(dots: Sequence[Dot], title: str) -> Figure | None:
    """The error of every run, logarithmic, with the runs that made it grow; None where none was measured."""
    known = [(i, height(dot.error)) for i, dot in enumerate(dots) if dot.error is not None]
    if not known:
        return None
    y = logarithmic([error for _, error in known], *WIDE.y)
    step = max(1, math.ceil(len(dots) / MOST_LABELS))
    named = tuple((float(i), dots[i].label) for i in range(0, len(dots), step))
    x = replace(linear([0.0, max(1.0, len(dots) - 1.0)], *WIDE.x), named=named)
    marks: list[Markup] = [polyline([(x(i), y(error)) for i, error in known], "curve")]
    for i, error in known:
        dot = dots[i]
        told = element("title", f"{dot.label}: {dot.verdict.value}, error {dot.error:.3g}")
        marks.append(element("circle", told, cx=x(i), cy=y(error), r=RADIUS, class_=f"at {dot.verdict.value}"))
        if dot.grew:
            marks.append(element("circle", cx=x(i), cy=y(error), r=2.4 * RADIUS, class_="grew"))
    keys = [Key("curve", "largest relative error of the claim")]
    if any(dot.grew for dot in dots):
        keys.append(Key("grew", "it grew here"))
    return figure(
        WIDE, title, f"{title}, over {len(dots)} runs.", x, y, ("run, oldest first", "relative error"), marks, keys
    )


def sparkline(errors: Sequence[float | None]) -> Markup | None:
    """The same without axes, for a cell of a table; None where fewer than two errors were measured."""
    known = [(i, height(error)) for i, error in enumerate(errors) if error is not None]
    if len(known) < 2:
        return None
    width, tall = SPARK
    y = logarithmic([error for _, error in known], tall - 4, 4)
    x = linear([0.0, len(errors) - 1.0], 4, width - 4, margin=0.0)
    points = [(x(i), y(error)) for i, error in known]
    described = f"error from {known[0][1]:.1e} to {known[-1][1]:.1e}"
    return element(
        "svg", element("title", described), polyline(points, "curve"),
        element("circle", cx=points[-1][0], cy=points[-1][1], r=2.6, class_="finish"),
        class_="figure spark", role="img", width=width, height=tall, viewBox=f"0 0 {width:.0f} {tall:.0f}",
    )  # fmt: skip
