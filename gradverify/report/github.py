"""GitHub: annotations as workflow commands, and a summary in Markdown for the job's page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from gradverify.core.report import Report
from gradverify.core.verdicts import Verdict
from gradverify.report.findings import Finding, findings, relative_path
from gradverify.report.markdown import markdown
from gradverify.report.safe_text import command_data, command_property, cut, one_line

MOST_OF_A_KIND = 10  # annotations of each kind that GitHub shows for a step
MOST_MESSAGE = 4_000  # characters of one annotation
SUMMARY_LIMIT = 900_000  # bytes; GitHub refuses a step's summary beyond 1 MiB (1,048,576)

_KINDS = {Verdict.FAIL: "error", Verdict.ERROR: "error", Verdict.INCONCLUSIVE: "warning", Verdict.SKIPPED: "notice"}


def render_github(report: Report, options: Mapping[str, str]) -> str:
    """Workflow commands, one a line, the worst first. `options["root"]` is the repository's root."""
    found = findings(report)
    totals = Counter(_kind(item) for item in found)
    left = dict.fromkeys(totals, MOST_OF_A_KIND)
    lines = []
    for item in found:
        kind = _kind(item)
        if left[kind] == 0:
            continue
        left[kind] -= 1
        more = totals[kind] - MOST_OF_A_KIND if left[kind] == 0 else 0
        lines.append(_command(kind, item, options, max(more, 0)))
    return "".join(line + "\n" for line in lines)


def _kind(item: Finding) -> str:
    return "notice" if item.spec.known else _KINDS[item.spec.verdict]


def _command(kind: str, item: Finding, options: Mapping[str, str], more: int) -> str:
    text = "\n".join([item.message, *item.details])
    message = cut(text, MOST_MESSAGE) + (f"\n… and {more} more; see the log" if more else "")
    properties = {
        "file": one_line(relative_path(item.file, options)),
        "line": str(item.line),
        "title": f"{item.spec.verdict.value}: {one_line(item.spec.name, 200)}",
    }
    joined = ",".join(f"{key}={command_property(value)}" for key, value in properties.items())
    return f"::{kind} {joined}::{command_data(message)}"


def github_summary(report: Report, options: Mapping[str, str] | None = None) -> str:
    """Markdown for `$GITHUB_STEP_SUMMARY`, below 900 kB."""
    limit = int((options or {}).get("limit", SUMMARY_LIMIT))
    return markdown(report, limit=limit)
