"""What is said of all passing specs at once leaves nothing out that a summary would tell."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gradverify.cache.passes import adds_nothing, same_files
from gradverify.core.report import BlindSpot, Check, Report, SpecResult
from gradverify.core.verdicts import Evidence, Fault, Verdict
from gradverify.report.terminal import render_terminal

BARE = SpecResult(name="bowl", file="bowl.yaml", line=1, verdict=Verdict.PASS, found=Verdict.PASS, cached=True)
PASSED = Check(kind="gradient", backend="sympy", verdict=Verdict.PASS, line=4)
BROKEN = replace(PASSED, verdict=Verdict.ERROR, reason="it broke")
SPOT = BlindSpot(fault=Fault.SIGN, components=(), message="a turned sign", better_point=(1.0,))
SKIPPED = replace(PASSED, verdict=Verdict.SKIPPED, reason="does not apply")


def told(result: SpecResult) -> str:
    report = Report(gradverify="0", started="", seconds=0.0, isolation="processes", plugins=(), specs=(result,))
    return render_terminal(report)


@pytest.mark.parametrize(
    ("result", "nothing"),
    [
        (replace(BARE, checks=(PASSED, SKIPPED), evidence=Evidence.PROVED, notes=("a note",), tags=("fast",)), True),
        (replace(BARE, expected="fail", found=Verdict.FAIL, checks=(replace(PASSED, verdict=Verdict.FAIL),)), True),
        (replace(BARE, checks=(PASSED, BROKEN)), False),
        (replace(BARE, blind_spots=(SPOT,)), False),
        (replace(BARE, verdict=Verdict.FAIL, found=Verdict.FAIL), False),
        (replace(BARE, verdict=Verdict.INCONCLUSIVE, found=Verdict.INCONCLUSIVE), False),
        (replace(BARE, verdict=Verdict.SKIPPED, found=Verdict.SKIPPED), False),
    ],
)
def test_a_result_adds_nothing_exactly_where_the_summary_reads_as_without_its_story(
    result: SpecResult, nothing: bool
) -> None:
    assert adds_nothing(result) is nothing
    assert (told(result) == told(BARE)) is nothing


def test_files_that_changed_while_specs_ran_vouch_for_nothing() -> None:
    assert same_files([{"a.py": "1", "b.py": None}, {"a.py": "1"}]) == {"a.py": "1", "b.py": None}
    assert same_files([{"a.py": "1"}, {"a.py": "2"}]) is None
