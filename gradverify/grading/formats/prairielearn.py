"""PrairieLearn's /grade/results/results.json (PrairieLearn: docs/externalGrading.md)."""

from __future__ import annotations

from typing import Any

from gradverify.grading.formats.text import fraction, heading
from gradverify.grading.model import Status, StudentResult
from gradverify.report.json_report import to_json
from gradverify.report.safe_text import visible

# What costs the student no attempt: the submission could not be read, or the fault is ours.
NOT_GRADABLE = (Status.IMPORT_ERROR, Status.GRADER_ERROR)


def render_prairielearn(student: StudentResult, assignment: str) -> str:  # noqa: ARG001
    """Scores as a fraction, and in points for each question."""
    gradable = student.status not in NOT_GRADABLE and not (student.status is Status.MISSING and student.student_note)
    data: dict[str, Any] = {
        "gradable": gradable,
        "score": round(fraction(student), 6),
        "message": visible(student.student_note),
        "tests": [
            {
                "name": visible(heading(question)),
                "points": question.score,
                "max_points": question.max_score,
                "message": visible(question.student),
            }
            for question in student.questions
        ],
    }
    if not gradable:
        told = [student.student_note, *(question.student for question in student.questions)]
        data["format_errors"] = [visible(text) for text in dict.fromkeys(told) if text][:3]
    return to_json(data)
