"""The claim itself, before any comparison: its values at the points, and the faults that show without a reference."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from gradverify.core import roundoff
from gradverify.core.arrays import Array, Mask, Matrix, Vector
from gradverify.core.judge import Scales
from gradverify.core.problem import Failure, Function, Observation, Problem
from gradverify.core.values import flat
from gradverify.core.verdicts import Fault, NoteKind

# Two calls may differ by the order in which a threaded sum was added up; by more than this many units of round-off they
# are two different answers.
REPEAT_UNITS = 64.0

COMPARED_AT_ONCE = 1 << 16  # components of two answers

# How far a point is moved, relative to its components, to see a component's size nearby: far enough to leave a zero
# of the gradient, near enough to stay in its neighbourhood.
NEARBY = 0.1
NEARBY_POINTS = 8
VERY_NEAR = 1e-4  # as far from a zero a component is larger than at it; what varies by less has none there
OUTGROWS = 10.0
LEAST_PART = 0.25  # of those distances


@dataclass(frozen=True, slots=True)
class ClaimValues:
    """What the claim returned at k points, flat: values of shape (k, c)."""

    values: Matrix
    failures: Mapping[int, Failure]  # by row
    faults: tuple[Observation, ...]  # mutates-input, nondeterministic, ...
    notes: tuple[Observation, ...]  # conventions, single precision
    evaluations: int


def examine(
    claim: Function, points: Matrix, repeat: bool, evaluate_function: Callable[[Matrix], object] | None = None
) -> ClaimValues:
    """Evaluate the claim at all points; with `repeat` a second time, in reverse order, to see whether it answers the
    same. With `evaluate_function` f is evaluated beside the last point in between: what f keeps of its last call, as a
    layer's forward pass does, must not be what the claim answers with."""
    evaluation = claim.evaluate(points)
    values = flat(evaluation.values)
    faults: dict[Fault | NoteKind, Observation] = {
        o.kind: o for o in evaluation.observations if o.kind is Fault.MUTATES_INPUT
    }
    notes = {o.message: o for o in evaluation.observations if o.kind is not Fault.MUTATES_INPUT}
    count = points.shape[0]
    if repeat and count:
        if evaluate_function is not None:
            evaluate_function(beside(points[-1:]))
        again = claim.evaluate(points[::-1].copy() if count > 1 else points)
        count *= 2
        other = flat(again.values)[::-1]
        differs = apart(other, values)
        failed = {f.row for f in evaluation.failures} ^ {points.shape[0] - 1 - f.row for f in again.failures}
        rows = sorted(set(np.flatnonzero(differs.any(axis=1)).tolist()) | failed)
        if rows:
            row = rows[0]
            told = two_answers(values, other, row)
            if evaluate_function is not None and _follows(claim, points[row : row + 1], values[row], evaluate_function):
                message = f"the claimed gradient answers with what the function's last call has left: {told.message}"
                told = Observation(told.kind, message, row)
            faults[Fault.NONDETERMINISTIC] = told
    failures = {failure.row: failure for failure in evaluation.failures}
    return ClaimValues(values, failures, tuple(faults.values()), tuple(notes.values()), count)


def beside(points: Matrix) -> Matrix:
    """Other points, of the same shape, as near to `points` as differences go."""
    return points + VERY_NEAR * np.where(points != 0, np.abs(points), 1.0)


def _follows(claim: Function, point: Matrix, value: Vector, evaluate_function: Callable[[Matrix], object]) -> bool:
    """Whether the claim gives its first answer again after f was evaluated at `point`, (1, n), and not before that."""
    evaluate_function(beside(point))
    before = flat(claim.evaluate(point).values)
    evaluate_function(point)
    after = flat(claim.evaluate(point).values)
    return bool(apart(before, value[None, :]).any() and not apart(after, value[None, :]).any())


def two_answers(first: Matrix, second: Matrix, row: int) -> Observation:
    """What is said of two answers, of shape (k, c) both, that are apart at point `row`."""
    column = int(np.argmax(apart(second[row : row + 1], first[row : row + 1])[0]))
    message = (
        "a second call at the same point answers differently"
        f" ({first[row, column]:.17g}, then {second[row, column]:.17g})"
    )
    return Observation(Fault.NONDETERMINISTIC, message, row)


