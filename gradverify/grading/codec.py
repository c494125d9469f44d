"""report.json and the journal: results as plain JSON values and back. Reading trusts nothing."""

from __future__ import annotations

from typing import Any

from gradverify.grading.model import (
    FORMAT,
    Feedback,
    Finding,
    Flag,
    FlagKind,
    GradeReport,
    QuestionResult,
    Status,
    StudentResult,
    Tally,
)
from gradverify.report.codec import (
    COUNT,
    DETAILS,
    FLAG,
    NUMBER,
    SECONDS,
    TEXT,
    Key,
    constant,
    optional,
    record,
    sequence,
    word,
)
from gradverify.report.json_report import COMPONENTS, FAULT, to_json

FINDING = record(
    Finding,
    {
        "fault": Key(FAULT, "the likely mistake"),
        "components": Key(COMPONENTS, "the components that it explains"),
        "message": Key(TEXT, "for staff: it may hold numbers of hidden points"),
    },
)
FLAGGED = record(
    Flag,
    {
        "kind": Key(word(FlagKind), "what staff should look at"),
        "evidence": Key(TEXT, "what was seen"),
    },
)
TALLY = record(
    Tally,
    {
        "right": Key(COUNT, "points (of a descent: runs) at which it is right"),
        "decided": Key(COUNT, "points that could be decided"),
    },
)
QUESTION = record(
    QuestionResult,
    {
        "name": Key(TEXT),
        "status": Key(word(Status)),
        "score": Key(NUMBER),
        "max_score": Key(NUMBER),
        "extra": Key(FLAG, "whether it is extra credit"),
        "feedback": Key(word(Feedback), "how much the student is told"),
        "diagnosis": Key(sequence(FINDING)),
        "flags": Key(sequence(FLAGGED)),
        "student": Key(TEXT, "what the student is told"),
        "staff": Key(TEXT, "what staff is told"),
        "seconds": Key(SECONDS),
        "visible": Key(TALLY, "points that the student can see"),
        "hidden": Key(TALLY, "points drawn for this student"),
        "hidden_seed": Key(optional(COUNT), "the seed that the hidden points were drawn with"),
        "blocked_by": Key(sequence(TEXT), "questions that had to be right first"),
    },
)
STUDENT = record(
    StudentResult,
    {
        "student": Key(TEXT, "the submission's file or folder name without its ending"),
        "status": Key(word(Status)),
        "score": Key(NUMBER),
        "max_score": Key(NUMBER),
        "seconds": Key(SECONDS),
        "questions": Key(sequence(QUESTION)),
        "student_note": Key(TEXT, "what the student is told of the submission as a whole"),
        "staff_note": Key(TEXT, "what staff is told of it"),
        "source": Key(TEXT, "where the submission lies"),
        "digest": Key(TEXT, "SHA-256 of its content"),
    },
)
REPORT = record(
    GradeReport,
    {
        "format": Key(constant(FORMAT), "the number of this format"),
        "gradverify": Key(TEXT, "version"),
        "assignment": Key(TEXT),
        "title": Key(TEXT),
        "started": Key(TEXT, "ISO 8601, UTC"),
        "seconds": Key(SECONDS),
        "isolation": Key(DETAILS, "how submissions were confined: `level`, and the layers"),
        "max_score": Key(NUMBER),
        "interrupted": Key(FLAG),
        "not_graded": Key(
            sequence(TEXT), "students that an interrupted run did not reach; their rows, if any, are a former run's"
        ),
        "notes": Key(sequence(TEXT), "what was strange about the submissions' folder"),
        "questions": Key(sequence(TEXT)),
        "students": Key(sequence(STUDENT)),
    },
)


def student_to_data(student: StudentResult) -> dict[str, Any]:
    """One student's result as plain JSON values."""
    data: dict[str, Any] = STUDENT.encode(student)
    return data


def student_from_data(data: object) -> StudentResult:
    """Read what `student_to_data` wrote. Raises `ValueError` on anything else."""
    student: StudentResult = STUDENT.decode(data)
    return student


def report_from_data(data: object) -> GradeReport:
    """Read report.json. Raises `ValueError` on anything else."""
    report: GradeReport = REPORT.decode(data)
    return report


def render_report(report: GradeReport) -> str:
    """report.json."""
    return to_json(REPORT.encode(report))
