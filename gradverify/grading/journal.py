"""journal.jsonl: every result as soon as there is one, so that an interrupted run loses nothing.

The file is one of `gradverify.run.journal`; its first entry names the assignment, the others are students.
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any

from gradverify.grading.codec import student_from_data, student_to_data
from gradverify.grading.model import Status, StudentResult
from gradverify.run import journal as lines
from gradverify.run.journal import JournalError

__all__ = ["FILE", "Journal", "JournalError", "usable"]

FILE = "journal.jsonl"


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

    def start(self, kept: list[StudentResult]) -> None:
        """Begin anew with the results that are kept; they are written before the old journal goes."""
        temporary = self.path.with_suffix(".new")
        self._lines = lines.Journal(temporary, resume=False)
        self._lines.add(self._head)
        for student in kept:
            self.add(student)
        temporary.replace(self.path)
        self._lines.path = self.path

    def add(self, student: StudentResult) -> None:
        """One more result."""
        assert self._lines is not None
        self._lines.add(student_to_data(student))

    def read(self) -> tuple[list[StudentResult], bool]:
        """The results of an earlier run, the last of each student, and whether its assignment was this one.

        A line that was being written when the run ended is passed over. Raises JournalError where there is none.
        """
        if not self.path.exists():
            raise JournalError(f"there is no {self.path.name} in {self.path.parent}: nothing to go on from")
        found: dict[str, StudentResult] = {}
        head: dict[str, Any] | None = None
        for entry in lines.read_entries(self.path):
            if head is None:
                head = entry
                continue
            try:
                student = student_from_data(entry)
            except ValueError:
                continue
            found[student.student] = student
        same = head is not None and head.get("fingerprint") == self._head["fingerprint"]
        return list(found.values()), same


def usable(results: list[StudentResult], digests: dict[str, str]) -> list[StudentResult]:
    """Results that still hold: the submission is what it was, and the grader did not fail."""
    return [
        result
        for result in results
        if result.status is not Status.GRADER_ERROR and digests.get(result.student) == result.digest
    ]
