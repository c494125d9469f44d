"""Runs on executors: anything with `concurrent.futures`' interface, here or on a cluster.

Tasks go out in batches and come back as JSON text (`run.remote`). A batch whose worker dies is divided, and a spec
whose worker dies when it is alone is to blame.
"""

from __future__ import annotations

import collections
import concurrent.futures
import dataclasses
import importlib
import json
import os
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future
from typing import TYPE_CHECKING, Any

from gradverify.core.report import SpecResult
from gradverify.report.json_report import spec_from_data
from gradverify.run.interrupt import Interrupts
from gradverify.run.outcome import broken
from gradverify.run.pool import PoolError
from gradverify.run.remote import ELSEWHERE, VersionMismatchError, here, make_batch, run_remotely
from gradverify.run.settings import VerifySettings
from gradverify.run.tasks import Task
from gradverify.spec.documents import DocumentTexts
from gradverify.spec.model import Spec

if TYPE_CHECKING:
    from gradverify.plugins import Plugins

PROCESSES = "processes"  # gradverify's own pool
LARGEST_BATCH = 100  # specs: starting a process for a batch takes as long as some tens of small specs
BATCHES = 64  # that a run is divided into at least, if it has so many specs: enough for some tens of workers
IN_FLIGHT = 256  # batches that are handed to the executor at once
FRESH_STARTS = 3  # new executors for broken ones, one after another without a result, until the run gives up
WATCH_SECONDS = 1.0

Factory = Callable[[], Executor]


class ExecutorError(Exception):
    """The executor that was asked for is not there; the message says why and what would do."""


def executor_factory(text: str, plugins: Plugins) -> Factory | None:
    """What makes the executor `text`; None for gradverify's own pool. Raises `ExecutorError`.

    text: `processes`, `serial`, a plugin's `scheme` or `scheme:text`, or `package.module:factory`.
    """
    scheme, colon, rest = text.partition(":")
    if text == PROCESSES:
        return None
    if scheme in plugins.executors:
        offered = plugins.executors[scheme]
        return lambda: _made(lambda: offered.value(rest), text, offered.origin)
    if not colon or not rest.replace(".", "").isidentifier():
        known = ", ".join([PROCESSES, *sorted(plugins.executors)])
        raise ExecutorError(f"there is no executor `{text}`; known: {known}, and package.module:factory")
    try:
        factory: Any = importlib.import_module(scheme)
        for part in rest.split("."):
            factory = getattr(factory, part)
    except Exception as error:  # noqa: BLE001 - a foreign module may raise anything
        raise ExecutorError(f"the executor `{text}` cannot be loaded: {type(error).__name__}: {error}") from None
    return lambda: _made(factory, text, text)


def _made(make: Callable[[], Any], text: str, origin: str) -> Executor:
    try:
        executor = make()
    except Exception as error:  # noqa: BLE001 - a foreign library may raise anything
        raise ExecutorError(f"the executor `{text}` does not start: {type(error).__name__}: {error}") from None
    if not isinstance(executor, Executor):
        kind = type(executor).__name__
        raise ExecutorError(f"{origin} made a {kind} for `{text}`, not a concurrent.futures.Executor")
    return executor


@dataclasses.dataclass(frozen=True, slots=True)
class _Job:
    number: int
    spec: Spec
    task: Task


