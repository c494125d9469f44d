"""Does f move in small jumps that account for how far a claim is off?

What is iterated until a tolerance is met is smooth only as long as the number of iterations stays. Its pieces lie
about as far apart as the tolerance, and each has the slope of an unfinished iteration; the function that is meant runs
through them. So a derivative of that function (by the implicit function theorem, say) differs from the slope of every
piece, by about the height of the jumps over the length of the pieces. Such a claim can neither be confirmed nor refuted
by f.

f is looked at on a line of equal steps across each accused component. High differences remove all that is smooth on
that scale; where they stand out, the step is halved until it holds a jump or nothing. Jumps that are few, or as high as
f's own variation, explain nothing: those are branches, or what f is made of.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gradverify.core.arrays import Array, Mask, Vector
from gradverify.core.problem import Derivative, Problem
from gradverify.core.values import values_of

SMALL_GAP = 0.05  # relative: what jumps may account for by their rate alone. A wrong sign or factor is more
MOST_COMPONENTS = 4  # whose lines are looked at; more that are off cost more than they tell
POINTS = 97  # on a line
# How far the line goes each way, times the component's own size: the next where one shows little. Jumps may lie closer
# together than the steps of a long line.
REACHES = (1.0, 4.0, 16.0)
SHORT_REACHES = (1 / 8, 1 / 32, 1 / 128)
ORDER = 6  # of the differences: sixth ones of a function on the scale of the line are 1e-8 of it
STANDS_OUT = 16.0  # times the median of the differences, and
UNITS = 1e3  # units of round-off of f: what a jump is at least
SUSPECTS = 8  # steps that are halved
HALVINGS = 24
LAST_HALVINGS = 6  # over which a jump stays, and a continuous change falls 64-fold
STAYS = 0.5
FEWEST = 3  # jumps; fewer are branches
MOST_HEIGHT = 1e-2  # of f's range along the line: higher ones are what f is made of
EXPLAINS = 8.0  # times their rise over the line: what a claim may be off; a third of them is found, in uneven spacing


# A larger gap is one that the claim itself bears out: over the line it makes so many times the highest jump, of which
# what f changes by and what the claim says may be so few apart.
TELLS = 10.0
LEFT_OVER = 2.0
NODES, WEIGHTS = np.polynomial.legendre.leggauss(32)


def explain(problem: Problem, point: Vector, claimed: Vector, reference: Vector, failing: Mask, size: Vector) -> Mask:
    """Which of the `failing` components, shape (c,), are off by no more than f's jumps explain.

    claimed, reference: (c,).  size: (n,), a length for each variable.
    """
    out = np.zeros(failing.shape, dtype=np.bool_)
    components = np.flatnonzero(failing)
    n = point.size
    with np.errstate(all="ignore"):
        gap = np.abs(claimed - reference)
        small = gap <= SMALL_GAP * np.abs(reference)
    if problem.derivative is Derivative.HESSIAN or components.size > MOST_COMPONENTS:
        return out
    largest = float(np.max(np.abs(point), initial=0.0))
    for component in components.tolist():
        output, variable = divmod(component, n)
        # A variable of 1e-3 beside one of 1 may have its jumps as far apart as that one.
        lengths = [part * float(size[variable]) for part in REACHES]
        longer = (part * largest for part in REACHES if part * largest > lengths[-1])
        for reach in (*lengths, *longer, *(part * lengths[0] for part in SHORT_REACHES)):
            if not small[component] and not _may_add_up(problem, point, component, reach, float(gap[component])):
                continue  # no jumps could explain it
            stairs = _stairs(problem, point, variable, output, reach)
            if stairs is not None and gap[component] <= EXPLAINS * stairs.rate:
                out[component] = small[component] or _adds_up(problem, point, component, stairs, float(gap[component]))
                break
    return out


@dataclass(frozen=True, slots=True)
class _Stairs:
    """Small jumps along a line of one variable from `start` to `end`, over which f changes by `change`.

    height: of the highest jump.  rate: how much they add up to over a length of 1.
    """

    start: float
    end: float
    change: float
    height: float
    rate: float


def _adds_up(problem: Problem, point: Vector, component: int, stairs: _Stairs, gap: float) -> bool:
    """Whether f changes along the line as the claim says, to within a jump or two, though not as the reference does.

    A claim that is wrong here, and not on most of the line, adds up as little as one that is wrong everywhere.
    """
    if not gap * (stairs.end - stairs.start) >= TELLS * stairs.height:
        return False
    said = _said(problem, point, component, stairs.start, stairs.end)
    return abs(stairs.change - said) <= LEFT_OVER * stairs.height


def _may_add_up(problem: Problem, point: Vector, component: int, reach: float, gap: float) -> bool:
    """Whether `_adds_up` may hold on a line of that reach: two values of f, where its jumps take a hundred and more."""
    line = _grid(problem, point, component % point.size, reach)
    if line is None:
        return False
    start, end = float(line[0]), float(line[-1])
    before, behind = _along(problem, point, component % point.size, component // point.size)(line[[0, -1]])
    off = abs(behind - before - _said(problem, point, component, start, end))
    # Where f ends before the line does, only its jumps tell where.
    return not np.isfinite(off) or bool(off <= LEFT_OVER / TELLS * gap * (end - start))


def _said(problem: Problem, point: Vector, component: int, start: float, end: float) -> float:
    """How much f changes from `start` to `end` by the claim; NaN where there is none."""
    if problem.claim is None:
        return float("nan")
    half = (end - start) / 2
    rows = np.repeat(point[None], NODES.size, axis=0)
    rows[:, component % point.size] = (start + end) / 2 + half * NODES
    with np.errstate(all="ignore"):
        return half * float(WEIGHTS @ values_of(problem.claim, rows)[:, component])


def _grid(problem: Problem, point: Vector, variable: int, reach: float) -> Array | None:
    """The POINTS of a line along one variable, as far as `reach` and the domain; None where that leaves little."""
    low, high = float(problem.domain.low[variable]), float(problem.domain.high[variable])
    x = float(point[variable])
    start, end = max(x - reach, low), min(x + reach, high)
    if not end - start > reach / 2:
        return None
    margin = (end - start) / POINTS  # an open end is not touched
    return np.linspace(start + margin, end - margin, POINTS)


def _along(problem: Problem, point: Vector, variable: int, output: int) -> Callable[[Array], Array]:
    """One output of f as a function of one variable."""

    def at(coordinates: Array) -> Array:
        rows = np.repeat(point[None], coordinates.size, axis=0)
        rows[:, variable] = coordinates
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what f does beside the point is looked at, not complained about
            found: Array = np.asarray(problem.function.evaluate(rows).values).reshape((coordinates.size, -1))[:, output]
        return found

    return at


def _stairs(problem: Problem, point: Vector, variable: int, output: int, reach: float) -> _Stairs | None:
    """Small jumps of one output on a line along one variable; None where there are none."""
    grid, at = _grid(problem, point, variable, reach), _along(problem, point, variable, output)
    if grid is None:
        return None
    x = float(point[variable])
    values = at(grid)
    if not np.isfinite(values).all():  # as where log(1 − p) ends
        ends = np.flatnonzero(~np.isfinite(values))
        before, behind = ends[grid[ends] < x], ends[grid[ends] > x]
        first, last = int(np.max(before, initial=-1)) + 1, int(np.min(behind, initial=POINTS)) - 1
        if not grid[first] < x < grid[last]:
            return None
        grid = np.linspace(grid[first], grid[last], POINTS)
        values = at(grid)
        if not np.isfinite(values).all():
            return None
    extent = float(np.ptp(values))
    least = UNITS * problem.precision.epsilon * float(np.max(np.abs(values)))
    steps = _suspicious(values, least)
    heights = _jumps(at, grid, values, steps)
    heights = heights[(heights > least) & (heights <= MOST_HEIGHT * extent)]
    if heights.size < FEWEST:
        return None
    found = heights.size / max(1, steps.size)
    count = found * _standing_out(values, least).size
    height, length = float(np.max(heights)), float(grid[-1] - grid[0])
    return _Stairs(float(grid[0]), float(grid[-1]), float(values[-1] - values[0]), height, height * count / length)


def _differences(values: Array) -> Array:
    """The size of the sixth differences about each step of the line, shape (POINTS − 1,)."""
    sixth = np.abs(np.diff(values, n=ORDER))
    padded = np.concatenate([np.zeros(ORDER // 2), sixth, np.zeros(ORDER // 2)])
    about: Array = np.minimum(padded[:-1], padded[1:])  # a jump within a step is seen from both its ends
    return about


def _standing_out(values: Array, least: float) -> Array:
    about = _differences(values)
    out: Array = np.flatnonzero(about > np.maximum(STANDS_OUT * np.quantile(about, 0.25), least))
    peaks = [i for i in out.tolist() if about[i] >= np.max(about[max(0, i - 1) : i + 2])]
    return np.asarray(peaks, dtype=np.intp)


def _suspicious(values: Array, least: float) -> Array:
    """The steps of the line that may hold a jump, SUSPECTS at most, evenly spread."""
    out = _standing_out(values, least)
    inner = out[(out >= ORDER - 1) & (out <= POINTS - 1 - ORDER)]
    spread = np.unique(np.linspace(0, max(0, inner.size - 1), min(SUSPECTS, inner.size)).round().astype(np.intp))
    found: Array = inner[spread]
    return found


def _jumps(at: Callable[[Array], Array], grid: Array, values: Array, steps: Array) -> Array:
    """The height of the jump in each of `steps`, 0 where there is none.

    f is held against the polynomial through the ORDER points before the step, and against that through those behind it:
    further jumps spoil either, but seldom both.
    """
    heights = np.zeros(steps.size)
    if not steps.size:
        return heights
    for forwards in (True, False):
        offsets = np.arange(1 - ORDER, 1) if forwards else np.arange(1, 1 + ORDER)
        nodes = values[steps + offsets[:, None]]

        def remainder(t: Array, offsets: Array = offsets, nodes: Array = nodes) -> Array:
            """At grid[steps] + t·h."""
            weights = np.array([
                np.prod([(t - other) / (own - other) for other in offsets if other != own], axis=0) for own in offsets
            ])  # fmt: skip
            found: Array = at(grid[steps] + t * (grid[1] - grid[0])) - np.sum(weights * nodes, axis=0)
            return found

        low, high = np.zeros(steps.size), np.ones(steps.size)
        at_low, at_high = remainder(low), remainder(high)
        changes = [np.abs(at_high - at_low)]
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            value = remainder(middle)
            left = np.abs(value - at_low) >= np.abs(at_high - value)
            high, at_high = np.where(left, middle, high), np.where(left, value, at_high)
            low, at_low = np.where(left, low, middle), np.where(left, at_low, value)
            changes.append(np.abs(at_high - at_low))
        stays = changes[-1] >= STAYS * changes[-1 - LAST_HALVINGS]
        heights = np.maximum(heights, np.where(stays & np.isfinite(changes[-1]), changes[-1], 0.0))
    return heights
