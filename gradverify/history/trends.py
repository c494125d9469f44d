"""What a spec's history shows: errors that grew, statuses that changed, and results that change on their own."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from gradverify.core.verdicts import Verdict
from gradverify.history.records import RunRecord, SpecRecord

GROWTH = 10.0  # an error that many times the usual one has grown: another machine's rounding moves it by less
FLOOR = 1e-13  # errors below are round-off, some hundred units in the last place, whatever their ratio
USUAL = 5  # runs whose median is the usual error


@dataclass(frozen=True, slots=True)
class Moment:
    """One spec in one run."""

    run: RunRecord
    spec: SpecRecord


@dataclass(frozen=True, slots=True)
class Growth:
    """The run that made an error grow, by its place in the history, and from what to what."""

    at: int
    before: float
    after: float

    @property
    def factor(self) -> float:
        """How many times as large; at least, where it was round-off before."""
        return self.after / max(self.before, FLOOR)


@dataclass(frozen=True, slots=True)
class Change:
    """A run whose status is another than that of the run before."""

    at: int
    before: Verdict
    after: Verdict


@dataclass(frozen=True, slots=True)
class Trend:
    """A spec's whole history, oldest first."""

    key: str
    moments: tuple[Moment, ...]
    growths: tuple[Growth, ...]
    changes: tuple[Change, ...]
    flaky: tuple[str, ...]  # commits on which its status differs from run to run

    @property
    def last(self) -> SpecRecord:
        """The newest result."""
        return self.moments[-1].spec


def trends(runs: Sequence[RunRecord]) -> list[Trend]:
    """The history of every spec in `runs`, which are oldest first; specs in the order of their keys."""
    found: dict[str, list[Moment]] = {}
    for run in runs:
        for spec in run.specs:
            found.setdefault(spec.key, []).append(Moment(run, spec))
    return [
        Trend(key, tuple(moments), growths(moments), changes(moments), flaky(moments))
        for key, moments in sorted(found.items())
    ]


def growths(moments: Sequence[Moment]) -> tuple[Growth, ...]:
    """The runs whose error is GROWTH times the median of the USUAL runs before, measured by the same backend.

    After a growth the larger error is the usual one: the commit that caused it is named, not all that follow.
    """
    found: list[Growth] = []
    usual: list[float] = []
    backend: str | None = None
    for index, moment in enumerate(moments):
        error = moment.spec.error
        if error is None:
            continue
        if moment.spec.backend != backend:
            usual, backend = [], moment.spec.backend
        if usual:
            before = statistics.median(usual[-USUAL:])
            if error > FLOOR and error >= GROWTH * max(before, FLOOR) and math.isfinite(before):
                found.append(Growth(index, before, error))
                usual = []
        usual.append(error)
    return tuple(found)


def changes(moments: Sequence[Moment]) -> tuple[Change, ...]:
    """Where the status changed."""
    pairs = itertools.pairwise(moments)
    return tuple(
        Change(index, before.spec.verdict, after.spec.verdict)
        for index, (before, after) in enumerate(pairs, 1)
        if before.spec.verdict is not after.spec.verdict
    )


def flaky(moments: Sequence[Moment]) -> tuple[str, ...]:
    """Commits on which the same gradverify came to different verdicts: the content was the same, the result was not."""
    seen: dict[tuple[str, str], set[Verdict]] = {}
    for moment in moments:
        if moment.run.commit is not None:
            seen.setdefault((moment.run.commit, moment.run.gradverify), set()).add(moment.spec.found)
    return tuple(dict.fromkeys(commit for (commit, _), found in seen.items() if len(found) > 1))
