"""gradverify's own pool of worker processes: every spec has a time limit, and a crash costs exactly one spec.

The parent is one loop without threads. It hands out batches of tasks, takes results as they come, and kills a worker
whose task is late. It learns what a dead or late worker was doing from the page they share (`wire.StatusPage`).
"""

from __future__ import annotations

import collections
import dataclasses
import heapq
import selectors
import time
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from gradverify.core.report import SpecResult
from gradverify.report.json_report import spec_from_data
from gradverify.run import wire
from gradverify.run.capture import without_own_frames
from gradverify.run.interrupt import Interrupts
from gradverify.run.launch import Inheritance, Worker, start_worker
from gradverify.run.outcome import broken
from gradverify.run.phases import backend_of, during, seconds_a_call
from gradverify.run.settings import FAR_STEPS, VerifySettings
from gradverify.run.tasks import Task
from gradverify.spec.model import Spec

BATCH_SECONDS = 0.05  # of work in a batch: long against a message's 0.1 ms, short against a run
LARGEST_BATCH = 500  # tasks
SHORTEST_SECONDS = 1e-4  # that a spec is taken to need, for the size of batches
# Of work that a worker still has when it gets its next batch, so that it need not wait for that, but one task at least.
# Tasks with their text may be too large to be sent before the worker listens.
AHEAD_SECONDS = 0.03
OPTIONAL_PHASES = ("search", "explanation", "figures")  # a spec that ends its worker there has its verdict without them
START_SECONDS = 60.0  # that a worker may take to be ready: far more than any import, far less than a day
FAILED_STARTS = 3  # workers that end before they are ready, one after another, until the pool gives up
FEWEST_CALLS = 8  # of a function that any backend needs: where a time limit holds fewer, no other is asked
FEW_CALLS = 100  # a limit that holds fewer is exceeded anywhere, not only far from the listed points
WAY_OUT = "a longer limit (`--timeout`) or a smaller instance of the function is the way out"
WATCH_SECONDS = 1.0  # how often the loop looks around when nothing happens


class PoolError(Exception):
    """Workers cannot be started at all."""


@dataclass(frozen=True, slots=True)
class Job:
    """One spec to run, and the backends and phases that it must run without, with the reason for each."""

    number: int
    spec: Spec
    task: Task
    skip: dict[str, str] = field(default_factory=dict)
    given_up: dict[str, str] = field(default_factory=dict)

    def goes_with(self, other: Job) -> bool:
        """Whether both can be sent at once: they must run without the same things, and bring their texts or not."""
        mine, its = self.task.text is None, other.task.text is None
        return (self.skip, self.given_up, mine) == (other.skip, other.given_up, its)


@dataclass(slots=True)
class _Desk:
    """A worker and the jobs that it has and has not answered, in their order."""

    worker: Worker
    jobs: collections.deque[Job] = field(default_factory=collections.deque)
    since: float = 0.0  # time.monotonic() of the last time that it was given work or answered

    def has(self, number: int) -> bool:
        """Whether it has that job; those before it are done then, though their answers may be on their way."""
        return any(job.number == number for job in self.jobs)


