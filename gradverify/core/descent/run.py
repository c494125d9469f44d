"""One descent: iterates of a method until the gradient is small, the numbers leave every bound, or the iterations
are spent. Iterate 0 is the start; after k iterations there are k + 1 iterates."""

from __future__ import annotations

import enum
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np

from gradverify.core.arrays import Array, Matrix, Vector
from gradverify.core.problem import Domain

Value = Callable[[Vector], float]
Gradient = Callable[[Vector], Vector]
Stepper = Callable[[Vector, Vector], "Vector | None"]

# An iterate this many times further out than the start (or than 1) has left every bound that a user would set; the
# next few iterates overflow.
FAR_OUT = 1e12
# Iterates that are kept whole; every second one is dropped when there are more. Everything that behaviour, rate and
# curvature need is kept of every iterate, as a few numbers.
MOST_KEPT = 2_000
MOST_ELEMENTS = 2_000_000  # of all kept iterates together: 16 MB
FEWEST_KEPT = 16  # however many components there are


class Stop(enum.StrEnum):
    """Why a descent ended."""

    SMALL_GRADIENT = "small-gradient"
    ITERATIONS = "iterations"
    FAR_OUT = "far-out"
    NOT_FINITE = "not-finite"
    LEFT_DOMAIN = "left-domain"
    METHOD = "method"  # the method has no further step (a line search found none)
    TIME = "time"  # the time allowed is spent


class RateUse(enum.StrEnum):
    """What a method does with the spec's `learning_rate`."""

    REQUIRED = "required"
    OPTIONAL = "optional"  # it has a default
    NONE = "none"  # it has no such thing


class OutOfTime(Exception):  # noqa: N818 - it ends a run, and is no error
    """Raised from within a method's step when the time allowed is spent."""


class BadOption(ValueError):  # noqa: N818 - what it is called in messages
    """The spec's options do not fit the method; the message says which and what would."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DescentTask:
    """What a method is told of one run. Vectors have shape (n,).

    value and gradient return NaN outside the domain, and where the functions fail; they never raise for what those do.
    """

    value: Value
    gradient: Gradient
    start: Vector
    learning_rate: float | None
    options: Mapping[str, Any] = field(default_factory=dict)
    max_iterations: int
    gradient_tolerance: float
    low: Vector  # the domain's ends; infinite where there is none
    high: Vector


@runtime_checkable
class DescentMethod(Protocol):
    """A descent method: makes a stepper for one run."""

    @property
    def name(self) -> str:
        """What specs call it."""

    @property
    def learning_rate(self) -> RateUse:
        """Whether it needs the spec's `learning_rate`."""

    def start(self, task: DescentTask) -> Stepper:
        """A function from (x, gradient at x) to the next x, or None where the method can go no further."""


@dataclass(frozen=True, slots=True)
class Trajectory:
    """What happened in k iterations of n variables.

    values, norms: (k + 1,), f and ‖g‖ at every iterate.
    lengths: (k,), of the steps.  turns: (k − 1,), the cosine between successive steps.
    slopes: (k,), gᵢ·stepᵢ.  curvatures: (k,), stepᵢ·(gᵢ₊₁ − gᵢ)/‖stepᵢ‖², along the step and with its sign.
    stretches: (k,), ‖gᵢ₊₁ − gᵢ‖/‖stepᵢ‖, a lower estimate of the Lipschitz constant of g.
    points, gradients: (p, n), of the iterates that were kept; kept: (p,), their numbers; the last is always there.
    """

    values: Vector
    norms: Vector
    lengths: Vector
    turns: Vector
    slopes: Vector
    curvatures: Vector
    stretches: Vector
    points: Matrix
    gradients: Matrix
    kept: Array
    stop: Stop

    @property
    def iterations(self) -> int:
        """The number of steps taken."""
        return int(self.lengths.size)

    @property
    def last(self) -> Vector:
        """The last iterate, shape (n,)."""
        return np.asarray(self.points[-1])


def descend(
    value: Value,
    gradient: Gradient,
    start: Vector,
    method: DescentMethod,
    learning_rate: float | None,
    *,
    max_iterations: int,
    gradient_tolerance: float,
    options: Mapping[str, Any] | None = None,
    domain: Domain | None = None,
    go_on: Callable[[], bool] = lambda: True,
) -> Trajectory:
    """Run `method` from `start`, shape (n,), until ‖g‖ ≤ `gradient_tolerance` or `max_iterations` steps are taken.

    go_on: asked before every step; False ends the run. Overflow is a result here, not a warning. What the method
    itself raises goes through.
    """
    start = np.array(start, dtype=np.float64)
    domain = Domain.everywhere(start.size) if domain is None else domain

    def timed_value(x: Vector) -> float:
        if not go_on():
            raise OutOfTime
        return value(x)

    def timed_gradient(x: Vector) -> Vector:
        if not go_on():
            raise OutOfTime
        return gradient(x)

    task = DescentTask(
        value=timed_value, gradient=timed_gradient, start=start.copy(), learning_rate=learning_rate,
        options=dict(options or {}),
        max_iterations=max_iterations, gradient_tolerance=gradient_tolerance, low=domain.low, high=domain.high,
    )  # fmt: skip
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _descend(task, method.start(task), value, gradient, domain, go_on)


