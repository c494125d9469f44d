"""The bundled methods. Each is x ← x + step, with the learning rate η of the spec."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradverify.core.arrays import Vector
from gradverify.core.descent.run import BadOption, DescentMethod, DescentTask, RateUse, Stepper

MOMENTUM = 0.9  # the customary coefficient (Sutskever, Martens, Dahl & Hinton 2013, section 2)
ARMIJO = 1e-4  # sufficient decrease, c₁ (Nocedal & Wright 2006, section 3.1)
SHRINK = 0.5  # of the step in backtracking (loc. cit., algorithm 3.1)
MOST_SHRINKS = 60  # then the step is below the resolution of x


def _fraction(task: DescentTask, method: str, known: Mapping[str, float]) -> dict[str, float]:
    """The options of a method, all of them numbers between 0 and 1, with their defaults."""
    for name, value in task.options.items():
        if name not in known:
            takes = f"it takes {', '.join(f'`{k}`' for k in known)}" if known else "it takes none"
            raise BadOption(f"the method `{method}` has no option `{name}`; {takes}")
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1:
            raise BadOption(f"the option `{name}` of `{method}` is a number between 0 and 1, not {value!r}")
    return {name: float(task.options.get(name, default)) for name, default in known.items()}


def _rate(task: DescentTask, default: float | None = None) -> float:
    if task.learning_rate is not None:
        return task.learning_rate
    if default is None:
        raise BadOption("the method needs a `learning_rate`")
    return default


@dataclass(frozen=True, slots=True)
class GradientDescent:
    """x ← x − η g(x)."""

    name: str = "gradient-descent"
    learning_rate: RateUse = RateUse.REQUIRED

    def start(self, task: DescentTask) -> Stepper:
        """The stepper of one run."""
        _fraction(task, self.name, {})
        rate = _rate(task)
        return lambda x, g: x - rate * g

    def largest_learning_rate(self, curvature: float, options: Mapping[str, Any]) -> float:  # noqa: ARG002
        """2/L: beyond it the iterates leave a quadratic of curvature L (Nesterov 2018, section 1.2.3)."""
        return 2.0 / curvature


@dataclass(frozen=True, slots=True)
class Momentum:
    """v ← μ v − η g(x), x ← x + v (Polyak 1964). Option: `momentum`, μ."""

    name: str = "momentum"
    learning_rate: RateUse = RateUse.REQUIRED

    def start(self, task: DescentTask) -> Stepper:
        """The stepper of one run."""
        mu, rate = _fraction(task, self.name, {"momentum": MOMENTUM})["momentum"], _rate(task)
        velocity: Vector = np.zeros_like(task.start)

        def step(x: Vector, g: Vector) -> Vector:
            nonlocal velocity
            velocity = mu * velocity - rate * g
            return x + velocity

        return step

    def largest_learning_rate(self, curvature: float, options: Mapping[str, Any]) -> float:
        """2(1 + μ)/L (Polyak 1964, section 3)."""
        return 2.0 * (1.0 + _mu(options)) / curvature


@dataclass(frozen=True, slots=True)
class Nesterov:
    """v ← μ v − η g(x + μ v), x ← x + v (Nesterov 1983; Sutskever et al. 2013, equations 3 and 4).

    Option: `momentum`, μ.
    """

    name: str = "nesterov"
    learning_rate: RateUse = RateUse.REQUIRED

    def start(self, task: DescentTask) -> Stepper:
        """The stepper of one run."""
        mu, rate = _fraction(task, self.name, {"momentum": MOMENTUM})["momentum"], _rate(task)
        velocity: Vector | None = None

        def step(x: Vector, g: Vector) -> Vector:
            nonlocal velocity
            velocity = -rate * g if velocity is None else mu * velocity - rate * task.gradient(x + mu * velocity)
            return x + velocity

        return step

    def largest_learning_rate(self, curvature: float, options: Mapping[str, Any]) -> float:
        """2(1 + μ)/((1 + 2μ)L): the roots of z² − (1 + μ)(1 − ηL)z + μ(1 − ηL) then lie inside the unit circle."""
        mu = _mu(options)
        return 2.0 * (1.0 + mu) / ((1.0 + 2.0 * mu) * curvature)


def _mu(options: Mapping[str, Any]) -> float:
    return float(options.get("momentum", MOMENTUM))


@dataclass(frozen=True, slots=True)
class Backtracking:
    """x ← x − α g(x), α = η, sη, s²η … until f(x − αg) ≤ f(x) − c₁ α ‖g‖² (Armijo 1966).

    Options: `shrink`, s, and `c1`. The first step tried, `learning_rate`, is 1 where the spec gives none.
    """

    name: str = "backtracking"
    learning_rate: RateUse = RateUse.OPTIONAL

    def start(self, task: DescentTask) -> Stepper:
        """The stepper of one run."""
        options = _fraction(task, self.name, {"shrink": SHRINK, "c1": ARMIJO})
        rate = _rate(task, 1.0)

        def step(x: Vector, g: Vector) -> Vector | None:
            here, slope, length = task.value(x), float(g @ g), rate
            for _ in range(MOST_SHRINKS):
                trial = x - length * g
                if np.isfinite(trial).all() and task.value(trial) <= here - options["c1"] * length * slope:
                    return None if np.array_equal(trial, x) else trial
                length *= options["shrink"]
            return None

        return step


BUNDLED: tuple[DescentMethod, ...] = (GradientDescent(), Momentum(), Nesterov(), Backtracking())
