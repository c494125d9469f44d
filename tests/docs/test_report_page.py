"""docs/report.md is in step with the schema, the words and the JUnit that is written."""

from __future__ import annotations

import enum
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from gradverify.core.verdicts import Evidence, Fault, Verdict
from gradverify.report.junit import LOCATED, STRICT, render_junit
from gradverify.report.schema import report_schema
from tests.docs.schema_tables import distinct
from tests.report.sample import REPORT

PAGE = (Path(__file__).parents[2] / "docs" / "report.md").read_text(encoding="utf-8")


def rows(header: str, text: str = PAGE) -> list[list[str]]:
    """The cells of the table that starts with `header`."""
    found = re.search(rf"^\| {header} \|.*\n\|[-|]+\n((?:\|.*\n)+)", text, re.MULTILINE)
    assert found is not None, header
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in found[1].splitlines()]


def described() -> dict[tuple[str, ...], dict[str, str]]:
    """Every object of the page by the paths that lead to it, with its keys and their kinds."""
    objects = {}
    for section in PAGE.split("\n### ")[1:]:
        place = section.splitlines()[2]
        paths = tuple(re.findall("`([^`]+)`", place)) or ("report",)
        objects[paths] = {cells[0].strip("`"): cells[1] for cells in rows("key", section)}
    return objects


def test_the_page_has_every_object_of_the_schema_and_no_other() -> None:
    assert set(described()) == {tuple(paths) for paths in distinct(report_schema()).values()}


@pytest.mark.parametrize(
    ("paths", "keys"), [(tuple(paths), dict(keys)) for keys, paths in distinct(report_schema()).items()]
)
def test_the_keys_and_their_kinds_are_those_of_the_schema(paths: tuple[str, ...], keys: dict[str, str]) -> None:
    assert list(described()[paths].items()) == list(keys.items())


@pytest.mark.parametrize(("header", "words"), [("verdict", Verdict), ("evidence", Evidence), ("fault", Fault)])
def test_every_word_is_explained_in_its_order(header: str, words: type[enum.StrEnum]) -> None:
    assert [cells[0].strip("`") for cells in rows(header)] == [word.value for word in words]


def test_both_dialects_of_junit_are_described() -> None:
    assert [cells[0].split("`")[1] for cells in rows("family")] == [LOCATED, STRICT]


def test_every_type_of_problem_in_junit_is_described() -> None:
    root = ET.fromstring(render_junit(REPORT, {}).encode())
    kinds = {element.get("type", "") for element in root.iter() if element.tag in ("failure", "error")}
    assert kinds - {"Verdict"} <= set(re.findall("`([A-Za-z]+)`", PAGE))
    assert {"GradientMismatch", "CheckError", "Inconclusive"} <= kinds
