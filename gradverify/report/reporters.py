"""The bundled reporters, as `--report KIND:FILE` names them."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gradverify.hookspecs import Reporter

if TYPE_CHECKING:
    from gradverify.core.report import Report


@dataclass(frozen=True, slots=True)
class TextReporter:
    """A reporter made of a name and a pure function, which is imported when a report is written."""

    name: str
    place: str  # `module:function`, of a function from a report and options to text
    pictures: bool = False  # whether it draws what must be evaluated for it

    def render(self, report: Report, options: Mapping[str, str]) -> str:
        """The whole text of the report."""
        module, _, function = self.place.partition(":")
        text: str = getattr(importlib.import_module(module), function)(report, options)
        return text


BUNDLED: tuple[Reporter, ...] = (
    TextReporter("json", "gradverify.report.json_report:render_json"),
    TextReporter("junit", "gradverify.report.junit:render_junit"),
    TextReporter("sarif", "gradverify.report.sarif:render_sarif"),
    TextReporter("github", "gradverify.report.github:render_github"),
    TextReporter("github-summary", "gradverify.report.github:github_summary"),
    TextReporter("gitlab", "gradverify.report.gitlab:render_gitlab"),
    TextReporter("ctrf", "gradverify.report.ctrf:render_ctrf"),
    TextReporter("tap", "gradverify.report.tap:render_tap"),
    TextReporter("markdown", "gradverify.report.markdown:render_markdown"),
    TextReporter("html", "gradverify.report.html.page:render_html", pictures=True),
    TextReporter("text", "gradverify.report.terminal:render_text"),
)
