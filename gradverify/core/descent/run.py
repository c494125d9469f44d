"""One descent: iterates of a method until the gradient is small, the numbers leave every bound, or the iterations
are spent."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from gradverify.core.arrays import Matrix, Vector

Value = Callable[[Vector], float]
Gradient = Callable[[Vector], Vector]

# An iterate this many times further out than the start (or than 1) has left every bound that a user would set; the
# next few
# iterates overflow.
FAR_OUT = 1e12


class Stop(enum.StrEnum):
    """Why a descent ended."""

    SMALL_GRADIENT = "small-gradient"
    ITERATIONS = "iterations"
    FAR_OUT = "far-out"
    NOT_FINITE = "not-finite"
    METHOD = "method"  # the method has no further step (a line search found none)


class Method(Protocol):
    """A descent method: makes a stepper for one run."""

    @property
    def name(self) -> str:
        """What specs call it."""

    def start(self, f: Value, grad: Gradient, learning_rate: float) -> Callable[[Vector, Vector], Vector | None]:
        """A function from (x, gradient at x) to the next x, or None where the method can go no further."""


@dataclass(frozen=True, slots=True)
class Trajectory:
    """What happened: points (k + 1, n), values (k + 1,), gradients (k + 1, n); k is the number of iterations."""

    points: Matrix
    values: Vector
    gradients: Matrix
    stop: Stop

    @property
    def iterations(self) -> int:
        """The number of steps taken."""
        return len(self.points) - 1


def descend(
    f: Value,
    grad: Gradient,
    start: Vector,
    method: Method,
    learning_rate: float,
    *,
    max_iterations: int,
    gradient_tolerance: float,
) -> Trajectory:
    """Run `method` from `start`, shape (n,), until ‖g‖ ≤ `gradient_tolerance` or `max_iterations` steps are taken.

    Overflow is a result here, not a warning.
    """
    with np.errstate(all="ignore"):
        return _descend(f, grad, start, method, learning_rate, max_iterations, gradient_tolerance)


def _descend(
    f: Value,
    grad: Gradient,
    start: Vector,
    method: Method,
    learning_rate: float,
    max_iterations: int,
    gradient_tolerance: float,
) -> Trajectory:
    x = np.array(start, dtype=np.float64)
    points, values, gradients = [x], [f(x)], [grad(x)]
    bound = FAR_OUT * max(1.0, float(np.max(np.abs(x), initial=0.0)))
    step = method.start(f, grad, learning_rate)
    stop = Stop.ITERATIONS
    for _ in range(max_iterations + 1):
        g = gradients[-1]
        if not (np.isfinite(values[-1]) and np.isfinite(g).all()):
            stop = Stop.NOT_FINITE
            break
        if np.linalg.norm(g) <= gradient_tolerance:
            stop = Stop.SMALL_GRADIENT
            break
        if len(points) > max_iterations:
            break
        following = step(points[-1], g)
        if following is None:
            stop = Stop.METHOD
            break
        points.append(following)
        if not np.isfinite(following).all():
            values.append(float("nan"))
            gradients.append(np.full_like(following, np.nan))
            stop = Stop.NOT_FINITE
            break
        values.append(f(following))
        gradients.append(grad(following))
        if np.max(np.abs(following)) > bound:
            stop = Stop.FAR_OUT
            break
    return Trajectory(np.array(points), np.array(values), np.array(gradients), stop)
