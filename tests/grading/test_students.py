"""One student's whole submission: dependencies, extra credit, results on the way, faults of ours."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from gradverify.grading.bench import Bench, make_bench
from gradverify.grading.derivative import DerivativeGrading
from gradverify.grading.intake import Submission
from gradverify.grading.model import QuestionResult, Status, StudentResult, status_of
from gradverify.grading.student import Course, grade_student
from gradverify.sandbox.model import Answer
from gradverify.sandbox.model import Status as Ended
from tests.grading.support import ASSIGNMENT, RIGHT, InProcess, assignment_in, plugins

SECOND = "  - {name: again, points: 5, spec: bowl.yaml, entry: grad, depends_on: bowl}\n"
THIRD = "  - {name: bonus, points: 2, spec: bowl.yaml, entry: bonus, extra: true}\n"
TEXT = ASSIGNMENT + SECOND + THIRD
BONUS = RIGHT.replace("def grad", "def bonus").replace("import numpy as np", "")


class Opener:
    """Runs a submission in this process: only tests' own code."""

    def __init__(self, ended: Answer | None = None) -> None:
        self.opened = 0
        self.ended = ended

    @contextlib.contextmanager
    def open(self, folder: Path, file: str) -> Iterator[Any]:
        self.opened += 1
        module, ended = ModuleType("submission"), self.ended
        exec(compile((folder / file).read_bytes(), file, "exec"), module.__dict__)

        class Session:
            def begin(self) -> Answer | None:
                return ended

            def call(self, entry: str, arguments: Any, *, seconds: float | None = None) -> Answer:
                function = getattr(module, entry, None)
                if function is None:
                    return Answer(status=Ended.MISSING, detail=f"there is no {entry}")
                return InProcess(function).call(entry, arguments, seconds=seconds)

        yield Session()


@pytest.fixture(scope="module")
def benches(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Bench]:
    assignment = assignment_in(tmp_path_factory.mktemp("benches"), TEXT)
    return {q.name: make_bench(q, plugins()) for q in assignment.questions}


def grade(
    folder: Path, code: str, benches: dict[str, Bench], told: list[StudentResult] | None = None, text: str = TEXT
) -> StudentResult:
    (folder / "ada.py").write_text(code)
    course = Course(assignment_in(folder, text), benches, b"secret", Opener(), folder)
    hear = told.append if told is not None else (lambda _: None)
    return grade_student(course, Submission("ada", (folder / "ada.py",)), hear)


def by_name(student: StudentResult) -> dict[str, QuestionResult]:
    return {question.name: question for question in student.questions}


def test_extra_credit_counts_beyond_full_marks(tmp_path: Path, benches: dict[str, Bench]) -> None:
    student = grade(tmp_path, RIGHT + BONUS, benches)
    assert (student.status, student.score, student.max_score) == (Status.OK, 17.0, 15.0)


def test_extra_credit_that_is_missing_is_no_fault(tmp_path: Path, benches: dict[str, Bench]) -> None:
    student = grade(tmp_path, RIGHT, benches)
    assert (student.status, student.score) == (Status.OK, 15.0)
    assert by_name(student)["bonus"].status is Status.MISSING


def test_a_question_waits_for_those_that_it_depends_on(tmp_path: Path, benches: dict[str, Bench]) -> None:
    student = grade(tmp_path, RIGHT.replace("2 * x", "3 * x"), benches)
    again = by_name(student)["again"]
    assert (again.status, again.score, again.blocked_by) == (Status.MISSING, 0.0, ("bowl",))
    assert "first `bowl` has to be right" in again.student


