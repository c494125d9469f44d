"""What a run of the command shows of descents and the rest: words on the screen, series in the report, no warnings."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SPECS = """\
name: overflow
variables: [x]
function: {python: "steep.py:f"}
gradient: {python: "steep.py:g"}
points: [[0.1]]
descent: [{start: [1], learning_rate: 1.0e+200, max_iterations: 50, expect: {behaviour: converges}}]
stationary: [{at: [800]}]
properties: [directional]
search: off
---
name: wrong-position
variables: {w: 3}
function: sum(w**2)
gradient: 2*w*[1, 1, 3]
points: [[1, 2, 3]]
descent: [{name: on its way, start: [1, 2, 3], learning_rate: 0.1, expect: {behaviour: converges}}]
search: off
"""
CODE = "import numpy as np\ndef f(x): return np.exp(x) + np.exp(-x)\ndef g(x): return np.exp(x) - np.exp(-x)\n"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    folder = tmp_path_factory.mktemp("screen")
    (folder / "specs.yaml").write_text(SPECS)
    (folder / "steep.py").write_text(CODE)
    command = [sys.executable, "-m", "gradverify", "run", "specs.yaml", "--no-cache", "--report", "json:out.json"]
    environment = {**os.environ, "NO_COLOR": "1", "COLUMNS": "100"}
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, env=environment, timeout=120
    )
    done.args = folder
    return done


def test_an_overflow_shows_no_warning(finished: subprocess.CompletedProcess[str]) -> None:
    assert finished.returncode == 1
    assert "Warning" not in finished.stdout + finished.stderr


def test_a_failed_expectation_is_told_in_words(finished: subprocess.CompletedProcess[str]) -> None:
    told = " ".join(finished.stdout.split())
    assert 'descent "descent": expected to converge, but it diverged: in iteration 1 it left every bound' in told


def test_a_position_in_brackets_says_from_where_it_is_counted(finished: subprocess.CompletedProcess[str]) -> None:
    assert "∂f/∂w[2]" in finished.stdout
    assert "positions in brackets are counted from 0" in finished.stdout


def test_the_report_has_the_series_of_the_descents(finished: subprocess.CompletedProcess[str]) -> None:
    report = json.loads((Path(finished.args) / "out.json").read_text())
    (run,) = report["specs"][1]["descent"]
    assert (run["name"], run["behaviour"]) == ("on its way", "converges")
    assert len(run["trajectory"]) == len(run["values"]) == run["iterations"] + 1
    assert report["specs"][0]["descent"][0]["final_value"] in ("inf", "nan")
