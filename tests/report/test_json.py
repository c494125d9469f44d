"""The JSON report: valid against its schema, read back as it was, strict about what it reads."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradverify.report.json_report import (
    render_json,
    report_from_data,
    report_to_data,
    spec_from_data,
    spec_to_data,
    spec_to_message,
)
from gradverify.report.schema import report_schema
from tests.report.sample import EMPTY, REPORT

DESIGNED = {
    "format", "gradverify", "started", "seconds", "isolation", "plugins", "summary", "specs",
}  # fmt: skip
DESIGNED_SPEC = {
    "name", "file", "line", "tags", "verdict", "expected", "evidence", "seconds", "evaluations", "checks",
    "wrong_components", "diagnosis", "counterexample", "blind_spots", "descent",
}  # fmt: skip
DESIGNED_CHECK = {"kind", "backend", "verdict", "evidence", "reason", "seconds", "max_relative_error", "points"}
DESIGNED_POINT = {"at", "claimed", "reference", "error_bound", "tolerance", "verdict", "wrong_components"}


def data() -> Any:
    return json.loads(render_json(REPORT))


def test_a_report_is_valid_against_the_published_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(report_schema())
    for report in (REPORT, EMPTY):
        jsonschema.Draft202012Validator(report_schema()).validate(json.loads(render_json(report)))


@pytest.mark.parametrize(
    "spoil", [lambda d: d.pop("summary"), lambda d: d.update(format=99), lambda d: d["specs"][0].update(verdict="fine")]
)
def test_a_spoilt_report_is_not_valid(spoil: Any) -> None:
    spoilt = data()
    spoil(spoilt)
    assert not jsonschema.Draft202012Validator(report_schema()).is_valid(spoilt)


def test_the_keys_that_others_build_on_are_there() -> None:
    report = data()
    assert set(report) >= DESIGNED
    spec = report["specs"][1]
    assert set(spec) >= DESIGNED_SPEC
    assert set(spec["checks"][0]) >= DESIGNED_CHECK
    assert set(spec["checks"][0]["points"][0]) >= DESIGNED_POINT


def test_numbers_that_are_not_finite_are_strings() -> None:
    point = data()["specs"][2]["checks"][0]["points"][0]
    assert (point["claimed"], point["reference"], point["error_bound"]) == (["nan"], ["-inf"], ["inf"])


def test_a_report_read_back_is_the_same() -> None:
    assert render_json(report_from_data(report_to_data(REPORT))) == render_json(REPORT)


@pytest.mark.parametrize("number", range(len(REPORT.specs)))
def test_a_message_without_defaults_is_read_as_the_whole_result(number: int) -> None:
    result = REPORT.specs[number]
    whole, message = spec_to_data(result), json.loads(json.dumps(spec_to_message(result), allow_nan=False))
    assert len(message) < len(whole)
    assert spec_to_data(spec_from_data(message)) == whole


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(), lambda c: st.lists(c) | st.dictionaries(st.text(), c)
    )
)
def test_rubbish_is_refused_with_a_value_error(rubbish: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        spec_from_data(rubbish)


@pytest.mark.parametrize("key", ["verdict", "checks", "name", "line", "evaluations"])
def test_a_result_with_a_spoilt_key_is_refused(key: str) -> None:
    spoilt = {**spec_to_data(REPORT.specs[1]), key: {"no": "such"}}
    with pytest.raises(ValueError, match=key):
        spec_from_data(spoilt)
