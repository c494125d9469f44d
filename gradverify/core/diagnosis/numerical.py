"""Is the claim itself a finite difference of f? Then it equals one, with its step and its error, to round-off."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from gradverify.core.arrays import Array, Vector
from gradverify.core.diagnosis.evidence import Evidence
from gradverify.core.problem import Derivative, ExpressionFunction, Problem
from gradverify.core.verdicts import Evidence as Level
from gradverify.core.verdicts import Fault
from gradverify.core.verify import Verified

STEPS = (*(10.0**-k for k in range(1, 11)), float(np.finfo(float).eps ** 0.5), float(np.finfo(float).eps ** (1 / 3)))
# What people multiply a step by, from the variable's value.
SCALES: Mapping[str, Callable[[float], float]] = {
    "": lambda _: 1.0,
    " times max(1, |x|)": lambda x: max(1.0, abs(x)),
    " times |x|": abs,
    " times (1 + |x|)": lambda x: 1.0 + abs(x),
}
SCHEMES = ("forward", "backward", "central")
MOST_COMPONENTS = 3  # enough to tell; each costs three evaluations a step
MOST_POINTS = 4
CLEAR = 10.0  # times what a match may be off by: so much the difference changes from point to point
MATCH = 1e-3  # the claim must equal the difference to this part of the difference's own error
EPSILON = float(np.finfo(float).eps)
# An analytic claim is off by some units of round-off, differences are by 1e5 of them at best: one that is LOUD and
# equals a difference to SAME units does so by no chance, if it does at MEETINGS places.
LOUD, SAME, MEETINGS = 256.0, 8.0, 4
BESIDE = (1.1, 0.93, 1.27, 0.81)  # times the first listed point: further places, where the listed ones are too few


@dataclass(frozen=True, slots=True)
class Difference:
    """A way to difference f along one variable."""

    scheme: str
    step: float
    scale: str

    def __str__(self) -> str:
        return f"a {self.scheme} difference of f with step {self.step:.3g}{self.scale}"


EVERY = tuple(Difference(*one) for one in itertools.product(SCHEMES, STEPS, SCALES))


@dataclass(frozen=True, slots=True)
class _Slope:
    value: float
    round_off: float


def _slopes(problem: Problem, x: Vector, index: int, differences: Iterable[Difference]) -> dict[Difference, _Slope]:
    """What each of `differences` says of component `index` at x, shape (n,)."""
    wanted = list(differences)
    steps = sorted({one.step * SCALES[one.scale](float(x[index])) for one in wanted} - {0.0})
    rows = np.tile(x, (2 * len(steps) + 1, 1))
    rows[1 : len(steps) + 1, index] += steps
    rows[len(steps) + 1 :, index] -= steps
    inside = problem.domain.contains(rows).all(axis=1)
    values = np.full(len(rows), np.nan)
    values[inside] = problem.function.evaluate(rows[inside]).values
    here, ups, downs = float(values[0]), values[1 : len(steps) + 1], values[len(steps) + 1 :]
    sides = {h: (float(up), float(down)) for h, up, down in zip(steps, ups, downs, strict=True)}
    found = {}
    for one in wanted:
        h = one.step * SCALES[one.scale](float(x[index]))
        if h not in sides:
            continue
        up, down = sides[h]
        slope = {"forward": (up - here) / h, "backward": (here - down) / h, "central": (up - down) / (2 * h)}[
            one.scheme
        ]
        largest = max(abs(up), abs(down), abs(here))
        found[one] = _Slope(slope, 4 * EPSILON * largest / h)
    return found


def _is_asked(problem: Problem) -> bool:
    return problem.derivative is Derivative.GRADIENT and problem.function.output_shape == ()


def numerical_step(evidence: Evidence, wrong: list[int]) -> tuple[Fault, str] | None:
    """The difference that the claim equals at the first points where it is wrong; None if there is none."""
    if not _is_asked(evidence.problem) or not wrong:
        return None
    left = list(EVERY)
    for index in wrong[:MOST_COMPONENTS]:
        left = _matching(evidence, index, left)
        if not left:
            return None
    return Fault.NUMERICAL_DERIVATIVE, f"the claim equals {left[0]}"


def _matching(evidence: Evidence, index: int, left: list[Difference]) -> list[Difference]:
    """Which differences equal the component at all points where it is wrong, and change as it does between them.

    A claim that stays the same, or a single point, equals some difference of a nearly linear f by chance.
    """
    rows = np.flatnonzero(evidence.differs[:, index])[:MOST_POINTS].tolist()
    seen: dict[Difference, list[float]] = {one: [] for one in left}
    slack = dict.fromkeys(left, 0.0)
    for row in rows:
        found = _slopes(evidence.problem, evidence.points[row], index, left)
        claimed, reference = float(evidence.claimed[row, index]), float(evidence.reference[row, index])
        bound = float(evidence.bound[row, index])
        for one, slope in found.items():
            own_error, gap = abs(slope.value - reference), abs(claimed - slope.value)
            allowed = MATCH * own_error + slope.round_off
            tells = own_error > 4 * (bound + slope.round_off) and gap <= allowed
            same = gap <= SAME * EPSILON * abs(claimed) and own_error > LOUD * EPSILON * abs(claimed) + bound
            if tells or same:
                seen[one].append(slope.value)
                slack[one] = max(slack[one], allowed)
        left = [one for one in left if len(seen[one]) == rows.index(row) + 1]
        if not left:
            return []
    return [one for one in left if len(seen[one]) > 1 and float(np.ptp(seen[one])) > CLEAR * slack[one]]


def in_disguise(verified: Verified) -> str | None:
    """The difference that a claim in code, which passes, equals to its last digits; None if there is none.

    Only where an exact reference shows that the claim has fewer digits than a formula would.
    """
    problem, claim = verified.problem, verified.problem.claim
    if claim is None or isinstance(claim, ExpressionFunction) or not _is_asked(problem):
        return None
    exact = next((j for j in verified.judged if all(e.strength >= Level.EXACT.strength for e in j.evidence)), None)
    if exact is None:
        return None
    with np.errstate(all="ignore"):
        gap = np.abs(verified.claim.values - exact.reference)
        loud = (gap > LOUD * EPSILON * np.abs(exact.reference) + exact.bound) & np.isfinite(gap)
    places = [(verified.points[i], int(j), float(verified.claim.values[i, j])) for i, j in np.argwhere(loud)][:MEETINGS]
    if not places:
        return None
    if len(places) < MEETINGS:
        places += _beside(verified, places[0][1])
    left: list[Difference] = list(EVERY)
    for x, index, claimed in places[:MEETINGS]:
        found = _slopes(problem, x, index, left)
        left = [one for one, slope in found.items() if abs(slope.value - claimed) <= SAME * EPSILON * abs(claimed)]
        if not left:
            return None
    return str(left[0]) if len(places) >= MEETINGS else None


def _beside(verified: Verified, index: int) -> list[tuple[Array, int, float]]:
    """Further places for the component, and what is claimed there."""
    problem, claim = verified.problem, verified.problem.claim
    points = verified.points[0] * np.array(BESIDE)[:, None]
    points = points[problem.domain.contains(points).all(axis=1)]
    if claim is None or not len(points):
        return []
    found = claim.evaluate(points)
    lost = {failure.row for failure in found.failures}
    values = found.values.reshape((len(points), -1))[:, index]
    return [
        (point, index, float(value))
        for row, (point, value) in enumerate(zip(points, values, strict=True))
        if row not in lost
    ]
