"""The report in Markdown (GFM): a table of what is not as expected, then each failure's story, up to a size limit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gradverify.core.report import Report
from gradverify.core.verdicts import Verdict
from gradverify.report import words
from gradverify.report.findings import MOST_ROWS, Finding, findings
from gradverify.report.safe_text import cut, markdown_block, markdown_text

NO_LIMIT = 100_000_000  # bytes
MOST_IN_TABLE = 200
MOST_OUTPUT = 2_000  # characters of what a function printed
MOST_NAME = 200  # characters
ROOM_FOR_POINTER = 200  # bytes kept free for the line that says what was left out

_MARKS = {Verdict.FAIL: "❌", Verdict.ERROR: "💥", Verdict.INCONCLUSIVE: "❔", Verdict.SKIPPED: "⏭️"}


def render_markdown(report: Report, options: Mapping[str, str]) -> str:
    """The report in Markdown; `options["limit"]` is its greatest size in bytes."""
    return markdown(report, limit=int(options.get("limit", NO_LIMIT)))


def markdown(report: Report, *, limit: int) -> str:
    """The report in at most `limit` bytes; whole stories are left out at the end, and their number is said."""
    found = findings(report, by_error=False)
    text = "\n".join(_head(report, found)) + "\n"
    used = len(text.encode("utf-8", "replace"))
    parts = [text]
    for number, item in enumerate(found):
        story = "\n".join(_story(item)) + "\n"
        size = len(story.encode("utf-8", "replace"))
        if used + size + ROOM_FOR_POINTER > limit:
            parts.append(f"\n… and {len(found) - number} more; the JSON report has all of them.\n")
            break
        parts.append(story)
        used += size
    return "".join(parts)


def _head(report: Report, found: Sequence[Finding]) -> list[str]:
    summary = words.summary_line(
        report.summary, report.seconds, not_run=len(report.not_run), interrupted=report.interrupted
    )
    fine = report.passed and not report.interrupted
    lines = [f"### {'✅' if fine else '❌'} gradverify: {markdown_text(summary)}"]
    blind = sum(len(spec.blind_spots) for spec in report.specs)
    if blind:
        lines += ["", f"{blind} mistake{'s' if blind > 1 else ''} could not have been revealed by the specs' points."]
    broken = [plugin for plugin in report.plugins if plugin.status == "failed"]
    for plugin in broken:
        about = f"plugin {plugin.name} {plugin.version} does not work: {plugin.reason or ''}"
        lines += ["", f"⚠️ {markdown_text(about)}"]
    if found:
        lines += ["", "| | spec | place | what |", "|---|---|---|---|"]
        lines += [_table_row(item) for item in found[:MOST_IN_TABLE]]
    if len(found) > MOST_IN_TABLE:
        lines += ["", f"… and {len(found) - MOST_IN_TABLE} more"]
    return lines


def _table_row(item: Finding) -> str:
    spec = item.spec
    cells = (
        f"{_MARKS[spec.verdict]} {spec.verdict.value}",
        markdown_text(cut(spec.name, MOST_NAME)),
        markdown_text(f"{spec.file}:{spec.line}"),
        markdown_text(item.message),
    )
    return f"| {' | '.join(cells)} |"


def _story(item: Finding) -> list[str]:
    spec = item.spec
    lines = [
        "",
        f"#### {_MARKS[spec.verdict]} {markdown_text(cut(spec.name, MOST_NAME))}",
        "",
        markdown_text(item.message),
    ]
    failing = [check for check in spec.checks if check.verdict is Verdict.FAIL]
    found = words.worst_point(failing) if spec.verdict is Verdict.FAIL and spec.expected == "pass" else None
    if found is not None and found[1].wrong_components:
        check, at = found
        lines += ["", f"At {words.point(at.at)}, by {markdown_text(words.check_label(check))}:", ""]
        lines += ["| component | claimed | reference | ± bound | rel. error |", "|---|---:|---:|---:|---:|"]
        for part in at.wrong_components[:MOST_ROWS]:
            label, *numbers = words.component_row(at, part)
            lines.append(f"| {markdown_text(label)} | {' | '.join(numbers)} |")
        left = words.left_out(at, MOST_ROWS)
        if left:
            lines += ["", left]
    if item.details:
        lines += ["", *(f"- {markdown_text(detail)}" for detail in item.details)]
    if spec.output:
        lines += ["", "<details><summary>printed by the functions</summary>", ""]
        lines += [*markdown_block(cut(spec.output, MOST_OUTPUT)), "", "</details>"]
    return lines
