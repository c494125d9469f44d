"""One student: the submission staged, every question looked at, then graded."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from gradverify.core.problem import one_line
from gradverify.grading.archive import Staged, SubmissionError, digest_of, stage
from gradverify.grading.bench import Bench
from gradverify.grading.claim import Caller, Seat, Seen
from gradverify.grading.derivative import STATUSES, DerivativeGrading, ended
from gradverify.grading.descent import DescentGrading
from gradverify.grading.hidden import seed_for
from gradverify.grading.intake import Submission
from gradverify.grading.model import (
    Assignment,
    Flag,
    FlagKind,
    Kind,
    Question,
    QuestionResult,
    Status,
    StudentResult,
    status_of,
    total,
)
from gradverify.grading.source.text import MOST_FILES, Text, source_text
from gradverify.grading.traced import Handed
from gradverify.grading.words import ENDED, NOT_IMPORTED, import_words, lines, sentence
from gradverify.sandbox.model import Answer

Told = Callable[[StudentResult], None]
COMPILED = (".pyc", ".so", ".pyd")  # what Python imports without a text


class Opened(Caller, Protocol):
    """A session with a submission."""

    def begin(self) -> Answer | None:
        """Import it: how that ended, or None where it went well."""


class Opener(Protocol):
    """Makes sessions; the sandbox's zygote is one."""

    def open(self, folder: Path, file: str) -> AbstractContextManager[Opened]:
        """A session with the submission in `folder`."""


class Grading(Protocol):
    """One question of one student, in two phases."""

    @property
    def unanswered(self) -> bool:
        """Whether the entry cannot be called at all."""

    def look(self) -> None:
        """Ask at the points that the student can see."""

    def grade(self) -> QuestionResult:
        """Ask at the others, and judge."""


@dataclass(frozen=True)
class Course:
    """All that grading a student needs."""

    assignment: Assignment
    benches: Mapping[str, Bench]
    secret: bytes
    opener: Opener
    scratch: Path  # where submissions are staged


def grade_student(course: Course, submission: Submission, told: Told = lambda _: None) -> StudentResult:
    """Grade one submission. Never raises for what it holds or does; `told` hears of every step on the way."""
    started = time.perf_counter()
    assignment = course.assignment
    digest = digest_of(submission.sources)
    source = str(submission.sources[0]) if submission.sources else ""

    def result(questions: tuple[QuestionResult, ...], student_note: str = "", staff_note: str = "") -> StudentResult:
        return StudentResult(
            student=submission.student, status=status_of(questions), score=total(questions),
            max_score=assignment.max_score, seconds=time.perf_counter() - started, questions=questions,
            student_note=student_note, staff_note=staff_note, source=source, digest=digest,
        )  # fmt: skip

    with tempfile.TemporaryDirectory(dir=course.scratch, prefix="s") as folder:
        try:
            staged = stage(submission.sources, Path(folder), assignment.submission_file)
        except SubmissionError as error:
            questions = tuple(without_answer(q, error.status, error.message) for q in assignment.questions)
            return result(questions, sentence(error.message), f"{error.status}: {error}")
        note = sentence(staged.note) if staged.note else ""
        with course.opener.open(staged.folder, staged.file) as session:
            how = session.begin()
            if how is not None:  # what holds for all questions is said once
                why = lines(note, import_words(how, assignment.limits, assignment.imports))
                return result(_not_imported(assignment, how), why, f"{how.status.value}: {how.detail}")
            done: list[QuestionResult] = []
            handed = _handed(course, staged)
            for question in _answers(course, submission, session, handed):
                done.append(question)
                rest = tuple(_waiting(q) for q in assignment.questions[len(done) :])
                if rest:
                    told(result((*done, *rest), note))
        return result(tuple(done), note)


def _handed(course: Course, staged: Staged) -> Handed:
    """The submission's text, and copies of it that run changed, confined as it was itself."""
    files = {}
    sources = sorted(staged.folder.rglob("*.py"))
    for path in sources[:MOST_FILES]:
        with contextlib.suppress(OSError):
            files[path.relative_to(staged.folder).as_posix()] = source_text(path.read_bytes())
    compiled = sorted(path.name for path in staged.folder.rglob("*") if path.suffix in COMPILED)

    @contextlib.contextmanager
    def changed(texts: Mapping[str, str]) -> Iterator[Caller]:
        with tempfile.TemporaryDirectory(dir=course.scratch, prefix="c") as folder:
            copy = Path(folder) / "copy"
            shutil.copytree(staged.folder, copy)
            for name, text in texts.items():
                (copy / name).write_text(text, encoding="utf-8")
            with course.opener.open(copy, staged.file) as session:
                yield session

    text = Text(files)
    unread = [f"{name} is compiled code" for name in compiled]
    unread += [f"there are {len(sources)} Python files"] if len(sources) > MOST_FILES else []
    return Handed(text, changed, unread=unread[0] if unread else "")


