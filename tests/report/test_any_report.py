"""Laws that hold for every report, whatever text and numbers are in it."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from jsonschema import Draft202012Validator

from gradverify.core.report import Report
from gradverify.report.json_report import report_from_data, report_to_data
from gradverify.report.reporters import BUNDLED
from gradverify.report.schema import report_schema
from gradverify.report.terminal import render_terminal
from tests.report.strategies import reports

# Large values: few examples, and no search for what else would fail, keep this quick.
EXAMPLES = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
)
WRITERS = {reporter.name: reporter for reporter in BUNDLED}
CONTROLS = {chr(code) for code in (*range(0x20), *range(0x7F, 0xA0))} - {"\n", "\t"}
VALIDATOR = Draft202012Validator(report_schema())


def no_constant(word: str) -> Any:
    raise AssertionError(f"{word} is no JSON")


@EXAMPLES
@given(reports)
def test_reading_what_was_written_gives_the_report_back(report: Report) -> None:
    text = json.dumps(report_to_data(report), allow_nan=False)
    assert report_from_data(json.loads(text)) == report


@EXAMPLES
@given(reports)
def test_every_report_fits_the_published_schema(report: Report) -> None:
    VALIDATOR.validate(report_to_data(report))


@EXAMPLES
@given(reports)
def test_json_formats_are_json_without_nan(report: Report) -> None:
    for name in ("json", "sarif", "gitlab", "ctrf"):
        json.loads(WRITERS[name].render(report, {}).encode(), parse_constant=no_constant)


@EXAMPLES
@given(reports)
def test_junit_is_well_formed(report: Report) -> None:
    for family in ("located", "strict"):
        ET.fromstring(WRITERS["junit"].render(report, {"family": family}).encode())


@EXAMPLES
@given(reports)
def test_no_control_character_reaches_a_text_report(report: Report) -> None:
    for name in ("github", "github-summary", "markdown", "tap"):
        assert not set(WRITERS[name].render(report, {})) & CONTROLS


@EXAMPLES
@given(reports)
def test_the_terminal_report_without_colour_holds_no_escape_sequence(report: Report) -> None:
    assert "\x1b" not in render_terminal(report, width=80, verbosity=1)


@EXAMPLES
@given(reports)
def test_every_line_of_the_github_report_is_one_annotation(report: Report) -> None:
    lines = WRITERS["github"].render(report, {}).splitlines()
    assert all(line.startswith(("::error file=", "::warning file=", "::notice file=")) for line in lines)
