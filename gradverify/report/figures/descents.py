"""f by iteration, of one descent or of several with different learning rates."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from gradverify.report.figures.frame import STANDARD, Canvas, Figure, Key, dots, figure, polyline
from gradverify.report.figures.scales import linear, logarithmic
from gradverify.report.figures.style import SERIES
from gradverify.report.figures.thinning import thinned

MOST_RUNS = SERIES  # lines in one figure
MOST_VERTICES = 300  # of one line
FEW_ITERATES = 40  # each gets a dot
WIDE = 50.0  # a ratio of values from which a logarithmic scale shows more
FINEST = 1e-16  # of the lowest value, as a gap to it: below is round-off
LEAVES = 1e6  # times the largest start: values beyond are left out of the scale


@dataclass(frozen=True, slots=True)
class Run:
    """One descent: its name and f at its iterates, whose numbers are `iterations`."""

    name: str
    values: tuple[float, ...]
    iterations: tuple[int, ...]


def descents_figure(runs: Sequence[Run], title: str, canvas: Canvas = STANDARD) -> Figure | None:
    """f at every iterate. Logarithmic where the values span decades: f itself, or its distance to the lowest."""
    shown = [run for run in runs if any(map(math.isfinite, run.values))][:MOST_RUNS]
    if not shown:
        return None
    every = [v for run in shown for v in run.values if math.isfinite(v)]
    low, high = min(every), max(every)
    x = linear([i for run in shown for i in (run.iterations[0], run.iterations[-1])], *canvas.x, margin=0.01)
    shift, name, log = 0.0, "f", False
    if low > 0 and high > WIDE * low:
        log = True
    elif high > low and _spread(every, low):
        shift, name, log = low, f"f above its lowest, {low:.4g}".replace("-", "−"), True
    heights = [[v - shift for v in run.values] for run in shown]
    # What diverges leaves through the top; its far end would press all other lines into one.
    top = LEAVES * max((row[0] for row in heights if math.isfinite(row[0])), default=math.inf)
    drawn = [h for row in heights for h in row if math.isfinite(h) and (h <= top or not top > 0)]
    floor = max(min((h for h in drawn if h > 0), default=1.0), FINEST * abs(shift))
    y = logarithmic([max(h, floor) for h in drawn], *canvas.y) if log else linear(drawn, *canvas.y)
    marks, keys = [], []
    for number, (run, row) in enumerate(zip(shown, heights, strict=True)):
        kept = [i for i in thinned(row, MOST_VERTICES) if math.isfinite(row[i])]
        points = [(x(run.iterations[i]), y(max(row[i], floor) if log else row[i])) for i in kept]
        marks.append(polyline(points, f"run s{number}"))
        if len(points) <= FEW_ITERATES:
            marks.append(dots(points, f"s{number}"))
        keys.append(Key(f"run s{number}", run.name))
    told = f"{title}: {', '.join(run.name for run in shown)}."
    return figure(canvas, title, told, x, y, ("iteration", name), marks, keys)


def _spread(values: Sequence[float], low: float) -> bool:
    """Whether the distances to the lowest value span decades."""
    gaps = sorted(v - low for v in values if v > low)
    return bool(gaps) and gaps[-1] > WIDE * gaps[len(gaps) // 4]
