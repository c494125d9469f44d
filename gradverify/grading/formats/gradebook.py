"""gradebook.csv: a row a student, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io

from gradverify.grading.formats.text import fraction, number
from gradverify.grading.model import GradeReport
from gradverify.report.safe_text import one_line

# A cell that begins so is a formula to a spreadsheet (OWASP, "CSV Injection"); a leading apostrophe makes it text.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "|", "%", "＝", "＋", "－", "＠")


def cell(text: str) -> str:
    """Text that no spreadsheet computes."""
    flat = one_line(text)
    return f"'{flat}" if flat.startswith(FORMULA) else flat


def render_gradebook(report: GradeReport) -> str:
    """student, status, score, max_score, percent, and each question's score. Not graded is empty, never 0."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")  # RFC 4180
    writer.writerow(["student", "status", "score", "max_score", "percent", *(cell(name) for name in report.questions)])
    for student in report.students:
        failed = student.status.value == "grader-error"
        scores = {
            q.name: "" if q.status.value == "grader-error" else number(q.score) for q in student.questions
        }  # a score that the grader failed to find is unknown
        writer.writerow(
            [
                cell(student.student), student.status.value, "" if failed else number(student.score),
                number(student.max_score), "" if failed else number(round(100 * fraction(student), 2)),
                *(scores.get(name, "") for name in report.questions),
            ]
        )  # fmt: skip
    return out.getvalue()