def test_a_fault_of_the_grader_blocks_no_other_question(
    tmp_path: Path, benches: dict[str, Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    grade_one = DerivativeGrading.grade

    def breaks(self: DerivativeGrading) -> QuestionResult:
        if self.bench.question.name == "bowl":
            raise MemoryError("ours")
        return grade_one(self)

    monkeypatch.setattr(DerivativeGrading, "grade", breaks)
    student = grade(tmp_path, RIGHT + BONUS, benches)
    found = by_name(student)
    assert student.status is Status.GRADER_ERROR
    assert found["bowl"].status is Status.GRADER_ERROR
    assert "ours" not in found["bowl"].student
    assert "ours" in found["bowl"].staff
    assert (found["again"].status, found["bonus"].status) == (Status.OK, Status.OK)


def test_results_are_told_after_every_question(tmp_path: Path, benches: dict[str, Bench]) -> None:
    told: list[StudentResult] = []
    grade(tmp_path, RIGHT + BONUS, benches, told)
    assert [student.score for student in told] == [10.0, 15.0]
    assert told[0].questions[1].student == "Not graded yet."


def test_all_points_that_are_visible_come_before_any_that_is_hidden(tmp_path: Path, benches: dict[str, Bench]) -> None:
    code = RIGHT.replace("def grad", "asked = []\n\n\ndef grad").replace(
        "    return", "    asked.append((x, y))\n    if len(asked) == 9: raise ValueError(asked)\n    return"
    )
    student = grade(tmp_path, code, benches)
    assert "[(1.5, 2.25), (-0.75, 0.5)" not in by_name(student)["bowl"].student
    assert "Your function raised an exception at a point that you cannot see." in by_name(student)["bowl"].student


def test_a_submission_that_cannot_be_used_is_told_so_once(tmp_path: Path, benches: dict[str, Bench]) -> None:
    course = Course(assignment_in(tmp_path, TEXT), benches, b"secret", Opener(), tmp_path)
    student = grade_student(course, Submission("ada", (tmp_path / "nothing",)))
    assert student.student_note == (
        "The submission is neither a file nor a folder (a pipe, socket or device); hand in files only."
    )
    assert student.score == 0.0
    assert "/" not in student.student_note


def result(status: Status, *, extra: bool = False) -> QuestionResult:
    return QuestionResult(name=str(status), status=status, score=0.0, max_score=1.0, extra=extra)


def test_a_students_status_is_what_all_questions_share_or_what_they_come_to() -> None:
    ok, wrong, late = result(Status.OK), result(Status.WRONG), result(Status.TIMEOUT)
    assert status_of((ok, ok)) is Status.OK
    assert status_of((late, late)) is Status.TIMEOUT
    assert status_of((ok, wrong)) is Status.PARTIAL
    assert status_of((wrong, late)) is Status.TIMEOUT
    assert status_of((ok, result(Status.GRADER_ERROR))) is Status.GRADER_ERROR
    assert status_of((ok, result(Status.WRONG, extra=True))) is Status.OK


@pytest.mark.parametrize(
    ("ended", "status", "told"),
    [
        (Ended.TIMEOUT, Status.TIMEOUT, "Your file was still being imported when its time was over."),
        (Ended.MEMORY, Status.MEMORY, "While it was imported, your file asked for more memory than the 512 MB"),
        (Ended.CRASHED, Status.CRASHED, "While it was imported, your file ended the whole program."),
        (Ended.IMPORT_ERROR, Status.IMPORT_ERROR, "Your file could not be imported. Python says: why."),
        (Ended.POLICY, Status.POLICY_VIOLATION, "While it was imported, your file tried to do something"),
    ],
)
def test_an_end_while_the_file_was_imported_is_blamed_on_the_import(
    ended: Ended, status: Status, told: str, tmp_path: Path, benches: dict[str, Bench]
) -> None:
    (tmp_path / "ada.py").write_text(RIGHT)
    opener = Opener(Answer(status=ended, detail="why", seconds=10.0))
    course = Course(assignment_in(tmp_path, TEXT), benches, b"secret", opener, tmp_path)
    student = grade_student(course, Submission("ada", (tmp_path / "ada.py",)))
    assert student.student_note.startswith(told)
    assert {q.status for q in student.questions} == {status}
    assert not any("grad" in q.student for q in student.questions)
    assert sum(q.seconds for q in student.questions) == 10.0


def test_text_that_nobody_can_read_is_flagged_once_for_a_submission(tmp_path: Path) -> None:
    text = TEXT.replace("entry: grad,", "entry: grad, forbid: [numerical-derivative],")
    forbidding = {q.name: make_bench(q, plugins()) for q in assignment_in(tmp_path, text).questions}
    student = grade(tmp_path, "exec(''.join(map(chr, [120, 61, 49])))\n" + RIGHT + BONUS, forbidding, text=text)
    assert student.status is Status.OK
    assert [[flag.kind.value for flag in question.flags] for question in student.questions] == [["other"], [], []]


@pytest.fixture(scope="module")
def forbidding(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Bench]:
    text = FORBIDDING
    return {q.name: make_bench(q, plugins()) for q in assignment_in(tmp_path_factory.mktemp("f"), text).questions}


FORBIDDING = ASSIGNMENT.replace("entry: grad,", "entry: grad, forbid: [numerical-derivative],")
QUOTIENT = RIGHT.replace("3 * x + np.cos(y)", "3 * x + (np.sin(y + 1e-6) - np.sin(y - 1e-6)) / 2e-6")


@pytest.mark.parametrize("head", [b"# caf\xe9\n", b"# -*- coding: latin-1 -*-\n# caf\xe9\n", b"\xef\xbb\xbf", b"\r\n"])
def test_no_encoding_hides_a_quotient(head: bytes, tmp_path: Path, forbidding: dict[str, Bench]) -> None:
    folder = tmp_path / "ada"
    folder.mkdir()
    course = Course(assignment_in(tmp_path, FORBIDDING), forbidding, b"secret", Opener(), tmp_path)
    (folder / "hw.py").write_bytes(head + QUOTIENT.encode())
    result = grade_student(course, Submission("ada", (folder,)))
    assert "of hw.py, `" in result.questions[0].flags[0].evidence
    assert result.status is Status.POLICY_VIOLATION
    (folder / "hw.py").write_bytes(head + RIGHT.encode())
    result = grade_student(course, Submission("ada", (folder,)))
    assert (result.status, result.questions[0].flags) == (Status.OK, ())


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("tool.pyc", b"\0" * 64, "tool.pyc is compiled code"),
        ("tool.py", b"x = 1\n" * 100_000, "tool.py is too long or too tangled"),
        ("tool.py", b"S = '" + b"x = 1;" * 9000 + b"'\n" + b"exec(S)\n" * 9000, "tool.py is too long or too tangled"),
    ],
)  # fmt: skip
def test_code_that_is_not_read_is_told_to_staff_and_costs_nothing(
    name: str, data: bytes, why: str, tmp_path: Path, forbidding: dict[str, Bench]
) -> None:
    folder = tmp_path / "ada"
    folder.mkdir()
    (folder / "hw.py").write_text(RIGHT)
    (folder / name).write_bytes(data)
    course = Course(assignment_in(tmp_path, FORBIDDING), forbidding, b"secret", Opener(), tmp_path)
    result = grade_student(course, Submission("ada", (folder,)))
    assert result.status is Status.OK
    assert [flag.kind.value for flag in result.questions[0].flags] == ["other"]
    assert why in result.questions[0].flags[0].evidence
