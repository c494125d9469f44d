"""A graded course as a value, with names and texts that mean harm."""

from __future__ import annotations

from gradverify.core.report import Component
from gradverify.core.verdicts import Fault
from gradverify.grading.model import (
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

DZ = Component(2, "z", (), None, "∂f/∂z")

ADA = StudentResult(
    student="ada",
    status=Status.OK,
    score=17.0,
    max_score=15.0,
    seconds=0.25,
    source="submissions/ada.py",
    digest="00ff",
    questions=(
        QuestionResult(
            name="quadratic", status=Status.OK, score=10.0, max_score=10.0, student="All 3 components are right.",
            staff="ok: 3 of 3 components", seconds=0.1, visible=Tally(3, 3), hidden=Tally(8, 8), hidden_seed=41,
        ),
        QuestionResult(
            name="descent", status=Status.OK, score=5.0, max_score=5.0, student="All 11 checks are right.", staff="ok",
        ),
        QuestionResult(name="bonus", status=Status.OK, score=2.0, max_score=2.0, extra=True, feedback=Feedback.NONE),
    ),
)  # fmt: skip
HOSTILE = StudentResult(
    student='=HYPERLINK("http://x")\n<script>alert(1)</script>\u202egpj',
    status=Status.PARTIAL,
    score=6.6667,
    max_score=15.0,
    seconds=1.5,
    student_note="`gradients-1.py` was taken for gradients.py.",
    staff_note="",
    source="submissions/x.py",
    digest="11",
    questions=(
        QuestionResult(
            name="quadratic", status=Status.PARTIAL, score=6.6667, max_score=10.0,
            diagnosis=(Finding(Fault.SIGN, (DZ,), "∂f/∂z: the sign is wrong"),),
            flags=(Flag(FlagKind.TRIED_FILE, "it tried file: /etc/passwd"),),
            student="2 of 3 components are right.\nIt said: ]]> | *bold* [a](http://x) <img src=x>\n"
            "∂f/∂z: right size, wrong sign. Which way does f change when z grows?",
            staff="partial: 2 of 3 components\nvisible (1, 2, 3): ∂f/∂z claimed 4, reference -4 ± 0",
            seconds=0.4, visible=Tally(0, 3), hidden=Tally(0, 8), hidden_seed=42,
        ),
        QuestionResult(
            name="descent", status=Status.TIMEOUT, score=0.0, max_score=5.0,
            student="`gradient_descent` was still running when its 3 seconds were over. Is there a loop without end?",
            staff="timeout: it was still running",
        ),
        QuestionResult(
            name="bonus", status=Status.MISSING, score=0.0, max_score=2.0, extra=True, feedback=Feedback.NONE,
            student="Not graded: first `descent` has to be right.", staff="not graded", blocked_by=("descent",),
        ),
    ),
)  # fmt: skip
BROKEN = StudentResult(
    student="@carol",
    status=Status.GRADER_ERROR,
    score=0.0,
    max_score=15.0,
    source="submissions/@carol",
    digest="22",
    questions=tuple(
        QuestionResult(
            name=name, status=Status.GRADER_ERROR, score=0.0, max_score=points, extra=name == "bonus",
            student="This question could not be graded. That is not your fault, and your instructor has been told.",
            staff="grader-error: MemoryError",
        )
        for name, points in (("quadratic", 10.0), ("descent", 5.0), ("bonus", 2.0))
    ),
)  # fmt: skip
UNREADABLE = StudentResult(
    student="dan, the man",
    status=Status.MISSING,
    score=0.0,
    max_score=15.0,
    student_note="There is no gradients.py among the files handed in (`hw.txt`).",
    staff_note="missing: there is no gradients.py",
    source="submissions/dan",
    digest="33",
    questions=tuple(
        QuestionResult(
            name=name, status=Status.MISSING, score=0.0, max_score=points, extra=name == "bonus",
            student="The submission could not be used.", staff="missing",
        )
        for name, points in (("quadratic", 10.0), ("descent", 5.0), ("bonus", 2.0))
    ),
)  # fmt: skip
STUDENTS = {"ada": ADA, "hostile": HOSTILE, "broken": BROKEN, "unreadable": UNREADABLE}
REPORT = GradeReport(
    gradverify="0.0.0",
    assignment="gradients-1",
    title="Gradients & descent",
    started="2026-11-25T10:00:00+00:00",
    seconds=2.5,
    isolation={"level": "full", "landlock_abi": 7},
    students=tuple(STUDENTS.values()),
    max_score=15.0,
    notes=("passed over: grades.csv is no submission",),
    questions=("quadratic", "descent", "bonus"),
)
FOLDERS = {"ada": "ada", HOSTILE.student: "_HYPERLINK(_http___x_)", "@carol": "@carol", "dan, the man": "dan_ the man"}
