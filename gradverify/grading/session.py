"""All students: each worker process grades one after the other; one that dies costs its student a `grader-error`."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gradverify.grading.bench import Plan
from gradverify.grading.codec import student_from_data
from gradverify.grading.intake import Submission
from gradverify.grading.leftovers import remove_leftovers
from gradverify.grading.model import Assignment, StudentResult, status_of
from gradverify.grading.student import broken

# What a question may take beyond its submission's own time: references, diagnosis, starting processes.
GRACE_SECONDS = 60.0
START_SECONDS = 120.0  # for a worker to load the assignment, on a busy machine
MOST_RESTARTS = 3  # of one worker before it is given up, if it dies before it is ready
LINE_BYTES = 64 << 20
# -P: a student's `json.py` in the folder where the command was given is not taken for Python's own.
WORKER = (sys.executable, "-P", "-m", "gradverify.grading.worker")

Done = Callable[[StudentResult], None]


class GradingError(Exception):
    """No worker can be started: the grader's own fault."""


@dataclass
class Session:
    """How a course is graded."""

    assignment: Assignment
    secret: bytes
    plans: Mapping[str, Plan] = field(default_factory=dict)  # by question; a worker tries the backends of others itself
    block: tuple[str, ...] = ()
    jobs: int = 1
    isolation: Mapping[str, Any] = field(default_factory=dict)
    command: tuple[str, ...] = WORKER
    _stop: threading.Event = field(default_factory=threading.Event)

    def grade(
        self,
        submissions: Sequence[Submission],
        done: Done,
        partial: Done | None = None,
        tick: Callable[[], None] = lambda: None,
    ) -> list[str]:
        """Grade all; `done` hears of each student, in this thread. Those that were not reached are returned."""
        waiting: queue.SimpleQueue[Submission] = queue.SimpleQueue()
        for submission in submissions:
            waiting.put(submission)
        results: queue.SimpleQueue[StudentResult | BaseException | tuple[StudentResult]] = queue.SimpleQueue()
        left = {submission.student: None for submission in submissions}
        threads = [
            threading.Thread(target=self._serve, args=(waiting, results, partial is not None), daemon=True)
            for _ in range(max(1, min(self.jobs, len(submissions))))
        ]
        for thread in threads:
            thread.start()
        try:
            while left:
                try:
                    result = results.get(timeout=0.2)
                except queue.Empty:
                    tick()
                    if not any(thread.is_alive() for thread in threads) and results.empty():
                        raise GradingError("the grading processes ended before their work was done") from None
                    continue
                if isinstance(result, BaseException):
                    raise result
                if isinstance(result, tuple):
                    if partial is not None:
                        partial(result[0])
                    continue
                left.pop(result.student, None)
                done(result)
                tick()
        except KeyboardInterrupt:
            pass
        finally:
            self._stop.set()
            for thread in threads:
                thread.join(10)
            if left:  # grading processes were killed
                remove_leftovers(Path(tempfile.gettempdir()))
        return list(left)

    def _serve(self, waiting: queue.SimpleQueue[Submission], results: queue.SimpleQueue[Any], partial: bool) -> None:
        worker: _Worker | None = None
        try:
            while not self._stop.is_set():
                try:
                    submission = waiting.get_nowait()
                except queue.Empty:
                    return
                try:
                    worker = worker or self._started()
                    result = worker.grade(submission, self._seconds(), results if partial else None, self._stop)
                except _WorkerDiedError as died:
                    if worker is not None:
                        worker.close()
                    worker = None
                    if self._stop.is_set():
                        return
                    result = self._failed(submission, died)
                results.put(result)
        except BaseException as error:  # noqa: BLE001 - it has to reach the thread that waits
            results.put(error)
        finally:
            if worker is not None:
                worker.close()

    def _started(self) -> _Worker:
        for attempt in range(MOST_RESTARTS):
            worker = _Worker(self.command)
            try:
                self.isolation = worker.start(self, self._stop)
            except _WorkerDiedError as died:
                worker.close()
                if self._stop.is_set():
                    raise
                if attempt == MOST_RESTARTS - 1:
                    raise GradingError(f"a grading process cannot be started: {died}") from None
                continue
            return worker
        raise GradingError("a grading process cannot be started")

    def _seconds(self) -> float:
        # As much again as a submission may take is for the grader's own questions (Seat.investigate).
        return len(self.assignment.questions) * (2 * self.assignment.limits.seconds + GRACE_SECONDS)

    def _failed(self, submission: Submission, died: _WorkerDiedError) -> StudentResult:
        questions = tuple(broken(question, died) for question in self.assignment.questions)
        return StudentResult(
            student=submission.student, status=status_of(questions), score=0.0, max_score=self.assignment.max_score,
            questions=questions, source=str(submission.sources[0]), staff_note=f"the grading process {died}",
        )  # fmt: skip


