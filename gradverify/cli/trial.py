"""Which of several specs runs? They are tried in worker processes, with little time and memory, and nothing is kept."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gradverify.core.report import SpecResult

AT_ONCE = 4  # specs that are tried together: the likely ones come first
SECONDS = 10.0  # for each: one that takes longer is slow whatever the guess


@dataclass(frozen=True, slots=True)
class Tried:
    """Which spec to take, by its place, and why it does not run yet, if it does not."""

    chosen: int
    reason: str | None


def try_out(texts: Sequence[str], file: str) -> Tried:
    """The first of `texts` whose function and claim can both be called, right or wrong; else the first.

    file: where the spec will stand, as its references are relative to it.
    """
    from gradverify.core.verdicts import Verdict
    from gradverify.plugins import load_plugins
    from gradverify.run.session import RunSettings, run_specs
    from gradverify.run.settings import VerifySettings
    from gradverify.spec.load import load_text

    plugins = load_plugins()
    bare = VerifySettings(search=False, blind_spots=False, given_up={"explanation": "nobody reads it"})
    settings = RunSettings(seconds=SECONDS, verify=bare)
    reason: str | None = None
    for offset in (0, *range(1, len(texts), AT_ONCE)):
        specs, sources = [], []
        for number, text in enumerate(texts[offset : offset + AT_ONCE] if offset else texts[:1]):
            # Workers tell specs apart by file and position, so each stands in a file of its own, beside the real one.
            found = load_text(text, f"{file}.{number}", plugins.backend_options())
            if found.faults:
                return Tried(0, found.faults[0].message)
            specs += list(found.specs)
            sources.append(text)
        report = run_specs(specs, plugins, settings, texts=sources)
        for place, result in enumerate(report.specs):
            if result.found is Verdict.PASS or (result.found is Verdict.FAIL and _has_values(result)):
                return Tried(offset + place, None)
        if reason is None:
            reason = report.specs[0].reason if report.specs else None
            if report.interrupted or any("time limit" in (s.reason or "") for s in report.specs):
                break  # it is slow or hangs: other guesses would as well
    return Tried(0, reason or "it was not tried to its end")


def _has_values(result: SpecResult) -> bool:
    """Whether the claim answered with numbers of the right shape, somewhere."""
    points = (point for check in result.checks for point in check.points)
    return any(math.isfinite(value) for point in points for value in point.claimed or ())
