"""TAP version 14: one line a spec, with a YAML block that tells why where it is not ok."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from gradverify.core.report import Report, SpecResult
from gradverify.core.verdicts import Verdict
from gradverify.report.findings import Finding, findings
from gradverify.report.safe_text import one_line


def render_tap(report: Report, options: Mapping[str, str]) -> str:  # noqa: ARG001 - it has no options
    """The report as TAP."""
    told = {id(item.spec): item for item in findings(report)}
    lines = ["TAP version 14", f"1..{len(report.specs) + len(report.not_run)}"]
    for number, spec in enumerate(report.specs, 1):
        lines += _spec(number, spec, told.get(id(spec)))
    # A plan that names more tests than are reported is a failed run, as it should be.
    if report.interrupted:
        lines.append("Bail out! interrupted")
    return "\n".join(lines) + "\n"


def _spec(number: int, spec: SpecResult, item: Finding | None) -> Iterator[str]:
    fine = spec.verdict in (Verdict.PASS, Verdict.SKIPPED)
    directive = f" # SKIP {_description(spec.reason or '')}".rstrip() if spec.verdict is Verdict.SKIPPED else ""
    if spec.known:
        directive = " # TODO known failure: in the baseline"
    yield f"{'ok' if fine else 'not ok'} {number} - {_description(spec.name)}{directive}"
    if item is not None and not fine:
        yield "  ---"
        # JSON text is YAML, so nothing in it can end the block or start another key.
        yield f"  verdict: {spec.verdict.value}"
        yield f"  message: {_quoted(item.message)}"
        yield f"  at: {_quoted(f'{item.file}:{item.line}')}"
        if item.details:
            yield "  details:"
            yield from (f"    - {_quoted(detail)}" for detail in item.details)
        yield "  ..."


def _description(text: str) -> str:
    return one_line(text).replace("\\", "\\\\").replace("#", "\\#")


def _quoted(text: str) -> str:
    return json.dumps(one_line(text), ensure_ascii=False)
