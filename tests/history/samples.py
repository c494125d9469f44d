"""Reports as a project makes them over time."""

from __future__ import annotations

from collections.abc import Sequence

from gradverify.core.report import Check, Report, SpecResult
from gradverify.core.verdicts import Evidence, Verdict
from gradverify.history.records import RunRecord, run_of


def result(
    name: str = "bowl", verdict: Verdict = Verdict.PASS, error: float | None = 1e-16, backend: str = "sympy"
) -> SpecResult:
    check = Check(kind="gradient", backend=backend, verdict=verdict, evidence=Evidence.EXACT, max_relative_error=error)
    return SpecResult(
        name=name, file="specs/a.yaml", line=3, verdict=verdict, found=verdict, checks=(check,), evidence=Evidence.EXACT
    )


def report(day: int, *specs: SpecResult) -> Report:
    return Report(
        gradverify="0.1.0", started=f"2026-03-{day:02}T10:00:00+00:00", seconds=1.5, isolation="processes", plugins=(),
        specs=specs or (result(),),
    )  # fmt: skip


def commit(day: int) -> str:
    return f"{day:040x}"


def runs(errors: Sequence[float | None], name: str = "bowl") -> list[RunRecord]:
    """One run a day, with these errors of one spec."""
    return [run_of(report(day, result(name, error=error)), commit(day), "main") for day, error in enumerate(errors, 1)]


def verdicts(*found: Verdict, on: Sequence[int] = ()) -> list[RunRecord]:
    """One run a day with these verdicts; `on` are the commits' numbers where they are not the days'."""
    commits = on or range(1, len(found) + 1)
    pairs = zip(found, commits, strict=True)
    return [run_of(report(day, result(verdict=v)), commit(c), "main") for day, (v, c) in enumerate(pairs, 1)]
