"""Does a point lie where a safeguard of f is active, as the bound of `log(maximum(p, 1e-12))`, and is the claim the
gradient of what f is without it?

Nobody writes the gradient of a bound that only keeps a logarithm from infinity: the usual claim is that of the
unbounded function, p − y for a logistic loss, and that f is flat where p is below 1e-12 is no fault of it. So a point
that nobody listed, at which the claim is not f's gradient, is left out where a safeguard is active and

1. the claim is the gradient of f without the safeguard there; or
2. f without it has no value there, or none that double precision shows, as −log(1 − sigmoid(100)), the claim has no
   branch of its own at the border of the region or within it, where it would jump, and what is off has to do with what
   is bounded there: nothing excuses the other components. Where the formulas of f go on to complex numbers, as log(x)
   does with log|x| + iπ at x < 0, its derivative may be real all the same, 1/x there; then the claim is held to that.

A safeguard of the claim's own, as in `clip(p, 1e-7, 1 - 1e-7) - y`, is taken out of it as well. Whatever else a claim
is there is judged like any other point, and so is a listed one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from gradverify.core.arrays import Mask, Matrix, Vector
from gradverify.core.claim_jumps import branches
from gradverify.core.continued import formally_wrong
from gradverify.core.judge import FAIL, PASS
from gradverify.core.problem import Derivative, Function, Problem
from gradverify.core.values import values_of
from gradverify.core.verdicts import Evidence
from gradverify.core.verify import Verified

Subjects = Sequence[tuple[Vector, Mask]]
MOVED = (1e-3, -0.1)  # relative to max(1, |x|): how far a variable is moved to see whether a bounded value moves
NODES, WEIGHTS = np.polynomial.legendre.leggauss(8)  # for the integral of a claim over an ordinary step
REACHES = (0.1, 0.3)  # relative to max(1, |x|): such steps, to either side
LENGTHS = (1.0, 3.0)  # the same as they are: of a sigmoid's argument, in which 1 − p grows e-fold or 20-fold
ROUGHLY = 0.3  # of the integral: what is left of f's digits, where log(1 − p) has but a few values
MOST_ADDED_UP = 8  # components for which that is asked
MOST_STARTS = 3  # listed points at which that is tried
BEFORE = 0.1  # of the way from a listed point: how near to where a safeguard becomes active digits may be lost
MOST_ONE_BY_ONE = 256  # variables that are moved one by one, to see whether a bounded value moves: 2n + 1 points
MOST_DECODED = 300_000_000  # answers that are looked at to find out which of very many variables moved it
MOST_LOOKED_AT = 8  # points of one search, each with all backends: where all of them are left out, the others are too


@dataclass(frozen=True, slots=True)
class Unguarded:
    """f and its claim without their safeguards.

    active: for points, (k, n), what the safeguard is called that is active at each; "" where none is.
    subjects: for points, what is bounded at each, (e,), and which entries are changed by that, (e,).
    """

    function: Function
    claim: Function
    active: Callable[[Matrix], Sequence[str]]
    subjects: Callable[[Matrix], Sequence[Subjects]]


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
    # Points that are not left out, with the components that are excused all the same, (c,).
    judged: dict[bytes, Mask] = field(default_factory=dict)
    _starts: Matrix | None = None

    def among(self, points: Matrix) -> list[bool]:
        """Which of `points`, (k, n), are left out."""
        if self.unguarded is None or not len(points):
            return [False] * len(points)
        known = self.judged.keys() | self.left_out.keys()
        new = [row for row, point in enumerate(points) if point.tobytes() not in known]
        if new:
            self._look_at(points[new])
        return [point.tobytes() in self.left_out for point in points]

    def excuses(self, point: Vector, failing: Mask) -> bool:
        """Whether a point, (n,), is left out at which these components, (c,), are known to be wrong."""
        if self.among(point[None])[0]:
            return True
        if self.unguarded is None:
            return False
        excused, name = self.judged[point.tobytes()], self.unguarded.active(point[None])[0]
        beyond = None if name else self._next_to(point)
        if beyond is not None:
            excused, name = excused | self._excused(point, beyond), self.unguarded.active(beyond[None])[0]
        if not (failing & excused).any() or (failing & ~excused).any():
            return False
        self.left_out[point.tobytes()] = point, name
        return True

    def _next_to(self, point: Vector) -> Vector | None:
        """A point of the domain, somewhat farther on from a listed one, at which a safeguard is active.

        Where log(1 − p) is about to be bounded, p has but a few values left.
        """
        assert self.unguarded is not None
        for start in self._starts_at()[:1]:
            beyond: Vector = start + (1.0 + BEFORE) * (point - start)
            if self.problem.domain.contains(beyond[None]).all() and self.unguarded.active(beyond[None])[0]:
                return beyond
        return None

    def _excused(self, point: Vector, inside: Vector, verified: Verified | None = None, row: int = 0) -> Mask:
        """Which components, (c,), of the claim at `point` are those of f without safeguards, or go on as such.

        inside: where a safeguard is active, `point` itself or one next to it.  verified: the claim without safeguards
        at `point`, its row.
        """
        assert self.unguarded is not None
        verified = self.verified(point[None]) if verified is None else verified
        excused: Mask = verified.codes[row] == PASS
        wrong = self._surely_wrong(verified, row) and self.confirm(point) is not None
        if excused.all() or wrong or self._claim_branches(inside):
            return excused
        may_be = self._moves_bounded(inside)
        if not np.isfinite(values_of(self.unguarded.function, point[None])).all():
            may_be &= ~self._formally_wrong(point)  # elsewhere f may have lost its digits
        return excused | may_be

    def _look_at(self, points: Matrix) -> None:
        assert self.unguarded is not None
        active = self.unguarded.active(points)
        rows = [row for row, name in enumerate(active) if name]
        some = rows[:: max(1, -(-len(rows) // MOST_LOOKED_AT))]
        suspects = [row for row in rows if row not in some and self._formally_wrong(points[row]).any()]
        some = sorted({*some, *suspects[:MOST_LOOKED_AT]})
        count = self.listed.claim.values.shape[1]
        excused = dict.fromkeys(range(len(points)), np.zeros(count, dtype=np.bool_))
        if some:
            verified = self.verified(points[some])
            for at, row in enumerate(some):
                excused[row] = self._excused(points[row], points[row], verified, at)
        all_left_out = bool(some) and all(excused[row].all() for row in some if row not in suspects)
        for row, point in enumerate(points):
            if excused[row].all() or (all_left_out and active[row] and row not in suspects):
                self.left_out[point.tobytes()] = point, active[row]
            elif row in some or not active[row]:  # the others are looked at when somebody asks about them
                self.judged[point.tobytes()] = excused[row]

    def _moves_bounded(self, point: Vector) -> Mask:
        """Which components, (c,), have to do with what a safeguard changes at `point`.

        They are derivatives by variables that move that, or change with such variables, as that of y·log(p) by y does.
        Both are seen at listed points, where nothing is saturated.
        """
        assert self.unguarded is not None
        moves = np.zeros(point.size, dtype=np.bool_)
        (there,) = self.unguarded.subjects(point[None])
        for start in self._starts_at()[:MOST_STARTS]:
            found = self._movers(start, there)
            if found is None:
                return np.ones(self.listed.claim.values.shape[1], dtype=np.bool_)
            moves |= found
        out = np.resize(moves, self.listed.claim.values.shape[1])
        for start in self._starts_at()[:MOST_STARTS]:
            step = self._parts(point.size) * np.maximum(1.0, np.abs(start))
            ways = np.outer((0.0, *MOVED), np.where(moves, step, 0.0))
            claimed = values_of(self.unguarded.claim, start + ways)
            out |= (claimed[1:] != claimed[0]).any(axis=0)
        return out

    def _movers(self, start: Vector, there: Subjects) -> Mask | None:
        """Which variables, (n,), move what is changed `there` when they are moved at `start`; None where f bounds
        something else there.

        Very many variables are moved by halves, as many as an index has bits: that costs no n times n numbers.
        """
        assert self.unguarded is not None
        n = start.size
        groups = np.eye(n, dtype=np.bool_) if n <= MOST_ONE_BY_ONE else halves(n)
        steps = [reach * self._parts(n) * np.maximum(1.0, np.abs(start)) * groups for reach in MOVED]
        here, *moved = self.unguarded.subjects(np.concatenate([start[None], *(start + step for step in steps)]))
        shapes = [changed.shape for _, changed in there]
        if any([value.shape for value, _ in found] != shapes for found in (here, *moved)):
            return None
        of_interest = np.concatenate([changed for _, changed in there])
        values = np.array([np.concatenate([value for value, _ in found])[of_interest] for found in (here, *moved)])
        answers: Mask = np.asarray((values[1:] != values[0]).reshape((len(MOVED), len(groups), -1)).any(axis=0))
        return np.asarray(answers.any(axis=1)) if n <= MOST_ONE_BY_ONE else who_moves(answers, n)

    def _parts(self, n: int) -> Vector:
        """The part of a step by which each of n variables is moved: shares of a sum stay where all grow alike."""
        parts: Vector = np.random.default_rng(self.problem.seed).uniform(0.5, 1.0, size=n)
        return parts

    def _claim_branches(self, point: Vector) -> bool:
        """Whether the claim jumps where the safeguard becomes active on the way from a listed point to `point`, or
        beyond that.

        Where no listed point is without an active safeguard, nothing tells, and the point is judged.
        """
        unguarded, starts = self.unguarded, self._starts_at()
        assert unguarded is not None
        if not len(starts):
            return True
        return branches(unguarded.claim, starts[0], point, lambda between: bool(unguarded.active(between[None])[0]))

    def _formally_wrong(self, point: Vector) -> Mask:
        """Which components, (c,), of the claim are not the derivative of f's formulas without safeguards."""
        assert self.unguarded is not None
        return formally_wrong(self.problem, self.unguarded.function, self.unguarded.claim, point)

    def _starts_at(self) -> Matrix:
        """The listed points at which the claim is right, and no safeguard is active."""
        if self._starts is None:
            assert self.unguarded is not None
            active = self.unguarded.active(self.listed.points)
            right = (self.listed.codes == PASS).all(axis=1)
            self._starts = self.listed.points[[bool(r) and not a for r, a in zip(right, active, strict=True)]]
        return self._starts

    def _surely_wrong(self, verified: Verified, row: int) -> bool:
        """Whether the claim is wrong by a reference that is known well.

        −log(1 − p) has few digits left where p is nearly 1, and differences take what is between its steps for slopes.
        """
        fails = verified.codes[row] == FAIL
        for judged in verified.judged:
            exact = judged.evidence[row].strength >= Evidence.EXACT.strength
            if exact and (fails & (judged.codes[row] == FAIL)).any():
                return True
        off = np.flatnonzero(fails)
        if self.problem.derivative is Derivative.HESSIAN or not np.isfinite(verified.claim.values[row][off]).all():
            return bool(off.size)
        return not all(self._adds_up(verified.points[row], i) for i in off[:MOST_ADDED_UP].tolist())

    def _adds_up(self, point: Vector, component: int) -> bool:
        """Whether f without safeguards changes over an ordinary step as this component of the claim says, roughly."""
        assert self.unguarded is not None
        output, variable = divmod(component, point.size)
        for reach in (*(r * max(1.0, abs(float(point[variable]))) for r in REACHES), *LENGTHS):
            step = np.zeros(point.size)
            step[variable] = reach
            ways = point + NODES[:, None] * step
            if not self.problem.domain.contains(ways[[0, -1]]).all():
                continue
            ends = values_of(self.unguarded.function, np.array([point - step, point + step]))[:, output]
            said = values_of(self.unguarded.claim, ways)[:, component] * step[variable]
            if not np.isfinite(ends).all():  # where f ends so near, differences tell nothing
                return True
            with np.errstate(all="ignore"):
                if abs(ends[1] - ends[0] - WEIGHTS @ said) <= ROUGHLY * (WEIGHTS @ np.abs(said)):
                    return True
        return False


