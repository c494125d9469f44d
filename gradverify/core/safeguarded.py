"""Does a point lie where a safeguard of f is active, as the bound of `log(maximum(p, 1e-12))`, and is the claim the
gradient of what f is without it?

Nobody writes the gradient of a bound that only keeps a logarithm from infinity: the usual claim is that of the
unbounded function, p − y for a logistic loss, and that f is flat where p is below 1e-12 is no fault of it. So a point
that nobody listed, at which the claim is not f's gradient, is left out where a safeguard is active and

1. the claim is the gradient of f without the safeguard there; or
2. f without it has no value there, or none that double precision shows, as −log(1 − sigmoid(100)), and the claim has no
   branch of its own at the border of the region, where it would jump.

A safeguard of the claim's own, as in `clip(p, 1e-7, 1 - 1e-7) - y`, is taken out of it as well. Whatever else a claim
is there is judged like any other point, and so is a listed one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from gradverify.core.arrays import Matrix, Vector
from gradverify.core.judge import FAIL, PASS
from gradverify.core.not_meant import BESIDE, HALVINGS, jumps
from gradverify.core.problem import Function, Problem
from gradverify.core.values import values_of
from gradverify.core.verify import Verified

MOST_LOOKED_AT = 8  # points of one search, each with all backends: where all of them are left out, the others are too


@dataclass(frozen=True, slots=True)
class Unguarded:
    """f and its claim without their safeguards.

    active: for points, (k, n), what the safeguard is called that is active at each; "" where none is.
    """

    function: Function
    claim: Function
    active: Callable[[Matrix], Sequence[str]]


@dataclass(slots=True)
class Safeguarded:
    """What has been found out about the points of one search at which a safeguard of f is active.

    unguarded: f without safeguards; None where f has none.  verified, confirm: of points, (k, n), or of one, (n,), what
    all backends say of the claim without safeguards as a derivative of f without them.
    """

    problem: Problem
    listed: Verified
    unguarded: Unguarded | None
    verified: Callable[[Matrix], Verified]
    confirm: Callable[[Vector], Verified | None]
    left_out: dict[bytes, tuple[Vector, str]] = field(default_factory=dict)  # by point: it, and the safeguard
    judged: set[bytes] = field(default_factory=set)  # points that are not left out
    _starts: Matrix | None = None

    def among(self, points: Matrix) -> list[bool]:
        """Which of `points`, (k, n), are left out."""
        if self.unguarded is None or not len(points):
            return [False] * len(points)
        new = [row for row, point in enumerate(points) if point.tobytes() not in self.judged | self.left_out.keys()]
        if new:
            self._look_at(points[new])
        return [point.tobytes() in self.left_out for point in points]

    def _look_at(self, points: Matrix) -> None:
        assert self.unguarded is not None
        active = self.unguarded.active(points)
        rows = [row for row, name in enumerate(active) if name]
        some = rows[:: max(1, -(-len(rows) // MOST_LOOKED_AT))]
        passes = dict.fromkeys(some, False)
        if some:
            codes = self.verified(points[some]).codes
            passes = dict(zip(some, (codes == PASS).all(axis=1).tolist(), strict=True))
            for row, code in zip(some, codes, strict=True):
                wrong = (code == FAIL).any() and self.confirm(points[row]) is not None
                passes[row] = passes[row] or not (wrong or self._claim_branches(points[row]))
        all_left_out = bool(some) and all(passes.values())
        for row, point in enumerate(points):
            if passes.get(row, all_left_out and bool(active[row])):
                self.left_out[point.tobytes()] = point, active[row]
            else:
                self.judged.add(point.tobytes())

    def _claim_branches(self, point: Vector) -> bool:
        """Whether the claim jumps where the safeguard becomes active on the way from a listed point to `point`.

        Where no listed point is without an active safeguard, nothing tells, and the point is judged.
        """
        assert self.unguarded is not None
        if self._starts is None:
            active = self.unguarded.active(self.listed.points)
            right = (self.listed.codes == PASS).all(axis=1)
            self._starts = self.listed.points[[bool(r) and not a for r, a in zip(right, active, strict=True)]]
        if not len(self._starts):
            return True
        start, low, high = self._starts[0], 0.0, 1.0
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            if middle in (low, high):
                break
            inside = self.unguarded.active((start + middle * (point - start))[None])[0]
            low, high = (low, middle) if inside else (middle, high)
        ways = low + BESIDE * np.array([-3.0, -1.0, 1.0, 3.0])
        if ways[0] < 0 or ways[-1] > 1:
            return False
        values = values_of(self.unguarded.claim, start + ways[:, None] * (point - start))
        return bool(np.isfinite(values).all() and jumps(values))
