"""Ctrl-C, SIGTERM, and a parent that is killed: reports for what was finished, and no process left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.support import COMMAND, PATIENCE, environment, expression_spec, read_report, write_specs

SLEEPER = "import time, pathlib\n\n\ndef f(x):\n    pathlib.Path('started').touch()\n    time.sleep(600)\n"


@pytest.fixture
def running(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """A run in which the first spec is finished and the second hangs."""
    (tmp_path / "sleeper.py").write_text(SLEEPER)
    write_specs(
        tmp_path / "s.yaml",
        expression_spec("quick"),
        expression_spec("slow", function={"python": "sleeper.py:f"}),
        expression_spec("later"),
    )
    process = subprocess.Popen(
        [*COMMAND, "run", "s.yaml", "-j", "1", "--report", "json:r.json", "--report", "junit:r.xml"],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    until = time.monotonic() + PATIENCE
    while not (tmp_path / "started").exists() and process.poll() is None and time.monotonic() < until:
        time.sleep(0.02)
    yield process, tmp_path
    process.kill()
    process.communicate()


def children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def is_gone(pid: int) -> bool:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_reports_what_was_finished(
    running: tuple[subprocess.Popen[str], Path], number: signal.Signals
) -> None:
    process, folder = running
    workers = children(process.pid)
    process.send_signal(number)
    output, _ = process.communicate(timeout=PATIENCE)
    report = read_report(folder / "r.json")
    assert process.returncode == 130
    assert report["interrupted"] is True
    assert [spec["name"] for spec in report["specs"]] == ["quick"]
    assert report["not_run"] == ["slow", "later"]
    assert (folder / "r.xml").exists()
    assert "interrupted" in output
    assert all(map(is_gone, workers))
    assert [path.name for path in folder.iterdir() if path.name.startswith(".")] == [".gradverify"]


def test_no_worker_outlives_a_parent_that_is_killed(running: tuple[subprocess.Popen[str], Path]) -> None:
    process, _ = running
    workers = children(process.pid)
    assert workers
    process.kill()
    process.wait()
    assert all(map(is_gone, workers))


def test_a_worker_that_is_killed_from_outside_costs_its_spec_only(
    running: tuple[subprocess.Popen[str], Path],
) -> None:
    process, folder = running
    os.kill(children(process.pid)[0], signal.SIGKILL)
    process.communicate(timeout=PATIENCE)
    specs = {spec["name"]: spec for spec in read_report(folder / "r.json")["specs"]}
    assert specs["slow"]["verdict"] == "error"
    assert "SIGKILL" in specs["slow"]["reason"]
    assert specs["later"]["verdict"] == "pass"
