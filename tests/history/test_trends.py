"""What the history of a spec shows."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from gradverify.core.report import Check
from gradverify.core.verdicts import Evidence, Verdict
from gradverify.history.records import run_of
from gradverify.history.trends import FLOOR, GROWTH, Trend, trends
from tests.history.samples import commit, report, result, runs, verdicts

PASS, FAIL, INCONCLUSIVE = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE


def trend_of(*errors: float | None) -> Trend:
    (found,) = trends(runs(errors))
    return found


def test_the_commit_that_made_an_error_grow_is_named_and_not_those_after_it() -> None:
    found = trend_of(1e-16, 2e-16, 1e-16, 3e-7, 2e-7, 3e-7)
    (grown,) = found.growths
    assert found.moments[grown.at].run.commit == commit(4)
    assert (grown.before, grown.after) == (1e-16, 3e-7)
    assert grown.factor == pytest.approx(3e-7 / FLOOR)


def test_growing_once_more_is_another_growth() -> None:
    assert [g.at for g in trend_of(1e-9, 1e-7, 1e-7, 1e-5).growths] == [1, 3]


@pytest.mark.parametrize(
    "errors",
    [
        (1e-17, 1e-14),  # round-off, whatever its ratio
        (1e-9, 0.99 * GROWTH * 1e-9),  # less than the factor
        (1e-7, 1e-9, 1e-7, 1e-7),  # it was as large before, by the median
        (1e-7, 1e-16, 1e-16),  # it fell
        (None, 1e-3),  # there is nothing to compare with
        (math.inf, math.inf),
        (1e-16,),
        (),
    ],
)
def test_what_is_no_growth_is_not_called_one(errors: tuple[float | None, ...]) -> None:
    assert all(not trend.growths for trend in trends(runs(errors)))


def test_an_error_that_becomes_infinite_has_grown() -> None:
    assert [g.after for g in trend_of(1e-16, math.inf).growths] == [math.inf]


def test_a_claim_that_becomes_nan_has_grown_too() -> None:
    assert [g.after for g in trend_of(1e-16, math.nan).growths] == [math.inf]


def test_errors_that_another_backend_measured_are_not_compared() -> None:
    first, second = report(1, result(error=1e-16, backend="sympy")), report(2, result(error=1e-8, backend="numeric"))
    (found,) = trends([run_of(first, commit(1), None), run_of(second, commit(2), None)])
    assert found.growths == ()


def test_one_run_without_an_error_does_not_hide_a_growth() -> None:
    assert [g.at for g in trend_of(1e-16, None, 1e-6).growths] == [2]


def test_the_error_followed_is_that_of_the_strongest_evidence() -> None:
    weak = Check(kind="gradient", backend="a", verdict=PASS, evidence=Evidence.ESTIMATED, max_relative_error=1e-9)
    strong = Check(kind="gradient", backend="b", verdict=PASS, evidence=Evidence.PROVED, max_relative_error=1e-16)
    run = run_of(report(1, replace(result(), checks=(weak, strong))), None, None)
    assert (run.specs[0].backend, run.specs[0].error) == ("b", 1e-16)


def test_changes_of_status_are_told_with_the_run() -> None:
    (found,) = trends(verdicts(PASS, PASS, FAIL, PASS))
    assert [(c.at, c.before, c.after) for c in found.changes] == [(2, PASS, FAIL), (3, FAIL, PASS)]


def test_different_results_on_one_commit_are_flaky() -> None:
    (found,) = trends(verdicts(PASS, INCONCLUSIVE, PASS, on=(1, 2, 2)))
    assert found.flaky == (commit(2),)


def test_different_results_on_different_commits_are_not_flaky() -> None:
    (found,) = trends(verdicts(PASS, FAIL, PASS))
    assert found.flaky == ()


def test_without_a_commit_nobody_knows_whether_the_content_was_the_same() -> None:
    made = [replace(run, commit=None) for run in verdicts(PASS, FAIL)]
    assert trends(made)[0].flaky == ()


def test_another_gradverify_may_come_to_another_result_on_the_same_commit() -> None:
    first, second = verdicts(PASS, FAIL, on=(1, 1))
    assert trends([first, replace(second, gradverify="0.2.0")])[0].flaky == ()


def test_specs_of_one_name_in_two_files_are_two() -> None:
    one, other = result(), replace(result(), file="specs/b.yaml")
    assert [t.key for t in trends([run_of(report(1, one, other), None, None)])] == [
        "specs/a.yaml::bowl",
        "specs/b.yaml::bowl",
    ]
