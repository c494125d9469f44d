"""Gradescope's results.json (gradescope/autograder_samples: docs/specs.md)."""

from __future__ import annotations

from typing import Any

from gradverify.grading.formats.text import heading, passed
from gradverify.grading.model import StudentResult
from gradverify.report.json_report import to_json
from gradverify.report.safe_text import visible


def render_gradescope(student: StudentResult, assignment: str) -> str:  # noqa: ARG001 - one signature for all
    """One test a question. What a submission printed is never shown: it may have seen hidden points."""
    tests: list[dict[str, Any]] = [
        {
            "name": visible(heading(question)),
            "number": str(index),
            "score": question.score,
            "max_score": question.max_score,
            "status": "passed" if passed(question) else "failed",
            "output": visible(question.student),
            "output_format": "text",
            "visibility": "visible",
        }
        for index, question in enumerate(student.questions, 1)
    ]
    return to_json(
        {
            "score": student.score,
            "output": visible(student.student_note),
            "output_format": "text",
            "visibility": "visible",
            "stdout_visibility": "hidden",
            "tests": tests,
        }
    )
