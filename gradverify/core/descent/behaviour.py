"""How a descent behaved, its linear rate, and the curvature that it met on the way."""

from __future__ import annotations

import enum
from dataclasses import dataclass

import numpy as np

from gradverify.core.arrays import Array, Vector
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
RISING = 0.75  # the share of steps in which f rises before it is called climbing
NOT_SHRINKING = 0.999  # mean ratio of successive step lengths; 0.999 halves a step in 700 iterations
GROWING = 1.001  # mean ratio of successive step lengths beyond which the steps blow up
FEWEST_STEPS = 4  # fewer show no rate
ROUND_OFF_UNITS = 16.0  # a change of f by fewer units of round-off is none


@dataclass(frozen=True, slots=True)
class Tail:
    """What the later half of a descent shows.

    growth: the mean ratio of successive step lengths.  reversing, rising: shares of its steps.  falls: whether f ends
    lower than it was at the tail's start.
    """

    growth: float
    reversing: float
    rising: float
    falls: bool


def tail_of(trajectory: Trajectory) -> Tail | None:
    """The tail of a descent of finite iterates; None where there are fewer than FEWEST_STEPS steps."""
    if trajectory.iterations < FEWEST_STEPS:
        return None
    first = int(trajectory.iterations * TAIL)
    lengths, values = trajectory.lengths[first:], trajectory.values[first:]
    with np.errstate(all="ignore"):
        growth = float(np.exp(np.mean(np.log(lengths[1:] / lengths[:-1])))) if lengths.size > 1 else 1.0
    turns = trajectory.turns[max(0, first - 1) :]
    return Tail(
        growth=growth,
        reversing=float(np.mean(turns < 0)),
        rising=float(np.mean(np.diff(values) > _slack(values))),
        falls=bool(values[-1] < values[0] - ROUND_OFF_UNITS * np.finfo(np.float64).eps * abs(values[0])),
    )


def behaviour(trajectory: Trajectory) -> Behaviour:
    """Name what happened."""
    match trajectory.stop:
        case Stop.SMALL_GRADIENT:
            return Behaviour.CONVERGES
        case Stop.NOT_FINITE | Stop.FAR_OUT | Stop.LEFT_DOMAIN:
            return Behaviour.DIVERGES
        case _:
            pass
    tail = tail_of(trajectory)
    if tail is None:
        return Behaviour.SLOW
    shrinks = tail.growth < NOT_SHRINKING
    if trajectory.values[-1] > trajectory.values[0] and (
        tail.growth >= GROWING or (tail.rising >= RISING and not shrinks)
    ):
        return Behaviour.DIVERGES
    if not shrinks and (tail.reversing >= REVERSING or not tail.falls):
        return Behaviour.OSCILLATES
    return Behaviour.SLOW


@dataclass(frozen=True, slots=True)
class Rate:
    """The linear convergence rate ‖eₖ₊₁‖/‖eₖ‖, and how far it may be off."""

    value: float
    error: float


NOISE_UNITS = 8.0  # of round-off in a step's length, in units of the last place of x
CLEAR = 100.0  # how far above that noise a step's length has to be
SETTLED = 1e3  # how much shorter the steps have to become before a rate can be told
RUN = 3  # successive changes of the ratio that are looked at together: one alone may be small by chance
MOST_MODES = 16  # that are taken to be left besides the slowest one
FEWEST_TURNS = 4  # of a periodic ratio, before its mean is taken
SAFETY = 2.0  # on that mean's error


def linear_rate(trajectory: Trajectory) -> Rate | None:
    """Estimate the linear rate from the lengths of successive steps, which shrink at the rate of the error itself.

    For eₖ = Σ cᵢ λᵢᵏ vᵢ the ratio rₖ of successive step lengths grows towards ρ = max |λᵢ|, as in a power iteration
    (Nocedal & Wright 2006, section 3.3; Golub & Van Loan 2013, section 7.3.1). A mode of relative weight w ≤ 1 leaves
    rₖ² short by ρ²uw with u = 1 − (λ/ρ)², and changes it by d = ρ²u²w an iteration; so what m modes leave is at most
    ρ·√(m·d), whatever their λ. That, and what the rounding of x does to the ratio, is the error; of the places in the
    later half of the sequence the one with the least error is taken. Where the changes do not shrink (a rate of
    complex λ turns round and round), it is the mean over whole turns. None where too few steps can be used.

    The rate is that of this descent: a slower mode whose steps are less than 1/SETTLED of the first ones does not show.
    None as well where the steps have not become so much shorter yet.
    """
    lengths, noise = _usable(trajectory)
    if lengths.size < FEWEST_STEPS or not lengths[0] >= SETTLED * lengths[-1]:
        return None
    with np.errstate(all="ignore"):
        ratios = lengths[1:] / lengths[:-1]
        blur = ratios * (noise[1:] / lengths[1:] + noise[:-1] / lengths[:-1])
    modes = max(1, min(MOST_MODES, trajectory.last.size - 1))
    return _settling(ratios, blur, modes) or _turning(ratios, blur)


