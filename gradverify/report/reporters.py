"""The bundled reporters, as `--report KIND:FILE` names them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from gradverify.core.report import Report
from gradverify.hookspecs import Reporter
from gradverify.report.json_report import render_json
from gradverify.report.junit import render_junit
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
    TextReporter("text", _text),
)
