"""check50's JSON (cs50/check50: docs/source/json_specification.rst)."""

from __future__ import annotations

from typing import Any

from gradverify import __version__
from gradverify.grading.formats.text import heading, passed, points
from gradverify.grading.model import QuestionResult, Status, StudentResult
from gradverify.report.json_report import to_json
from gradverify.report.safe_text import visible


def render_check50(student: StudentResult, assignment: str) -> str:
    """One check a question; null is what was not checked: it depends on others, or the grader failed."""
    data: dict[str, Any] = {"slug": visible(assignment), "version": __version__}
    if student.questions and all(q.status is Status.GRADER_ERROR for q in student.questions):
        told = student.student_note or student.questions[0].student
        data["error"] = {"type": "GraderError", "value": visible(told), "traceback": [], "data": {}}
        return to_json(data)
    data["results"] = [_result(question) for question in student.questions]
    return to_json(data)


def _result(question: QuestionResult) -> dict[str, Any]:
    unchecked = bool(question.blocked_by) or question.status is Status.GRADER_ERROR
    first, _, rest = question.student.partition("\n")
    cause = None
    if unchecked or not passed(question):
        cause = {
            "rationale": visible(first) or f"{points(question.score, question.max_score)}",
            "help": visible(rest) or None,
        }
    return {
        "name": visible(question.name),
        "description": visible(f"{heading(question)}: {points(question.score, question.max_score)}"),
        "passed": None if unchecked else passed(question),
        "log": [],
        "cause": cause,
        "data": {"score": question.score, "max_score": question.max_score},
        "dependency": visible(question.blocked_by[0]) if question.blocked_by else None,
    }