def _usable(trajectory: Trajectory) -> tuple[Vector, Vector]:
    """Step lengths well above the rounding of x, from the start on, and how far each may be off by that rounding."""
    lengths = trajectory.lengths
    scale = max(float(np.max(np.abs(trajectory.last), initial=0.0)), float(np.max(np.abs(trajectory.points[0]))) * 1e-3)
    noise = NOISE_UNITS * np.finfo(np.float64).eps * np.sqrt(trajectory.last.size) * scale
    good = np.isfinite(lengths) & (lengths > noise * CLEAR)
    count = int(np.argmin(good)) if not good.all() else lengths.size
    return lengths[:count], np.full(count, noise)


def _settling(ratios: Vector, blur: Vector, modes: int) -> Rate | None:
    """The ratio where its changes shrink, or are lost in the noise; None where they do not."""
    squares = ratios**2
    signed = np.diff(squares)
    later = signed[signed.size // 2 :]
    clear = later[np.abs(later) > 4.0 * ratios[-later.size :] * blur[-later.size :]]
    if (clear > 0).any() and (clear < 0).any():
        return None  # it swings
    changes = np.abs(signed)
    best: Rate | None = None
    for end in range(max(2 * RUN, changes.size // 2), changes.size + 1):
        now, before = float(np.max(changes[end - RUN : end])), float(np.max(changes[end - 2 * RUN : end - RUN]))
        noise = 2.0 * float(ratios[end]) * float(np.max(blur[end - RUN : end + 1]))
        if not (now < before or now <= 4.0 * noise):
            continue
        left = float(np.sqrt(modes * squares[end] * (now + 2.0 * noise)))
        error = float(np.sqrt(squares[end] + left)) - float(ratios[end]) + noise
        if best is None or error < best.error:
            best = Rate(float(ratios[end]), error)
    return best


def _turning(ratios: Vector, blur: Vector) -> Rate | None:
    """The geometric mean over the later half, in which periodic ratios cancel but for one period over the length."""
    half = ratios[ratios.size // 2 :]
    if half.size < 2 * RUN or not (half > 0).all():
        return None
    changes = np.diff(half)
    if int(np.sum(changes[1:] * changes[:-1] < 0)) < FEWEST_TURNS:
        return None
    logs = np.log(half)
    middle = half.size // 2
    spread = float(np.max(logs) - np.min(logs))
    drift = abs(float(np.mean(logs[middle:]) - np.mean(logs[:middle])))
    value = float(np.exp(np.mean(logs)))
    # A window of m ratios telescopes to two step lengths, which swing by the sum over a quarter of a turn.
    swing = float(np.max(np.cumsum(logs - np.mean(logs))) - np.min(np.cumsum(logs - np.mean(logs))))
    error = value * float(np.expm1(SAFETY * ((spread + swing) / half.size + drift))) + float(np.max(blur))
    return Rate(value, error)


def theoretical_rate(learning_rate: float, eigenvalues: Vector, error: float) -> Rate:
    """max |1 − ηλ| of plain gradient descent for the Hessian's `eigenvalues`, each within `error` of the truth.

    (Nocedal & Wright 2006, section 3.3; Nesterov 2018, theorem 1.2.4.)
    """
    worst = float(np.max(np.abs(1.0 - learning_rate * eigenvalues)))
    return Rate(worst, learning_rate * error + float(np.finfo(np.float64).eps) * (1.0 + worst))


def curvature(trajectory: Trajectory) -> float | None:
    """The largest curvature met: max ‖gₖ₊₁ − gₖ‖ / ‖xₖ₊₁ − xₖ‖, a lower estimate of the Lipschitz constant L of ∇f.

    None where no step shows one. Steps that are lost in the rounding of x are left out.
    """
    scale = float(np.max(np.abs(trajectory.points[0]), initial=0.0))
    enough = trajectory.lengths > 1e6 * np.finfo(np.float64).eps * scale
    finite = trajectory.stretches[np.isfinite(trajectory.stretches) & enough]
    return float(np.max(finite)) if finite.size and np.max(finite) > 0 else None


def largest_bend(trajectory: Trajectory) -> float | None:
    """The largest curvature along a step, with its sign: not positive where f bends down all the way."""
    finite = trajectory.curvatures[np.isfinite(trajectory.curvatures)]
    return float(np.max(finite)) if finite.size else None


def _slack(values: Vector) -> Vector:
    out: Vector = ROUND_OFF_UNITS * np.finfo(np.float64).eps * np.maximum(np.abs(values[1:]), np.abs(values[:-1]))
    return out


def rises(values: Vector) -> Array:
    """The iterations k in which f rises: f(xₖ) > f(xₖ₋₁) by more than its round-off, or is NaN."""
    with np.errstate(all="ignore"):
        falls = np.diff(values) <= _slack(values)
    out: Array = np.flatnonzero(~falls) + 1
    return out


def is_monotone(values: Vector) -> bool:
    """Whether f never rises, but for its own round-off."""
    return rises(values).size == 0


def armijo_breaches(trajectory: Trajectory, c1: float) -> Array:
    """The iterations k whose step decreases f too little: f(xₖ) > f(xₖ₋₁) + c₁ g(xₖ₋₁)ᵀ(xₖ − xₖ₋₁)."""
    values = trajectory.values
    with np.errstate(all="ignore"):
        enough = values[1:] <= values[:-1] + c1 * trajectory.slopes + _slack(values)
    out: Array = np.flatnonzero(~enough) + 1
    return out


def satisfies_armijo(trajectory: Trajectory, c1: float) -> bool:
    """Whether every step decreases f sufficiently."""
    return armijo_breaches(trajectory, c1).size == 0
