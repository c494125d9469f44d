"""Has a claim no value at a point because its formula is wrong, or because double precision ends on the way to it?

exp(z)/(1 + exp(z)) is inf/inf at z = 900, though it is near 1: long doubles, which reach to 1e4932 (IEEE 754-2019,
binary128; Intel's 80-bit format), have a value there. log(x − 1) at 0.5 has none in any precision. Code may turn its
arguments into doubles, and where the compiler is Microsoft's or the processor some ARM a long double is a double; but
when something overflows NumPy says so. A claim at a listed point is told to be NaN all the same;
what is excused is a point that nobody listed.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from contextvars import ContextVar
from typing import Any

import numpy as np

from gradverify.core.arrays import Array, Mask, Matrix
from gradverify.core.problem import Function

WIDER = np.finfo(np.longdouble).maxexp > np.finfo(np.float64).maxexp  # whether long doubles reach farther here

# From a listed point towards the one without a value: exp overflows a double at 709 and a long double at 11,356,
# exp(exp(x)) at arguments whose ratio is 1.42, so that steps by a quarter meet the gap between them. The point may
# lie where the argument is huge because something is small, as 1/T near T = 0: the way is as fine at its far end.
FAR_END = 0.5 ** np.arange(2, 50)  # exp(1/x**4) overflows at arguments whose ratio is 2
HALVINGS = 50
BEFORE = 0.99  # of the way to a point: what ends later, ends at it
# Times the way to where doubles end, which long doubles go at least: 3 - x**2 is 0 next to its zero in doubles alone,
# and has no logarithm beyond in either. Digits of what falls like exp(-x) end at 37 and at 45.
STRETCH = 1.001
WAYS = np.concatenate([0.75 ** np.arange(1, 25), 1 - FAR_END])


def overflows(claim: Function, points: Matrix, listed: Matrix, most: int) -> tuple[Mask, int]:
    """At which of `points`, (k, n), a claim that is not finite would be, in numbers of a wider range; evaluations.

    Of a formula, what is too much for long doubles as well counts where it begins as an overflow on the way from a
    listed point. `most`: of so many points that is asked, and of code whether it overflows.
    """
    if claim.kind != "expression" or not WIDER:
        over, spent = _overflow_on_the_way(claim, points, most), min(most, len(points))
        if not WIDER:
            return over, spent
        ends, more = _ends_with_digits(claim, points, listed, np.flatnonzero(~over)[:most])
        over[ends] = True
        return over, spent + more
    over = _is_finite(claim, points.astype(np.longdouble))
    spent = len(points)
    far = np.flatnonzero(~over)[:most]
    if far.size and listed.shape[0]:
        start = listed[0]
        way = (start + WAYS[:, None, None] * (points[far] - start)).reshape((-1, start.size))
        begins = ~_is_finite(claim, way)
        spent += len(way) + int(begins.sum())
        begins[begins] = _is_finite(claim, way[begins].astype(np.longdouble))
        over[far] = begins.reshape((WAYS.size, far.size)).any(axis=0)
    ends, more = _ends_with_digits(claim, points, listed, np.flatnonzero(~over)[:most])
    over[ends] = True
    return over, spent + more


def _ends_with_digits(claim: Function, points: Matrix, listed: Matrix, rows: Array) -> tuple[Array, int]:
    """Those of `rows` of the points whose values end, on the way from a listed point, where long doubles have some.

    The derivative of arcsin(sigmoid(x)) is inf · 0 where the sigmoid has no digits left but 1, at x = 37; those of
    long doubles end at 45. What ends next to the point, as 0/0 does, ends there for everybody.
    """
    if not len(rows) or not listed.shape[0]:
        return rows[:0], 0
    start, low, high = listed[0], np.zeros(len(rows)), np.ones(len(rows))
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        finite = _is_finite(claim, start + middle[:, None] * (points[rows] - start))
        low, high = np.where(finite, middle, low), np.where(finite, high, middle)
    beyond = start + high[:, None] * (points[rows] - start)
    found = (high < BEFORE) & _is_finite(claim, beyond.astype(np.longdouble)) & ~_is_finite(claim, beyond)
    farther = start + (STRETCH * high)[:, None] * (points[rows] - start)
    found &= _is_finite(claim, farther.astype(np.longdouble))
    return rows[found], (HALVINGS + 3) * len(rows)


def _overflow_on_the_way(claim: Function, points: Matrix, most: int) -> Mask:
    """At which of the first `most` points something overflows in the claim; shape (k,)."""
    over = np.zeros(len(points), dtype=np.bool_)
    for row, point in enumerate(points[:most]):
        noted: list[str] = []
        token = _noted.set(noted)
        try:
            claim.evaluate(point[None])
        finally:
            _noted.reset(token)
        over[row] = bool(noted)
    return over


_noted: ContextVar[list[str] | None] = ContextVar("overflows", default=None)


def silently() -> AbstractContextManager[Any]:
    """How all is evaluated: without NumPy's warnings, but overflows are noted where somebody asks."""
    noted = _noted.get()
    if noted is None:
        return np.errstate(all="ignore")
    return np.errstate(all="ignore", over="call", call=lambda kind, _: noted.append(kind))


def _is_finite(claim: Function, points: Array) -> Mask:
    """Where the claim answers with finite numbers; shape (k,)."""
    if not len(points):
        return np.zeros(0, dtype=np.bool_)
    with np.errstate(all="ignore"):
        found = claim.evaluate(points)
    finite: Mask = np.asarray(np.isfinite(found.values).reshape((len(points), -1)).all(axis=1))
    finite[[failure.row for failure in found.failures]] = False
    return finite
