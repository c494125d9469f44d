"""Bad plugins in a real `gradverify run`: each costs its own results only, and is named with version and reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.plugins import bad_plugins as bad
from tests.plugins.distributions import install, python

SPEC = """
name: bowl
variables: [x, y]
function: x**2 + 3*y**2
gradient: {x: 2*x, y: 6*y}
points: [[1, 2], [0.5, -1]]
"""
WHILE_WORKING = {
    "raises": (bad.RAISES, "ZeroDivisionError: oops"),
    "not-a-number": (bad.NOT_A_NUMBER, "no finite value, but a finite error bound"),
    "wrong-type": (bad.WRONG_TYPE, "not Estimates"),
    "negative-bound": (bad.NEGATIVE_BOUND, "negative"),
}


def run(site: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    """The exit code and the JSON report of a run in `site`."""
    (site / "bowl.yaml").write_text(SPEC)
    finished = python(site, "-m", "gradverify", "run", "bowl.yaml", "--report", "json:report.json", *arguments)
    report = site / "report.json"
    assert report.exists(), finished.stdout + finished.stderr
    return finished.returncode, json.loads(report.read_text())


def check_of(report: dict[str, Any], backend: str) -> dict[str, Any]:
    found: dict[str, Any] = next(c for c in report["specs"][0]["checks"] if c["backend"] == backend)
    return found


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The report of one run in which several plugins misbehave while they work, and one cannot be imported."""
    site = tmp_path_factory.mktemp("site")
    for name, (code, _) in WHILE_WORKING.items():
        install(site, name, bad.text(code, name), version="4.2")
    install(site, "does-not-import", bad.DOES_NOT_IMPORT, version="1.7")
    exit_code, report = run(site)
    report["exit code"] = exit_code
    return report


@pytest.mark.parametrize("name", WHILE_WORKING)
def test_a_backend_that_misbehaves_is_named_with_version_and_reason(name: str, crowd: dict[str, Any]) -> None:
    check = check_of(crowd, name)
    assert check["verdict"] == "error"
    assert WHILE_WORKING[name][1] in check["reason"]
    assert f"{name} 4.2" in check["reason"]


def test_the_sound_backends_still_decide(crowd: dict[str, Any]) -> None:
    assert crowd["specs"][0]["verdict"] == "pass"
    assert crowd["exit code"] == 0


def test_a_plugin_that_cannot_be_imported_is_in_the_report(crowd: dict[str, Any]) -> None:
    broken = next(p for p in crowd["plugins"] if p["name"] == "does-not-import")
    assert broken["version"] == "1.7"
    assert broken["status"] == "failed"
    assert "a_module_that_is_not_there" in broken["reason"]


def test_a_backend_that_crashes_its_process_costs_its_own_check_only(tmp_path: Path) -> None:
    install(tmp_path, "crashes", bad.text(bad.CRASHES, "crashes"), version="4.2")
    code, report = run(tmp_path)
    assert report["specs"][0]["verdict"] == "pass"
    assert check_of(report, "crashes")["verdict"] == "error"
    assert code == 0


def test_a_backend_that_hangs_costs_its_own_check_only(tmp_path: Path) -> None:
    install(tmp_path, "hangs", bad.text(bad.HANGS, "hangs"), version="4.2")
    code, report = run(tmp_path, "--timeout", "3")
    assert report["specs"][0]["verdict"] == "pass"
    assert check_of(report, "hangs")["verdict"] == "error"
    assert code == 0


def test_a_broken_backend_that_was_asked_for_is_an_internal_error(tmp_path: Path) -> None:
    install(tmp_path, "raises", bad.text(bad.RAISES, "raises"), version="4.2")
    code, _ = run(tmp_path, "--backend", "raises")
    assert code == 3


def test_a_blocked_plugin_takes_no_part_in_a_run(tmp_path: Path) -> None:
    install(tmp_path, "raises", bad.text(bad.RAISES, "raises"), version="4.2")
    _, report = run(tmp_path, "-p", "no:raises")
    assert "raises" not in [c["backend"] for c in report["specs"][0]["checks"]]


def test_the_list_of_plugins_shows_version_status_and_reason(tmp_path: Path) -> None:
    install(tmp_path, "does-not-import", bad.DOES_NOT_IMPORT, version="1.7")
    listed = python(tmp_path, "-m", "gradverify", "plugins").stdout
    assert "does-not-import 1.7" in listed
    assert "failed" in listed
    assert "a_module_that_is_not_there" in listed
