"""GitLab's code quality report: a JSON array that the merge request shows beside the changed lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from gradverify.core.report import Report
from gradverify.core.verdicts import Verdict
from gradverify.report.findings import findings, relative_path
from gradverify.report.json_report import to_json
from gradverify.report.safe_text import one_line
from gradverify.report.sarif import digest

_SEVERITY = {
    Verdict.FAIL: "critical",
    Verdict.ERROR: "major",
    Verdict.INCONCLUSIVE: "minor",
    Verdict.SKIPPED: "info",
}


def render_gitlab(report: Report, options: Mapping[str, str]) -> str:
    """The report as code quality issues. `options["root"]` is the repository's root."""
    seen: Counter[str] = Counter()
    issues = []
    for item in findings(report):
        # No line and no number in it, so that an issue survives edits; a repetition gets a number of its own, because
        # the merge request shows only one of several equal fingerprints.
        key = digest(relative_path(item.spec.file, options), item.spec.name, item.rule)
        seen[key] += 1
        issues.append(
            {
                # GitLab does not show the check's name, so the description starts with it.
                "description": f"gradverify {item.rule}: {one_line(item.spec.name)}: {item.message}",
                "check_name": f"gradverify/{item.rule}",
                "fingerprint": key if seen[key] == 1 else digest(key, str(seen[key])),
                "severity": "info" if item.spec.known else _SEVERITY[item.spec.verdict],
                "location": {"path": relative_path(item.file, options), "lines": {"begin": item.line}},
            }
        )
    return to_json(issues)
