"""Every spec in specs/ comes out as its author says, with all bundled backends, in worker processes."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

from gradverify.core.report import Report
from gradverify.core.verdicts import Verdict
from gradverify.plugins import load_plugins
from gradverify.run.session import RunSettings, run_specs
from gradverify.spec.load import SpecFiles, load_specs

SPECS = Path(__file__).parent.parent / "specs"
FEWEST = 60  # what the collection promises


@pytest.fixture(scope="module")
def files() -> SpecFiles:
    return load_specs([SPECS])


@pytest.fixture(scope="module")
def report(files: SpecFiles) -> Report:
    return run_specs(list(files.specs), load_plugins(), RunSettings(processes=2))


def test_all_specs_are_valid_and_there_are_enough_of_them(files: SpecFiles) -> None:
    assert not files.faults
    assert len(files.specs) >= FEWEST


@pytest.mark.xdist_group("specs")
def test_every_spec_comes_out_as_expected(report: Report) -> None:
    unexpected = [
        f"{spec.name}: {spec.verdict.value} {spec.reason}" for spec in report.specs if spec.verdict is not Verdict.PASS
    ]
    assert not unexpected


@pytest.mark.xdist_group("specs")
def test_there_are_wrong_twins_and_each_is_found_wrong(report: Report) -> None:
    twins = [spec for spec in report.specs if spec.expected != "pass"]
    assert len(twins) >= 15
    assert all(spec.found is Verdict.FAIL for spec in twins)


@pytest.mark.xdist_group("specs")
def test_all_three_bundled_backends_decided_something(report: Report) -> None:
    deciding = {check.backend for spec in report.specs for check in spec.checks if check.verdict is Verdict.PASS}
    assert {"finite-difference", "sympy", "autodiff"} <= deciding


@pytest.mark.xdist_group("specs")
def test_no_search_for_a_likely_mistake_breaks_off(report: Report) -> None:
    assert [f"{spec.name}: {note}" for spec in report.specs for note in spec.notes if "broke off" in note] == []


@pytest.mark.xdist_group("specs")
def test_results_are_in_the_order_of_the_files(files: SpecFiles, report: Report) -> None:
    assert [spec.name for spec in report.specs] == [spec.name for spec in files.specs]


def test_the_code_beside_the_specs_needs_no_more_than_gradverify_does() -> None:
    for file in SPECS.rglob("*.py"):
        if "submissions" in file.parts:
            continue
        tree = ast.parse(file.read_text(encoding="utf-8"))
        imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
        names = {a.name.partition(".")[0] for node in imports if isinstance(node, ast.Import) for a in node.names}
        names |= {str(node.module).partition(".")[0] for node in imports if isinstance(node, ast.ImportFrom)}
        beside = {other.stem for other in file.parent.glob("*.py")}
        assert names <= {"numpy", *sys.stdlib_module_names, *beside}, file
