"""A rough look at many points, for the search: central differences with a few steps each, and no ladder.

Where the quick look of a Python function already agrees with the claim, that is the answer. Everywhere else, above all
where the claim is 0 and nothing can agree relatively, differences with steps from a thirtieth of the usual one up to
30,000 times it are taken all at once, and the one with the least bound is kept. Its truncation is read off its
neighbour with the larger step. That is no proof: who looks for faults asks again, with the ladder, wherever the rough
value does not agree.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from gradverify.plugin import Problem, Request, Screened
from gradverify_finite_difference.arrays import Floats
from gradverify_finite_difference.backend import budget_of
from gradverify_finite_difference.lines import Lines
from gradverify_finite_difference.quick import NOISE_UNITS, STEP, look, shaken
from gradverify_finite_difference.sampling import BudgetError, Sampler
from gradverify_finite_difference.steps import coordinates, room_in

RATIO = 32.0  # between steps; truncation grows a thousandfold from one to the next where f is smooth
RUNGS = RATIO ** np.arange(-1.0, 4.0)  # times the usual step
# |x| counts as at least this: the usual step for x = 1e-6 drowns in the round-off of an f that varies on a scale of 1.
SMALLEST_SIZE = 1e-3
# Truncation is h² f‴/6, so that a step's is 1/RATIO² of its larger neighbour's; 1/RATIO also covers a first-order one.
SHRINKS = 1.0 / RATIO
SAME_DRAWS = 16  # numbers of lines whose random factors are kept


def screen(problem: Problem, request: Request) -> Screened:
    """Rough values at all of `request.points`, shape (k, n)."""
    sampler = Sampler(problem, budget_of(problem))
    points = np.asarray(request.points, dtype=np.float64)
    k, n = points.shape
    m = sampler.outputs
    values, bounds = np.full((k * n, m), np.nan), np.full((k * n, m), np.inf)
    centre = sampler.at(points)
    finite = np.isfinite(centre).all(axis=1)
    domain = problem.domain
    rows = np.repeat(np.flatnonzero(finite), n)
    component = np.tile(np.arange(n), len(rows) // n)
    base = points[rows]
    room = room_in(domain, points[rows, component], component)
    lines = Lines(base, component, centre[rows], room, np.ones(len(rows)), problem.precision.epsilon)
    at = rows * n + component
    left = np.arange(len(rows))
    random = None if problem.function.kind == "expression" else np.random.default_rng(problem.seed)
    try:
        # An expression is evaluated at many points in one go: two looks would take longer than a few steps more.
        if request.claimed is not None and len(rows) and random is not None:
            claimed = np.asarray(request.claimed, dtype=np.float64).reshape((k, m, n)).transpose(0, 2, 1)
            quick = look(sampler, lines, claimed.reshape((k * n, m))[at], problem.tolerance.relative, random)
            done = quick.taken.all(axis=1)
            values[at[done]], bounds[at[done]] = quick.value[done], quick.bound[done]
            left = np.flatnonzero(~done)
        if left.size:
            factors = _factors(problem.seed, left.size) if random is None else shaken(random, left.size)
            values[at[left]], bounds[at[left]] = _rough(sampler, lines.subset(left), factors)
    except BudgetError:
        pass  # what is not known by now has an infinite bound
    shape = (k, *problem.shape)
    return Screened(
        values=values.reshape((k, n, m)).transpose(0, 2, 1).reshape(shape),
        error_bounds=bounds.reshape((k, n, m)).transpose(0, 2, 1).reshape(shape),
        finite=finite,
        evaluations=sampler.evaluations,
    )


@lru_cache(maxsize=SAME_DRAWS)
def _factors(seed: int, count: int) -> Floats:
    """The random factors of a formula's steps, shape (count,); making a generator takes longer than drawing them."""
    return shaken(np.random.default_rng(seed), count)


def _rough(sampler: Sampler, lines: Lines, factors: Floats) -> tuple[Floats, Floats]:
    """Value and bound along each line, both (L, M): the best of the central differences with all of `RUNGS`.

    factors: of the steps, (L,).
    """
    x = lines.x
    size = np.where(x != 0, np.maximum(np.abs(x), SMALLEST_SIZE * lines.size), lines.size)
    steps = STEP * size[:, None] * factors[:, None] * RUNGS
    steps = np.where(steps < lines.room.both[:, None], steps, np.nan)
    exact = coordinates(x, steps, bool(lines.epsilon > np.finfo(np.float64).eps))
    # By rung from here on, (S, L, M): what is done for neighbouring rungs is done with whole pieces of memory.
    both = lines.values(sampler, np.concatenate([exact.up, exact.down], axis=1))
    both = np.ascontiguousarray(both.transpose(1, 0, 2))
    up, down = both[: len(RUNGS)], both[len(RUNGS) :]
    width = np.ascontiguousarray((exact.t_up + exact.t_down).T)[:, :, None]
    value = (up - down) / width
    largest = np.maximum(np.maximum(np.abs(up), np.abs(down)), np.abs(lines.centre))
    # f may round x itself on its way, as in sin(25 x): as good as a value that is off by that much.
    slip = np.abs(x)[:, None] * np.abs(value)
    round_off = 2 * NOISE_UNITS * lines.epsilon * (largest + slip) / width
    truncation = np.full(value.shape, np.inf)  # of the largest step nothing is known
    change = np.abs(value[1:] - value[:-1])
    truncation[:-1] = SHRINKS * change
    # Truncation grows with the step: what has shown above the noise at smaller steps is not gone at larger ones, where
    # a bounded, fast oscillation looks like a plateau at 0.
    clear = change - 2 * (round_off[1:] + round_off[:-1])
    shown = np.maximum.accumulate(clear if np.isfinite(clear).all() else np.nan_to_num(clear), axis=0)
    truncation[1:] = np.maximum(truncation[1:], shown)
    bound = round_off + truncation
    bound = np.where(np.isfinite(bound) & np.isfinite(value), bound, np.inf)
    line, output = np.arange(bound.shape[1])[:, None], np.arange(bound.shape[2])
    best = np.argmin(bound, axis=0)
    found, error = value[best, line, output], bound[best, line, output]
    return np.where(np.isfinite(error), found, np.nan), error
