"""One result in plain text, as an assertion's message or a failing test tells it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import gradverify
from gradverify.core.report import Check, Report, SpecResult
from gradverify.core.verdicts import Verdict
from gradverify.report.terminal import progress_line, render_terminal


def explain(result: SpecResult, checks: Sequence[Check] | None = None) -> str:
    """The whole story, in the words of the terminal's report, without colour.

    checks: those to speak of; by default all of the result's.
    """
    if result.verdict is Verdict.PASS:
        return progress_line(result).strip()
    shown = result if checks is None else replace(result, checks=tuple(checks))
    report = Report(
        gradverify=gradverify.__version__, started="", seconds=result.seconds, isolation="none", plugins=(),
        specs=(shown,),
    )  # fmt: skip
    story, _summary = render_terminal(report).rstrip("\n").rsplit("\n\n", 1)
    return story
