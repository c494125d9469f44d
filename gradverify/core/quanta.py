"""Is a gap as small as the steps in which the claim moves here?

1 − tanh(x)² takes multiples of 1.1e-16 only, and beyond 19 it is 0: there it is right, and has no digit left. Where
other factors stand beside it, it is on no grid that shows in its bits, but it still jumps from one multiple to the
next, over and over, on the way to where it has its digits. A wrong branch jumps once, a wrong interval twice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from gradverify.core.arrays import Array, Mask, Matrix, Vector
from gradverify.core.problem import Function, Problem
from gradverify.core.values import values_of

Along = Callable[[Array], Array]  # one component of the claim, at points along a line: (p,) → (p,)

MOST_COMPONENTS = 4
SMALL = 1e-6  # of the component's size at ordinary points: a gap above that is none of round-off
WAY = 64  # points on the way to an ordinary one
GROWN = 32.0  # times the claim, the gap or one quantum: so far the steps are counted
OVERSHOT = 4.0  # beyond that a step of the claim was met, which is then its quantum
CELLS = 32  # in which steps are looked for
TURNS = 4  # in which they are looked at
HALVINGS = 36
LAST_HALVINGS = 6  # over which a step stays, and a continuous change falls 64-fold
STAYS = 0.5
HEIGHT = 0.5  # of the gap: what a step has at least
FEWEST = 4


def explain(problem: Problem, claim: Function, point: Vector, gap: Vector, components: Sequence[int]) -> Mask:
    """Which of `components` move near `point` in steps as high as their gap; shape (c,), False elsewhere.

    gap: |claimed − reference|, shape (c,).
    """
    out = np.zeros(gap.shape, dtype=np.bool_)
    with np.errstate(all="ignore"):
        goals = _goals(problem, point)
        sizes = np.abs(values_of(claim, goals))
        sizes = np.where(np.isfinite(sizes), sizes, 0.0)
        suspects = [i for i in components if 0 < gap[i] <= SMALL * sizes[:, i].max()]
        for i in suspects[:MOST_COMPONENTS]:
            out[i] = _steps(claim, point, goals[int(np.argmax(sizes[:, i]))], i, float(gap[i]))
    return out


def _goals(problem: Problem, point: Vector) -> Matrix:
    """Points with components of about 1 or, where that leaves the domain, somewhat nearer to it than `point`."""
    rng = np.random.default_rng((problem.seed, 23))
    drawn = rng.normal(size=(8, point.size))
    low, high = problem.domain.low, problem.domain.high
    bounded = np.isfinite(low) & np.isfinite(high)
    drawn = np.where(bounded, low + rng.uniform(size=drawn.shape) * (high - low), drawn)
    goals = np.concatenate([drawn, np.abs(drawn), np.sign(point) * np.abs(drawn), point[None] / 4])
    return np.where(problem.domain.contains(goals), goals, point)


def _steps(claim: Function, point: Vector, goal: Vector, component: int, gap: float) -> bool:
    """Whether the component makes FEWEST steps of the gap's height between `point` and where it is GROWN."""

    def at(t: Array) -> Array:
        return values_of(claim, point + t[:, None] * (goal - point))[:, component]

    way = np.linspace(0.0, 1.0, WAY + 1)
    values = np.abs(at(way))
    level, end = max(float(values[0]), gap), 0.0
    for _ in range(2):  # the first step out of a stretch of zeros shows what a step is
        beyond = np.flatnonzero(values > GROWN * level)
        if not beyond.size:
            return False
        first = int(beyond[0])
        end, height = _border(at, way[max(0, first - 1)], way[first], GROWN * level)
        if height <= OVERSHOT * GROWN * level:
            break
        level = height
    return _has_steps(at, end, HEIGHT * gap)


def _border(at: Along, low: float, high: float, level: float) -> tuple[float, float]:
    """Where |claim| exceeds `level` first between `low` and `high`, and what it is there."""
    value = float(np.abs(at(np.array([high])))[0])
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        found = float(np.abs(at(np.array([middle])))[0])
        if found > level:
            high, value = middle, found
        else:
            low = middle
    return high, value


def _has_steps(at: Along, end: float, height: float) -> bool:
    """Whether in FEWEST of the cells of [0, end] the claim makes a step of `height` or more.

    Some cells after others: each takes HALVINGS calls of a claim, and where steps are many the first few cells tell.
    """
    borders = np.linspace(0.0, end, CELLS + 1)
    values, found = at(borders), 0
    for turn in range(TURNS):
        mine = slice(turn, None, TURNS)
        found += _count(at, borders[:-1][mine], borders[1:][mine], values[:-1][mine], values[1:][mine], height)
        if found >= FEWEST:
            return True
    return False


def _count(at: Along, a: Array, b: Array, low: Array, high: Array, height: float) -> int:
    """The number of cells from a to b, where the claim is `low` and `high`, in which it makes such a step."""
    changes = [np.abs(high - low)]
    for _ in range(HALVINGS):
        middle = (a + b) / 2
        value = at(middle)
        left = np.abs(value - low) >= np.abs(high - value)
        a, b = np.where(left, a, middle), np.where(left, middle, b)
        low, high = np.where(left, low, value), np.where(left, value, high)
        changes.append(np.abs(high - low))
    steps = (changes[-1] >= height) & (changes[-1] >= STAYS * changes[-1 - LAST_HALVINGS])
    return int(steps.sum())
