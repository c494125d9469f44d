"""f along k directions through a point, as an ordinary function of k variables that any backend can be asked about.

Φ(t) = f(x + Σ t_j v_j) + Σ t_j L_j has the gradient (∇f·v_j + L_j) at t = 0. The known slopes L_j keep it away from 0:
g·v is a sum of random signs, which is small by chance now and then, and nothing relative to it would then be decided.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from gradverify.core.answers import Ask
from gradverify.core.arrays import Array, Vector
from gradverify.core.estimates import Note
from gradverify.core.problem import Derivative, Domain, Evaluation, Precision, Problem, Request, Tolerance
from gradverify.core.projection.directions import Direction
from gradverify.core.projection.space import Space
from gradverify.core.variables import Shape, Variables

KIND = "line"  # no expression and no Python callable: it is asked for values only


@dataclass
class Along:
    """Φ above. Counts what it evaluates; `centre` is f(x) where that is known and need not be asked again."""

    space: Space
    directions: Sequence[Direction]
    slopes: Vector  # L, shape (k,)
    centre: float | None = None
    evaluations: int = 0
    mirrored: dict[tuple[int, float], float] = field(default_factory=dict)  # values that have not been asked for yet
    output_shape: Shape = ()
    kind: str = field(default=KIND)

    def evaluate(self, points: Array) -> Evaluation:
        """Values at `points`, shape (r, k), of which each row moves along one direction at most."""
        return Evaluation(np.array([self._value(row) for row in points]))

    def _value(self, t: Vector) -> float:
        along = np.flatnonzero(t)
        if along.size == 0:
            if self.centre is None:
                self.evaluations += 1
                return self.space.value(self.directions[0], 0.0)
            return self.centre
        if along.size > 1:
            return np.nan  # directions are looked at one by one; a backend that mixes them gets no answer
        j, step = int(along[0]), float(t[along[0]])
        if (j, step) not in self.mirrored:
            # Differences take both sides, and the other side is made at little cost while this one is at hand.
            for one in (step, -step):
                self.evaluations += 1
                self.mirrored[j, one] = self.space.value(self.directions[j], one)
        return self.mirrored.pop((j, step)) + step * float(self.slopes[j])


@dataclass(frozen=True, slots=True)
class Slopes:
    """Slopes of f along k directions, with bounds: shapes (k,); NaN and infinite where there is none."""

    values: Vector
    bounds: Vector
    notes: tuple[Note, ...]
    evaluations: int
    broken: str | None = None


@dataclass(frozen=True, slots=True)
class Means:
    """Who is asked for slopes, and how."""

    backend: str
    ask: Ask
    name: str
    precision: Precision
    seed: int
    farthest: float = np.inf  # |t| · length that the domain allows


def slopes_along(
    space: Space,
    directions: Sequence[Direction],
    claimed: Vector,
    norms: Vector,
    relative: float,
    means: Means,
    budget: int,
    centre: float | None,
) -> Slopes:
    """Ask for the slopes along `directions`. claimed: what they should be.  norms: how large to expect them."""
    k = len(directions)
    added = np.where(claimed < 0, -norms, norms)
    function = Along(space, directions, added, centre)
    ends = means.farthest / np.array([d.length for d in directions])
    opened = np.isfinite(ends)
    problem = Problem(
        name=means.name, derivative=Derivative.GRADIENT, variables=Variables.of([("t", (k,))]), function=function,
        domain=Domain(-ends, ends, opened, opened.copy()), tolerance=Tolerance(relative), precision=means.precision,
        budget=budget, seed=means.seed,
    )  # fmt: skip
    answer = means.ask(means.backend, problem, Request(np.zeros((1, k)), (claimed + added)[None]))
    if answer.estimates is None:
        nothing = np.full(k, np.nan)
        reason = answer.broken or answer.not_applicable
        return Slopes(nothing, np.full(k, np.inf), (), function.evaluations, reason)
    estimate = answer.estimates.points[0]
    values = estimate.value - added
    # What adding the known slope cost in round-off.
    bounds = estimate.error_bound + 2 * means.precision.epsilon * np.abs(added)
    return Slopes(values, np.where(np.isfinite(values), bounds, np.inf), estimate.notes, function.evaluations)
