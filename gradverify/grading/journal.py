"""journal.jsonl: every result as soon as there is one, so that an interrupted run loses nothing.

The file is one of `gradverify.run.journal`; its first entry names the assignment, the others are students. Those of an
earlier run, which this run is to grade again and has not reached, stand under `former`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from gradverify.grading.codec import student_from_data, student_to_data
from gradverify.grading.model import Status, StudentResult
from gradverify.run import journal as lines
from gradverify.run.journal import JournalError

__all__ = ["FILE", "Earlier", "Journal", "JournalError", "usable"]

FILE = "journal.jsonl"
FORMER = "former"


@dataclass(frozen=True, slots=True)
class Earlier:
    """What a journal holds: the last result of each student."""

    done: tuple[StudentResult, ...] = ()
    former: tuple[StudentResult, ...] = ()  # that were to be replaced when the run ended
    same: bool = True  # whether its assignment was this one

    @property
    def known(self) -> tuple[StudentResult, ...]:
        """Both."""
        return (*self.done, *self.former)


class Journal:
    """The journal while a run reads and writes it. Raises JournalError where another run writes it as well."""

    def __init__(self, path: Path, assignment: str, fingerprint: str) -> None:
        self.path = path
        self._head = {"assignment": assignment, "fingerprint": fingerprint}
        self._lines: lines.Journal | None = None

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._lines is not None:
            self._lines.close()

    def start(self, kept: Iterable[StudentResult], former: Iterable[StudentResult] = ()) -> None:
        """Begin anew with the results that are kept, and with those that are to be replaced.

        They are written before the old journal goes.
        """
        temporary = self.path.with_suffix(".new")
        self._lines = lines.Journal(temporary, resume=False)
        self._lines.add(self._head)
        for student in former:
            self._lines.add({FORMER: student_to_data(student)})
        for student in kept:
            self.add(student)
        temporary.replace(self.path)
        self._lines.path = self.path

    def add(self, student: StudentResult) -> None:
        """One more result."""
        assert self._lines is not None
        self._lines.add(student_to_data(student))

    def read(self) -> Earlier:
        """The results of an earlier run.

        A line that was being written when the run ended is passed over. Raises JournalError where there is none.
        """
        if not self.path.exists():
            raise JournalError(f"there is no {self.path.name} in {self.path.parent}: nothing to go on from")
        done: dict[str, StudentResult] = {}
        former: dict[str, StudentResult] = {}
        head: dict[str, Any] | None = None
        for entry in lines.read_entries(self.path):
            if head is None:
                head = entry
                continue
            found = former if FORMER in entry else done
            try:
                student = student_from_data(entry.get(FORMER, entry))
            except ValueError:
                continue
            found[student.student] = student
        left = tuple(student for name, student in former.items() if name not in done)
        same = head is not None and head.get("fingerprint") == self._head["fingerprint"]
        return Earlier(tuple(done.values()), left, same)


def usable(results: Iterable[StudentResult], digests: dict[str, str]) -> list[StudentResult]:
    """Results that still hold: the submission is what it was, and the grader did not fail."""
    return [
        result
        for result in results
        if result.status is not Status.GRADER_ERROR and digests.get(result.student) == result.digest
    ]
