"""Which components are worth a plot of error against step size, and what a report keeps of it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from gradverify.core.answers import Judged
from gradverify.core.estimates import Ladder
from gradverify.core.judge import Code
from gradverify.core.verdicts import Evidence
from gradverify.core.verify import Verified, component_label

MOST = 3  # plots of one failing derivative; a passing one has one
MOST_RUNGS = 100


def worth_showing(verified: Verified, judged: Judged) -> list[tuple[int, int]]:
    """Rows and components: the worst of the wrong ones, each at its worst point; else the one that is furthest off."""
    claimed, reference = verified.claim.values, judged.reference
    with np.errstate(all="ignore"):
        gap = np.abs(claimed - reference) / np.maximum(np.abs(reference), np.finfo(np.float64).tiny)
    gap = np.where(np.isfinite(gap), gap, -1.0)
    wrong = (judged.codes == Code.FAIL) & (gap >= 0)
    if wrong.any():
        gap = np.where(wrong, gap, -1.0)
        rows = gap.argmax(axis=0)
        worst = gap[rows, np.arange(gap.shape[1])]
        order = [int(i) for i in np.argsort(-worst, kind="stable")[:MOST] if worst[i] >= 0]
        return [(int(rows[i]), i) for i in order]
    row, component = np.unravel_index(int(gap.argmax()), gap.shape) if gap.size else (0, 0)
    return [(int(row), int(component))] if gap.size and gap[row, component] >= 0 else []


def details_of(verified: Verified, judged: Judged, row: int, ladders: Iterable[Ladder]) -> list[dict[str, Any]]:
    """The ladders at one point as JSON values, each with the best reference that any backend has for it."""
    told = []
    for ladder in ladders:
        i = ladder.component
        if not _sound(ladder, judged.reference.shape[1]):
            continue
        best = min(
            (j for j in verified.judged if math.isfinite(j.reference[row, i])),
            key=lambda j: (j.evidence[row].strength < Evidence.EXACT.strength, j.bound[row, i]), default=judged,
        )  # fmt: skip
        told.append(
            {
                "component": component_label(verified.problem, i), "point": row,
                "claimed": float(verified.claim.values[row, i]), "reference": float(best.reference[row, i]),
                "error_bound": float(judged.bound[row, i]), "steps": list(ladder.steps[:MOST_RUNGS]),
                "values": list(ladder.values[:MOST_RUNGS]), "bounds": list(ladder.bounds[:MOST_RUNGS]),
            }
        )  # fmt: skip
    return told


def _sound(ladder: object, components: int) -> bool:
    """Whether a plugin's answer is a ladder at all."""
    if not isinstance(ladder, Ladder) or not isinstance(ladder.component, int):
        return False
    rows: tuple[object, ...] = (ladder.steps, ladder.values, ladder.bounds)
    return (
        0 <= ladder.component < components
        and all(isinstance(row, tuple) and all(isinstance(v, float) for v in row) for row in rows)
        and len({len(row) for row in rows if isinstance(row, tuple)}) == 1
    )
