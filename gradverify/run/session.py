"""A whole run: specs in, a `Report` out, in the specs' order whatever the order of completion."""

from __future__ import annotations

import bisect
import datetime as dt
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gradverify import __version__
from gradverify.core.report import Report, SpecResult
from gradverify.run.executors import ExecutorRun, executor_factory
from gradverify.run.interrupt import Interrupts
from gradverify.run.launch import Inheritance, start_method
from gradverify.run.limits import available_cores
from gradverify.run.outcome import counts_as_failure
from gradverify.run.pool import Pool, PoolError
from gradverify.run.serial import run_serial
from gradverify.run.settings import VerifySettings
from gradverify.run.tasks import SpecStore
from gradverify.spec.model import Spec

if TYPE_CHECKING:
    from gradverify.plugins import Plugins

DEFAULT_TIMEOUT = 60.0  # seconds a spec
DEFAULT_MEMORY = 4096  # MB of address space a worker


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings:
    """How specs are run.

    processes: worker processes; 0 runs everything in this process, without time limit.
    seconds, memory_mb: what one spec may take; None is no limit.
    max_failures: stop at that many specs that did not pass; None never stops.
    """

    processes: int = field(default_factory=available_cores)
    seconds: float | None = DEFAULT_TIMEOUT
    memory_mb: int | None = DEFAULT_MEMORY
    max_failures: int | None = None
    allow_inconclusive: bool = False
    executor: str | None = None  # None: own worker processes; else as for `run.executors.executor_factory`
    executor_batch: int | None = None  # specs that an executor gets at once; None: by their number
    start_method: str | None = None  # fork | spawn; None: whichever is safe
    verify: VerifySettings = field(default_factory=VerifySettings)


Listener = Callable[[SpecResult], None]
# Called with number, result, the result as its worker sent it, and what was seen of its reads.
Keeper = Callable[[int, SpecResult, Any, Any], None]


def _ignore(_result: SpecResult) -> None:
    """Nobody listens."""


def keep_nothing(_number: int, _result: SpecResult, _data: Any, _trace: Any) -> None:
    """Nobody keeps results."""


def run_specs(
    specs: Sequence[Spec],
    plugins: Plugins,
    settings: RunSettings | None = None,
    *,
    on_finished: Listener = _ignore,
    on_ordered: Listener = _ignore,
    on_tick: Callable[[], None] = lambda: None,
    texts: Sequence[str | None] | None = None,
    known: Mapping[int, SpecResult] | None = None,
    keep: Keeper = keep_nothing,
    on_broken: Callable[[str], None] | None = None,
) -> Report:
    """Run `specs` and report on them.

    on_finished: called for each result as it arrives (progress, a journal); on_ordered: the same in the specs' order.
    on_tick: called about once a second at least, while specs run in other processes.
    texts: the documents of specs that are in no file; needed where workers are spawned.
    known: results by number that need not be found out again. keep: called for each that was found out, as it arrives.
    on_broken: told when no specs can be run any more; the report is then about what was finished. Without it the
    `PoolError` is raised.
    Ctrl-C ends the run with what is finished, `interrupted` set and the rest in `not_run`.
    """
    settings = settings or RunSettings()
    started = dt.datetime.now(dt.UTC)
    clock = time.perf_counter()
    for spec in specs:
        plugins.call("gradverify_spec_collected", spec=spec)
    tally = _Tally(len(specs), settings, on_ordered)
    interrupted = False
    known = known or {}
    try:
        tally.collect(_each(known), on_finished, lambda _number: None)
        if tally.is_complete:
            pass
        elif settings.processes == 0:  # Ctrl-C raises as it does in any Python code: there is no loop that could look
            tally.collect(run_serial(specs, plugins, settings.verify), on_finished, lambda _number: None)
        else:
            with Interrupts() as interrupts, _pool(specs, plugins, settings, interrupts, on_tick, texts, known) as pool:
                pool.stop_at(tally.end)
                tally.collect(_kept(pool, keep), on_finished, pool.stop_at)
                interrupted = interrupts.requested
    except KeyboardInterrupt:
        interrupted = True
    except PoolError as error:
        if on_broken is None:
            raise
        on_broken(str(error))
    finished = tally.finished()
    report = Report(
        gradverify=__version__,
        started=started.isoformat(timespec="seconds"),
        seconds=time.perf_counter() - clock,
        isolation="processes" if settings.processes else "none",
        plugins=plugins.infos,
        specs=tuple(finished.values()),
        interrupted=interrupted,
        not_run=tuple(spec.name for number, spec in enumerate(specs) if number not in finished),
        seed=settings.verify.seed,
    )
    for result in report.specs:
        for check in result.checks:
            plugins.call("gradverify_check_finished", result=result, check=check)
    plugins.call("gradverify_run_finished", report=report)
    return report


