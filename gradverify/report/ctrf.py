"""CTRF, the Common Test Report Format: one test a check. What it has no field for is under `extra`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from gradverify.core.report import Check, Report, SpecResult
from gradverify.core.verdicts import Verdict
from gradverify.report import words
from gradverify.report.findings import headline
from gradverify.report.json_report import to_json
from gradverify.report.safe_text import one_line, visible

SPECIFICATION = "0.0.0"  # the format calls itself pre-1.0 and numbers no release yet
STATUSES = ("passed", "failed", "skipped", "pending", "other")
KNOWN = "pending"  # of a failure that the baseline has: to be mended, and no news

_STATUS = {
    Verdict.PASS: "passed",
    Verdict.FAIL: "failed",
    Verdict.INCONCLUSIVE: "other",
    Verdict.ERROR: "failed",
    Verdict.SKIPPED: "skipped",
}


def render_ctrf(report: Report, options: Mapping[str, str]) -> str:  # noqa: ARG001 - it has no options
    """The report as CTRF."""
    tests = [test for spec in report.specs for test in _tests(spec)]
    counts = Counter(test["status"] for test in tests)
    start = _milliseconds(report.started)
    results = {
        "tool": {"name": "gradverify", "version": report.gradverify},
        "summary": {
            "tests": len(tests),
            **{status: counts[status] for status in STATUSES},
            "suites": len({spec.file for spec in report.specs}),
            "start": start,
            "stop": start + round(report.seconds * 1000),
            "extra": {"specs": report.summary, "interrupted": report.interrupted, "notRun": len(report.not_run)},
        },
        "tests": tests,
    }
    return to_json({"reportFormat": "CTRF", "specVersion": SPECIFICATION, "results": results})


def _milliseconds(moment: str) -> int:
    """Since 1970; 0 where the text is no moment, because the format demands an integer."""
    try:
        parsed = datetime.fromisoformat(moment)
    except ValueError:
        return 0
    return round((parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp() * 1000)


def _tests(spec: SpecResult) -> Iterator[dict[str, Any]]:
    seen: Counter[str] = Counter()
    shown = False
    for check in spec.checks:
        label = one_line(words.check_label(check))
        seen[label] += 1
        name = label if seen[label] == 1 else f"{label} {seen[label]}"
        test = _test(spec, check, name)
        shown |= test["status"] in ("failed", "other", KNOWN)
        yield test
    if not words.as_expected(spec) and not shown:
        # `expect: fail` and found right, or a reason that belongs to no check: the spec itself is the test.
        status = KNOWN if spec.known else _STATUS[spec.verdict]
        yield _common(spec, "verdict", status, spec.seconds, spec.verdict) | {"message": headline(spec)}


def _test(spec: SpecResult, check: Check, name: str) -> dict[str, Any]:
    # A check that failed in a spec that is meant to fail is no news.
    excused = spec.expected != "pass" and check.verdict is Verdict.FAIL
    status = "passed" if excused else _STATUS[check.verdict]
    if words.as_expected(spec) and check.verdict is Verdict.INCONCLUSIVE:
        status = "skipped"  # another backend decided it
    bad = status == "failed"
    if spec.known and status in ("failed", "other"):
        status = KNOWN
    test = _common(spec, name, status, check.seconds, check.verdict)
    if check.line:
        test["line"] = check.line
    if check.reason:
        test["message"] = one_line(check.reason)
    if bad and check.verdict is Verdict.FAIL:
        test["message"] = headline(spec)
        test["trace"] = "\n".join(_trace(spec))
    if spec.output and bad:
        test["stdout"] = visible(spec.output).split("\n")
    return test


def _common(spec: SpecResult, name: str, status: str, seconds: float, verdict: Verdict) -> dict[str, Any]:
    test: dict[str, Any] = {
        "name": f"{one_line(spec.name)}: {name}",
        "status": status,
        "duration": round(seconds * 1000),
        "rawStatus": verdict.value,
        "suite": [one_line(spec.file) or "specs", one_line(spec.name) or "unnamed"],
        "filePath": spec.file,
        "line": spec.line,
    }
    if spec.tags:
        test["tags"] = [one_line(tag) for tag in spec.tags]
    return test


def _trace(spec: SpecResult) -> Iterator[str]:
    found = words.worst_point([check for check in spec.checks if check.verdict is Verdict.FAIL])
    if found is not None:
        yield f"at {words.point(found[1].at)}:"
        for part in found[1].wrong_components[:10]:
            label, claimed, reference, bound, error = words.component_row(found[1], part)
            yield f"  {one_line(label)}: claimed {claimed}, reference {reference} ± {bound}, relative error {error}"
    yield from (one_line(f"likely mistake: {d.fault.value}: {d.message}") for d in spec.diagnosis)
