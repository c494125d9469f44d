"""SARIF, GitLab, GitHub, CTRF and TAP, by the rules of those who read them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import ValidationError
from jsonschema.validators import validator_for

from gradverify.core.report import Report
from gradverify.report.ctrf import STATUSES, render_ctrf
from gradverify.report.github import MOST_OF_A_KIND, SUMMARY_LIMIT, github_summary, render_github
from gradverify.report.gitlab import render_gitlab
from gradverify.report.junit import render_junit
from gradverify.report.sarif import render_sarif
from gradverify.report.tap import render_tap
from tests.report.sample import BROKEN, EMPTY, HOSTILE, NOT_WRONG, REPORT, RIGHT, TWIN, UNDECIDED, WRONG

PUBLISHED = Path(__file__).parent / "published"  # see the README there
SARIF = json.loads((PUBLISHED / "sarif-2.1.0-rtm.5.json").read_text())
CTRF = json.loads((PUBLISHED / "ctrf-0.0.json").read_text())
KNOWN = replace(WRONG, known=True)
PLACED = replace(WRONG, gradient_source=("/repo/losses.py", 12))


def only(*specs: Any) -> Report:
    return replace(REPORT, specs=specs, interrupted=False, not_run=())


def validate(schema: Any, data: Any) -> None:
    validator_for(schema)(schema).validate(data)


def sarif(report: Report = REPORT, **options: str) -> Any:
    return json.loads(render_sarif(report, options))


@pytest.mark.parametrize("report", [REPORT, EMPTY, only(PLACED), only(KNOWN)])
def test_sarif_has_all_that_github_requires_and_nothing_unknown(report: Report) -> None:
    validate(SARIF, sarif(report, category="gradients"))


@pytest.mark.parametrize(("schema", "data"), [(SARIF, sarif()), (CTRF, json.loads(render_ctrf(REPORT, {})))])
def test_the_published_schemas_refuse_a_key_that_they_do_not_have(schema: Any, data: Any) -> None:
    with pytest.raises(ValidationError):
        validate(schema, data | {"verdict": "pass"})


def test_a_failure_that_the_baseline_has_fails_in_no_format() -> None:
    report = only(KNOWN)
    (result,) = sarif(report)["runs"][0]["results"]
    assert (result["level"], result["suppressions"][0]["kind"]) == ("note", "external")
    assert {issue["severity"] for issue in json.loads(render_gitlab(report, {}))} == {"info"}
    assert render_github(report, {}).startswith("::notice ")
    assert "failed" not in statuses(KNOWN)
    assert "pending" in statuses(KNOWN)
    assert "not ok 1 - " in (text := render_tap(report, {}))
    assert "# TODO known failure" in text
    for family in ("located", "strict"):
        text = render_junit(report, {"family": family})
        assert "<failure" not in text
        assert "<skipped" in text


def test_the_same_failure_without_a_baseline_fails_in_every_format() -> None:
    report = only(WRONG)
    (result,) = sarif(report)["runs"][0]["results"]
    assert result["level"] == "error"
    assert "suppressions" not in result
    assert render_github(report, {}).startswith("::error ")
    assert "failed" in statuses(WRONG)
    assert "TODO" not in render_tap(report, {})
    assert "<failure" in render_junit(report, {})


def test_sarif_points_at_the_gradient_and_relates_the_spec() -> None:
    (result,) = sarif(only(PLACED), root="/repo")["runs"][0]["results"]
    place = result["locations"][0]["physicalLocation"]
    assert (place["artifactLocation"]["uri"], place["region"]["startLine"]) == ("losses.py", 12)
    assert result["relatedLocations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "specs/sample.yaml"


def paths_in(report: Report, **options: str) -> set[str]:
    """Every file that SARIF, GitLab and GitHub are told of."""
    (result,) = sarif(report, **options)["runs"][0]["results"]
    (issue,) = json.loads(render_gitlab(report, options))
    command = render_github(report, options).partition("file=")[2].partition(",")[0]
    return {result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], issue["location"]["path"], command}


def test_a_source_file_inside_the_repository_is_named_from_its_root_and_one_outside_in_full() -> None:
    assert paths_in(only(PLACED), root="/repo", folder=".") == {"losses.py"}
    assert paths_in(only(PLACED), root="/repo", folder="sub") == {"losses.py"}
    assert paths_in(only(PLACED), root="/rep", folder=".") == {"/repo/losses.py"}


def test_a_spec_file_named_from_a_folder_in_the_repository_is_named_from_its_root() -> None:
    assert paths_in(only(WRONG), root="/repo", folder=".") == {"specs/sample.yaml"}
    assert paths_in(only(WRONG), root="/repo", folder="sub") == {"sub/specs/sample.yaml"}
    up = replace(WRONG, file="../specs/sample.yaml")
    assert paths_in(only(up), root="/repo", folder="sub") == {"specs/sample.yaml"}


def test_sarif_fingerprints_survive_lines_that_move_and_tell_specs_apart() -> None:
    def prints(*specs: Any) -> list[str]:
        results = sarif(only(*specs))["runs"][0]["results"]
        return [result["partialFingerprints"]["primaryLocationLineHash"] for result in results]

    assert prints(replace(WRONG, line=99)) == prints(WRONG)
    assert prints(replace(WRONG, name="other")) != prints(WRONG)
    assert len(set(prints(WRONG, WRONG))) == 2


def test_every_sarif_result_has_its_rule() -> None:
    run = sarif()["runs"][0]
    assert all(run["tool"]["driver"]["rules"][r["ruleIndex"]]["id"] == r["ruleId"] for r in run["results"])
    assert {r["ruleId"] for r in run["results"]} == {"sign", "unknown", "inconclusive", "error", "expected-failure"}


def test_what_passed_is_no_sarif_result_even_where_a_twin_was_found_wrong() -> None:
    assert sarif(only(RIGHT, TWIN))["runs"][0]["results"] == []


def test_a_name_makes_no_link_in_sarif() -> None:
    report = only(replace(WRONG, name="[click](http://evil.example)"))
    assert "](http" not in render_sarif(report, {})


def test_gitlab_issues_have_all_keys_and_unique_fingerprints() -> None:
    issues = json.loads(render_gitlab(only(WRONG, WRONG, UNDECIDED, BROKEN), {}))
    assert len({issue["fingerprint"] for issue in issues}) == len(issues) == 4
    for issue in issues:
        assert issue.keys() == {"description", "check_name", "fingerprint", "severity", "location"}
        assert issue["severity"] in {"info", "minor", "major", "critical", "blocker"}
        assert issue["location"]["lines"]["begin"] >= 1
        assert not issue["location"]["path"].startswith("/")


def test_gitlab_gets_an_empty_list_when_all_is_well() -> None:
    assert render_gitlab(only(RIGHT, TWIN), {}) == "[]\n"


def test_github_shows_at_most_ten_of_a_kind_the_worst_first_and_says_how_many_more() -> None:
    def wrong_by(error: float) -> Any:
        return replace(WRONG, name=f"by {error:g}", checks=(replace(WRONG.checks[0], max_relative_error=error),))

    lines = render_github(only(*(wrong_by(0.001 * i) for i in range(1, 15)), UNDECIDED), {}).splitlines()
    assert len([line for line in lines if line.startswith("::error ")]) == MOST_OF_A_KIND
    assert "by 0.014" in lines[0]
    assert "… and 4 more" in lines[MOST_OF_A_KIND - 1]
    assert [line for line in lines if line.startswith("::warning ")]


def test_a_name_cannot_end_a_workflow_command_or_start_another() -> None:
    (line,) = render_github(only(replace(WRONG, name="a::error,file=b\n::error::c\r%0A")), {}).splitlines()
    head, _, _ = line.removeprefix("::").partition("::")
    assert head.count(",") == 2  # file, line, title
    assert "a%3A%3Aerror%2Cfile=b" in head


def test_the_github_summary_stays_below_its_limit_and_says_what_is_missing() -> None:
    many = tuple(replace(WRONG, name=f"spec {i}", reason="why " * 400) for i in range(900))
    text = github_summary(only(*many))
    assert len(text.encode()) <= SUMMARY_LIMIT
    assert "more; the JSON report has all of them" in text[-100:]


@pytest.mark.parametrize("report", [REPORT, EMPTY, only(PLACED)])
def test_ctrf_has_the_required_keys_no_unknown_ones_and_right_counts(report: Report) -> None:
    data = json.loads(render_ctrf(report, {}))
    validate(CTRF, data)
    tests, summary = data["results"]["tests"], data["results"]["summary"]
    assert summary["tests"] == len(tests) == sum(summary[status] for status in STATUSES)
    assert len({test["name"] for test in tests}) == len(tests)


def statuses(*specs: Any) -> list[str]:
    return [test["status"] for test in json.loads(render_ctrf(only(*specs), {}))["results"]["tests"]]


def test_ctrf_passes_a_twin_found_wrong_and_fails_one_that_was_not() -> None:
    assert statuses(TWIN) == ["passed"]
    assert "failed" in statuses(NOT_WRONG)
    assert statuses(UNDECIDED) == ["other"]


def test_ctrf_starts_when_the_run_did() -> None:
    summary = json.loads(render_ctrf(REPORT, {}))["results"]["summary"]
    assert (summary["start"], summary["stop"]) == (1767323045000, 1767323047500)


def test_tap_plans_every_spec_and_bails_out_when_interrupted() -> None:
    lines = render_tap(REPORT, {}).splitlines()
    assert lines[:2] == ["TAP version 14", f"1..{len(REPORT.specs) + 1}"]
    assert lines[-1].startswith("Bail out!")
    assert len([line for line in lines if line.startswith(("ok ", "not ok "))]) == len(REPORT.specs)


def test_tap_text_cannot_become_a_directive() -> None:
    text = render_tap(only(replace(WRONG, name="wrong # SKIP really", reason="x\nok 2 - lie")), {})
    assert "not ok 1 - wrong \\# SKIP really" in text
    assert "\nok 2" not in text


def test_hostile_names_are_shown_and_not_obeyed() -> None:
    for text in (render_tap(only(BROKEN), {}), render_github(only(BROKEN), {}), render_sarif(only(BROKEN), {})):
        assert HOSTILE not in text
        assert "x1b[31m" in text
