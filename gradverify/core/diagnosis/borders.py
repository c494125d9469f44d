"""Is a claim that is right at some points and wrong at others right on one side of a border, as a wrong branch is?

Points that happen to lie apart say so by chance, and what fades, as x·exp(−x) does, is nothing far off without any
border. So the claim is tried at points between the two kinds, and at both kinds with one component exchanged.
"""

from __future__ import annotations

import numpy as np

from gradverify.core.answers import Ask
from gradverify.core.arrays import Mask, Matrix, Vector
from gradverify.core.diagnosis.evidence import Evidence, cheapest
from gradverify.core.examine import examine
from gradverify.core.problem import Request
from gradverify.core.verify import Verified

BETWEEN = 16  # points between a right and a wrong one, and again between the two of them where that changes
A_LITTLE = 2  # of these are a little wrong where a gap fades; beside a border it may grow slowly, and one is
EXCHANGED = 4  # points of each kind that get a component of the other kind's
PLAINLY = 1e-3  # a wrong branch is off by so much, relative to the right value


class Tried:
    """Component `index` of the claim, at points that are chosen for it; rows: which of the evidence's are usable."""

    def __init__(self, verified: Verified, evidence: Evidence, index: int, ask: Ask) -> None:
        self._verified, self._evidence, self._index, self._ask = verified, evidence, index, ask
        self._points = evidence.points[evidence.usable[:, index]]
        # Where a call is too dear for further points, it is for these as well.
        affordable = evidence.points.shape[0] > verified.points.shape[0]
        self._backend = cheapest(verified) if affordable else None

    def fades(self, right: Mask, wrong: Mask) -> bool:
        """Whether the claim is a little wrong between a right and a wrong point. right, wrong: shape (k',)."""
        if self._backend is None:
            return False
        size = np.abs(self._points).max(axis=0)
        scaled = self._points / np.where(size > 0, size, 1.0)
        best: tuple[float, Vector, Vector] | None = None
        for i in np.flatnonzero(wrong).tolist():
            apart = np.where(right, np.linalg.norm(scaled - scaled[i], axis=1), np.inf)
            nearest = int(np.argmin(apart))
            if best is None or apart[nearest] < best[0]:
                best = float(apart[nearest]), self._points[i], self._points[nearest]
        if best is None:
            return False
        part = (np.arange(BETWEEN) + 1.0)[:, None] / (BETWEEN + 1.0)
        start, end = best[1], best[2]
        a_little = 0
        for _ in range(2):
            line = start + part * (end - start)
            same, plain, known = self._at(line)
            a_little += int((known & ~same & ~plain).sum())
            line = np.concatenate([start[None], line, end[None]])
            last = int(np.flatnonzero(np.concatenate([[True], known & ~same, [False]]))[-1])
            start, end = line[last], line[last + 1]
        return a_little >= A_LITTLE

    def turns_with(self, j: int, right: Mask, wrong: Mask) -> bool:
        """Whether component j of the points alone decides: exchanged, it puts wrong ones right and right ones wrong."""
        if self._backend is None or self._points.shape[1] == 1:
            return True
        good, bad = self._points[right], self._points[wrong]
        put_right, put_wrong = bad[:EXCHANGED].copy(), good[:EXCHANGED].copy()
        put_right[:, j] = good[np.arange(len(put_right)) % len(good), j]
        put_wrong[:, j] = bad[np.arange(len(put_wrong)) % len(bad), j]
        same, _, known = self._at(np.concatenate([put_right, put_wrong]))
        came_right, stayed = (same & known)[: len(put_right)], (same & known)[len(put_right) :]
        all_known, most_known = known[: len(put_right)], known[len(put_right) :]
        return bool((came_right | ~all_known).all()) and 2 * int(stayed.sum()) <= int(most_known.sum())

    def _at(self, points: Matrix) -> tuple[Mask, Mask, Mask]:
        """Where the claim agrees to round-off, where it is plainly wrong, and where anything is known."""
        problem = self._verified.problem
        nothing = np.zeros(points.shape[0], dtype=bool)
        if self._backend is None or problem.claim is None:
            return nothing, nothing, nothing
        values = examine(problem.claim, points, repeat=False).values
        shaped = values.reshape((points.shape[0], *problem.shape))
        estimates = self._ask(self._backend, problem, Request(points, shaped)).estimates
        if estimates is None:
            return nothing, nothing, nothing
        c = values[:, self._index]
        r = np.array([e.value for e in estimates.points]).reshape(values.shape)[:, self._index]
        b = np.array([e.error_bound for e in estimates.points]).reshape(values.shape)[:, self._index]
        with np.errstate(all="ignore"):
            gap = np.abs(c - r)
            same = agrees(c, r, b, self._evidence.fit)
            plain = (gap >= PLAINLY * np.abs(r)) & (gap > b)
        return same, plain, np.isfinite(c) & np.isfinite(r) & np.isfinite(b)


def agrees(c: Vector, r: Vector, b: Vector, fit: float) -> Mask:
    """Where claim and reference agree to round-off."""
    with np.errstate(all="ignore"):
        same: Mask = np.abs(c - r) <= fit * np.abs(r) + 4 * b
    return same
