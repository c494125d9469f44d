"""The sample course, graded once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gradverify.sandbox import probe_level
from tests.grading.support import COURSE, report_in, run

FORMATS = ("gradescope", "prairielearn", "coursera", "check50")


@dataclass(frozen=True)
class Graded:
    out: Path
    report: dict[str, Any]
    printed: str
    code: int


@pytest.fixture(scope="session")
def course(tmp_path_factory: pytest.TempPathFactory) -> Graded:
    folder = tmp_path_factory.mktemp("course")
    done = run(
        "grade", str(COURSE / "assignment.yaml"), str(COURSE / "submissions"), "--out", str(folder / "out"),
        "--secret", str(COURSE / "course-secret.txt"), "--min-isolation", probe_level().name, "-j", "2",
        *(part for name in FORMATS for part in ("--format", name)),
        timeout=400,
    )  # fmt: skip
    assert (folder / "out" / "report.json").exists(), done.stderr
    return Graded(folder / "out", report_in(folder / "out"), done.stdout + done.stderr, done.returncode)
