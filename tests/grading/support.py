"""Assignments, submissions and a caller that needs no process: what the tests of grading have in common."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gradverify.grading.assignment import load_assignment
from gradverify.grading.bench import Bench, make_bench
from gradverify.grading.claim import Seat
from gradverify.grading.derivative import DerivativeGrading
from gradverify.grading.model import Assignment, QuestionResult, SubmissionLimits
from gradverify.plugins import Plugins, load_plugins
from gradverify.sandbox.model import Answer, RemoteFunction, Status

ROOT = Path(__file__).parents[2]
COURSE = ROOT / "specs/grading"
SECRET = (COURSE / "course-secret.txt").read_text().strip()

SPEC = """\
name: bowl
variables: [x, y]
function: x**2 + 3*x*y + sin(y)
gradient: [2*x + 3*y, 3*x + cos(y)]
points: [[1.5, 2.25], [-0.75, 0.5]]
domain: {x: [-3, 3], y: [-3, 3]}
"""
QUESTION = "  - {name: bowl, points: 10, spec: bowl.yaml, entry: grad, hidden_points: {sample: 6}}\n"
ASSIGNMENT = "assignment: test\nsubmission: {file: hw.py}\nquestions:\n" + QUESTION

RIGHT = "import numpy as np\n\n\ndef grad(x, y):\n    return np.array([2 * x + 3 * y, 3 * x + np.cos(y)])\n"
WRONG = RIGHT.replace("3 * x + np.cos(y)", "3 * x - np.cos(y)")


@functools.cache
def plugins() -> Plugins:
    return load_plugins(())


def assignment_in(folder: Path, text: str = ASSIGNMENT, spec: str = SPEC) -> Assignment:
    (folder / "bowl.yaml").write_text(spec)
    (folder / "hw.yaml").write_text(text)
    parsed = load_assignment(folder / "hw.yaml", plugins().backend_options(), tuple(plugins().loaders))
    assert parsed.assignment is not None, [str(fault) for fault in parsed.faults]
    return parsed.assignment


def bench_in(folder: Path, spec: str = SPEC, **question: Any) -> Bench:
    more = "".join(f", {key}: {value}" for key, value in question.items())
    text = ASSIGNMENT.replace("entry: grad,", f"entry: grad{more},")
    return make_bench(assignment_in(folder, text, spec).questions[0], plugins())


class InProcess:
    """Calls a Python function as the sandbox would, without one."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.asked: list[tuple[Any, ...]] = []

    def call(self, entry: str, arguments: Sequence[Any], *, seconds: float | None = None) -> Answer:
        calls: dict[str, int] = {}
        given = [self._given(argument, calls) for argument in arguments]
        kept = [np.array(g, copy=True) if isinstance(g, np.ndarray) else None for g in given]
        self.asked.append(tuple(arguments))
        try:
            with np.errstate(all="ignore"):
                value = self.function(*given)
        except Exception as error:  # noqa: BLE001 - as the sandbox does
            return Answer(status=Status.RAISED, detail=f"{type(error).__name__}: {error}", calls=calls)
        mutated = tuple(
            i for i, before in enumerate(kept) if before is not None and not np.array_equal(before, given[i])
        )
        values, kind, keys = self._returned(value)
        return Answer(status=Status.OK, values=values, kind=kind, keys=keys, mutated=mutated, calls=calls)

    @staticmethod
    def _given(argument: Any, calls: dict[str, int]) -> Any:
        if isinstance(argument, RemoteFunction):
            remote = argument

            def call(*parts: Any) -> Any:
                calls[remote.name] = calls.get(remote.name, 0) + 1
                return remote.function(*(np.asarray(part, dtype=float) for part in parts))

            return call
        return np.array(argument, dtype=float) if isinstance(argument, np.ndarray) else argument

    @staticmethod
    def _returned(value: Any) -> tuple[tuple[Any, ...], str, tuple[str, ...]]:
        if value is None:
            return (), "none", ()
        if isinstance(value, dict):
            return tuple(np.asarray(v, dtype=float) for v in value.values()), "dict", tuple(value)
        if isinstance(value, tuple):
            return tuple(np.asarray(v, dtype=float) for v in value), "tuple", ()
        return (np.asarray(value, dtype=float),), "array", ()


def graded(bench: Bench, function: Callable[..., Any], seed: int = 7) -> QuestionResult:
    """What comes of an entry."""
    grading = DerivativeGrading(bench, Seat(InProcess(function), "grad", 60.0), SubmissionLimits(), seed)
    grading.look()
    return grading.grade()


def run(*arguments: str, cwd: Path = ROOT, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    """`gradverify` as a process."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GRADVERIFY_")}
    return subprocess.run(
        [sys.executable, "-m", "gradverify", *arguments], cwd=cwd, capture_output=True, text=True, timeout=timeout,
        env=environment | {"NO_COLOR": "1"}, check=False,
    )  # fmt: skip


def report_in(out: Path) -> dict[str, Any]:
    report: dict[str, Any] = json.loads((out / "report.json").read_text())
    return report


def student(report: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(s for s in report["students"] if s["student"] == name)
    return found
