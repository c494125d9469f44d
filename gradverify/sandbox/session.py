"""One submission: its folder, and one answer for each call."""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from gradverify.sandbox import folders
from gradverify.sandbox.model import Answer, Argument, Limits, Status
from gradverify.sandbox.places import Places
from gradverify.sandbox.process import EndedError, Process
from gradverify.sandbox.zygote import ROOT, Zygote, ZygoteError

# After these the process is not asked again.
ENDING = frozenset({Status.TIMEOUT, Status.CRASHED, Status.MEMORY, Status.POLICY, Status.BROKEN})


class Session:
    """A submission that can be called. After a call that ended its process, the next one gets a fresh process."""

    def __init__(self, zygote: Zygote, folder: Path, file: str, limits: Limits) -> None:
        self._zygote = zygote
        self._file = file
        self._limits = limits
        self._folder = zygote.new_folder()
        self.left_out = folders.copy_submission(folder, self._folder)  # files that were not copied, a line each
        self._places = Places(self._folder, Path(tempfile.gettempdir()), ROOT)
        self._uid = zygote.own_user(self._folder)
        self._process: Process | None = None
        self._failed: Answer | None = None  # how its import ended, where it did not end well
        self._requests = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End its process and remove its folder."""
        self._end()
        folders.remove(self._folder)
        self._zygote.give_back(self._uid)

    def begin(self) -> Answer | None:
        """Import the submission, if that was not done yet: how it ended, or None where it went well."""
        try:
            return self._failed or (self._start() if self._process is None else None)
        except ZygoteError as error:
            return Answer(status=Status.BROKEN, detail=str(error))

    def call(self, entry: str, arguments: Sequence[Argument], *, seconds: float | None = None) -> Answer:
        """Call `entry` of the submission; always an answer, never an exception for anything the submission does."""
        if self._failed is not None:
            return self._failed
        started = time.monotonic()
        calls: Counter[str] = Counter()
        try:
            if self._process is None and (failed := self._start()) is not None:
                return failed
            assert self._process is not None
            started = time.monotonic()
            deadline = started + (self._limits.seconds if seconds is None else seconds)
            self._requests += 1
            answer = self._process.ask(self._requests, entry, arguments, deadline, calls)
        except EndedError as ended:
            answer = Answer(status=ended.status, detail=ended.detail)
        except ZygoteError as error:
            answer = Answer(status=Status.BROKEN, detail=str(error))
        answer = replace(self._with_traces(answer), seconds=time.monotonic() - started, calls=dict(calls))
        if answer.status in ENDING:
            self._end()
        return answer

    def _start(self) -> Answer | None:
        """Begin a process and import the submission. An import that does not end well is the answer to every call."""
        started = time.monotonic()
        self._process = Process(self._zygote, self._folder, self._uid, self._file, self._limits)
        if self._process.level.rank < self._zygote.level.rank:
            raise ZygoteError(f"a submission's process reached the level {self._process.level.name} only")
        try:
            status, detail = self._process.imported(started + self._limits.start_seconds)
            if status is Status.MISSING and (
                why := [text for text in self.left_out if text.startswith(f"{self._file}: ")]
            ):
                status, detail = Status.IMPORT_ERROR, why[0]
            if status is Status.MEMORY:
                detail = f"while it was imported: {detail}"
        except EndedError as ended:
            status, detail = ended.status, f"while it was imported: {ended.detail}"
        answer = self._with_traces(Answer(status=status, detail=detail), keep_output=status is Status.OK)
        if answer.status is Status.OK:
            return None
        self._failed = replace(answer, seconds=time.monotonic() - started)
        self._end()
        return self._failed

    def _with_traces(self, answer: Answer, *, keep_output: bool = False) -> Answer:
        """The answer with what was printed and tried; whoever tried something has broken the policy."""
        if self._process is None:
            return answer
        tried = tuple(self._places.message(text) for text in self._process.take_tried())
        if not keep_output or tried:
            answer = replace(answer, stdout=self._places.cut(self._process.take_output()))
        keys = tuple("…" if self._places.tells(key) else key for key in answer.keys)
        answer = replace(answer, detail=self._places.message(answer.detail), keys=keys)
        if not tried or answer.status is Status.BROKEN:
            return answer
        detail = answer.detail if answer.status is Status.POLICY else f"it tried what policy forbids: {tried[0]}"
        return replace(answer, status=Status.POLICY, detail=detail, tried=tried)

    def _end(self) -> None:
        if self._process is not None:
            self._process.close()
            self._process = None
