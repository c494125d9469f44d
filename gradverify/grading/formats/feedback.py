"""A student's feedback as Markdown and as a page. Everything that comes from a submission is text, never markup."""

from __future__ import annotations

from gradverify.grading.formats.page import document, escape, paragraphs
from gradverify.grading.formats.text import heading, points
from gradverify.grading.model import Feedback, QuestionResult, Status, StudentResult
from gradverify.report.safe_text import markdown_text

MARKS = {Status.OK: "✓", Status.PARTIAL: "◐", Status.GRADER_ERROR: "…"}
WRONG_MARK = "✗"


def _mark(question: QuestionResult) -> str:
    if question.blocked_by:
        return MARKS[Status.GRADER_ERROR]
    return MARKS.get(question.status, WRONG_MARK)


def _told(question: QuestionResult) -> list[str]:
    if question.student:
        return question.student.split("\n")
    return [] if question.feedback is Feedback.NONE else ["Nothing to add."]


def render_markdown_feedback(student: StudentResult, title: str) -> str:
    """feedback.md."""
    out = [
        f"# {markdown_text(title)}",
        "",
        f"{markdown_text(student.student)}: **{points(student.score, student.max_score)}**",
    ]
    if student.student_note:
        out += ["", markdown_text(student.student_note)]
    for question in student.questions:
        score = points(question.score, question.max_score)
        out += ["", f"## {_mark(question)} {markdown_text(heading(question))} — {score}"]
        told = _told(question)
        if told:
            out += ["", *(f"- {markdown_text(line)}" for line in told)]
    return "\n".join(out) + "\n"


def render_html_feedback(student: StudentResult, title: str) -> str:
    """feedback.html."""
    body = [
        f"<h1>{escape(title)}</h1>",
        f"<p>{escape(student.student)}: <strong>{escape(points(student.score, student.max_score))}</strong></p>",
    ]
    if student.student_note:
        body.append(f"<p>{escape(student.student_note)}</p>")
    for question in student.questions:
        score = points(question.score, question.max_score)
        body.append(
            f'<section class="{escape(question.status.value)}"><h2>{_mark(question)} {escape(heading(question))}'
            f" <small>{escape(score)}</small></h2>{paragraphs(_told(question))}</section>"
        )
    return document(title, "\n".join(body))
