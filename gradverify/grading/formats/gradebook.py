"""gradebook.csv: a row a student, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io

from gradverify.grading.formats.text import fraction, number
from gradverify.grading.model import GradeReport
from gradverify.grading.names import shown_names

# A cell that begins so is a formula to a spreadsheet (OWASP, "CSV Injection"); a leading apostrophe makes it text.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "|", "%", "＝", "＋", "－", "＠")


def cell(told: str) -> str:
    """A name that no spreadsheet computes; `told` is how it is shown."""
    return f"'{told}" if told.lstrip("'").startswith(FORMULA) else told


def render_gradebook(report: GradeReport) -> str:
    """student, status, score, max_score, percent, and each question's score. Not graded is empty, never 0."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")  # RFC 4180
    questions = (cell(told) for told in shown_names(report.questions).values())
    writer.writerow(["student", "status", "score", "max_score", "percent", *questions])
    names = shown_names(student.student for student in report.students)
    for student in report.students:
        failed = student.status.value == "grader-error"
        scores = {
            q.name: "" if q.status.value == "grader-error" else number(q.score) for q in student.questions
        }  # a score that the grader failed to find is unknown
        writer.writerow(
            [
                cell(names[student.student]), student.status.value, "" if failed else number(student.score),
                number(student.max_score), "" if failed else number(round(100 * fraction(student), 2)),
                *(scores.get(name, "") for name in report.questions),
            ]
        )  # fmt: skip
    return out.getvalue()
