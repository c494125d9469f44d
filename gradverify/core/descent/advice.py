"""Which learning rates would have worked: 0 < η < 2/L, with the largest curvature L that was met; one of them tried."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gradverify.core.descent.behaviour import Behaviour, behaviour, curvature, largest_bend
from gradverify.core.descent.run import Trajectory
from gradverify.core.descent.words import counted

TRIES = 3  # of a learning rate; each may meet a larger curvature, which makes the next one smaller
HALF = 0.5  # of the largest learning rate: 1/L, the best for a single curvature L


@dataclass(frozen=True, slots=True)
class Trial:
    """A learning rate that was tried, and what came of it."""

    learning_rate: float
    behaviour: Behaviour
    iterations: int


@dataclass(frozen=True, slots=True)
class Advice:
    """The learning rates that work: below `limit`, for the curvature L. `trial` is one that was tried."""

    lipschitz: float
    limit: float
    trial: Trial | None

    def words(self, learning_rate: float | None, expected: Behaviour | None = None) -> str:
        """A sentence with the learning rates that would have done what was expected."""
        limit = f"2/L = {self.limit:.4g}" if self.limit * self.lipschitz == 2.0 else f"{self.limit:.4g}"
        met = f"the largest curvature met, L = {self.lipschitz:.4g}"
        if expected is Behaviour.DIVERGES:
            return f"learning rates beyond {limit} diverge for {met}"
        if expected is Behaviour.OSCILLATES:
            return f"a learning rate of {limit} oscillates for {met}"
        told = f"learning rates between 0 and {limit} work for {met}"
        if learning_rate is not None and learning_rate >= self.limit:
            told += f", and {learning_rate:g} is too large"
        if self.trial is not None and expected is not Behaviour.SLOW:
            after = counted(self.trial.iterations)
            came = "converges after" if self.trial.behaviour is Behaviour.CONVERGES else _AFTER[self.trial.behaviour]
            told += f"; {self.trial.learning_rate:.4g} was tried: it {came} {after}"
        return told


_AFTER = {
    Behaviour.SLOW: "is still on its way after",
    Behaviour.OSCILLATES: "goes to and fro for",
    Behaviour.DIVERGES: "diverges within",
}


def advise(
    trajectory: Trajectory,
    known_curvature: float | None,
    largest: Callable[[float], float],
    try_out: Callable[[float], Trajectory | None],
) -> Advice | None:
    """The learning rates for the curvature met, one of them tried out; None where no curvature shows, or none is up.

    known_curvature: the largest eigenvalue of the Hessian at the start and the end, where it is known.
    largest: the method's largest learning rate for a curvature L.  try_out: the same descent with another learning
    rate; None where there is no time for it.
    """
    met = curvature(trajectory)
    bend = largest_bend(trajectory)
    if known_curvature is not None and known_curvature <= 0 and (bend is None or bend <= 0):
        return None
    if known_curvature is None and (bend is None or not bend > 0):
        return None
    lipschitz = max(met or 0.0, known_curvature or 0.0)
    if not 0 < lipschitz < float("inf"):
        return None
    trial: Trial | None = None
    for _ in range(TRIES):
        rate = HALF * largest(lipschitz)
        again = try_out(rate)
        if again is None:
            break
        trial = Trial(rate, behaviour(again), again.iterations)
        larger = curvature(again)
        if trial.behaviour is Behaviour.CONVERGES or larger is None or not larger > lipschitz * (1 + 1e-6):
            break
        lipschitz = larger
    return Advice(lipschitz, largest(lipschitz), trial)
