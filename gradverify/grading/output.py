"""The folder of results: what `--out DIR` receives. Every file is written whole or not at all."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from gradverify.grading.codec import render_report
from gradverify.grading.formats import PLATFORMS
from gradverify.grading.formats.feedback import render_html_feedback, render_markdown_feedback
from gradverify.grading.formats.gradebook import render_gradebook
from gradverify.grading.formats.overview import render_overview
from gradverify.grading.model import GradeReport, StudentResult

REPORT = "report.json"
FEEDBACK = "feedback.md"


def write_whole(path: Path, text: str) -> None:
    """Write beside, then rename: a reader sees the old file or the new one."""
    temporary = path.with_name(f".{path.name}.new")
    try:
        with temporary.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
            file.write(text)
        os.replace(temporary, path)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def student_files(student: StudentResult, assignment: str, title: str, formats: Sequence[str]) -> dict[str, str]:
    """Everything that may be given to a student, by file name."""
    files = {
        FEEDBACK: render_markdown_feedback(student, title),
        "feedback.html": render_html_feedback(student, title),
    }
    for name in formats:
        platform = PLATFORMS[name]
        files[platform.file] = platform.render(student, assignment)
    return files


def write_student(
    out: Path, folder: str, student: StudentResult, assignment: str, title: str, formats: Sequence[str]
) -> None:
    """One student's folder."""
    place = out / folder
    place.mkdir(parents=True, exist_ok=True)
    for name, text in student_files(student, assignment, title, formats).items():
        write_whole(place / name, text)


def students_in(out: Path) -> frozenset[str]:
    """The students of the overview that is there; none where there is none that can be read."""
    try:
        data = json.loads((out / REPORT).read_text(encoding="utf-8"))
        return frozenset(str(student["student"]) for student in data["students"])
    except (OSError, ValueError, RecursionError, TypeError, KeyError):
        return frozenset()


def folders_of_others(out: Path, ours: Collection[str]) -> list[str]:
    """Folders of students that an earlier run wrote, of whom the run whose folders are `ours` knows nothing."""
    known = {name.casefold() for name in ours}
    try:
        found = sorted(
            place.name for place in out.iterdir() if place.name.casefold() not in known and (place / FEEDBACK).is_file()
        )
    except OSError:
        return []
    return found


def write_course(out: Path, report: GradeReport, folders: Mapping[str, str]) -> None:
    """The instructor's files."""
    out.mkdir(parents=True, exist_ok=True)
    write_whole(out / REPORT, render_report(report))
    write_whole(out / "gradebook.csv", render_gradebook(report))
    write_whole(out / "index.html", render_overview(report, folders))
