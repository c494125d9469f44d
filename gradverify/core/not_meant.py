"""Is code meant for a point at all that nobody listed, or does it answer with a number that stands for "not here"?

`return 1e10` where a scale is negative, as optimisers are told of invalid parameters, is no value of f, and its
gradient need not be that of the constant. Such an answer is one huge number all around the point, and f jumps to it.
So the following is meant after all, and judged like any other point:

1. what f goes over into without a jump, as `minimum(exp(x), 1e4)` does;
2. where the claim has a branch of its own: it jumps where f does, and not to a huge constant as well;
3. where a domain is given that ends beyond the region, though it could have ended before: what one variable alone
   decides, whatever the others are, could have been left out by a box; what several decide together, as in a < b, not.

Of anything else nobody but the author knows whether it is meant. It is left out, and said so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from gradverify.core.arrays import Mask, Matrix, Vector
from gradverify.core.claim_jumps import around, border_before, jumps
from gradverify.core.problem import ExpressionFunction, Problem
from gradverify.core.values import values_of

TOLD_OFF = 1e3  # times what f is at the listed points, and 1 at least: the numbers that stand for "not here" are larger
AROUND = (0.1, 1e-4)  # relative to max(1, |x|): over such distances f answers the same, or at least over
ONWARDS = (1e-6, 1e-4)  # times the way from a listed point, farther on: at the border half of what is around is not so
NEIGHBOURS = 8  # points around, most of which must be answered so
MOST_ANSWERS = 8  # different ones, those to most points first: one number stands for "not here", or a few do
MOST_LOOKED_AT = 6  # points with one answer: where none of them is meant, the others are not either
MEETS = 1e-2  # relative to the constant: a value of f next to it that is so near goes over into it
BEYOND = 1e-2  # of the way from the border on: what one variable alone decides is so there, whatever the others are
BASES = 32  # points at which f answers as usual, for the question whether one variable alone decides
MOST_VARIABLES = 32  # beyond which that question is too dear


@dataclass(slots=True)
class NotMeant:
    """What has been found out about the points of one search that code may not be meant for.

    listed: (k, n), at which f has the values `usual`, (k, m), and the claim `claimed`, (k, c).
    """

    problem: Problem
    listed: Matrix
    usual: Matrix
    claimed: Matrix
    evaluations: int = 0
    claim_evaluations: int = 0
    left_out: dict[int, tuple[Vector, float]] = field(default_factory=dict)  # by row: the point, and the answer there
    meant: set[bytes] = field(default_factory=set)  # answers that are meant after all
    _bases: Matrix | None = None

    def told_off(self, values: Matrix) -> Mask:
        """Which of f's `values`, (k, m), are huge beside the usual ones; shape (k,)."""
        if isinstance(self.problem.function, ExpressionFunction):
            return np.zeros(len(values), dtype=np.bool_)
        usual = np.nanmax(np.where(np.isfinite(self.usual), np.abs(self.usual), 1.0), initial=1.0)
        huge: Mask = (np.isfinite(values) & (np.abs(values) >= TOLD_OFF * usual)).all(axis=1)
        return huge

    def concerns(self, point: Vector, value: Vector) -> bool:
        """Whether f, with that value, (m,), is not meant for the point, (n,)."""
        if not self.told_off(value[None])[0] or value.tobytes() in self.meant:
            return False
        return self._is_constant_around(point, value)

    def among(self, points: Matrix, claimed: Matrix, rows: Sequence[int]) -> set[int]:
        """Those of `rows` of the candidates, (k, n), that f is not meant for; a claim of 0 there, (k, c), is right."""
        rows = [row for row in rows if claimed[row].any()]
        if isinstance(self.problem.function, ExpressionFunction) or not rows:
            return set()
        values = self._values(points[rows])
        groups: dict[bytes, list[int]] = {}
        for at in np.flatnonzero(self.told_off(values)).tolist():
            groups.setdefault(values[at].tobytes(), []).append(at)
        out: set[int] = set()
        for key, members in sorted(groups.items(), key=lambda group: -len(group[1]))[:MOST_ANSWERS]:
            left, meant = [], 0
            for at in members[:MOST_LOOKED_AT]:
                point, value = points[rows[at]], values[at]
                if not self._is_constant_around(point, value):
                    continue
                if self._is_meant(point, value, points):
                    meant += 1
                else:
                    left.append(at)
            if meant:
                self.meant.add(key)
            if left:
                left += members[MOST_LOOKED_AT:]
            out |= {rows[at] for at in left}
            self.left_out |= {rows[at]: (points[rows[at]], float(values[at, 0])) for at in left}
        return out

    def _values(self, points: Matrix) -> Matrix:
        self.evaluations += len(points)
        return values_of(self.problem.function, points)

    def _is_constant_around(self, point: Vector, value: Vector) -> bool:
        """Whether f has exactly that value at most points around, or on the way on from a listed point."""
        onwards = point + np.array(ONWARDS)[:, None] * (point - self.listed[0])
        inside = onwards[self.problem.domain.contains(onwards).all(axis=1)]
        if len(inside) and (self._values(inside) == value).all():
            return True
        rng = np.random.default_rng(self.problem.seed)
        for reach in AROUND:
            step = reach * np.maximum(1.0, np.abs(point))
            around = point + step * rng.uniform(-1.0, 1.0, size=(NEIGHBOURS, point.size))
            inside = around[self.problem.domain.contains(around).all(axis=1)]
            if len(inside) and np.median((self._values(inside) == value).all(axis=1)) == 1:
                return True
        return False

    def _is_meant(self, point: Vector, value: Vector, candidates: Matrix) -> bool:
        """Whether one of the three reasons holds at a point where f answers with one huge `value` all around."""
        as_usual = self.listed[(np.isfinite(self.usual) & (self.usual != value)).all(axis=1)]
        if not len(as_usual):
            return True
        start = as_usual[0]
        border = border_before(start, point, self._answers(value))
        before = self._values((start + border * (point - start))[None])[0]
        with np.errstate(all="ignore"):
            if (np.abs(before - value) <= MEETS * np.abs(value)).all():
                return True
        return self._claim_branches(start, point, border) or self._could_be_left_out(point, value, candidates, as_usual)

    def _answers(self, value: Vector) -> Callable[[Vector], bool]:
        """Whether f answers with `value` at a point."""
        return lambda point: bool((self._values(point[None])[0] == value).all())

    def _claim_branches(self, start: Vector, end: Vector, border: float) -> bool:
        """Whether the claim has a branch where f has: it jumps at the border, or is constant from there on, and is not
        huge there as well."""
        claim = self.problem.claim
        ways = around(border)
        if claim is None or ways is None:
            return False
        found = claim.evaluate(start + np.array([*ways, 1.0])[:, None] * (end - start))
        self.claim_evaluations += len(ways) + 1
        values = found.values.reshape((len(ways) + 1, -1))
        if found.failures or not np.isfinite(values).all():
            return False
        usual = np.max(np.where(np.isfinite(self.claimed), np.abs(self.claimed), 1.0), initial=1.0)
        constant = (values[2:] == values[2]).all()
        if constant and (np.abs(values[2]) >= TOLD_OFF * usual).any():
            return False
        if constant and not (values[:2] == values[2]).all() and (values[0] != values[1]).any():
            return True
        return jumps(values)

    def _could_be_left_out(self, point: Vector, value: Vector, candidates: Matrix, as_usual: Matrix) -> bool:
        """Whether the domain ends beyond the region around `point`, and could have ended before it."""
        domain, n = self.problem.domain, point.size
        start = as_usual[0]
        ends = np.where(point > start, domain.high, -domain.low)
        if n > MOST_VARIABLES or not np.isfinite(ends).any():
            return False
        if self._bases is None:
            some = candidates[np.unique(np.linspace(0, len(candidates) - 1, BASES).astype(int))]
            self._bases = np.concatenate([as_usual, some[~self.told_off(self._values(some))]])[:BASES]
        bases = self._bases
        for j in np.flatnonzero(np.isfinite(ends) & (point != start)).tolist():
            beyond = bases[:, j] >= point[j] if point[j] > start[j] else bases[:, j] <= point[j]
            if beyond.any():  # f is as usual again there: a box cannot leave out what lies between
                continue
            alone = start.copy()
            alone[j] = point[j]
            if not (self._values(alone[None]) == value).all():
                continue
            border = border_before(start, alone, self._answers(value))
            moved = bases.copy()
            moved[:, j] = (start + (border + BEYOND * (1.0 - border)) * (alone - start))[j]
            if (self._values(moved) == value).all():
                return True
        return False
