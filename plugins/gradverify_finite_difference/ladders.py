"""Difference quotients over the whole range of steps, as textbooks plot them: truncation falls with h, round-off grows.

The estimate itself climbs its own ladder, with steps only where they help; this one is for people to look at.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradverify.plugin import Derivative, Ladder, Problem, Vector
from gradverify_finite_difference.arrays import Floats
from gradverify_finite_difference.extrapolation import select
from gradverify_finite_difference.lines import Lines, Side, quotients, sample
from gradverify_finite_difference.noise import quantum_of
from gradverify_finite_difference.sampling import BudgetError, Sampler
from gradverify_finite_difference.steps import room_at, smallest_step

RUNGS = 41  # about three a decade
WIDEST = 10.0  # the largest step, times max(|x|, 1): truncation is plain to see there
MOST_OF_ROOM = 0.8
FEWEST = 3


def ladders(problem: Problem, point: Vector, components: Sequence[int]) -> tuple[Ladder, ...]:
    """The ladders of some components of a gradient or Jacobian; a Hessian's steps come in pairs and have no plot."""
    if problem.derivative is Derivative.HESSIAN:
        return ()
    base = np.asarray(point, dtype=np.float64)
    sampler = Sampler(problem, (2 * RUNGS + 1) * len(components) + 1)
    centre = sampler.at(base[None, :])
    return tuple(
        ladder for index in components if (ladder := _ladder(sampler, problem, base, centre, index)) is not None
    )


def _ladder(sampler: Sampler, problem: Problem, base: Floats, centre: Floats, index: int) -> Ladder | None:
    output, j = divmod(index, base.size)
    domain = problem.domain
    room = room_at(
        base[[j]], domain.low[[j]], domain.high[[j]], domain.low_open[[j]], domain.high_open[[j]]
    )  # fmt: skip
    line = Lines(base[None, :], np.array([j]), centre, room, np.ones(1), problem.precision.epsilon)
    smallest = smallest_step(line.x, line.epsilon, line.size)
    largest = WIDEST * np.maximum(np.abs(line.x), line.size)
    side = Side.BOTH
    if not (room.both >= smallest * 10).all():
        side = Side.UP if room.up[0] >= room.down[0] else Side.DOWN
    space = {Side.UP: room.up, Side.DOWN: room.down}.get(side, room.both)
    largest = np.minimum(largest, MOST_OF_ROOM * space)
    if not (largest > smallest).all():
        return None
    try:
        samples = sample(sampler, line, np.geomspace(smallest, largest, RUNGS, axis=1), side)
    except BudgetError:
        return None
    series = quotients(line, samples, side, quantum_of(line, samples))
    noise = select(series).noise[output]
    step, value, bound = series.steps[output], series.quotients[output], series.gains[output] * noise
    fine = np.isfinite(step) & np.isfinite(value)
    if fine.sum() < FEWEST:
        return None
    return Ladder(
        component=index, steps=tuple(step[fine].tolist()), values=tuple(value[fine].tolist()),
        bounds=tuple(bound[fine].tolist()),
    )  # fmt: skip
