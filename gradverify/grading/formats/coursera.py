"""Coursera's feedback.json: a fraction and a text (coursera_autograder: commands/grade.py)."""

from __future__ import annotations

from gradverify.grading.formats.text import fraction, whole
from gradverify.grading.model import StudentResult
from gradverify.report.json_report import to_json
from gradverify.report.safe_text import visible


def render_coursera(student: StudentResult, assignment: str) -> str:  # noqa: ARG001
    """`fractionalScore` is a number from 0 to 1, never a boolean."""
    return to_json({"fractionalScore": float(round(fraction(student), 6)), "feedback": visible(whole(student))})
