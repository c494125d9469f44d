"""Is the claim itself a finite difference of f? Then it equals one, with its step and its error, to round-off."""

from __future__ import annotations

import numpy as np

from gradverify.core.diagnosis.evidence import Evidence
from gradverify.core.problem import Derivative
from gradverify.core.verdicts import Fault

STEPS = (*(10.0**-k for k in range(1, 11)), float(np.finfo(float).eps ** 0.5), float(np.finfo(float).eps ** (1 / 3)))
MOST_COMPONENTS = 3  # enough to tell; each costs three evaluations a step
MOST_POINTS = 4
CLEAR = 10.0  # times what a match may be off by: so much the difference changes from point to point
MATCH = 1e-3  # the claim must equal the difference to this part of the difference's own error


def numerical_step(evidence: Evidence, wrong: list[int]) -> tuple[Fault, str] | None:
    """The scheme and step whose difference the claim equals, at the first points where it is wrong; None if there is
    none."""
    problem = evidence.problem
    if problem.derivative is not Derivative.GRADIENT or problem.function.output_shape != ():
        return None
    for scheme in ("forward", "backward", "central"):
        for h in STEPS:
            if _matches(evidence, wrong[:MOST_COMPONENTS], scheme, h):
                return Fault.NUMERICAL_DERIVATIVE, f"the claim equals a {scheme} difference of f with step {h:.3g}"
    return None


def _matches(evidence: Evidence, wrong: list[int], scheme: str, h: float) -> bool:
    return bool(wrong) and all(_matches_component(evidence, index, scheme, h) for index in wrong)


def _matches_component(evidence: Evidence, index: int, scheme: str, h: float) -> bool:
    """Whether the component equals the difference at all points where it is wrong, and changes as it does between them.

    A claim that stays the same, or a single point, equals some difference of a nearly linear f by chance.
    """
    problem = evidence.problem
    rows = np.flatnonzero(evidence.differs[:, index])[:MOST_POINTS].tolist()
    slopes, slack = [], 0.0
    for row in rows:
        x = evidence.points[row]
        step = np.zeros_like(x)
        step[index] = h
        values = problem.function.evaluate(np.array([x + step, x - step, x])).values
        up, down, here = (float(v) for v in values)
        slope = {"forward": (up - here) / h, "backward": (here - down) / h, "central": (up - down) / (2 * h)}[scheme]
        c, r = evidence.claimed[row, index], evidence.reference[row, index]
        own_error = abs(slope - r)
        round_off = 4 * np.finfo(float).eps * max(abs(up), abs(down), abs(here)) / h
        if not own_error > 4 * (evidence.bound[row, index] + round_off):
            return False
        if not abs(c - slope) <= MATCH * own_error + round_off:
            return False
        slopes.append(slope)
        slack = max(slack, MATCH * own_error + round_off)
    return len(slopes) > 1 and float(np.ptp(slopes)) > CLEAR * slack
