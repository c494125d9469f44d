"""Whole outputs, kept as files: UPDATE_GOLDEN=1 rewrites them, and a review shows what users will see."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from gradverify.report.ctrf import render_ctrf
from gradverify.report.github import github_summary, render_github
from gradverify.report.gitlab import render_gitlab
from gradverify.report.html.page import render_html
from gradverify.report.json_report import render_json, to_json
from gradverify.report.junit import render_junit
from gradverify.report.sarif import render_sarif
from gradverify.report.schema import SCHEMA_FILE, report_schema
from gradverify.report.tap import render_tap
from gradverify.report.terminal import render_terminal
from tests.report.pictures import DESCENDED, LADDERED
from tests.report.sample import REPORT

GOLDEN = Path(__file__).parent / "golden"

OUTPUTS = {
    "report.json": lambda: render_json(REPORT),
    "junit-located.xml": lambda: render_junit(REPORT, {}),
    "junit-strict.xml": lambda: render_junit(REPORT, {"family": "strict"}),
    "terminal-80.txt": lambda: render_terminal(REPORT, width=80),
    "terminal-colour.txt": lambda: render_terminal(REPORT, width=100, colour=True, verbosity=1),
    "terminal-quiet.txt": lambda: render_terminal(REPORT, verbosity=-1),
    "sarif.json": lambda: render_sarif(REPORT, {"category": "gradients"}),
    "github.txt": lambda: render_github(REPORT, {}),
    "github-summary.md": lambda: github_summary(REPORT, {}),
    "gitlab.json": lambda: render_gitlab(REPORT, {}),
    "ctrf.json": lambda: render_ctrf(REPORT, {}),
    "report.tap": lambda: render_tap(REPORT, {}),
    "report.html": lambda: render_html(replace(REPORT, specs=(*REPORT.specs, LADDERED, DESCENDED)), {}),
    # Shipped with the package, for those who read reports with other tools.
    str(SCHEMA_FILE): lambda: to_json(report_schema()),
}


@pytest.mark.parametrize("name", OUTPUTS, ids=lambda name: Path(name).name)
def test_the_output_is_what_was_reviewed(name: str) -> None:
    text = OUTPUTS[name]()
    path = GOLDEN / name  # an absolute name stays as it is
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")
