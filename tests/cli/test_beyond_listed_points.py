"""A function that hangs or ends its process at points that nobody listed keeps the verdict on those that were."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.support import gradverify, read_report, write_specs

CODE = """
import os


def root(x):
    while x < -9:  # as a bisection does whose bracket holds no root
        pass
    return (x + 10.0) ** 0.5


def root_gradient(x):
    return 0.5 / (x + 10.0) ** 0.5


def square(x):
    if x < -9:
        os._exit(3)
    return x * x


def square_gradient(x):
    return 2 * x


def wrong_root_gradient(x):
    return 0.6 / (x + 10.0) ** 0.5


def wrong_square_gradient(x):
    return 3 * x
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder: Path = tmp_path_factory.mktemp("beyond")
    (folder / "code.py").write_text(CODE)
    names = [f"{wrong}{kind}" for kind in ("root", "square") for wrong in ("", "wrong_")]
    documents = [
        json.dumps(
            {
                "name": name,
                "variables": ["x"],
                "function": {"python": f"code.py:{name.removeprefix('wrong_')}"},
                "gradient": {"python": f"code.py:{name}_gradient"},
                "points": [[2.0], [3.0]],
                "backends": ["finite-difference"],
            }
        )
        for name in names
    ]
    write_specs(folder / "specs.yaml", *documents)
    gradverify("run", "specs.yaml", "-j", "2", "--timeout", "5", "--report", "json:r.json", cwd=folder)
    return {spec["name"]: spec for spec in read_report(folder / "r.json")["specs"]}


@pytest.mark.parametrize("name", ["root", "square"])
def test_a_right_gradient_passes_at_the_listed_points_and_the_report_says_that_the_search_was_given_up(
    results: dict[str, Any], name: str
) -> None:
    assert results[name]["verdict"] == "pass"
    assert any(note.startswith("given up: the search") for note in results[name]["notes"])
    assert [check["verdict"] for check in results[name]["checks"] if check["kind"] == "search"] == ["skipped"]


@pytest.mark.parametrize("name", ["wrong_root", "wrong_square"])
def test_its_wrong_twin_fails(results: dict[str, Any], name: str) -> None:
    assert results[name]["verdict"] == "fail"


def test_a_function_that_ends_its_process_where_only_a_figure_looks_keeps_its_verdict(tmp_path: Path) -> None:
    (tmp_path / "code.py").write_text(CODE)
    fields = {
        "name": "square", "variables": ["x"], "function": {"python": "code.py:square"}, "search": "off",
        "gradient": {"python": "code.py:square_gradient"}, "points": [[3.0]], "backends": ["finite-difference"],
    }  # fmt: skip
    write_specs(tmp_path / "specs.yaml", json.dumps(fields))
    reports = ("--report", "json:r.json", "--report", "html:r.html")
    done = gradverify("run", "specs.yaml", "-j", "1", *reports, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (spec,) = read_report(tmp_path / "r.json")["specs"]
    assert spec["verdict"] == "pass"
    assert any(note.startswith("given up: figures; ") for note in spec["notes"])
    assert "error against step size" not in (tmp_path / "r.html").read_text(encoding="utf-8")
