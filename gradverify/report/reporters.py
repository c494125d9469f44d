"""The bundled reporters, as `--report KIND:FILE` names them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from gradverify.core.report import Report
from gradverify.hookspecs import Reporter
from gradverify.report.ctrf import render_ctrf
from gradverify.report.github import github_summary, render_github
from gradverify.report.gitlab import render_gitlab
from gradverify.report.json_report import render_json
from gradverify.report.junit import render_junit
from gradverify.report.markdown import render_markdown
from gradverify.report.sarif import render_sarif
from gradverify.report.tap import render_tap
from gradverify.report.terminal import render_terminal


@dataclass(frozen=True, slots=True)
class TextReporter:
    """A reporter made of a name and a pure function."""

    name: str
    write: Callable[[Report, Mapping[str, str]], str]

    def render(self, report: Report, options: Mapping[str, str]) -> str:
        """The whole text of the report."""
        return self.write(report, options)


def _text(report: Report, options: Mapping[str, str]) -> str:  # noqa: ARG001 - the text report has no options
    return render_terminal(report, verbosity=1)


BUNDLED: tuple[Reporter, ...] = (
    TextReporter("json", render_json),
    TextReporter("junit", render_junit),
    TextReporter("sarif", render_sarif),
    TextReporter("github", render_github),
    TextReporter("github-summary", github_summary),
    TextReporter("gitlab", render_gitlab),
    TextReporter("ctrf", render_ctrf),
    TextReporter("tap", render_tap),
    TextReporter("markdown", render_markdown),
    TextReporter("text", _text),
)
