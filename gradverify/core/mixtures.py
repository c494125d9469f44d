"""At a kink, which claimed values that may each stand alone has no subgradient together?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from gradverify.core import subgradient
from gradverify.core.answers import Ask, Judged, values_at
from gradverify.core.arrays import Array, Matrix, Vector
from gradverify.core.estimates import Kink, Screened
from gradverify.core.judge import PASS, Code
from gradverify.core.problem import Derivative, Problem, Request
from gradverify.core.values import flat
from gradverify.core.verdicts import Evidence


def exclude_mixtures(
    problem: Problem,
    points: Matrix,
    codes: Array,
    judged: Sequence[Judged],
    kinks: Sequence[Mapping[int, Kink]],
    claimed: Matrix,
    ask: Ask,
    typical: Vector,
) -> list[Judged]:
    """Mark components wrong whose claimed values at a kink no subgradient has together. Changes `codes`."""
    out = list(judged)
    if problem.derivative is not Derivative.GRADIENT:
        return out
    for row, found in enumerate(kinks):
        passing = {i: kink for i, kink in found.items() if codes[row, i] == PASS}
        if len(passing) < 2:
            continue
        around = subgradient.nearby(points[row], problem, typical)
        for backend in sorted(judged, key=lambda j: -j.evidence[row].strength):
            exact = backend.evidence[row].strength >= Evidence.EXACT.strength
            gradients = _gradients(backend.backend, problem, around, ask, exact)
            if gradients is not None and np.isfinite(gradients).all(axis=1).sum() >= subgradient.ENOUGH:
                name = backend.backend
                pairs = _apart(problem, points[row], claimed[row], passing, gradients, name, ask, typical, exact)
                excluded = sorted({i for pair in pairs for i in pair})
                codes[row, excluded] = Code.FAIL
                where = np.zeros(codes.shape, dtype=np.bool_)
                where[row, excluded] = True
                out = [one.recoded(where, Code.FAIL) for one in out]
                break
    return out


def _apart(
    problem: Problem,
    point: Vector,
    claimed: Vector,
    kinks: Mapping[int, Kink],
    gradients: Matrix,
    backend: str,
    ask: Ask,
    typical: Vector,
    exact: bool,
) -> list[tuple[int, int]]:
    """The pairs of components at a kink that no subgradient has together, wherever `backend` is asked for one.

    gradients: (k, c), at random points.
    """
    pairs = subgradient.apart(claimed, kinks, gradients)
    held = list(pairs)[: subgradient.MOST_PAIRS]
    tries = subgradient.ROUNDS
    while held and tries:
        aimed = subgradient.aimed(point, {pair: pairs[pair] for pair in held}, problem, typical)
        there = _gradients(backend, problem, aimed, ask, exact)
        if there is None:
            break
        gradients = np.concatenate([gradients, there])
        pairs = subgradient.apart(claimed, kinks, gradients)
        held, tries = [pair for pair in held if pair in pairs], tries - 1
        if not held:
            held, tries = list(pairs)[: subgradient.MOST_PAIRS], subgradient.ROUNDS
    return held


SHARP = 1e-6  # of the largest component: a hull is seen to a hundredth of its size
KNOWN = 0.75  # of the points: where a quick look has fewer, a longer one may have more


def _gradients(backend: str, problem: Problem, points: Matrix, ask: Ask, exact: bool) -> Matrix | None:
    """A backend's values at points, shape (k, c), or None where it has none.

    Where it is exact its quick look will do, if it has values at most of them: nobody asks for their round-off.
    """
    if not points.shape[0]:
        return None

    def sharp(quick: Screened) -> Matrix | None:
        values, bounds = flat(quick.values), flat(quick.error_bounds)
        known = np.isfinite(values).all(axis=1) & quick.finite
        size = np.max(np.abs(values[known]), axis=1, keepdims=True, initial=0.0)
        is_sharp = known.mean() >= KNOWN and (bounds[known] <= SHARP * size).all()
        return np.where(known[:, None], values, np.nan) if is_sharp else None

    found = values_at(ask, backend, problem, Request(points), sharp if exact else None)
    return None if found is None else flat(found)
