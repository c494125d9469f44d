"""JUnit as its readers want it."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections import Counter
from dataclasses import replace
from pathlib import Path

import junitparser
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from gradverify.core.verdicts import Verdict
from gradverify.report.junit import render_junit
from tests.report.sample import EMPTY, NOT_WRONG, REPORT, RIGHT, TWIN, UNDECIDED, WRONG

FAMILIES: tuple[dict[str, str], ...] = ({}, {"family": "strict"})


def tree(report: object = REPORT, **options: str) -> ET.Element:
    return ET.fromstring(render_junit(report, options).encode())  # type: ignore[arg-type]


def case(root: ET.Element, part: str) -> ET.Element:
    return next(c for c in root.iter("testcase") if part in f"{c.get('classname')} {c.get('name')}")


@pytest.mark.parametrize("report", [REPORT, EMPTY])
def test_the_strict_family_is_valid_for_the_strictest_schema(report: object) -> None:
    schema = etree.XMLSchema(etree.parse(Path(__file__).parent / "strict.xsd"))
    document = etree.fromstring(render_junit(report, {"family": "strict"}).encode())  # type: ignore[arg-type]
    assert schema.validate(document), schema.error_log


def test_the_located_family_is_refused_by_that_schema() -> None:
    schema = etree.XMLSchema(etree.parse(Path(__file__).parent / "strict.xsd"))
    assert not schema.validate(etree.fromstring(render_junit(REPORT, {}).encode()))


def test_located_cases_have_the_file_and_the_line_of_the_claim() -> None:
    found = case(tree(), "quadratic gradient")
    assert (found.get("file"), found.get("line")) == ("specs/sample.yaml", "7")


def test_a_wrong_gradient_is_a_failure_whose_message_has_the_number_that_matters() -> None:
    failure = case(tree(), "quadratic gradient").find("failure")
    assert failure is not None
    assert "max rel. error 2.0e+00: ∂f/∂z" in (failure.get("message") or "")
    assert "sign is wrong" in (failure.text or "")


def test_what_could_not_be_decided_is_an_error_and_no_failure() -> None:
    found = case(tree(), "noisy")
    assert found.find("error") is not None
    assert found.find("failure") is None


def test_what_does_not_apply_is_skipped_with_the_reason() -> None:
    skipped = case(tree(), "bowl gradient[autodiff]").find("skipped")
    assert skipped is not None
    assert skipped.text == "it needs an expression"


def test_a_wrong_twin_that_is_found_wrong_is_no_failure() -> None:
    assert case(tree(), "twin").find("failure") is None


def test_a_wrong_twin_that_is_not_found_wrong_is_a_failure() -> None:
    assert any(
        c.find("failure") is not None for c in tree().iter("testcase") if "not-wrong" in (c.get("classname") or "")
    )


@pytest.mark.parametrize("options", FAMILIES)
def test_counts_are_those_of_the_cases_and_names_are_unique(options: dict[str, str]) -> None:
    root = tree(REPORT, **options)
    for suite in root.iter("testsuite"):
        cases = suite.findall("testcase")
        assert int(suite.get("tests") or -1) == len(cases)
        for tag, key in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
            assert int(suite.get(key) or -1) == sum(c.find(tag) is not None for c in cases)
    names = Counter((c.get("classname"), c.get("name")) for c in root.iter("testcase"))
    assert max(names.values()) == 1


def test_suites_are_flat_and_every_suite_and_case_has_a_name() -> None:
    root = tree()
    assert all(suite.find("testsuite") is None for suite in root.iter("testsuite"))
    assert all(element.get("name") for element in [*root.iter("testsuite"), *root.iter("testcase")])


def test_an_independent_reader_finds_the_same_numbers() -> None:
    read = junitparser.JUnitXml.fromstring(render_junit(REPORT, {}).encode())
    cases = [c for suite in read for c in suite]
    assert len(cases) == len(list(tree().iter("testcase")))
    assert sum(c.is_failure for c in cases) == 3


@given(st.text(), st.text())
def test_any_text_gives_well_formed_xml(name: str, reason: str) -> None:
    specs = tuple(
        replace(s, name=name + s.name, reason=reason, output=name) for s in (RIGHT, WRONG, UNDECIDED, TWIN, NOT_WRONG)
    )
    for options in FAMILIES:
        ET.fromstring(render_junit(replace(REPORT, specs=specs), options).encode("utf-8", "surrogatepass"))


def test_a_failing_spec_without_checks_is_not_lost() -> None:
    bare = replace(WRONG, checks=(), verdict=Verdict.ERROR)
    assert len(list(tree(replace(REPORT, specs=(bare,))).iter("error"))) == 1
