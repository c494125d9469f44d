"""A result with very many points says what matters about them and no more."""

from __future__ import annotations

import dataclasses

from gradverify.core.verdicts import Verdict
from gradverify.run.brevity import MOST_POINTS, brief
from tests.report.sample import POINT, RIGHT

GOOD = dataclasses.replace(POINT, verdict=Verdict.PASS)
BAD = dataclasses.replace(POINT, verdict=Verdict.FAIL)
CHECK = dataclasses.replace(RIGHT.checks[0], points=(*[GOOD] * (3 * MOST_POINTS), BAD))
MANY = dataclasses.replace(RIGHT, checks=(CHECK,))


def test_the_points_that_did_not_pass_are_kept_and_a_note_counts_all() -> None:
    short = brief(MANY)
    assert len(short.checks[0].points) == MOST_POINTS
    assert short.checks[0].points[-1] is BAD
    assert f"of {3 * MOST_POINTS + 1} points" in short.notes[-1]
    assert short.verdict is MANY.verdict


def test_a_result_with_few_points_stays_as_it_is() -> None:
    assert brief(RIGHT) is RIGHT
