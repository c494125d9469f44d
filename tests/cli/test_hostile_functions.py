"""What a user's function does costs its own spec only. One run of many hostile specs, looked at from many sides."""

from __future__ import annotations

import inspect
import json
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.cli import hostile
from tests.cli.support import gradverify, read_report, write_specs

TIMEOUT = "2"
NAMES = [name for name, _ in inspect.getmembers(hostile, inspect.isfunction) if name not in ("cube", "cube_gradient")]
HARMLESS = ("prints", "prints_a_lot", "changes_directory", "reads_input", "closes_stdout", "replaces_stdout")


@dataclass(frozen=True)
class Outcome:
    process: subprocess.CompletedProcess[str]
    specs: dict[str, Any]
    order: list[str]
    folder: Path


def spec(name: str, function: str) -> str:
    return json.dumps(
        {
            "name": name,
            "variables": ["x"],
            "function": {"python": f"hostile.py:{function}"},
            "gradient": {"python": "hostile.py:cube_gradient"},
            "points": [[2], [0.5]],
            "backends": ["finite-difference"],
        }
    )


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "hostile.py").write_text(Path(hostile.__file__).read_text())
    documents = [document for name in NAMES for document in (spec(name, name), spec(f"after {name}", "cube"))]
    write_specs(folder / "specs.yaml", *documents)
    process = gradverify(
        "run", "specs.yaml", "-j", "4", "--timeout", TIMEOUT, "--memory", "2000", "--report", "json:r.json", cwd=folder
    )
    report = read_report(folder / "r.json")
    return Outcome(process, {s["name"]: s for s in report["specs"]}, [s["name"] for s in report["specs"]], folder)


def test_every_spec_is_reported_in_the_order_of_the_file(outcome: Outcome) -> None:
    assert outcome.order == [each for name in NAMES for each in (name, f"after {name}")]


@pytest.mark.parametrize("name", NAMES)
def test_the_spec_after_a_hostile_one_passes(outcome: Outcome, name: str) -> None:
    assert outcome.specs[f"after {name}"]["verdict"] == "pass"


@pytest.mark.parametrize("name", NAMES)
def test_only_harmless_functions_pass(outcome: Outcome, name: str) -> None:
    if name in HARMLESS:
        assert outcome.specs[name]["verdict"] == "pass"
    elif name in ("forks", "closes_descriptors", "writes_to_every_descriptor"):
        assert outcome.specs[name]["verdict"] in ("pass", "error")
    else:
        assert outcome.specs[name]["verdict"] == "error"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("hangs", "time limit of 2 s exceeded"),
        ("hangs_without_yielding", "time limit of 2 s exceeded"),
        ("prints_without_end", "time limit of 2 s exceeded"),
        ("starts_a_program", "time limit of 2 s exceeded"),
        ("leaves", "exited with status 3"),
        ("segfaults", "killed by SIGSEGV"),
        ("aborts", "killed by SIGABRT"),
        ("eats_memory", "Memory"),
        ("exits", "SystemExit"),
        ("interrupts", "KeyboardInterrupt"),
        ("recurses", "RecursionError"),
        ("raises_base_exception", "odd"),
    ],
)
def test_the_reason_says_what_the_function_did(outcome: Outcome, name: str, words: str) -> None:
    reasons = [outcome.specs[name]["reason"], *(check["reason"] for check in outcome.specs[name]["checks"])]
    assert any(words in (reason or "") for reason in reasons), reasons


def test_what_a_function_prints_is_kept_with_its_spec(outcome: Outcome) -> None:
    printed = outcome.specs["prints"]["output"]
    assert "garbage ü" in printed
    assert "\\xff\\xfe raw bytes" in printed
    assert "to stderr" in printed
    assert all(not outcome.specs[f"after {name}"]["output"] for name in NAMES)


def test_output_is_cut_to_a_limit(outcome: Outcome) -> None:
    assert "more bytes were printed" in outcome.specs["prints_a_lot"]["output"]
    assert len(outcome.specs["prints_a_lot"]["output"]) < 25_000


def test_what_was_printed_before_a_crash_is_kept(outcome: Outcome) -> None:
    assert "about to fall" in outcome.specs["segfaults"]["output"]


def test_nothing_that_a_function_prints_reaches_standard_output_out_of_place(outcome: Outcome) -> None:
    assert "yyyyyyyyyy" not in outcome.process.stdout.split("prints_a_lot")[0]
    assert outcome.process.stderr == ""


def test_functions_that_cannot_be_evaluated_fail_the_run(outcome: Outcome) -> None:
    assert outcome.process.returncode in (1, 3)


def test_no_process_outlives_the_run(outcome: Outcome) -> None:
    assert not _running("sleep\x001234.5")


def _running(command: str, patience: float = 5.0) -> list[str]:
    """Processes with that command line that are still there after a moment."""
    until = time.monotonic() + patience
    while True:
        found = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                text = path.read_text()
            except OSError:
                continue
            if command in text:
                found.append(text)
        if not found or time.monotonic() > until:
            return found
        time.sleep(0.05)
