"""journal.jsonl: every result as soon as there is one, so that an interrupted run loses nothing."""

from __future__ import annotations

import json
from pathlib import Path
from types import TracebackType
from typing import TextIO

from gradverify.grading.codec import student_from_data, student_to_data
from gradverify.grading.model import Status, StudentResult

FILE = "journal.jsonl"
FORMAT = 1


class JournalError(Exception):
    """The journal does not belong to this assignment, or cannot be read; the message says what to do."""


class Journal:
    """The journal while a run writes it."""

    def __init__(self, path: Path, assignment: str, fingerprint: str) -> None:
        self.path = path
        self._head = {"format": FORMAT, "assignment": assignment, "fingerprint": fingerprint}
        self._file: TextIO | None = None

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def start(self, kept: list[StudentResult]) -> None:
        """Begin anew with the results that are kept; they are written before the old journal goes."""
        temporary = self.path.with_suffix(".new")
        with temporary.open("w", encoding="utf-8") as file:
            file.write(json.dumps(self._head) + "\n")
            for student in kept:
                file.write(json.dumps(student_to_data(student), allow_nan=False) + "\n")
        temporary.replace(self.path)
        self._file = self.path.open("a", encoding="utf-8")

    def add(self, student: StudentResult) -> None:
        """One more result."""
        assert self._file is not None
        self._file.write(json.dumps(student_to_data(student), allow_nan=False) + "\n")
        self._file.flush()

    def read(self) -> tuple[list[StudentResult], bool]:
        """The results of an earlier run, the last of each student, and whether its assignment was this one.

        A line that was being written when the run ended is passed over. Raises JournalError where there is none.
        """
        try:
            lines = self.path.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            raise JournalError(f"there is no {self.path.name} in {self.path.parent}: nothing to go on from") from None
        except (OSError, UnicodeDecodeError) as error:
            raise JournalError(f"{self.path} cannot be read: {error}") from None
        try:
            head = json.loads(lines[0]) if lines else None
        except ValueError:
            head = None
        if not isinstance(head, dict) or head.get("format") != FORMAT:
            raise JournalError(f"{self.path} is no journal of this gradverify; grade without --resume")
        found: dict[str, StudentResult] = {}
        for line in lines[1:]:
            try:
                student = student_from_data(json.loads(line))
            except ValueError:
                continue
            found[student.student] = student
        same = head.get("fingerprint") == self._head["fingerprint"]
        return list(found.values()), same


def usable(results: list[StudentResult], digests: dict[str, str]) -> list[StudentResult]:
    """Results that still hold: the submission is what it was, and the grader did not fail."""
    return [
        result
        for result in results
        if result.status is not Status.GRADER_ERROR and digests.get(result.student) == result.digest
    ]
