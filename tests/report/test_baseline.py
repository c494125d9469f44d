"""What is known may fail; what is new, grown or no longer true is told."""

from __future__ import annotations

import dataclasses
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradverify.core.report import Check, Report, SpecResult
from gradverify.core.verdicts import Verdict
from gradverify.report.baseline import (
    BaselineError,
    Comparison,
    Known,
    baseline_of,
    compare,
    read_baseline,
    render_baseline,
)
from gradverify.report.merge import spec_key

BAD = (Verdict.FAIL, Verdict.ERROR, Verdict.INCONCLUSIVE)
names = st.text(min_size=1, max_size=8)
errors = st.floats(0, allow_nan=False) | st.just(math.inf)
known = st.builds(
    Known, st.sampled_from(Verdict), st.dictionaries(names, st.sampled_from(BAD), max_size=3),
    st.dictionaries(names, errors, max_size=3),
)  # fmt: skip


def result(verdict: Verdict = Verdict.PASS, error: float | None = 1e-9, line: int = 1, **checks: Verdict) -> SpecResult:
    made = tuple(
        Check(kind="gradient", backend=name, verdict=one, max_relative_error=error if one is Verdict.PASS else 1.0)
        for name, one in (checks or {"fd": verdict}).items()
    )
    return SpecResult(name="huber", file="a.yaml", line=line, verdict=verdict, found=verdict, checks=made)


def report(*specs: SpecResult) -> Report:
    return Report(gradverify="1", started="", seconds=0.0, isolation="", plugins=(), specs=specs)


def against(before: SpecResult, now: SpecResult, **more: object) -> Comparison:
    baseline = read_baseline(render_baseline(baseline_of(report(before), spec_key), "1"))
    return compare(report(now), baseline, spec_key, is_failure=lambda r: r.verdict in BAD, **more)  # type: ignore[arg-type]


@given(st.dictionaries(names, known, max_size=5))
def test_a_baseline_is_read_as_it_was_written(baseline: dict[str, Known]) -> None:
    assert read_baseline(render_baseline(baseline, "1")) == baseline


@pytest.mark.parametrize("verdict", BAD)
def test_a_known_failure_is_known_wherever_its_spec_stands(verdict: Verdict) -> None:
    assert against(result(verdict), result(verdict, line=99)) == Comparison(known=("a.yaml::huber",))


def test_a_failure_of_what_passed_is_new() -> None:
    found = against(result(), result(Verdict.FAIL))
    assert found.new == (("a.yaml::huber", "has verdict fail, in the baseline pass"),)
    assert found.known == ()


def test_a_failure_of_a_spec_that_the_baseline_does_not_have_is_new() -> None:
    other = dataclasses.replace(result(Verdict.FAIL), name="other")
    assert against(result(), other).new == (("a.yaml::other", "is not in the baseline"),)


def test_another_check_of_a_spec_that_fails_is_new() -> None:
    before, now = (result(Verdict.FAIL, fd=Verdict.FAIL, sympy=one) for one in (Verdict.PASS, Verdict.FAIL))
    assert "gradient[sympy] failed" in against(before, now).new[0][1]


def test_a_failure_that_became_an_error_is_new() -> None:
    assert len(against(result(Verdict.FAIL), result(Verdict.ERROR)).new) == 1


def test_a_known_failure_that_passes_is_stale() -> None:
    assert against(result(Verdict.FAIL), result()).stale == (("a.yaml::huber", "has verdict pass now, not fail"),)


def test_a_known_failure_whose_spec_is_gone_is_stale() -> None:
    baseline = baseline_of(report(result(Verdict.FAIL)), spec_key)
    found = compare(report(), baseline, spec_key, gone=["a.yaml::huber"], is_failure=lambda _: True)
    assert found.stale == (("a.yaml::huber", "there is no such spec any more"),)


@pytest.mark.parametrize(
    ("error", "grown"), [(1e-9, False), (9e-9, False), (1.1e-8, True), (math.nan, True), (math.inf, True)]
)
def test_an_error_that_grew_by_more_than_the_factor_is_told(error: float, grown: bool) -> None:
    found = against(result(error=1e-9), result(error=error), factor=10.0)
    assert bool(found.grown) is grown
    assert found.new == ()


@pytest.mark.parametrize(("error", "grown"), [(1.0, False), (9.0, False), (11.0, True), (math.nan, True)])
def test_a_known_failure_is_known_until_its_error_grows(error: float, grown: bool) -> None:
    before = result(Verdict.FAIL)
    now = dataclasses.replace(before, checks=(dataclasses.replace(before.checks[0], max_relative_error=error),))
    found = against(before, now, factor=10.0)
    assert (bool(found.grown), bool(found.known), bool(found.new)) == (grown, not grown, False)


def test_what_is_new_is_not_told_as_grown_too() -> None:
    assert against(result(error=1e-9), result(Verdict.FAIL)).grown == ()


def test_a_counterexample_that_differs_is_no_growth() -> None:
    found = dataclasses.replace(result(Verdict.FAIL).checks[0], kind="search", backend=None)
    before, now = (
        dataclasses.replace(result(Verdict.FAIL), checks=(dataclasses.replace(found, max_relative_error=error),))
        for error in (0.1, 1e3)
    )
    assert against(before, now).known == ("a.yaml::huber",)


def test_growth_within_round_off_is_not_told() -> None:
    assert against(result(error=0.0), result(error=1e-15)).grown == ()
    assert against(result(error=0.0), result(error=1e-12)).grown != ()


def test_what_was_not_run_stays_in_the_baseline() -> None:
    before = baseline_of(report(result(Verdict.FAIL)), spec_key)
    other = dataclasses.replace(result(), name="other")
    assert set(baseline_of(report(other), spec_key, before)) == {"a.yaml::huber", "a.yaml::other"}


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"baseline": 2}', '{"baseline": 1}', '{"baseline": 1, "specs": {"a": 1}}']
)
def test_a_file_that_is_no_baseline_is_refused(text: str) -> None:
    with pytest.raises(BaselineError):
        read_baseline(text)