class Pool:
    """Runs specs in worker processes. Use as a context manager; `run` yields results in the order of completion."""

    def __init__(
        self,
        specs: Sequence[Spec],
        inherit: Inheritance,
        settings: VerifySettings,
        *,
        processes: int,
        seconds: float | None,
        interrupts: Interrupts,
        on_tick: Callable[[], None],
        texts: Sequence[str | None] | None = None,
        done: Container[int] = (),
        tasks: Sequence[Task] | None = None,
    ) -> None:
        self._inherit = inherit
        self._settings = settings
        self._seconds = seconds
        self._interrupts = interrupts
        self._on_tick = on_tick
        texts = texts or [None] * len(specs)
        tasks = tasks or [Task.of(spec, text) for spec, text in zip(specs, texts, strict=True)]
        jobs = [Job(n, spec, task) for n, (spec, task) in enumerate(zip(specs, tasks, strict=True))]
        jobs = [job for job in jobs if job.number not in done]
        self.raw: dict[int, tuple[Any, Any]] = {}  # each result as its worker sent it, and what was seen of its reads
        self._waiting = [(job.number, job) for job in jobs]  # a heap: what has to be run again goes first
        self._count = max(1, min(processes, len(jobs)))
        self._desks: list[_Desk] = []
        self._selector = selectors.DefaultSelector()
        self._stop = len(specs)  # jobs from here on are not wanted any more
        self._dropped = self._stop  # and from here on are none in `_waiting`
        self._average = BATCH_SECONDS  # seconds a task, so far
        self._failed_starts = 0
        self._start_problem = ""

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        for desk in self._desks:
            desk.worker.close()
        self._desks.clear()
        self._selector.close()

    def stop_at(self, number: int) -> None:
        """Jobs numbered `number` and above are not wanted; those below are still finished."""
        self._stop = min(self._stop, number)

    def run(self) -> Iterator[tuple[int, SpecResult]]:
        """Number and result of each spec. Ends early when interrupted or when `stop_at` leaves nothing to do."""
        self._selector.register(self._interrupts.fd, selectors.EVENT_READ, None)
        while True:
            self._drop_unwanted()
            if not self._waiting and not any(desk.jobs for desk in self._desks):
                return
            self._hand_out()
            events = self._selector.select(self._patience())
            if self._interrupts.requested:
                return
            self._on_tick()
            for key, _ in events:
                desk, what = key.data
                if desk in self._desks:
                    yield from self._attend(desk, what)
            yield from self._end_late_ones()

    def _drop_unwanted(self) -> None:
        if self._dropped != self._stop:  # thousands of jobs are not looked through after each answer
            self._dropped = self._stop
            self._waiting = [item for item in self._waiting if item[0] < self._stop]
            heapq.heapify(self._waiting)
        for desk in [d for d in self._desks if d.jobs and all(job.number >= self._stop for job in d.jobs)]:
            self._dismiss(desk)

    def _hand_out(self) -> None:
        """Give every idle worker a batch, starting workers as long as there is work for more of them."""
        busy = sum(bool(desk.jobs) for desk in self._desks)
        while len(self._desks) < self._count and len(self._desks) - busy < len(self._waiting):
            self._start()
        ahead = max(1, int(AHEAD_SECONDS / self._average))
        for desk in self._desks:
            if self._waiting and (not desk.jobs or (len(desk.jobs) <= ahead and self._waiting[0][1].task.text is None)):
                self._send(desk, self._next_batch())

    def _start(self) -> None:
        if self._failed_starts >= FAILED_STARTS:
            raise PoolError(f"worker processes do not start: {self._start_problem}")
        try:
            worker = start_worker(self._inherit)
        except OSError as error:
            raise PoolError(f"a worker process cannot be started: {error}") from error
        desk = _Desk(worker)
        self._desks.append(desk)
        self._selector.register(worker.channel, selectors.EVENT_READ, (desk, "channel"))
        self._selector.register(worker.output, selectors.EVENT_READ, (desk, "output"))
        if worker.pidfd is not None:
            self._selector.register(worker.pidfd, selectors.EVENT_READ, (desk, "end"))

    def _next_batch(self) -> list[Job]:
        """As many jobs as take about `BATCH_SECONDS`, but no more than this worker's share; reruns go alone."""
        share = -(-len(self._waiting) // (2 * self._count))
        size = max(1, min(share, LARGEST_BATCH, int(BATCH_SECONDS / self._average)))
        jobs = [heapq.heappop(self._waiting)[1]]
        while len(jobs) < size and self._waiting and self._waiting[0][1].goes_with(jobs[0]):
            jobs.append(heapq.heappop(self._waiting)[1])
        return jobs

    def _send(self, desk: _Desk, jobs: list[Job]) -> None:
        settings = dataclasses.replace(
            self._settings,
            skip_backends={**self._settings.skip_backends, **jobs[0].skip},
            given_up={**self._settings.given_up, **jobs[0].given_up},
            seconds=self._seconds,
        )
        tasks = [{"number": job.number, **job.task.to_data()} for job in jobs]
        if not desk.jobs:
            desk.since = time.monotonic()
        desk.jobs.extend(jobs)
        channel = desk.worker.channel
        channel.setblocking(True)
        try:
            channel.sendall(wire.encode({"settings": settings.to_data(), "tasks": tasks}))
        except OSError:
            return  # it is dead; the selector says so next
        finally:
            channel.setblocking(False)

    def _attend(self, desk: _Desk, what: str) -> Iterator[tuple[int, SpecResult]]:
        worker = desk.worker
        if what == "output":
            worker.drain_output()
            if worker.has_ended():  # its end of the pipe closes with it, which would look like output for ever
                yield from self._read_the_last(desk)
            return
        try:
            data = worker.channel.recv(wire.CHUNK)
        except BlockingIOError:
            data = None
        except OSError:
            data = b""
        if data:
            yield from self._read(desk, data)
        elif data is not None or (what == "end" and not worker.reader.pending):
            yield from self._bury(desk)

    def _read_the_last(self, desk: _Desk) -> Iterator[tuple[int, SpecResult]]:
        """A worker has ended: take the answers that it sent before, then bury it. They count as any others."""
        while desk in self._desks:
            try:
                data = desk.worker.channel.recv(wire.CHUNK)
            except OSError:  # there is nothing more
                data = b""
            if data:
                yield from self._read(desk, data)
            else:
                yield from self._bury(desk)

    def _read(self, desk: _Desk, data: bytes) -> Iterator[tuple[int, SpecResult]]:
        try:
            for message in desk.worker.reader.feed(data):
                if isinstance(message, dict) and "ready" in message:
                    desk.worker.ready = True
                    self._failed_starts = 0
                    desk.since = time.monotonic()
                else:
                    yield self._result(desk, message)
                    if message.get("retires") is True:  # another worker does what it has left
                        self._put_back(list(desk.jobs))
                        self._dismiss(desk)
                        return
        except wire.BrokenChannelError as error:
            yield from self._bury(desk, f"the worker was stopped: {error}")

    def _result(self, desk: _Desk, message: Any) -> tuple[int, SpecResult]:
        """Check a worker's message: it must answer the job whose turn it is, with a result of that spec."""
        if not isinstance(message, dict) or not desk.jobs or message.get("number") != desk.jobs[0].number:
            raise wire.BrokenChannelError("its channel carried an answer to nothing that was asked")
        job = desk.jobs[0]
        desk.worker.drain_output()
        output = desk.worker.splitter.take(job.number)
        data = message.get("result")
        if isinstance(data, dict) and "missing" in data:
            result = broken(job.spec, str(data["missing"]), output=output)
        else:
            try:
                result = spec_from_data(data)
            except ValueError as error:
                raise wire.BrokenChannelError(f"its channel carried no valid result: {error}") from None
            if (result.name, result.file, result.line) != (job.spec.name, job.spec.place.file, job.spec.place.line):
                raise wire.BrokenChannelError("its channel carried another spec's result")
            if output or result.output:
                result = dataclasses.replace(result, output=output)
            self.raw[job.number] = data, message.get("trace")
        desk.jobs.popleft()
        desk.since = time.monotonic()
        self._average += 0.2 * (max(result.seconds, SHORTEST_SECONDS) - self._average)  # the latest ten or so count
        return job.number, result

    def _end_late_ones(self) -> Iterator[tuple[int, SpecResult]]:
        now = time.monotonic()
        for desk in list(self._desks):
            if desk.worker.has_ended() and not desk.worker.reader.pending and self._nothing_to_read(desk):
                yield from self._bury(desk)
            elif desk.jobs and now >= self._deadline(desk) and self._nothing_to_read(desk):
                limit = f"time limit of {self._seconds:g} s exceeded"
                yield from self._bury(desk, limit, late=True)

    @staticmethod
    def _nothing_to_read(desk: _Desk) -> bool:
        with selectors.DefaultSelector() as selector:
            selector.register(desk.worker.channel, selectors.EVENT_READ)
            return not selector.select(0)

    def _deadline(self, desk: _Desk) -> float:
        if self._seconds is None:
            return float("inf")
        if not desk.worker.ready:  # starting is not the spec's doing, and may take long on a busy machine
            return desk.since + max(START_SECONDS, self._seconds)
        number, started, _ = desk.worker.status.read()
        return (started if desk.has(number) else desk.since) + self._seconds

    def _patience(self) -> float:
        now = time.monotonic()
        deadline = min((self._deadline(desk) for desk in self._desks if desk.jobs), default=float("inf"))
        return max(0.0, min(WATCH_SECONDS, deadline - now))

    def _bury(self, desk: _Desk, reason: str | None = None, *, late: bool = False) -> Iterator[tuple[int, SpecResult]]:
        """A worker is dead, or has to die for `reason`: decide what that means for the job that it was at."""
        number, started, phase = desk.worker.status.read()
        seconds = max(0.0, time.monotonic() - started) if started else 0.0
        ready = desk.worker.ready
        self._forget(desk)
        if reason is None:
            reason = f"the worker {desk.worker.how_it_ended()}"
        else:
            desk.worker.drain_output()
            desk.worker.close()
        output = without_own_frames(desk.worker.splitter.take_rest())
        jobs = list(desk.jobs)
        if not jobs:
            return
        if not ready:
            self._failed_starts += 1
            last = output.strip().splitlines()[-1:] or ["it printed nothing"]
            self._start_problem = f"{reason}; {last[0]}"
            self._put_back(jobs)
            return
        # Those before the one that it was at are done; answers that were still on their way are lost with it.
        job = next((job for job in jobs if job.number == number), jobs[0])
        self._put_back([other for other in jobs if other is not job])
        if number != job.number:
            phase = "before it began"
        if phase in OPTIONAL_PHASES and phase not in job.given_up:
            given_up = job.given_up | {phase: f"{reason}, {during(phase)}"}
            self._put_back([dataclasses.replace(job, given_up=given_up)])
            return
        backend = backend_of(phase)
        slow = seconds_a_call(phase) if late else 0.0
        if slow * FEWEST_CALLS > (self._seconds or 0.0):
            reason = f"{reason}: the function takes {slow:.2g} s a call, and a check takes dozens of calls; {WAY_OUT}"
            yield job.number, broken(job.spec, reason, seconds=seconds, output=output)
            return
        if backend is None or backend in job.skip:
            yield job.number, broken(job.spec, f"{reason}, {during(phase)}", seconds=seconds, output=output)
            return
        if FAR_STEPS not in job.given_up and not slow * FEW_CALLS > (self._seconds or 0.0):
            # Differences step far out to see the scale of f, where it may hang or crash; near the points it may not.
            given_up = job.given_up | {FAR_STEPS: f"{reason}, {during(phase)}"}
            self._put_back([dataclasses.replace(job, given_up=given_up)])
            return
        origin = self._inherit.plugins.backends.get(backend)
        blame = f" ({origin.origin})" if origin is not None else ""
        if slow:
            blame = f"; {WAY_OUT}"  # it is not the backend that is slow
        skip = job.skip | {backend: f"{reason}, {during(phase)}{blame}"}
        self._put_back([dataclasses.replace(job, skip=skip)])

    def _put_back(self, jobs: list[Job]) -> None:
        for job in jobs:
            if job.number < self._stop:
                heapq.heappush(self._waiting, (job.number, job))

    def _dismiss(self, desk: _Desk) -> None:
        self._forget(desk)
        desk.worker.close()

    def _forget(self, desk: _Desk) -> None:
        self._desks.remove(desk)
        for item in (desk.worker.channel, desk.worker.output, desk.worker.pidfd):
            if item is not None:
                self._selector.unregister(item)
