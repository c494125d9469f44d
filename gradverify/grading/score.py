"""From verdicts on components at points to a share of the credit. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradverify.core.arrays import Array, Mask
from gradverify.core.judge import Code
from gradverify.grading.model import Credit, Status, Tally


@dataclass(frozen=True, slots=True)
class Scored:
    """What an answer is worth. right, decided: components by the same names; fraction: of the credit, 0 to 1."""

    fraction: float | None  # None: nothing could be decided
    components: Tally
    points: Tally


def score(codes: Array, credit: Credit) -> Scored:
    """Score codes of shape (k, c). What could not be decided counts neither for nor against the student.

    A component is right when it is wrong nowhere and right somewhere; a point likewise.
    """
    failed, passed = codes == Code.FAIL, codes == Code.PASS
    components = _tally(failed.any(axis=0), passed.any(axis=0))
    points = _tally(failed.any(axis=1), passed.any(axis=1))
    if not components.decided:
        return Scored(None, components, points)
    match credit:
        case Credit.PER_COMPONENT:
            fraction = components.right / components.decided
        case Credit.PER_POINT:
            fraction = points.right / points.decided
        case Credit.ALL_OR_NOTHING:
            fraction = 1.0 if components.right == components.decided else 0.0
    return Scored(fraction, components, points)


def _tally(failed: Mask, passed: Mask) -> Tally:
    return Tally(int(np.count_nonzero(passed & ~failed)), int(np.count_nonzero(passed | failed)))


def status_for(fraction: float) -> Status:
    """ok, partial or wrong."""
    if fraction >= 1.0:
        return Status.OK
    return Status.PARTIAL if fraction > 0.0 else Status.WRONG


def points_for(fraction: float, points: float) -> float:
    """The score, rounded to what people can read; full marks only for an answer that is right."""
    return round(fraction * points, 4)
