"""The ordinary case: does everything that is looked at agree with the claim at the first try? One evaluation tells.

A formula takes many points in one call, and for a small one a call costs more than its points do. So the points, the
two steps of the quick look along each component, and the first step of each kind that `afar` takes are all evaluated
together, and judged by the same rules as one after the other. Where anything disagrees, or is less plain, nothing is
said, and all is asked again in turn (backend.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from gradverify.plugin import (
    Array,
    Derivative,
    Domain,
    Estimate,
    Estimates,
    Evidence,
    Precision,
    Problem,
    Request,
)
from gradverify_finite_difference.afar import (
    AGREES,
    FARTHER,
    ROOM_USED,
    STEPS,
    disagreement,
    factor,
    outrun_by,
    outruns,
    signs,
)
from gradverify_finite_difference.arrays import Flags, Floats
from gradverify_finite_difference.quick import STEP, central, shaken
from gradverify_finite_difference.sampling import Sampler
from gradverify_finite_difference.steps import room_in

MOST_NUMBERS = 100_000  # in the points and the values of the evaluation: beyond, it is no longer the calls that cost
SAME_DRAWS = 64  # sizes of problems whose random numbers are kept


@dataclass(frozen=True, slots=True)
class _Draws:
    """The random numbers of the ordinary case, in the order in which they are drawn one after the other."""

    factors: Floats  # of the quick look's steps, (k, n)
    signs: Floats  # of the directions afar, (k, n)
    step: float
    far_steps: tuple[float, ...]


@lru_cache(maxsize=SAME_DRAWS)
def _draws(seed: int, k: int, n: int) -> _Draws:
    random = np.random.default_rng(seed)
    factors, directions = shaken(random, k * n), signs(random, k * n)
    step, far_steps = STEPS[0] * factor(random), tuple([step * factor(random) for step in FARTHER])
    return _Draws(factors.reshape((k, n)), directions.reshape((k, n)), step, far_steps)


def estimate_at_once(problem: Problem, request: Request, sampler: Sampler) -> Estimates | None:
    """First derivatives of a formula at all points, if all is as plain as most claims are; None says nothing.

    Who sets a budget gets it counted to the last evaluation, and is not asked here, where some may be in vain.
    """
    claimed, m = request.claimed, sampler.outputs
    if (
        claimed is None
        or problem.function.kind != "expression"
        or problem.derivative is Derivative.HESSIAN
        or problem.precision is not Precision.FLOAT64
        or problem.budget is not None
        or problem.options
        or not problem.tolerance.relative <= 1
    ):
        return None
    points: Floats = np.asarray(request.points, dtype=np.float64)
    k, n = points.shape
    each = 2 * n + 4
    if k * each * max(n, m) > MOST_NUMBERS:
        return None
    claims = claimed.reshape((k, m, n)).transpose(0, 2, 1)

    own = np.abs(points)
    if not _all(own > 0):
        own = np.where(own > 0, own, 1.0)
    drawn = _draws(problem.seed, k, n)
    steps = STEP * own * drawn.factors
    room = _room(problem.domain, points)
    if room is None:
        direction = drawn.signs * own
    else:
        if not _all(steps < room):
            return None
        direction = drawn.signs * np.minimum(own, ROOM_USED * room / STEPS[0])
    # The step is rounded on the side away from zero, as in steps.py.
    positive = points >= 0
    outward = np.where(positive, steps, -steps)
    far = points + outward
    taken = far - points
    near = points - taken
    up, down = np.where(positive, far, near), np.where(positive, near, far)
    move, far_move = drawn.step * direction, drawn.far_steps[0] * direction
    fits: Flags | None = None if room is None else np.logical_and.reduce(np.abs(far_move) <= room, axis=1)

    # One block a kind of point, so that their values lie together: the points themselves, the steps up and down along
    # each component, those afar, and the farthest ones.
    rows = np.empty((k * each, n))
    rows[:k] = points
    along = rows[k : k + 2 * k * n].reshape((2, k, n, n))
    along[:] = points[:, None, :]
    diagonals = along.reshape((2, k, n * n))[:, :, :: n + 1]
    diagonals[0], diagonals[1] = up, down
    at_up, at_down, farthest = (rows[len(rows) - i * k :][:k] for i in (3, 2, 1))
    np.add(points, move, out=at_up)
    np.subtract(points, move, out=at_down)
    np.add(points, far_move if fits is None else np.where(fits[:, None], far_move, 0.0), out=farthest)
    values = sampler.at(rows)

    epsilon = problem.precision.epsilon
    middle = values[:k]
    value_up, value_down = values[k : k + 2 * k * n].reshape((2, k, n, m))
    width = (up - points) + (points - down)
    quick = central(
        value_up, value_down, middle[:, None, :], width[:, :, None], claims, problem.tolerance.relative, epsilon
    )
    if not _all(quick.taken & (quick.bound < np.inf)):  # f has no value at a point, or the claim has none
        return None
    slopes = quick.value
    afar_up, afar_down, farthest_value = values[len(rows) - 3 * k :].reshape((3, k, m))
    off = disagreement(afar_up, afar_down, slopes, (at_up - at_down) / 2, epsilon)
    if not _all(off <= AGREES):
        return None
    outrun = outruns(farthest_value, middle, slopes, far_move, epsilon)
    if fits is not None:
        outrun &= fits
        sampler.evaluations -= k - int(np.count_nonzero(fits))  # where there was no room, nothing was looked at
    if np.count_nonzero(outrun):  # which is taken back at a longer step, as a rule
        others = drawn.far_steps[1:]
        if outrun_by(sampler, points, middle, direction, room, slopes, epsilon, others, outrun).any():
            return None
    shape = (k, *problem.shape)
    value: Array = quick.value.transpose(0, 2, 1).reshape(shape)
    bound: Array = quick.bound.transpose(0, 2, 1).reshape(shape)
    return Estimates(
        points=tuple(
            [Estimate(value=v, error_bound=b, evidence=Evidence.ESTIMATED) for v, b in zip(value, bound, strict=True)]
        ),
        evaluations=sampler.evaluations,
    )


def _all(flags: Flags) -> bool:
    """Whether all are true: as `flags.all()`, in a quarter of its time where there are few."""
    return int(np.count_nonzero(flags)) == flags.size


def _room(domain: Domain, points: Floats) -> Floats | None:
    """How far each component may go both ways, shape (k, n); None where there is no end."""
    k, n = points.shape
    if domain is Domain.everywhere(n):
        return None
    return room_in(domain, points.ravel(), np.tile(np.arange(n), k)).both.reshape((k, n))