class ExecutorRun:
    """Runs specs on an executor; the same interface as `run.pool.Pool`."""

    def __init__(
        self,
        specs: Sequence[Spec],
        factory: Factory,
        plugins: Plugins,
        settings: VerifySettings,
        *,
        seconds: float | None,
        memory_mb: int | None,
        interrupts: Interrupts,
        on_tick: Callable[[], None],
        batch: int | None = None,
        done: Container[int] = (),
    ) -> None:
        self._factory = factory
        self._plugins = plugins
        self._settings = settings
        self._limits = {"seconds": seconds, "memory_mb": memory_mb}
        self._interrupts = interrupts
        self._on_tick = on_tick
        self._here = here(plugins)
        texts = DocumentTexts(specs)
        jobs = [_Job(n, spec, _task(spec, texts)) for n, spec in enumerate(specs) if n not in done]
        size = batch or max(1, min(LARGEST_BATCH, len(jobs) // BATCHES))
        self._batches = collections.deque(jobs[i : i + size] for i in range(0, len(jobs), size))
        self._suspects: collections.deque[_Job] = collections.deque()  # of batches whose worker died
        self._running: dict[Future[str], list[_Job]] = {}
        self._stop = self._dropped = len(specs)  # as in `Pool`
        self._executor: Executor | None = None
        self._starts = 0
        self.raw: dict[int, tuple[Any, Any]] = {}

    def __enter__(self) -> ExecutorRun:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def stop_at(self, number: int) -> None:
        """Jobs numbered `number` and above are not wanted; those below are still finished."""
        self._stop = min(self._stop, number)

    def run(self) -> Iterator[tuple[int, SpecResult]]:
        """Number and result of each spec, in the order of completion."""
        while True:
            self._drop_unwanted()
            self._hand_out()
            if not self._running:
                return
            done, _ = concurrent.futures.wait(
                self._running, timeout=WATCH_SECONDS, return_when=concurrent.futures.FIRST_COMPLETED
            )
            if self._interrupts.requested:
                return
            self._on_tick()
            for future in done:
                if future in self._running:
                    yield from self._answers(future, self._running.pop(future))

    def _drop_unwanted(self) -> None:
        if self._dropped != self._stop:
            self._dropped = self._stop
            self._suspects = collections.deque(job for job in self._suspects if job.number < self._stop)
            wanted = ([job for job in jobs if job.number < self._stop] for jobs in self._batches)
            self._batches = collections.deque(jobs for jobs in wanted if jobs)
        for future, jobs in list(self._running.items()):
            if all(job.number >= self._stop for job in jobs):
                future.cancel()
                del self._running[future]

    def _hand_out(self) -> None:
        while (self._batches and len(self._running) < IN_FLIGHT) or (self._suspects and not self._running):
            # Suspects go last and one by one: when nothing else runs, nothing else can have killed the worker.
            jobs = self._batches.popleft() if self._batches else [self._suspects.popleft()]
            batch = make_batch(
                [job.task for job in jobs],
                self._settings,
                block=self._plugins.block,
                folder=os.getcwd(),
                **self._limits,  # type: ignore[arg-type]
            )
            try:
                future = self._ready().submit(run_remotely, batch)
            except (BrokenExecutor, RuntimeError):  # it broke between two batches, or shut itself down
                self._batches.appendleft(jobs)
                self._close()
                continue
            self._running[future] = jobs

    def _ready(self) -> Executor:
        if self._executor is None:
            if self._starts >= FRESH_STARTS:
                raise PoolError(f"the executor broke {self._starts} times without a result")
            self._starts += 1
            try:
                self._executor = self._factory()
            except ExecutorError as error:
                raise PoolError(str(error)) from None
        return self._executor

    def _close(self) -> None:
        executor, self._executor = self._executor, None
        if executor is not None:
            executor.shutdown(wait=False, cancel_futures=True)

    def _answers(self, future: Future[str], jobs: list[_Job]) -> Iterator[tuple[int, SpecResult]]:
        try:
            environment, answers = _read(future.result(), len(jobs))
        except (VersionMismatchError, PoolError) as error:
            raise PoolError(f"the executor's workers are of no use: {error}") from None
        except (Exception, concurrent.futures.CancelledError) as error:  # noqa: BLE001 - whatever the executor raises
            if isinstance(error, BrokenExecutor):
                self._close()
            yield from self._divide(jobs, error, alone=not self._running)
            return
        self._starts = 0
        for job, answer in zip(jobs, answers, strict=True):
            yield job.number, self._result(job, answer, same=environment == self._here)

    def _divide(self, jobs: list[_Job], error: BaseException, *, alone: bool) -> Iterator[tuple[int, SpecResult]]:
        """The worker of a batch is gone: each spec is tried alone, and one that was alone is to blame.

        alone: whether nothing else was running.
        """
        if len(jobs) > 1 or not alone:
            self._suspects.extend(job for job in jobs if job.number < self._stop)
            return
        (job,) = jobs
        self._starts = 0
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        yield job.number, broken(job.spec, f"the executor's worker did not survive it ({reason})")

    def _result(self, job: _Job, answer: Mapping[str, Any], *, same: bool) -> SpecResult:
        if "missing" in answer:
            return broken(job.spec, str(answer["missing"]))
        place = job.spec.place
        try:
            data = {**answer["result"], "file": place.file, "output": str(answer["output"])}
            result = spec_from_data(data)
        except (ValueError, KeyError, TypeError) as error:
            return broken(job.spec, f"the executor's worker sent no valid result: {error}")
        if (result.name, result.line) != (job.spec.name, place.line):
            return broken(job.spec, "the executor's worker sent another spec's result")
        self.raw[job.number] = data, answer.get("trace") if same else ELSEWHERE
        return result


def _task(spec: Spec, texts: DocumentTexts) -> Task:
    """The spec with its text, under an absolute path: a worker may start anywhere."""
    document = texts.find(spec)
    file = os.path.abspath(spec.place.file)
    if document is None or not document.alone:
        return Task(file, spec.index)
    return Task(file, spec.index, "\n".join(document.lines), document.line)


def _read(text: object, count: int) -> tuple[str, list[Mapping[str, Any]]]:
    data = json.loads(text) if isinstance(text, str) else None
    if not isinstance(data, dict) or not isinstance(data.get("answers"), list) or len(data["answers"]) != count:
        raise ValueError("it sent no valid answer")
    if not all(isinstance(answer, dict) for answer in data["answers"]):
        raise ValueError("it sent no valid answer")
    return str(data.get("environment")), data["answers"]
