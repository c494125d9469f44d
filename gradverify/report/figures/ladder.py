"""Error against step size: how the reference came to its value and its bound."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gradverify.report.figures.frame import STANDARD, Canvas, Figure, Key, dots, figure, polyline
from gradverify.report.figures.scales import Scale, logarithmic
from gradverify.report.markup import Markup, element
from gradverify.report.words import number

FEWEST_RUNGS = 2
MOST_RUNGS = 200
TINIEST = 1e-307  # below it a number has no ordinary logarithm


@dataclass(frozen=True, slots=True)
class Ladder:
    """Estimates of one component at many steps, as `Check.details["ladder"]` holds them.

    steps, values, bounds: of the same length; bounds are the round-off part alone.  reference, bound: what was made of
    all of them, or a better backend's value.  claimed: what was claimed.
    """

    component: str
    at: int  # the point's number in the check
    steps: tuple[float, ...]
    values: tuple[float, ...]
    bounds: tuple[float, ...]
    reference: float
    bound: float
    claimed: float


def read_ladder(data: object) -> Ladder | None:
    """What a check's details say; None for anything else: nobody vouches for their shape."""
    if not isinstance(data, Mapping):
        return None
    rows = [_numbers(data.get(key)) for key in ("steps", "values", "bounds")]
    single = [_number(data.get(key)) for key in ("reference", "error_bound", "claimed")]
    at, name = data.get("point"), data.get("component")
    if any(row is None for row in rows) or any(v is None for v in single) or not isinstance(name, str):
        return None
    if not isinstance(at, int) or len({len(row or ()) for row in rows}) != 1 or not rows[0]:
        return None
    steps, values, bounds = (row or () for row in rows)
    reference, bound, claimed = (math.nan if value is None else value for value in single)
    return Ladder(name, at, steps, values, bounds, reference, bound, claimed)


def _numbers(data: object) -> tuple[float, ...] | None:
    if not isinstance(data, Sequence) or isinstance(data, str):
        return None
    numbers = [_number(item) for item in data[:MOST_RUNGS]]
    return None if any(value is None for value in numbers) else tuple(v for v in numbers if v is not None)


def _number(data: object) -> float | None:
    if data in ("nan", "inf", "-inf"):
        return float(str(data))
    if isinstance(data, bool) or not isinstance(data, (int, float)):
        return None
    try:
        return float(data)
    except OverflowError:
        return None


def ladder_figure(ladder: Ladder, canvas: Canvas = STANDARD) -> Figure | None:
    """|estimate − reference| over the step, both logarithmic; None where there is too little to draw."""
    rungs = [
        (h, abs(value - ladder.reference), bound)
        for h, value, bound in zip(ladder.steps, ladder.values, ladder.bounds, strict=True)
        if h > TINIEST and math.isfinite(h) and math.isfinite(value)
    ]
    rungs.sort()
    if len(rungs) < FEWEST_RUNGS or not math.isfinite(ladder.reference):
        return None
    gap = abs(ladder.claimed - ladder.reference)
    # What differs by nothing at all lies on the lower edge: below every error that is not 0.
    known = [e for _, e, b in rungs for e in (e, b)] + [ladder.bound, gap]
    known = [e for e in known if e > TINIEST and math.isfinite(e)]
    x = logarithmic([h for h, _, _ in rungs], *canvas.x)
    y = logarithmic(known, *canvas.y)
    errors = [(x(h), y(error)) for h, error, _ in rungs]
    lines = _unbroken(errors, [error > TINIEST for _, error, _ in rungs])
    marks = []
    keys = [Key("curve", "|estimate(h) − reference|")]
    noise = [(x(h), y(bound)) for h, _, bound in rungs if TINIEST < bound < math.inf]
    if len(noise) >= FEWEST_RUNGS:
        marks.append(polyline(noise, "roundoff"))
        keys.append(Key("roundoff", "round-off of f ÷ h"))
    marks += [*(polyline(line, "curve") for line in lines), dots(errors, "curve")]
    if TINIEST < ladder.bound < math.inf:
        marks.append(_level(y, ladder.bound, canvas, "bound"))
        keys.append(Key("bound", f"error bound {ladder.bound:.1e}"))
    if TINIEST < gap < math.inf:
        kind = "gap" if gap > ladder.bound else "near"
        marks.append(_level(y, gap, canvas, kind))
        keys.append(Key(kind, f"the claim is off by {gap:.2g}"))
    told = (
        f"Error of finite differences for {ladder.component} over the step size."
        f" Reference {number(ladder.reference)} ± {ladder.bound:.1e}, claimed {number(ladder.claimed)}."
    )
    return figure(
        canvas, f"{ladder.component}: error against step size", told, x, y, ("step size h", "error of the derivative"),
        marks, keys,
    )  # fmt: skip


def _unbroken(points: Sequence[tuple[float, float]], shown: Sequence[bool]) -> list[list[tuple[float, float]]]:
    """The stretches of points to be joined: where the error is exactly 0 the line has no place to go."""
    lines: list[list[tuple[float, float]]] = [[]]
    for point, known in zip(points, shown, strict=True):
        if known:
            lines[-1].append(point)
        elif lines[-1]:
            lines.append([])
    return [line for line in lines if len(line) > 1]


def _level(scale: Scale, value: float, canvas: Canvas, class_: str) -> Markup:
    left, right = canvas.x
    return element("line", x1=left, x2=right, y1=scale(value), y2=scale(value), class_=class_)
