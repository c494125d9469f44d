"""The bundled methods. Each is x ← x + step, with the learning rate η of the spec."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gradverify.core.arrays import Vector
from gradverify.core.descent.run import Gradient, Method, Value

MOMENTUM = 0.9  # the customary coefficient (Sutskever, Martens, Dahl & Hinton 2013, section 2)
ARMIJO = 1e-4  # sufficient decrease, c₁ (Nocedal & Wright 2006, section 3.1)
SHRINK = 0.5  # of the step in backtracking (loc. cit., algorithm 3.1)
MOST_SHRINKS = 60  # then the step is below the resolution of x


@dataclass(frozen=True, slots=True)
class GradientDescent:
    """x ← x − η g(x)."""

    name: str = "gradient-descent"

    def start(self, f: Value, grad: Gradient, learning_rate: float) -> Callable[[Vector, Vector], Vector | None]:  # noqa: ARG002
        """The stepper of one run."""
        return lambda x, g: x - learning_rate * g


@dataclass(frozen=True, slots=True)
class Momentum:
    """v ← μ v − η g(x), x ← x + v (Polyak 1964)."""

    name: str = "momentum"

    def start(self, f: Value, grad: Gradient, learning_rate: float) -> Callable[[Vector, Vector], Vector | None]:  # noqa: ARG002
        """The stepper of one run."""
        velocity: Vector | None = None

        def step(x: Vector, g: Vector) -> Vector:
            nonlocal velocity
            velocity = -learning_rate * g + (0.0 if velocity is None else MOMENTUM * velocity)
            return x + velocity

        return step


@dataclass(frozen=True, slots=True)
class Nesterov:
    """v ← μ v − η g(x + μ v), x ← x + v (Nesterov 1983; Sutskever et al. 2013, equations 3 and 4)."""

    name: str = "nesterov"

    def start(self, f: Value, grad: Gradient, learning_rate: float) -> Callable[[Vector, Vector], Vector | None]:  # noqa: ARG002
        """The stepper of one run."""
        velocity: Vector | None = None

        def step(x: Vector, g: Vector) -> Vector:
            nonlocal velocity
            if velocity is None:
                velocity = -learning_rate * g
            else:
                velocity = MOMENTUM * velocity - learning_rate * grad(x + MOMENTUM * velocity)
            return x + velocity

        return step


@dataclass(frozen=True, slots=True)
class Backtracking:
    """x ← x − α g(x), α = η, η/2, η/4 … until f(x − αg) ≤ f(x) − c₁ α ‖g‖² (Armijo 1966)."""

    name: str = "backtracking"

    def start(self, f: Value, grad: Gradient, learning_rate: float) -> Callable[[Vector, Vector], Vector | None]:  # noqa: ARG002
        """The stepper of one run."""

        def step(x: Vector, g: Vector) -> Vector | None:
            here, slope, length = f(x), float(g @ g), learning_rate
            for _ in range(MOST_SHRINKS):
                trial = x - length * g
                if np.isfinite(trial).all() and f(trial) <= here - ARMIJO * length * slope:
                    return trial
                length *= SHRINK
            return None

        return step


BUNDLED: tuple[Method, ...] = (GradientDescent(), Momentum(), Nesterov(), Backtracking())
