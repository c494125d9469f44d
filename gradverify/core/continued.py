"""Is a claim the derivative of a function's formulas, also where they have no real value?

log(x) goes on to x < 0 as log|x| + iπ, and its derivative is 1/x there as before. What keeps f from such points is
left out of it, as in log(maximum(x, 1e-12)), and the claim is held to what is left.
"""

from __future__ import annotations

import numpy as np

from gradverify.core.arrays import Mask, Matrix, Vector
from gradverify.core.problem import Derivative, Function, Problem
from gradverify.core.values import values_of, values_of_complex

# Relative to max(1, |x|): the steps of central differences with complex values. With 2⁻¹² and an extrapolation of
# order 4, round-off and truncation are both below 1e-9 for a derivative of ordinary scale.
FORMAL_STEPS = (2.0**-10, 2.0**-11, 2.0**-12)
# The second difference of a smooth function falls to a quarter when the step is halved, and not at all across an edge.
SMOOTH = 0.35
MOST_ALONE = 32  # components, each by itself; more of them along two random ways, which see each component
DIGITS = 64 * float(np.finfo(np.float64).eps)  # of f: what a second difference may have of round-off
FORMAL_ERRORS = 30.0  # times the difference between the two extrapolated values: what they may be off


def formally_wrong(problem: Problem, function: Function, claim: Function, point: Vector) -> Mask:
    """Which components, (c,), of the claim are not the derivative of `function`; where that has no real value at
    `point`, of its formulas continued to complex numbers, as long as their derivative is real.

    By central differences along the real axis with one extrapolation (Richardson), error O(h⁴).
    """
    claimed = values_of(claim, point[None])[0]
    if problem.derivative is Derivative.HESSIAN:
        return np.zeros(claimed.size, dtype=np.bool_)
    evaluate = values_of if np.isfinite(values_of(function, point[None])).all() else values_of_complex
    said = claimed.reshape((-1, point.size))
    wrong = np.zeros(said.shape, dtype=np.bool_)
    for way in _ways(problem, point):
        reaches = np.array(FORMAL_STEPS)
        ways = point + np.outer([0.0, *reaches, *-reaches], way)
        if not problem.domain.contains(ways).all():
            continue
        with np.errstate(all="ignore"):
            values = evaluate(function, ways)
            ahead, behind = values[1 : 1 + len(reaches)], values[1 + len(reaches) :]
            bends = np.abs(ahead - 2.0 * values[0] + behind)
            is_smooth = (bends[1:] <= SMOOTH * bends[:-1] + DIGITS * np.abs(values[0])).all(axis=0)
            slopes = (ahead - behind) / (2.0 * reaches)[:, None]
            rough, fine = (4.0 * slopes[1:] - slopes[:-1]) / 3.0
            tolerance, moved = problem.tolerance, way != 0
            size = np.abs(said[:, moved]) @ np.abs(way[moved])
            allowed = tolerance.relative * np.maximum(size, np.abs(fine)) + FORMAL_ERRORS * np.abs(fine - rough)
            allowed += tolerance.absolute * np.abs(way).sum()
            is_real = np.abs(fine.imag) <= allowed
            apart = np.abs(said[:, moved] @ way[moved] - fine.real) > allowed
            found = is_smooth & is_real & apart & np.isfinite(fine) & np.isfinite(allowed)
        wrong |= found[:, None] & moved
    return wrong.ravel()


def _ways(problem: Problem, point: Vector) -> Matrix:
    """Ways from `point`, (w, n), along which derivatives are looked at: by each variable, or by all at once."""
    scale = np.maximum(1.0, np.abs(point))
    if point.size <= MOST_ALONE:
        return np.diag(scale)
    signs = np.random.default_rng(problem.seed).choice([-1.0, 1.0], size=(2, point.size))
    ways: Matrix = signs * scale
    return ways
