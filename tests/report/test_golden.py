"""Whole outputs, kept as files: UPDATE_GOLDEN=1 rewrites them, and a review shows what users will see."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gradverify.report.json_report import render_json
from gradverify.report.junit import render_junit
from gradverify.report.terminal import render_terminal
from tests.report.sample import REPORT

GOLDEN = Path(__file__).parent / "golden"

OUTPUTS = {
    "report.json": lambda: render_json(REPORT),
    "junit-located.xml": lambda: render_junit(REPORT, {}),
    "junit-strict.xml": lambda: render_junit(REPORT, {"family": "strict"}),
    "terminal-80.txt": lambda: render_terminal(REPORT, width=80),
    "terminal-colour.txt": lambda: render_terminal(REPORT, width=100, colour=True, verbosity=1),
    "terminal-quiet.txt": lambda: render_terminal(REPORT, verbosity=-1),
}


@pytest.mark.parametrize("name", OUTPUTS)
def test_the_output_is_what_was_reviewed(name: str) -> None:
    text = OUTPUTS[name]()
    path = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")
