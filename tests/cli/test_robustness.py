"""Full disks, read-only folders, odd paths, long and many specs: what can be written is, with the right exit code."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from gradverify.core.verdicts import Verdict
from gradverify.report.baseline import Known, render_baseline
from tests.cli.support import (
    COMMAND,
    PATIENCE,
    Caller,
    environment,
    expression_spec,
    gradverify,
    read_report,
    write_specs,
)

SMALL_FILE = 6_000  # bytes: more than a report in text, less than one in JSON, the journal or the cache


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_specs(tmp_path / "s.yaml", *(expression_spec(f"s{i}", search="off") for i in range(12)))
    return tmp_path


def leftovers(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if ".tmp" in path.name]


def test_a_disk_that_is_full_costs_what_does_not_fit_and_nothing_else(folder: Path) -> None:
    finished = subprocess.run(
        [*COMMAND, "run", "s.yaml", "-q", "--report", "json:r.json", "--report", "text:r.txt"],
        cwd=folder, env=environment(), capture_output=True, text=True, timeout=PATIENCE, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (SMALL_FILE, SMALL_FILE)),
    )  # fmt: skip
    assert finished.returncode == 3
    assert "the json report could not be written to r.json: File too large" in finished.stderr
    assert "the journal" in finished.stderr
    assert "12 specs: 12 passed" in (folder / "r.txt").read_text()
    assert "12 specs: 12 passed" in finished.stdout
    assert not (folder / "r.json").exists()
    assert leftovers(folder) == []
    assert gradverify("run", "s.yaml", "-q", "--report", "json:r.json", cwd=folder).returncode == 0


def test_a_device_that_is_full_costs_its_report(folder: Path) -> None:
    finished = gradverify(
        "run", "s.yaml", "-k", "s1", "--report", "json:/dev/full", "--report", "tap:r.tap", cwd=folder
    )
    assert finished.returncode == 3
    assert "No space left on device" in finished.stderr
    assert (folder / "r.tap").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_told_before_anything_runs(folder: Path, call: Caller) -> None:
    (folder / "locked").mkdir(mode=0o555)
    refused = call("run", "s.yaml", "--report", "json:locked/r.json")
    assert refused.returncode == 2
    assert "not writable" in refused.stderr


def test_a_folder_that_becomes_unusable_during_the_run_costs_its_report(folder: Path) -> None:
    (folder / "f.py").write_text(
        "import pathlib\n\n\ndef f(x):\n    out = pathlib.Path('out')\n    if out.is_dir():\n        out.rmdir()\n"
        "        out.write_text('')\n    return x**2\n"
    )
    write_specs(folder / "p.yaml", expression_spec("p", function={"python": "f.py:f"}))
    finished = gradverify("run", "p.yaml", "--report", "json:out/r.json", "--report", "junit:r.xml", cwd=folder)
    assert finished.returncode == 3
    assert "could not be written to out/r.json: Not a directory" in finished.stderr
    assert (folder / "r.xml").exists()


def test_a_report_path_that_is_a_folder_is_refused_before_anything_runs(folder: Path, call: Caller) -> None:
    (folder / "out").mkdir()
    refused = call("run", "s.yaml", "--report", "json:out")
    assert refused.returncode == 2
    assert "out is a folder; name a file in it" in refused.stderr
    assert not (folder / ".gradverify").exists()


def test_a_project_folder_that_is_read_only_is_no_fault(folder: Path) -> None:
    (folder / ".gradverify").write_text("in the way")
    finished = gradverify("run", "s.yaml", "-q", cwd=folder)
    assert finished.returncode == 0
    assert "12 passed" in finished.stdout
    assert "is ignored" in finished.stderr


def test_a_spec_of_five_megabytes_is_checked(tmp_path: Path) -> None:
    numbers = ", ".join(f"{i % 97 / 97:.7f}" for i in range(460_000))
    head = "name: big\nvariables: [x]\nfunction: x**2*sum(w)\ngradient: [2*x*sum(w)]\npoints: [[1.5]]\nsearch: off\n"
    text = f"{head}constants:\n  w: [{numbers}]\n"
    (tmp_path / "big.yaml").write_text(text)
    assert len(text) > 5_000_000 - 100_000
    finished = gradverify("run", "big.yaml", "--report", "json:r.json", cwd=tmp_path)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert read_report(tmp_path / "r.json")["summary"]["pass"] == 1


def test_ten_thousand_specs_are_listed_in_their_order(tmp_path: Path, call: Caller) -> None:
    fields = {"variables": ["x"], "function": "x**2", "gradient": ["2*x"], "points": [[3]]}
    documents = "\n---\n".join(json.dumps({"name": f"s{i}", **fields}) for i in range(10_000))
    (tmp_path / "many.yaml").write_text(documents)
    lines = call("run", "many.yaml", "--list").stdout.splitlines()
    assert lines == [f"many.yaml::s{i}" for i in range(10_000)]


@pytest.mark.parametrize(("redirection", "code"), [(">&-", 0), ("> /dev/full", 3)])
def test_an_output_that_takes_nothing_is_no_bug(folder: Path, redirection: str, code: int) -> None:
    command = f'"{sys.executable}" -m gradverify run s.yaml --no-cache {redirection}'
    finished = subprocess.run(
        ["sh", "-c", command], cwd=folder, env=environment(), capture_output=True, text=True, timeout=PATIENCE,
        check=False,
    )  # fmt: skip
    assert finished.returncode == code
    assert "bug" not in finished.stderr
    assert "Traceback" not in finished.stderr


def test_a_baseline_that_cannot_be_written_is_refused_before_anything_runs(folder: Path, call: Caller) -> None:
    refused = call("run", "s.yaml", "--write-baseline", "/proc/nope/k.json")
    assert refused.returncode == 2
    assert "--write-baseline /proc/nope/k.json cannot be written" in refused.stderr
    assert refused.stdout == ""


def test_a_baseline_that_does_not_fit_is_told_even_where_all_else_is_quiet(folder: Path) -> None:
    kept = render_baseline({f"other.yaml::s{i}": Known(Verdict.FAIL, {}, {}) for i in range(200)}, "0.1.0")
    assert len(kept) > SMALL_FILE
    (folder / "k.json").write_text(kept)
    finished = subprocess.run(
        [*COMMAND, "run", "s.yaml", "-k", "s1", "-q", "--no-cache", "--write-baseline", "k.json"],
        cwd=folder, env=environment(), capture_output=True, text=True, timeout=PATIENCE, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (SMALL_FILE, SMALL_FILE)),
    )  # fmt: skip
    assert finished.returncode == 1
    assert "the baseline k.json cannot be written: File too large" in finished.stderr
    assert (folder / "k.json").read_text() == kept


# Ends as a run does that a signal reaches while its first report is written.
SIGNALLED = """
import os, signal, sys
from gradverify.cli import outputs
from gradverify.cli.main import main

render = outputs.write_outputs

def signalled(*args):
    os.kill(os.getpid(), signal.SIGTERM)
    return render(*args)

outputs.write_outputs = signalled
sys.exit(main(["run", "s.yaml", "-q", "--report", "json:r.json", "--report", "tap:r.tap"]))
"""


def test_a_signal_while_reports_are_written_costs_none_of_them(folder: Path) -> None:
    finished = subprocess.run(
        [sys.executable, "-c", SIGNALLED],
        cwd=folder, env=environment(), capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert finished.returncode == 130
    assert len(read_report(folder / "r.json")["specs"]) == 12
    assert (folder / "r.tap").read_text().startswith("TAP")
    assert "12 specs: 12 passed" in finished.stdout