def _descend(
    task: DescentTask, step: Stepper, value: Value, gradient: Gradient, domain: Domain, go_on: Callable[[], bool]
) -> Trajectory:
    x = task.start
    record = _Record(x, value(x), gradient(x))
    bound = FAR_OUT * max(1.0, float(np.max(np.abs(x), initial=0.0)))
    while True:
        g = record.gradient
        if not (np.isfinite(record.values[-1]) and np.isfinite(g).all()):
            return record.ended(Stop.NOT_FINITE)
        if record.norms[-1] <= task.gradient_tolerance:
            return record.ended(Stop.SMALL_GRADIENT)
        if len(record.values) > task.max_iterations:
            return record.ended(Stop.ITERATIONS)
        if not go_on():
            return record.ended(Stop.TIME)
        try:
            following = step(record.point.copy(), g.copy())
        except OutOfTime:
            return record.ended(Stop.TIME)
        if following is None:
            return record.ended(Stop.METHOD)
        following = _checked(following, x.shape)
        nothing = np.full_like(following, np.nan)
        if not np.isfinite(following).all():
            record.add(following, float("nan"), nothing)
            return record.ended(Stop.NOT_FINITE)
        if not domain.contains(following[None, :]).all():
            record.add(following, float("nan"), nothing)
            return record.ended(Stop.LEFT_DOMAIN)
        record.add(following, value(following), gradient(following))
        if np.max(np.abs(following), initial=0.0) > bound:
            return record.ended(Stop.FAR_OUT)


def _checked(following: object, shape: tuple[int, ...]) -> Vector:
    """A stepper's answer as a fresh vector; raises `TypeError` for anything else."""
    found = np.array(following, dtype=np.float64)
    if found.shape != shape:
        raise TypeError(f"the method's step returned shape {found.shape}, the point has shape {shape}")
    return found


class _Record:
    """A trajectory while it grows."""

    def __init__(self, point: Vector, value: float, gradient: Vector) -> None:
        self.point, self.gradient = point, gradient
        self.values, self.norms = [value], [float(np.linalg.norm(gradient))]
        self.lengths: list[float] = []
        self.turns: list[float] = []
        self.slopes: list[float] = []
        self.curvatures: list[float] = []
        self.stretches: list[float] = []
        self.kept: list[tuple[int, Vector, Vector]] = [(0, point, gradient)]
        self.stride = 1
        self.most = max(FEWEST_KEPT, min(MOST_KEPT, MOST_ELEMENTS // max(1, point.size)))
        self._step: Vector | None = None

    def add(self, point: Vector, value: float, gradient: Vector) -> None:
        step = point - self.point
        change = gradient - self.gradient
        length = float(np.linalg.norm(step))
        if self._step is not None:
            self.turns.append(_divide(float(step @ self._step), length * self.lengths[-1]))
        self.lengths.append(length)
        self.slopes.append(float(self.gradient @ step))
        # Divided one factor after the other: the square of a small length underflows.
        self.curvatures.append(_divide(_divide(float(step @ change), length), length))
        self.stretches.append(_divide(float(np.linalg.norm(change)), length))
        self.point, self.gradient, self._step = point, gradient, step
        self.values.append(value)
        self.norms.append(float(np.linalg.norm(gradient)))
        number = len(self.values) - 1
        if number % self.stride == 0:
            self.kept.append((number, point, gradient))
            if len(self.kept) > self.most:
                self.stride *= 2
                self.kept = self.kept[::2]

    def ended(self, stop: Stop) -> Trajectory:
        number = len(self.values) - 1
        if self.kept[-1][0] != number:
            self.kept.append((number, self.point, self.gradient))
        numbers, points, gradients = zip(*self.kept, strict=True)
        return Trajectory(
            values=np.array(self.values), norms=np.array(self.norms), lengths=np.array(self.lengths, dtype=np.float64),
            turns=np.array(self.turns, dtype=np.float64), slopes=np.array(self.slopes, dtype=np.float64),
            curvatures=np.array(self.curvatures, dtype=np.float64),
            stretches=np.array(self.stretches, dtype=np.float64),
            points=np.array(points), gradients=np.array(gradients), kept=np.array(numbers), stop=stop,
        )  # fmt: skip


def _divide(numerator: float, denominator: float) -> float:
    return numerator / denominator if denominator else float("nan")
