"""What grading is about, as values: the assignment, and what came of every student and question."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gradverify.core.report import Component
from gradverify.core.verdicts import Fault
from gradverify.spec.model import Place, SampledPoints, Spec

FORMAT = 1  # the number of report.json's format


class Status(enum.StrEnum):
    """What became of a question, or of a student; docs/GRADING.md has a sentence on each."""

    OK = "ok"
    PARTIAL = "partial"
    WRONG = "wrong"
    MISSING = "missing"
    IMPORT_ERROR = "import-error"
    BAD_SIGNATURE = "bad-signature"
    TIMEOUT = "timeout"
    MEMORY = "memory"
    CRASHED = "crashed"
    POLICY_VIOLATION = "policy-violation"
    GRADER_ERROR = "grader-error"  # never the student's fault


class Kind(enum.StrEnum):
    """What a question asks for."""

    GRADIENT = "gradient"
    JACOBIAN = "jacobian"
    HESSIAN = "hessian"
    DESCENT = "descent"


class Credit(enum.StrEnum):
    """How a question that is right in part is credited."""

    PER_COMPONENT = "per-component"
    PER_POINT = "per-point"
    ALL_OR_NOTHING = "all-or-nothing"


class Feedback(enum.StrEnum):
    """How much a student is told."""

    FULL = "full"
    HINT = "hint"
    NONE = "none"


class FlagKind(enum.StrEnum):
    """What staff should look at; a flag alone costs no points, `forbid` makes it do so."""

    NUMERICAL_DERIVATIVE = "numerical-derivative"
    AUTODIFF = "autodiff"
    HARD_CODED = "hard-coded"
    NONDETERMINISTIC = "nondeterministic"
    MUTATES_INPUT = "mutates-input"
    TRIED_FILE = "tried-file"
    TRIED_NETWORK = "tried-network"
    TRIED_PROCESS = "tried-process"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmissionLimits:
    """What a submission may use. seconds: of wall clock, for all calls of one question together."""

    seconds: float = 10.0
    memory_mb: int = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question of an assignment, with the spec that decides it."""

    name: str
    place: Place
    points: float
    entry: str
    kind: Kind
    spec: Spec
    credit: Credit = Credit.PER_COMPONENT
    feedback: Feedback = Feedback.HINT
    hidden: SampledPoints | None = None  # its seed is replaced by each student's own
    forbid: tuple[FlagKind, ...] = ()
    depends_on: tuple[str, ...] = ()
    extra: bool = False
    pass_function: bool = False  # f is the entry's first argument


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """An assignment, valid as far as text can tell."""

    name: str
    file: str  # the assignment file
    title: str = ""
    submission_file: str
    limits: SubmissionLimits = SubmissionLimits()
    imports: tuple[str, ...] = ("numpy", "math")
    questions: tuple[Question, ...]
    max_score: float  # what counts as full marks; points beyond it are extra credit
    files: tuple[str, ...] = ()  # every file that the assignment was read from


@dataclass(frozen=True, slots=True)
class Finding:
    """A likely mistake: an entry of `diagnosis` in report.json. The message is for staff."""

    fault: Fault
    components: tuple[Component, ...]
    message: str


@dataclass(frozen=True, slots=True)
class Flag:
    """Something that staff should look at, with the evidence for it."""

    kind: FlagKind
    evidence: str


@dataclass(frozen=True, slots=True)
class Tally:
    """How many points (of descents: runs) were right, of how many that could be decided."""

    right: int = 0
    decided: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionResult:
    """What came of one question. `student` may be shown to the student, `staff` never."""

    name: str
    status: Status
    score: float
    max_score: float
    extra: bool = False
    feedback: Feedback = Feedback.HINT
    diagnosis: tuple[Finding, ...] = ()
    flags: tuple[Flag, ...] = ()
    student: str = ""  # lines of plain text
    staff: str = ""
    seconds: float = 0.0
    visible: Tally = Tally()
    hidden: Tally = Tally()
    hidden_seed: int | None = None  # of the points that this student got; staff can draw them again
    blocked_by: tuple[str, ...] = ()  # questions that had to be right first


@dataclass(frozen=True, slots=True, kw_only=True)
class StudentResult:
    """What came of one student."""

    student: str
    status: Status
    score: float
    max_score: float
    seconds: float = 0.0
    questions: tuple[QuestionResult, ...] = ()
    student_note: str = ""  # about the submission as a whole
    staff_note: str = ""
    source: str = ""  # the submission's path; for staff
    digest: str = ""  # of the submission's content


@dataclass(frozen=True, slots=True, kw_only=True)
class GradeReport:
    """A whole course, graded."""

    gradverify: str
    assignment: str
    title: str
    started: str  # ISO 8601, UTC
    seconds: float
    isolation: Mapping[str, Any]
    students: tuple[StudentResult, ...]
    max_score: float = 0.0
    interrupted: bool = False
    not_graded: tuple[str, ...] = ()  # students that an interrupted run did not reach
    notes: tuple[str, ...] = ()  # for staff: what was strange about the folder
    questions: tuple[str, ...] = field(default=())  # the names, in order
    format: int = FORMAT


def status_of(questions: tuple[QuestionResult, ...]) -> Status:
    """A student's status from that of the questions: one that all share, else what they come to together."""
    found = [question.status for question in questions]
    if Status.GRADER_ERROR in found:
        return Status.GRADER_ERROR
    counted = [q.status for q in questions if not q.extra] or found
    if len(set(counted)) == 1:
        return counted[0]
    if any(status in (Status.OK, Status.PARTIAL) for status in found):
        return Status.PARTIAL
    worst = (
        Status.POLICY_VIOLATION, Status.CRASHED, Status.MEMORY, Status.TIMEOUT, Status.BAD_SIGNATURE, Status.WRONG,
    )  # fmt: skip
    return next((status for status in worst if status in found), Status.WRONG)


def total(questions: tuple[QuestionResult, ...]) -> float:
    """The sum of the scores, without the round-off of adding them up."""
    return round(sum(question.score for question in questions), 6)
