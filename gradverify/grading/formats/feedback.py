"""A student's feedback as Markdown and as a page. Everything that comes from a submission is text, never markup."""

from __future__ import annotations

import re

from gradverify.grading.formats.page import document, escape, items
from gradverify.grading.formats.text import heading, points
from gradverify.grading.model import Feedback, QuestionResult, Status, StudentResult
from gradverify.grading.names import shown
from gradverify.report.safe_text import one_line

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


_CODE = re.compile(r"(`[^`]+`)")
_SPECIAL = re.compile(r"[\\`*<~|$]|\](?=[(\[])|(?<!\w)_|_(?!\w)|&(?=#?\w+;)")
_START = re.compile(r"^(\s*)([-+=#>\[])|^(\s*\d+)([.)])")


def markdown_line(text: str) -> str:
    """One line as Markdown, for people who read the file itself as well as for those who see it rendered.

    Names in backquotes stay code; outside of them whatever would be markup has a backslash before it, and nothing else.
    """
    parts = _CODE.split(one_line(text))
    parts[::2] = [_SPECIAL.sub(lambda match: f"\\{match[0]}", part) for part in parts[::2]]
    return _START.sub(lambda m: f"{m[1] or m[3] or ''}\\{m[2] or m[4]}", "".join(parts))


def render_markdown_feedback(student: StudentResult, title: str) -> str:
    """feedback.md."""
    out = [
        f"# {markdown_line(title)}",
        "",
        f"{markdown_line(shown(student.student))}: **{points(student.score, student.max_score)}**",
    ]
    if student.student_note:
        out += ["", markdown_line(student.student_note)]
    for question in student.questions:
        score = points(question.score, question.max_score)
        out += ["", f"## {_mark(question)} {markdown_line(heading(question))} — {score}"]
        told = _told(question)
        if told:
            out += ["", *(f"- {markdown_line(line)}" for line in told)]
    return "\n".join(out) + "\n"


def render_html_feedback(student: StudentResult, title: str) -> str:
    """feedback.html."""
    body = [
        f"<header><h1>{escape(title)}</h1><p>{escape(shown(student.student))}</p>"
        f'<p class="score">{escape(points(student.score, student.max_score))}</p></header>'
    ]
    if student.student_note:
        lines = student.student_note.split("\n")
        body.append(f"<section>{items(lines)}</section>")
    for question in student.questions:
        score = points(question.score, question.max_score)
        kind = "waiting" if question.blocked_by else question.status.value
        body.append(
            f'<section class="question {escape(kind)}"><header><h2>{_mark(question)} {escape(heading(question))}</h2>'
            f'<span class="quiet">{escape(score)}</span></header>{items(_told(question))}</section>'
        )
    return document(title, "\n".join(body))
