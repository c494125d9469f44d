"""One result in plain text, as an assertion's message or a failing test tells it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import gradverify
from gradverify.core.report import Check, Report, SpecResult
from gradverify.core.verdicts import Verdict
from gradverify.report.terminal import render_terminal


def explain(result: SpecResult, checks: Sequence[Check] | None = None) -> str:
    """The whole story, in the words of the terminal's report, without colour.

    checks: those to speak of; by default all of the result's.
    """
    shown = result if checks is None else replace(result, checks=tuple(checks))
    report = Report(
        gradverify=gradverify.__version__, started="", seconds=result.seconds, isolation="none", plugins=(),
        specs=(shown,),
    )  # fmt: skip
    text = render_terminal(report, verbosity=1 if result.verdict is Verdict.PASS else 0).strip("\n")
    story, _, summary = text.rpartition("\n\n")  # the last paragraph counts specs: of no use for one
    return story or summary