def _answers(course: Course, submission: Submission, session: Opened, handed: Handed) -> Iterator[QuestionResult]:
    assignment = course.assignment
    gradings: dict[str, Grading | QuestionResult] = {}
    for question in assignment.questions:
        gradings[question.name] = _look(course, submission, question, session, handed)
    done: dict[str, QuestionResult] = {}
    told: set[Flag] = set()
    for question in assignment.questions:
        grading = gradings[question.name]
        blocked = tuple(
            name for name in question.depends_on if done[name].status not in (Status.OK, Status.GRADER_ERROR)
        )
        if isinstance(grading, QuestionResult):
            result = grading
        elif blocked and not grading.unanswered:
            result = _blocked(question, blocked)
        else:
            try:
                result = grading.grade()
            except Exception as error:  # noqa: BLE001 - our own fault costs this question, and is said to be ours
                result = broken(question, error)
        # What is said of the whole file, and is no more of this question's than of another's, is flagged once.
        flags = tuple(flag for flag in result.flags if flag.kind is not FlagKind.OTHER or flag not in told)
        told |= set(flags)
        result = dataclasses.replace(result, flags=flags)
        done[question.name] = result
        yield result


def _not_imported(assignment: Assignment, how: Answer) -> tuple[QuestionResult, ...]:
    """Every question of a submission whose import did not end well; attempts and printing are told with the first."""
    seen = Seen()
    seen.note(how)
    first, *others = assignment.questions
    seats = [Seat(_Ended(how), first.entry, 0.0, seen)]
    again = dataclasses.replace(how, detail="as for the first question", tried=(), seconds=0.0)
    seats += [Seat(_Ended(how), question.entry, 0.0, Seen(worst=again)) for question in others]
    status = STATUSES[how.status]
    told = ENDED[status] if status is Status.GRADER_ERROR else NOT_IMPORTED
    return tuple(
        dataclasses.replace(ended(question, seat, assignment.limits, status), student=told)
        for question, seat in zip(assignment.questions, seats, strict=True)
    )


@dataclass(frozen=True)
class _Ended:
    """What a seat calls where there is nothing to be called any more."""

    answer: Answer

    def call(self, entry: str, arguments: Any, *, seconds: float | None = None) -> Answer:  # noqa: ARG002
        return self.answer


def _look(
    course: Course, submission: Submission, question: Question, session: Caller, handed: Handed
) -> Grading | QuestionResult:
    assignment = course.assignment
    seat = Seat(session, question.entry, assignment.limits.seconds)
    seed = None
    if question.hidden is not None:
        seed = seed_for(course.secret, assignment.name, question.name, submission.student)
    bench = course.benches[question.name]
    grading: Grading
    if question.kind is Kind.DESCENT:
        grading = DescentGrading(bench, seat, assignment.limits, seed)
    else:
        grading = DerivativeGrading(bench, seat, assignment.limits, seed, handed)
    try:
        grading.look()
    except Exception as error:  # noqa: BLE001 - as above
        return broken(question, error)
    return grading


def broken(question: Question, error: BaseException) -> QuestionResult:
    """A question that the grader itself could not judge."""
    return QuestionResult(
        name=question.name, status=Status.GRADER_ERROR, score=0.0, max_score=question.points, extra=question.extra,
        feedback=question.feedback, student=ENDED[Status.GRADER_ERROR],
        staff=f"grader-error: {one_line(error)}; this is a fault of the grader or of the assignment",
    )  # fmt: skip


def without_answer(question: Question, status: Status, staff: str) -> QuestionResult:
    """A question of a submission that could not be used at all."""
    told = ENDED[Status.GRADER_ERROR] if status is Status.GRADER_ERROR else f"Your submission cannot be used: {staff}."
    return QuestionResult(
        name=question.name, status=status, score=0.0, max_score=question.points, extra=question.extra,
        feedback=question.feedback, student=told, staff=f"{status}: {staff}",
    )  # fmt: skip


def _waiting(question: Question) -> QuestionResult:
    """A question that has not been graded yet, in results that are written on the way."""
    return QuestionResult(
        name=question.name, status=Status.GRADER_ERROR, score=0.0, max_score=question.points, extra=question.extra,
        feedback=question.feedback, student="Not graded yet.", staff="not graded yet",
    )  # fmt: skip


def _blocked(question: Question, blocked: tuple[str, ...]) -> QuestionResult:
    names = ", ".join(f"`{name}`" for name in blocked)
    return QuestionResult(
        name=question.name, status=Status.MISSING, score=0.0, max_score=question.points, extra=question.extra,
        feedback=question.feedback, blocked_by=blocked,
        student=lines(f"Not graded: first {names} has to be right."), staff=f"not graded: it depends on {names}",
    )  # fmt: skip
