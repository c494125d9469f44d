"""The whole answer: quick look, ladder where needed, and what the points showed on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gradverify.plugin import Estimate, Estimates, Evidence
from gradverify_finite_difference.climb import Goal, climb
from gradverify_finite_difference.lines import Lines, Side
from gradverify_finite_difference.sampling import Sampler
from gradverify_finite_difference.steps import room_at

if TYPE_CHECKING:
    from gradverify.plugin import Problem, Request


def estimate(problem: Problem, request: Request) -> Estimates:
    sampler = Sampler(problem, 10**9)
    points = np.asarray(request.points, dtype=np.float64)
    k, n = points.shape
    centre = sampler.at(points)
    at, comp = np.divmod(np.arange(k * n), n)
    d = problem.domain
    x = points[at, comp]
    lines = Lines(points[at], comp, centre[at], room_at(x, d.low[comp], d.high[comp], d.low_open[comp], d.high_open[comp]),
        np.ones(k * n), problem.precision.epsilon)
    random = np.random.default_rng(problem.seed)
    done = climb(sampler, lines, Side.BOTH, Goal(0.01 * problem.tolerance.relative, problem.tolerance.absolute, None), random)
    m = sampler.outputs
    value = done.selection.value.reshape((k, n, m)).transpose(0, 2, 1).reshape((k, *problem.shape))
    bound = done.selection.bound.reshape((k, n, m)).transpose(0, 2, 1).reshape((k, *problem.shape))
    return Estimates(points=tuple(Estimate(value=v, error_bound=b, evidence=Evidence.ESTIMATED) for v, b in zip(value, bound)),
        evaluations=sampler.evaluations)
