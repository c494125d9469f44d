"""What a result says of very many points: enough for reading, and little enough for sending and keeping."""

from __future__ import annotations

import dataclasses

from gradverify.core.report import Check, SpecResult
from gradverify.core.verdicts import Verdict

MOST_POINTS = 1000  # of a check, told one by one: 0.75 MB in the cache for sin(x) with one variable


def brief(result: SpecResult) -> SpecResult:
    """`result` with at most MOST_POINTS points a check, those that did not pass first, and a note where some are left
    out. Verdicts, errors and reasons are about all of them."""
    most = max((len(check.points) for check in result.checks), default=0)
    if most <= MOST_POINTS:
        return result
    note = f"of {most} points, {MOST_POINTS} are told one by one; the verdict is about all of them"
    return dataclasses.replace(result, checks=tuple(map(_brief, result.checks)), notes=(*result.notes, note))


def _brief(check: Check) -> Check:
    if len(check.points) <= MOST_POINTS:
        return check
    rank = {Verdict.FAIL: 0, Verdict.ERROR: 1, Verdict.INCONCLUSIVE: 2}
    order = sorted(range(len(check.points)), key=lambda i: rank.get(check.points[i].verdict, len(rank)))
    return dataclasses.replace(check, points=tuple(check.points[i] for i in sorted(order[:MOST_POINTS])))
