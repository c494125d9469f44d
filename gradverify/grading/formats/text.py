"""What every student's file says, in the same words."""

from __future__ import annotations

from gradverify.grading.model import QuestionResult, Status, StudentResult


def number(value: float) -> str:
    """A score: `7.5`, `10`."""
    return f"{value:.4f}".rstrip("0").rstrip(".")


def points(score: float, of: float) -> str:
    """`7.5 of 10 points`; with extra credit `12 points, where 10 are full marks`."""
    if score > of:
        return f"{number(score)} points, where {number(of)} {'is' if of == 1 else 'are'} full marks"
    return f"{number(score)} of {number(of)} point{'' if of == 1 else 's'}"


def heading(question: QuestionResult) -> str:
    """The question's name, and whether it is extra credit."""
    return f"{question.name} (extra credit)" if question.extra else question.name


def fraction(student: StudentResult) -> float:
    """The share of full marks, from 0 to 1."""
    return min(1.0, max(0.0, student.score / student.max_score)) if student.max_score > 0 else 0.0


def passed(question: QuestionResult) -> bool:
    """Whether all points were earned."""
    return question.status is Status.OK


def whole(student: StudentResult) -> str:
    """Everything that a student is told, as plain text."""
    parts = [student.student_note] if student.student_note else []
    for question in student.questions:
        told = f"\n{question.student}" if question.student else ""
        parts.append(f"{heading(question)}: {points(question.score, question.max_score)}{told}")
    return "\n\n".join(parts)