def apart(other: Matrix, values: Matrix) -> Mask:
    """Where two answers differ by more than round-off, shape (k, c); a slice at a time, since both may be large."""
    differs = np.empty(values.shape, dtype=np.bool_)
    for start in range(0, values.shape[1], COMPARED_AT_ONCE):
        part = slice(start, start + COMPARED_AT_ONCE)
        a, b = other[:, part], values[:, part]
        with np.errstate(all="ignore"):
            differs[:, part] = np.abs(a - b) > REPEAT_UNITS * np.finfo(np.float64).eps * np.abs(b)
        differs[:, part] |= np.isfinite(a) != np.isfinite(b)
    return differs


@dataclass
class ScaleProbe:
    """The claim's round-off and size nearby at each point, measured when first asked for."""

    problem: Problem
    claim: Function
    points: Matrix
    typical: Vector  # shape (n,): a step length for components that are zero
    evaluations: int = 0
    _known: dict[int, Scales] = field(default_factory=dict)

    def at(self, row: int) -> Scales:
        """The scales at point `row`."""
        if row not in self._known:
            self._known[row] = self.measure(self.points[row], self.problem.seed + row)
        return self._known[row]

    def measure(self, point: Vector, seed: int) -> Scales:
        """The scales at any point; 37 evaluations of the claim."""
        line = roundoff.along_a_line(point, self.problem.precision.epsilon, seed)
        around = self.around(point, seed)
        inside = _inside(self.problem, line, point)
        values = flat(self.claim.evaluate(np.concatenate([inside, around])).values)
        self.evaluations += values.shape[0]
        own = roundoff.round_off_from(values[: line.shape[0]], self.problem.precision.epsilon)
        with np.errstate(all="ignore"):
            near = np.abs(values[line.shape[0] :])
            near = np.where(np.isfinite(near), near, 0.0)
        # Of two points on opposite sides the smaller value counts: beside a zero both are large.
        pairs = near.reshape((2, 2, NEARBY_POINTS // 2, -1)).min(axis=1)
        # The median of the larger half: one wild value nearby must not stretch the scale.
        far, close = np.quantile(pairs, 0.75, axis=1)
        here = np.abs(values[line.shape[0] // len(roundoff.SPACINGS) // 2])
        # Beside a zero the component outgrows its value at once. Down the slope of exp(−x²/2) at 20 it outgrows it far
        # off only, by 10¹⁴, and is no nearer to a zero for it.
        nearby = np.where(close >= OUTGROWS * here, far, np.minimum(far, here))
        # At the end of a flat part, as of a squared hinge, the claim is 0 here and on one side, and grows on the other.
        very_close = near.reshape((2, 2, NEARBY_POINTS // 2, -1))[1]
        lesser, larger = very_close.min(axis=0), very_close.max(axis=0)
        end = (here == 0) & (lesser == 0).all(axis=0) & (larger > 0).all(axis=0)
        return Scales(own, np.asarray(nearby, dtype=np.float64), np.where(end, np.median(larger, axis=0), 0.0))

    def around(self, point: Vector, seed: int) -> Matrix:
        """Points near `point`, inside the domain, shape (2·NEARBY_POINTS, n): half of them close, half very close.

        The second half of either is opposite to the first; where the domain ends beside the point, both lie on the side
        that is left.
        """
        rng = np.random.default_rng((seed, 1))
        length = np.where(point != 0, np.abs(point), self.typical)
        step = length * rng.uniform(LEAST_PART, 1.0, size=(NEARBY_POINTS // 2, point.size))
        step *= rng.choice((-1.0, 1.0), size=step.shape)
        contains = self.problem.domain.contains
        rows = []
        for part in (NEARBY, VERY_NEAR):
            forth, back = point + part * step, point - part * step
            rows.append(np.where(contains(forth), forth, point - 0.5 * part * step))
            rows.append(np.where(contains(back), back, point + 0.5 * part * step))
        return _inside(self.problem, np.concatenate(rows), point)


def _inside(problem: Problem, points: Matrix, fallback: Vector) -> Matrix:
    """`points`, with components outside the domain taken from `fallback` (a point inside)."""
    return np.where(problem.domain.contains(points), points, fallback)


def typical_lengths(points: Matrix, problem: Problem) -> Vector:
    """A length for each variable to move zeros by: the largest magnitude among the points, else the domain's, else 1.

    Shape (n,). The last is not a tolerance: it only says where to look for the component's size nearby.
    """
    largest: Array = np.abs(points).max(axis=0, initial=0.0)
    if (largest > 0).all():
        return largest
    width = problem.domain.high - problem.domain.low
    fallback = np.where(np.isfinite(width) & (width > 0), width, 1.0)
    overall = float(np.max(largest, initial=0.0))
    return np.where(largest > 0, largest, np.where(np.isfinite(width), fallback, overall if overall > 0 else 1.0))
