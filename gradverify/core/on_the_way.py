"""Does a gap that the search found far from the listed points begin as round-off on the way there?

At ν = e¹⁰⁰ digamma((ν + 1)/2) − digamma(ν/2) is 0, and should be 1/ν: the sum has swallowed what matters, and what is
left looks like another formula, without any scatter. A term is not swallowed at once, though. On the way from a point
where the claim is right it has fewer and fewer digits first, so that the claim scatters by as much as it is off later,
or nothing can be decided for a while, since f itself has lost digits. A wrong formula, or a wrong branch, has all its
digits when it begins to be wrong.
"""

from __future__ import annotations

import numpy as np

from gradverify.core import roundoff
from gradverify.core.arrays import Array, Mask, Matrix, Vector
from gradverify.core.judge import Code
from gradverify.core.problem import Function, Problem
from gradverify.core.values import flat

STATIONS = 32  # places on the way; 21 evaluations of the claim at each
FIRST, LAST = 0.05, 0.98  # of the way: neither end tells anything new
MANIFOLD = 100.0  # a component that grows or shrinks by more is followed through its powers of ten
SHARE = 1 / 16  # of the relative gap: how large a scatter accounts for it
UNDECIDED = 2  # stations in a row; a branch that switches is right at one and wrong at the next


def begins_as_round_off(problem: Problem, start: Vector, end: Vector, relative_gap: Vector) -> Mask:
    """Which components of the claim scatter by their relative gap somewhere between two points, (n,) each; shape (c,).

    relative_gap: (c,), at `end`.
    """
    claim = problem.claim
    places = stations(start, end, problem)
    if claim is None or places.shape[0] == 0:
        return np.zeros(relative_gap.shape, dtype=np.bool_)
    return _scatter(claim, places, problem) >= SHARE * relative_gap


def stations(start: Vector, end: Vector, problem: Problem) -> Matrix:
    """Places on the way between two points, (n,) each, as far as they are inside the domain; shape (k, n)."""
    found = _way(start, end)
    return np.asarray(found[problem.domain.contains(found).all(axis=1)])


def begins_undecided(codes: Array) -> Mask:
    """Which components are right first, then undecided, while some are so at several stations, and then wrong.

    codes: (k, c), of the stations in order.
    """
    fails, open_ = codes == Code.FAIL, codes == Code.INCONCLUSIVE
    first = np.where(fails.any(axis=0), np.argmax(fails, axis=0), codes.shape[0])
    out = np.zeros(codes.shape[1], dtype=np.bool_)
    for component, begin in enumerate(first.tolist()):
        before, after = codes[:begin, component], codes[begin:, component]
        # What is lost is lost by the other components as well, if not at the same station.
        some = open_[max(0, begin - UNDECIDED) : begin].any(axis=1)
        blurred = some.size == UNDECIDED and some.all() and before[-1] == Code.INCONCLUSIVE
        out[component] = blurred and (before == Code.PASS).any() and not (after == Code.PASS).any()
    return out


def _way(start: Vector, end: Vector) -> Matrix:
    """Places between two points, shape (STATIONS, n)."""
    t = np.linspace(FIRST, LAST, STATIONS)[:, None]
    straight = start + t * (end - start)
    with np.errstate(all="ignore"):
        ratio = end / start
        far = (ratio > MANIFOLD) | ((ratio > 0) & (ratio < 1 / MANIFOLD))
        powers = start * np.where(far, ratio, 1.0) ** t
    return np.where(far, powers, straight)


def _scatter(claim: Function, places: Matrix, problem: Problem) -> Vector:
    """The claim's largest round-off at `places`, (k, n), relative to its size thereabouts, shape (c,)."""
    epsilon = problem.precision.epsilon
    lines = np.array([roundoff.along_a_line(station, epsilon, problem.seed) for station in places])
    inside = np.where(problem.domain.contains(lines), lines, places[:, None, :])
    values = flat(claim.evaluate(inside.reshape((-1, places.shape[1]))).values)
    table = values.reshape((*lines.shape[:2], -1))
    own = np.array([roundoff.round_off_from(line, epsilon) for line in table])
    size = np.abs(table[:, lines.shape[1] // len(roundoff.SPACINGS) // 2])
    # A component that passes through 0 at a station is as large as beside it.
    padded = np.pad(size, ((1, 1), (0, 0)), mode="edge")
    size = np.maximum(size, np.maximum(padded[:-2], padded[2:]))
    with np.errstate(all="ignore"):
        relative = own / size
    return np.asarray(np.max(np.where(np.isfinite(relative), relative, 0.0), axis=0))
