"""How a descent behaved, its linear rate, and the curvature that it met on the way."""

from __future__ import annotations

import enum
from dataclasses import dataclass

import numpy as np

from gradverify.core.arrays import Vector
from gradverify.core.descent.run import Stop, Trajectory


class Behaviour(enum.StrEnum):
    """The four behaviours that a spec can expect."""

    CONVERGES = "converges"
    SLOW = "slow"
    OSCILLATES = "oscillates"
    DIVERGES = "diverges"


# The later half of a descent shows its behaviour: the first iterates depend on the start.
TAIL = 0.5
REVERSING = 0.75  # the share of successive steps that point against one another before it is called oscillation
NOT_SHRINKING = 0.999  # mean ratio of successive step lengths; 0.999 halves a step in 700 iterations
GROWING = 1.001  # mean ratio of successive step lengths beyond which the steps blow up
FEWEST_STEPS = 4  # fewer show no rate


def behaviour(trajectory: Trajectory) -> Behaviour:
    """Name what happened."""
    match trajectory.stop:
        case Stop.SMALL_GRADIENT:
            return Behaviour.CONVERGES
        case Stop.NOT_FINITE | Stop.FAR_OUT:
            return Behaviour.DIVERGES
        case _:
            pass
    steps = np.diff(trajectory.points, axis=0)
    if len(steps) < FEWEST_STEPS:
        return Behaviour.SLOW
    lengths = np.linalg.norm(steps, axis=1)
    tail = slice(int(len(steps) * TAIL), None)
    with np.errstate(all="ignore"):
        ratios = lengths[1:] / lengths[:-1]
        mean = float(np.exp(np.mean(np.log(ratios[tail]))))
    reversing = np.einsum("ij,ij->i", steps[1:], steps[:-1])[tail] < 0
    if mean >= GROWING and trajectory.values[-1] > trajectory.values[0]:
        return Behaviour.DIVERGES
    if reversing.mean() >= REVERSING and mean >= NOT_SHRINKING:
        return Behaviour.OSCILLATES
    return Behaviour.SLOW


@dataclass(frozen=True, slots=True)
class Rate:
    """The linear convergence rate ‖eₖ₊₁‖/‖eₖ‖, and how far it may be off."""

    value: float
    error: float


def linear_rate(trajectory: Trajectory) -> Rate | None:
    """Estimate the linear rate from the lengths of successive steps, which shrink at the rate of the error itself.

    For eₖ = Σ cᵢ λᵢᵏ vᵢ the ratio of step lengths tends to max |λᵢ| (Nocedal & Wright 2006, section 3.3); the spread
    of the last
    ratios, and their drift, is the error. None where fewer than FEWEST_STEPS steps can be used.
    """
    lengths = np.linalg.norm(np.diff(trajectory.points, axis=0), axis=1)
    scale = float(np.max(np.abs(trajectory.points[-1]), initial=0.0))
    # Steps near the resolution of x are round-off.
    floor = 1e3 * np.finfo(np.float64).eps * max(scale, float(lengths[0]) if len(lengths) else 0.0)
    usable = lengths[np.isfinite(lengths) & (lengths > floor)]
    if len(usable) < FEWEST_STEPS:
        return None
    ratios = usable[1:] / usable[:-1]
    last = ratios[-max(3, len(ratios) // 4) :]
    value = float(np.exp(np.mean(np.log(last))))
    drift = abs(float(last[-1] - last[0]))
    return Rate(value, float(np.max(np.abs(last - value))) + drift)


def curvature(trajectory: Trajectory) -> float | None:
    """The largest curvature met: max ‖gₖ₊₁ − gₖ‖ / ‖xₖ₊₁ − xₖ‖, a lower estimate of the Lipschitz constant L of ∇f."""
    steps = np.diff(trajectory.points, axis=0)
    changes = np.diff(trajectory.gradients, axis=0)
    with np.errstate(all="ignore"):
        ratios = np.linalg.norm(changes, axis=1) / np.linalg.norm(steps, axis=1)
    finite = ratios[np.isfinite(ratios)]
    return float(np.max(finite)) if finite.size and np.max(finite) > 0 else None


def is_monotone(values: Vector) -> bool:
    """Whether f never rises, but for its own round-off."""
    slack = 16 * np.finfo(np.float64).eps * np.maximum(np.abs(values[1:]), np.abs(values[:-1]))
    return bool((np.diff(values) <= slack).all())


def satisfies_armijo(trajectory: Trajectory, c1: float) -> bool:
    """Whether every step decreases f sufficiently: f(xₖ₊₁) ≤ f(xₖ) + c₁ g(xₖ)ᵀ(xₖ₊₁ − xₖ)."""
    steps = np.diff(trajectory.points, axis=0)
    slopes = np.einsum("ij,ij->i", trajectory.gradients[:-1], steps)
    slack = 16 * np.finfo(np.float64).eps * np.abs(trajectory.values[:-1])
    return bool((trajectory.values[1:] <= trajectory.values[:-1] + c1 * slopes + slack).all())