def _each(known: Mapping[int, SpecResult]) -> Iterator[tuple[int, SpecResult]]:
    yield from sorted(known.items(), key=lambda item: item[0])


def _kept(pool: Pool | ExecutorRun, keep: Keeper) -> Iterator[tuple[int, SpecResult]]:
    """The pool's results, each handed to `keep` before anything else can go wrong."""
    for number, result in pool.run():
        keep(number, result, *pool.raw.pop(number, (None, None)))
        yield number, result


def _pool(
    specs: Sequence[Spec],
    plugins: Plugins,
    settings: RunSettings,
    interrupts: Interrupts,
    on_tick: Callable[[], None],
    texts: Sequence[str | None] | None,
    known: Mapping[int, SpecResult],
) -> Pool | ExecutorRun:
    factory = None if settings.executor is None else executor_factory(settings.executor, plugins)
    if factory is not None:
        return ExecutorRun(
            specs,
            factory,
            plugins,
            settings.verify,
            seconds=settings.seconds,
            memory_mb=settings.memory_mb,
            interrupts=interrupts,
            on_tick=on_tick,
            batch=settings.executor_batch,
            done=known.keys(),
        )
    store = SpecStore(tuple(plugins.backends))
    store.add(specs)
    len(plugins.loaders)  # asked for once here, so that no worker has to
    method = settings.start_method or start_method()
    return Pool(
        specs,
        Inheritance(plugins=plugins, store=store, memory_mb=settings.memory_mb, method=method),
        settings.verify,
        processes=settings.processes,
        seconds=settings.seconds,
        interrupts=interrupts,
        on_tick=on_tick,
        texts=texts,
        done=known.keys(),
    )


class _Tally:
    """Results by number; passes them on in order, and knows when enough have failed."""

    def __init__(self, count: int, settings: RunSettings, on_ordered: Listener) -> None:
        self._results: dict[int, SpecResult] = {}
        self._failed: list[int] = []  # numbers, sorted
        self._stop = count
        self._next = 0
        self._settings = settings
        self._on_ordered = on_ordered

    def collect(
        self, results: Iterator[tuple[int, SpecResult]], on_finished: Listener, stop_at: Callable[[int], None]
    ) -> None:
        """Take results until there are no more, or too many failed.

        What counts are the first failures in the specs' order, not in that of completion: everything before the last
        of them is finished and what came after is dropped, so that any number of workers gives the same report.
        """
        with closing(results):  # type: ignore[type-var]
            for number, result in results:
                if number >= self._stop:
                    continue
                self._results[number] = result
                on_finished(result)
                most = self._settings.max_failures
                if most is not None and counts_as_failure(result, allow_inconclusive=self._settings.allow_inconclusive):
                    bisect.insort(self._failed, number)
                    if len(self._failed) >= most:
                        self._stop = self._failed[most - 1] + 1
                        self._failed = self._failed[:most]
                        stop_at(self._stop)
                self._pass_on()
                if self._next >= self._stop:
                    return

    @property
    def end(self) -> int:
        """Specs numbered so or above are not wanted."""
        return self._stop

    @property
    def is_complete(self) -> bool:
        """Whether every result that is wanted is there."""
        return self._next >= self._stop

    def _pass_on(self) -> None:
        while self._next < self._stop and self._next in self._results:
            self._on_ordered(self._results[self._next])
            self._next += 1

    def finished(self) -> dict[int, SpecResult]:
        """The results that count, by number, in order."""
        return {number: self._results[number] for number in sorted(self._results) if number < self._stop}
