"""What figures need beyond what verdicts do: asked for only where somebody will look at them."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from gradverify.core.answers import Judged
from gradverify.core.arrays import Matrix, Vector
from gradverify.core.descent.level_sets import SIDE, box_around, level_sets
from gradverify.core.estimates import ShowsLadders
from gradverify.core.ladders import details_of, worth_showing
from gradverify.core.report import Check, DescentRun
from gradverify.core.verify import Verified

if TYPE_CHECKING:
    from gradverify.plugins import Plugins

LONGEST = 2.0  # seconds that the evaluations of one figure may take, as far as can be told beforehand
EVALUATIONS = 100  # of one ladder, about
MOST_COMPONENTS = 1_000_000  # beyond, even looking for the worst would take arrays as large as the point itself


def with_ladders(checks: Sequence[Check], verified: Verified, plugins: Plugins) -> list[Check]:
    """The checks of one derivative with the step-size ladders of the backends that take steps."""
    judged = {j.backend: j for j in verified.judged}
    return [
        _with_ladders(check, verified, judged[check.backend], plugins) if check.backend in judged else check
        for check in checks
    ]


def _with_ladders(check: Check, verified: Verified, judged: Judged, plugins: Plugins) -> Check:
    registered = plugins.backends.get(judged.backend)
    estimates = judged.answer.estimates
    if registered is None or estimates is None or not isinstance(registered.value, ShowsLadders):
        return check
    if verified.claim.values.shape[1] > MOST_COMPONENTS:
        return check
    begun = time.perf_counter()
    verified.problem.function.evaluate(verified.points[:1])
    if (time.perf_counter() - begun) * EVALUATIONS > LONGEST:
        return check
    told = []
    for row, component in worth_showing(verified, judged):
        try:
            ladders = tuple(registered.value.ladders(verified.problem, verified.points[row], (component,)))
            told += details_of(verified, judged, row, ladders)
        except Exception:  # noqa: BLE001 - a plugin that cannot draw costs its own figure only
            continue
    return dataclasses.replace(check, details={**check.details, "ladder": told}) if told else check


class _TooSlowError(Exception):
    """The function would take too long for a picture."""


def with_level_sets(runs: tuple[DescentRun, ...], verified: Verified) -> tuple[DescentRun, ...]:
    """The descents, the first of them with f on a grid around all of them, where there are two variables."""
    problem = verified.problem
    box = box_around(runs) if problem.variables.size == 2 and runs else None
    if box is None:
        return runs

    def evaluate(points: Matrix) -> Vector:
        begun = time.perf_counter()
        first = problem.function.evaluate(points[:SIDE]).values
        if (time.perf_counter() - begun) * len(points) > LONGEST * SIDE:
            raise _TooSlowError
        rest = problem.function.evaluate(points[SIDE:]).values if len(points) > SIDE else first[:0]
        return np.asarray(np.concatenate([first, rest]), dtype=np.float64).reshape(len(points))

    try:
        grid = level_sets(box, problem.domain, evaluate)
    except (_TooSlowError, ValueError):
        return runs
    return (dataclasses.replace(runs[0], details={**runs[0].details, "contours": grid}), *runs[1:])
