"""Baselines: what was known to be wrong, and how large the errors were, when somebody decided to live with it.

Keyed by spec file, spec name and check, never by lines, so that editing a file makes nothing new or stale.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from gradverify.core.report import Check, Report, SpecResult
from gradverify.core.verdicts import Verdict
from gradverify.report.codec import decode_number, encode_number
from gradverify.report.words import check_label

FORMAT = 1
DEFAULT_FACTOR = 10.0  # growth of a measured error that is told: an order of magnitude is no change of round-off
# Below this relative error growth is round-off: 64 units in the last place of a double.
SMALLEST_ERROR = 64 * 2.0**-52
BAD = (Verdict.FAIL, Verdict.ERROR, Verdict.INCONCLUSIVE)

Identify = Callable[[SpecResult], str]


class BaselineError(ValueError):
    """A file that is no baseline."""


@dataclass(frozen=True, slots=True)
class Known:
    """What a baseline says of one spec: its verdict, the checks that were bad, the measured errors."""

    verdict: Verdict
    bad: Mapping[str, Verdict]
    errors: Mapping[str, float]


Baseline = Mapping[str, Known]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A run against a baseline. Each entry is an id, or an id with a sentence.

    known: failures that the baseline has; new: that it has not. stale: entries that do not fail any more.
    grown: checks whose measured error grew, though still within tolerance or known to be wrong. A failure that grew is
    in neither of the first two.
    """

    known: tuple[str, ...] = ()
    new: tuple[tuple[str, str], ...] = ()
    stale: tuple[tuple[str, str], ...] = ()
    grown: tuple[tuple[str, str], ...] = ()


def known_of(result: SpecResult) -> Known:
    """What a baseline keeps of a result."""
    bad = {check_label(check): check.verdict for check in result.checks if check.verdict in BAD}
    errors = {
        check_label(check): check.max_relative_error
        for check in result.checks
        if _is_measured(check) and check.max_relative_error is not None
    }
    return Known(result.verdict, bad, errors)


def _is_measured(check: Check) -> bool:
    """Whether the error means the same in each run: at a counterexample it is the simplest point's, not the largest,
    and what could not be decided may be noise."""
    return check.verdict is Verdict.PASS or (check.verdict is Verdict.FAIL and check.kind != "search")


def baseline_of(report: Report, identify: Identify, before: Baseline | None = None) -> dict[str, Known]:
    """The baseline that a run makes; specs that were not run stay as they were `before`."""
    return {**(before or {}), **{identify(result): known_of(result) for result in report.specs}}


def compare(
    report: Report,
    baseline: Baseline,
    identify: Identify,
    *,
    factor: float = DEFAULT_FACTOR,
    gone: Iterable[str] = (),
    is_failure: Callable[[SpecResult], bool],
) -> Comparison:
    """What is new against `baseline`. gone: ids of specs that do not exist any more."""
    known: list[str] = []
    new: list[tuple[str, str]] = []
    stale: list[tuple[str, str]] = [
        (name, "there is no such spec any more") for name in gone if baseline[name].verdict in BAD
    ]
    grown: list[tuple[str, str]] = []
    for result in report.specs:
        name = identify(result)
        was, now = baseline.get(name), known_of(result)
        reason = _why_new(was, now) if is_failure(result) else None
        if reason is not None:
            new.append((name, reason))
            continue
        growth = [] if was is None else list(_growth(was, now, factor))
        grown += [(name, sentence) for sentence in growth]
        if is_failure(result):
            known += [name] if not growth else []
        elif was is not None and was.verdict in BAD:
            stale.append((name, f"has verdict {result.verdict.value} now, not {was.verdict.value}"))
    return Comparison(tuple(known), tuple(new), tuple(stale), tuple(grown))


def _why_new(was: Known | None, now: Known) -> str | None:
    if was is None:
        return "is not in the baseline"
    if was.verdict is not now.verdict:
        return f"has verdict {now.verdict.value}, in the baseline {was.verdict.value}"
    other = [label for label, verdict in now.bad.items() if was.bad.get(label) is not verdict]
    return f"{', '.join(other)} failed, which is not in the baseline" if other else None


def _growth(was: Known, now: Known, factor: float) -> Iterable[str]:
    for label, error in now.errors.items():
        before = was.errors.get(label)
        if before is None or math.isnan(before):
            continue
        if not error <= factor * max(before, SMALLEST_ERROR):  # NaN is growth
            yield f"{label}: relative error {error:.2g}, in the baseline {before:.2g}"


def render_baseline(baseline: Baseline, version: str) -> str:
    """The baseline as a file: sorted, one spec a line, so that a review shows what changed."""
    lines = [
        f"  {json.dumps(name)}: {json.dumps(_to_data(known), allow_nan=False)}"
        for name, known in sorted(baseline.items())
    ]
    head = f'{{"baseline": {FORMAT}, "gradverify": {json.dumps(version)}, "specs": {{'
    return "\n".join([head, ",\n".join(lines), "}}", ""]) if lines else f"{head}}}}}\n"


def _to_data(known: Known) -> dict[str, Any]:
    bad = {label: verdict.value for label, verdict in sorted(known.bad.items())}
    errors = {label: encode_number(error) for label, error in sorted(known.errors.items())}
    return {"verdict": known.verdict.value, "bad": bad, "errors": errors}


def read_baseline(text: str) -> dict[str, Known]:
    """The inverse of `render_baseline`. Raises `BaselineError`."""
    try:
        data = json.loads(text)
        if isinstance(data, dict) and data.get("baseline") == FORMAT:
            return {str(name): _from_data(known) for name, known in data["specs"].items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BaselineError(f"it is damaged ({error})") from None
    raise BaselineError("it is no baseline of this gradverify")


def _from_data(data: Mapping[str, Any]) -> Known:
    bad = {str(label): Verdict(verdict) for label, verdict in data["bad"].items()}
    errors = {str(label): decode_number(error) for label, error in data["errors"].items()}
    return Known(Verdict(data["verdict"]), bad, errors)