def halves(n: int) -> Mask:
    """For each bit of an index below n the indices without it and those with it: (2·bits, n)."""
    bit = np.arange(max(1, (n - 1).bit_length()))[:, None]
    having = (np.arange(n) >> bit) & 1 == 1
    out: Mask = np.stack([~having, having], axis=1).reshape((-1, n))
    return out


def who_moves(answers: Mask, n: int) -> Mask:
    """Which of n variables may have moved an entry, by the entries' answers, (2·bits, e), to moving `halves`; (n,).

    What one variable alone moves answers to one half of each pair, and that spells its index. What several move answers
    to both halves of some, and all variables whose halves were answered to may be among them.
    """
    pairs = answers.reshape((-1, 2, answers.shape[1]))
    moved = pairs[:, :, pairs.any(axis=1).all(axis=0)]
    out = np.zeros(n, dtype=np.bool_)
    one = (moved.sum(axis=1) == 1).all(axis=0)
    spelled = (moved[:, 1, one].astype(np.intp) << np.arange(len(pairs))[:, None]).sum(axis=0)
    out[spelled[spelled < n]] = True
    several = np.unique(moved[:, :, ~one].reshape((len(answers), -1)), axis=1)
    if several.size * n > MOST_DECODED:
        return np.ones(n, dtype=np.bool_)
    of = halves(n)
    for answer in several.T:
        out |= ~(of & ~answer[:, None]).any(axis=0)
    return out
