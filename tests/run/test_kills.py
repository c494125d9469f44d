"""A run may be killed at any moment, in any way: nothing that was finished is lost, and nothing is left behind."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.support import PATIENCE, environment
from tests.run.killing import SPECS

ROOT = Path(__file__).parents[2]
KILLS = 50
AT_ONCE = 2  # processes that run and kill, one after another, beside each other


@pytest.fixture(scope="module")
def happened(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    """At least `KILLS` runs that were killed, and the runs that came through in the end."""
    folders = [tmp_path_factory.mktemp("kills") for _ in range(AT_ONCE)]
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.run.killing", str(folder), str(seed), str(-(-KILLS // AT_ONCE))],
            cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True,
        )
        for seed, folder in enumerate(folders)
    ]  # fmt: skip
    answers = [json.loads(process.communicate(timeout=2 * PATIENCE)[0]) for process in processes]
    assert all(process.returncode == 0 for process in processes)
    return {key: [one for answer in answers for one in answer[key]] for key in ("rounds", "finals")}


def killed(happened: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    return [one for one in happened["rounds"] if one["code"] not in (0, 1)]


def test_there_were_enough_kills_of_every_kind(happened: dict[str, list[dict[str, Any]]]) -> None:
    assert len([one for one in happened["rounds"] if one["code"] not in (0, 1) or one["kind"] == "WORKER"]) >= KILLS
    assert {one["kind"] for one in happened["rounds"]} == {"KILL", "TERM", "INT", "WORKER"}
    assert {one["code"] for one in killed(happened)} >= {-9, 130}


def test_what_was_finished_is_never_lost(happened: dict[str, list[dict[str, Any]]]) -> None:
    for one in happened["rounds"]:
        assert one["before"].items() <= one["after"].items()


def test_what_was_finished_is_never_run_again(happened: dict[str, list[dict[str, Any]]]) -> None:
    assert [one["again"] for one in happened["rounds"] if one["again"]] == []


def test_an_interrupted_run_exits_with_130_and_reports_exactly_what_is_finished(
    happened: dict[str, list[dict[str, Any]]],
) -> None:
    interrupted = [one for one in happened["rounds"] if one["code"] == 130 and one["report"] is not None]
    assert interrupted
    for one in interrupted:
        assert sorted(one["report"]) == sorted(one["after"])


def test_no_process_outlives_its_run_and_no_temporary_file_is_left(
    happened: dict[str, list[dict[str, Any]]],
) -> None:
    assert [one["outlived"] for one in happened["rounds"] if one["outlived"]] == []
    assert {name for one in happened["rounds"] for name in one["left"]} <= {".gradverify"}


def test_in_the_end_the_report_says_what_an_undisturbed_run_says(happened: dict[str, list[dict[str, Any]]]) -> None:
    for final in happened["finals"]:
        assert final["code"] == 1
        assert [spec["name"] for spec in final["specs"]] == [f"s{i}" for i in range(SPECS)]
        for i, spec in enumerate(final["specs"]):
            if "SIGKILL" in (spec["reason"] or ""):  # its worker was killed while it was at this spec
                assert spec["verdict"] == "error"
            else:
                assert spec["verdict"] == ("fail" if i % 7 == 3 else "pass")
