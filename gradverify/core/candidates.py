"""At which points, beyond those that a spec lists, may its claim be wrong?

Bugs live at zeros, ones, ties, sign changes, branch thresholds, large and tiny arguments and the domain's edges;
random points see the rest.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gradverify.core.arrays import Array, Mask, Matrix, Vector
from gradverify.core.problem import Problem

# Where bugs live: tried for each component alone, and for all components together.
SPECIAL_VALUES = (
    0.0,
    1.0,
    -1.0,
    2.0,
    -2.0,
    0.5,
    -0.5,
    3.0,
    10.0,
    -10.0,
    0.1,
    25.0,
    -25.0,
    100.0,
    -100.0,
    1e-3,
    -1e-3,
    1e-6,
)
RANDOM_SCALES = (1.0, 0.1, 10.0, 3.0)  # of normally distributed components, where there is no bounded domain
THRESHOLD_OFFSETS = (
    0.0,
    1e-3,
    -1e-3,
    0.5,
    -0.5,
)  # beside each literal of the expression or source, relative to max(1, |literal|), and to a small one itself
SMALL = 1e-2  # a threshold of 1e-12 stands among numbers of that size


@dataclass(frozen=True, slots=True)
class _Draws:
    """What is random about candidates, for any problem of n components: drawn once, then the same for all of them."""

    special: Array  # (p,): which special value goes where, as the number of the value; the first h that fit
    where: Array  # (p,): into which component
    from_base: Mask  # (h, 1): whether the other components are as listed
    others: Matrix  # (h, n)
    normal: Matrix  # (count, n)
    uniform: Matrix  # (count, n)


MOST_PICKS = 8  # times the candidates: of so many special values in a component those are tried that its domain has
MOST_KEPT = 100_000  # numbers in draws that are kept for the next spec: less than a MB


def _draws(seed: int, n: int, values: int, count: int) -> _Draws:
    return (_kept_draws if n * count <= MOST_KEPT else _made_draws)(seed, n, values, count)


def _made_draws(seed: int, n: int, values: int, count: int) -> _Draws:
    rng = np.random.default_rng(seed)
    picks = rng.permutation(values * n)[: MOST_PICKS * count]
    half = min(picks.size, count // 2)
    scales = np.array(RANDOM_SCALES)[np.arange(count) % len(RANDOM_SCALES)][:, None]
    return _Draws(
        picks % values, picks // values, rng.random((half, 1)) < 0.5, rng.normal(size=(half, n)),
        rng.normal(size=(count, n)) * scales, rng.uniform(size=(count, n)),
    )  # fmt: skip


_kept_draws = functools.lru_cache(maxsize=32)(_made_draws)


def candidates(problem: Problem, listed: Matrix, literals: Sequence[float], count: int, seed: int) -> Matrix:
    """At most `count` points inside the domain, shape (count', n): special ones first, random ones after; seeded."""
    n = problem.variables.size
    domain = problem.domain
    base = listed[0] if listed.shape[0] else np.zeros(n)
    known = dict.fromkeys(SPECIAL_VALUES)
    for literal in literals:
        scale = max(1.0, abs(literal)) if abs(literal) >= SMALL else abs(literal)
        for offset in THRESHOLD_OFFSETS:
            known[literal + offset * scale] = None
            known[-literal + offset * scale] = None
    values = np.array(list(known))
    draws = _draws(seed, n, values.size, count)
    tied = values[: max(4, count // 6)]
    ties = np.empty((tied.size, n))
    ties[:] = tied[:, None]  # all components equal
    others = np.empty((5, n))
    others[0] = np.where(np.isfinite(domain.low), domain.low, base)
    others[1] = np.where(np.isfinite(domain.high), domain.high, base)
    others[2:] = -base, base[::-1], -np.abs(base)
    # One component special, the others as listed or random: of the values that the component's domain has.
    half = draws.from_base.shape[0]
    value, where, elsewhere, at_ends = values[draws.special], draws.where, draws.others, np.empty((0, n))
    bounded = np.isfinite(domain.low).any() or np.isfinite(domain.high).any()
    if bounded:
        fits = np.flatnonzero((value >= domain.low[where]) & (value <= domain.high[where]))[:half]
        value, where = value[fits], where[fits]
        elsewhere = _drawn(problem, elsewhere, draws.uniform[:half])
        at_ends = _at_ends(problem, base, count // 6)
    alone = np.where(draws.from_base, base, elsewhere)[: len(value)]
    alone[np.arange(len(alone)), where[: len(alone)]] = value[: len(alone)]
    special = _inside(np.concatenate([ties, others, at_ends, alone]), problem)[: max(1, (2 * count) // 3)]
    free = _inside(_drawn(problem, draws.normal, draws.uniform), problem) if bounded else draws.normal
    random = free[: max(0, count - special.shape[0])]
    points = np.concatenate([special, random]) + 0.0  # −0 is 0
    whole = points.view(np.dtype((np.void, points.dtype.itemsize * n))).ravel().tolist() if n else []
    first = dict(zip(reversed(whole), range(len(whole) - 1, -1, -1), strict=True))  # of equal points the first is kept
    return points[sorted(first.values())][:count]


def _inside(points: Matrix, problem: Problem) -> Matrix:
    inside = problem.domain.contains(points) & np.isfinite(points)
    return points if inside.all() else np.asarray(points[inside.all(axis=1)])


def _at_ends(problem: Problem, base: Vector, most: int) -> Matrix:
    """The first listed point with one component at an end of its domain; at most `most` rows."""
    ends = np.concatenate([problem.domain.low, problem.domain.high])
    finite = np.flatnonzero(np.isfinite(ends))
    chosen = finite[np.linspace(0, finite.size - 1, min(most, finite.size)).astype(np.intp)]
    rows: Matrix = np.repeat(base[None], chosen.size, axis=0)
    rows[np.arange(chosen.size), chosen % base.size] = ends[chosen]
    return rows


def _drawn(problem: Problem, normal: Matrix, uniform: Matrix) -> Matrix:
    """Random points: uniform between finite ends, else normal on several scales from the finite end.

    normal, uniform: (k, n).
    """
    low, high = problem.domain.low, problem.domain.high
    has_low, has_high = np.isfinite(low), np.isfinite(high)
    with np.errstate(all="ignore"):
        both = low + uniform * (high - low)
        above = low + np.abs(normal)
        below = high - np.abs(normal)
    rows: Matrix = np.where(has_low & has_high, both, np.where(has_low, above, np.where(has_high, below, normal)))
    return rows
