"""Runs as the history keeps them: of each spec its status and one measured error."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass

from gradverify.core.report import Check, Report, SpecResult
from gradverify.core.verdicts import Evidence, Verdict

MOST_TEXT = 1_000  # characters of a reason


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecRecord:
    """One spec in one run. error: the largest relative error of the claim, as `backend` measured it."""

    file: str
    name: str
    line: int
    verdict: Verdict
    found: Verdict
    expected: str
    evidence: Evidence | None
    backend: str | None
    error: float | None
    seconds: float
    reason: str | None
    fault: str | None

    @property
    def key(self) -> str:
        """What tells specs apart over time."""
        return f"{self.file}::{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """One run: where it comes from, and its specs. started: ISO 8601, UTC."""

    commit: str | None
    branch: str | None
    started: str
    seconds: float
    gradverify: str
    interrupted: bool
    specs: tuple[SpecRecord, ...]

    @property
    def label(self) -> str:
        """What people call the run: its commit, else its time."""
        return self.commit[:9] if self.commit else self.started[5:16].replace("T", " ")

    @property
    def counts(self) -> dict[Verdict, int]:
        """The number of specs of each verdict."""
        counts = dict.fromkeys(Verdict, 0)
        for spec in self.specs:
            counts[spec.verdict] += 1
        return counts


def run_of(report: Report, commit: str | None, branch: str | None) -> RunRecord:
    """What the history keeps of a report. Raises `ValueError` for one that has no time, or two specs of one name."""
    records = tuple(_spec(spec) for spec in report.specs)
    seen: set[str] = set()
    for record in records:
        if record.key in seen:
            raise ValueError(f"it has two specs named {record.key}")
        seen.add(record.key)
    return RunRecord(
        commit=commit, branch=branch, started=_utc(report.started), seconds=report.seconds,
        gradverify=report.gradverify, interrupted=report.interrupted, specs=records,
    )  # fmt: skip


def _utc(started: str) -> str:
    try:
        moment = dt.datetime.fromisoformat(started)
    except ValueError:
        raise ValueError(f"`started` is no time: {started[:60]!r}") from None
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=dt.UTC)
    try:
        return moment.astimezone(dt.UTC).isoformat(timespec="seconds")
    except OverflowError:
        raise ValueError(f"`started` is no time: {started[:60]!r}") from None


def _spec(spec: SpecResult) -> SpecRecord:
    check = _measured(spec)
    error = None if check is None else check.max_relative_error
    return SpecRecord(
        file=spec.file, name=spec.name, line=spec.line, verdict=spec.verdict, found=spec.found, expected=spec.expected,
        evidence=spec.evidence, backend=None if check is None else check.backend,
        # A claim that is NaN is as far off as can be.
        error=math.inf if error is not None and math.isnan(error) else error, seconds=spec.seconds,
        reason=spec.reason[:MOST_TEXT] if spec.reason else None,
        fault=spec.diagnosis[0].fault.value if spec.diagnosis else None,
    )  # fmt: skip


def _measured(spec: SpecResult) -> Check | None:
    """The check whose error is followed: of the strongest evidence, by name where several are as strong."""
    known = [c for c in spec.checks if c.max_relative_error is not None and c.backend is not None]
    strength = {id(c): c.evidence.strength if c.evidence is not None else -1 for c in known}
    return min(known, key=lambda c: (-strength[id(c)], c.backend or "", c.kind), default=None)