class _WorkerDiedError(Exception):
    """The worker ended, hung, or said what no worker of ours says."""


class _Worker:
    def __init__(self, command: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            list(command),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, encoding="utf-8",
            process_group=0,  # an interrupt at the keyboard is the parent's to handle
        )  # fmt: skip

    def start(self, session: Session, stop: threading.Event) -> Mapping[str, Any]:
        """Load the assignment; only then the secret. How submissions are confined."""
        assignment = session.assignment
        self._send(
            {
                "parent": os.getpid(),
                "assignment": assignment.file,
                "imports": list(assignment.imports),
                "seconds": assignment.limits.seconds,
                "memory_mb": assignment.limits.memory_mb,
                "block": list(session.block),
                "plans": {name: plan.to_data() for name, plan in session.plans.items()},
            }
        )
        ready = self._receive(START_SECONDS, stop)
        if "ready" not in ready:
            raise _WorkerDiedError(str(ready.get("broken", "did not start")))
        self._send({"secret": session.secret.hex()})
        return {"level": ready["ready"]["level"], **ready["ready"]["details"]}

    def grade(
        self, submission: Submission, seconds: float, partial: queue.SimpleQueue[Any] | None, stop: threading.Event
    ) -> StudentResult:
        """One student."""
        self._send(
            {
                "student": submission.student,
                "sources": [str(source) for source in submission.sources],
                "partial": partial is not None,
            }
        )
        while True:
            answer = self._receive(seconds, stop)
            try:
                if "partial" in answer and partial is not None:
                    partial.put((student_from_data(answer["partial"]),))
                    continue
                result = student_from_data(answer.get("done"))
            except ValueError as error:
                raise _WorkerDiedError(f"answered what cannot be read: {error}") from None
            return result

    def _send(self, data: Mapping[str, Any]) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(data) + "\n")
            self._process.stdin.flush()
        except OSError:
            raise _WorkerDiedError(self._end()) from None

    def _receive(self, seconds: float, stop: threading.Event) -> dict[str, Any]:
        assert self._process.stdout is not None
        expired = threading.Event()

        def give_up() -> None:
            expired.set()
            self._process.kill()

        timer = threading.Timer(seconds, give_up)
        watcher = threading.Thread(target=self._watch, args=(stop, timer.finished), daemon=True)
        timer.daemon = True
        timer.start()
        watcher.start()
        try:
            line = self._process.stdout.readline(LINE_BYTES)
        finally:
            timer.cancel()
        if expired.is_set():
            raise _WorkerDiedError(f"did not answer within {seconds:.0f} s")
        if not line.endswith("\n"):
            raise _WorkerDiedError(self._end())
        try:
            data = json.loads(line)
        except ValueError:
            raise _WorkerDiedError("said what is no JSON") from None
        if not isinstance(data, dict):
            raise _WorkerDiedError("said what is no message")
        return data

    def _watch(self, stop: threading.Event, finished: threading.Event) -> None:
        """Kill the worker as soon as the run is stopped."""
        while not finished.wait(0.1):
            if stop.is_set():
                self._process.kill()
                return

    def _end(self) -> str:
        self._process.kill()
        code = self._process.wait()
        return f"ended unexpectedly (exit status {code})"

    def close(self) -> None:
        """End it: closing its input ends it by itself, its zygote with it."""
        with contextlib.suppress(OSError):
            assert self._process.stdin is not None
            self._process.stdin.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
