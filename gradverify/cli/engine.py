"""What `run` and `check` have in common: plugins, the run on the screen, reports, the exit code."""

from __future__ import annotations

import sys
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import click

from gradverify.cli.exits import Exit
from gradverify.cli.options import blocked, limit

if TYPE_CHECKING:
    from gradverify.cache.recall import Recall
    from gradverify.cli.baseline import BaselineRun
    from gradverify.core.report import Report, SpecResult
    from gradverify.plugins import Plugins
    from gradverify.run.session import RunSettings
    from gradverify.run.settings import VerifySettings
    from gradverify.spec.errors import SpecFault
    from gradverify.spec.model import Spec


class Named(Protocol):
    """A spec, as far as the exit code depends on it."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def backends(self) -> Container[str] | None:
        """Those that it asks for by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineOptions:
    """The values of `options.engine_options`, by name."""

    backend: tuple[str, ...]
    timeout: float | str
    memory: int | str
    report: tuple[str, ...]
    junit_family: str
    allow_inconclusive: bool
    seed: int
    plugin: tuple[str, ...]
    quiet: bool
    verbose: bool
    color: str

    @property
    def verbosity(self) -> int:
        """−1, 0 or 1."""
        return int(self.verbose) - int(self.quiet)


def load_for(options: EngineOptions) -> Plugins:
    """The plugins of a command that runs specs; threads of numerical libraries are limited before any is loaded."""
    from gradverify.run.limits import single_threaded

    single_threaded()
    from gradverify.plugins import load_plugins

    plugins = load_plugins(blocked(options.plugin))
    for warning in plugins.warnings:
        click.echo(f"gradverify: warning: {warning}", err=True)
    return plugins


def refuse_unknown_backends(names: Sequence[str], plugins: Plugins) -> int | None:
    """Say so, and return the exit code, if a backend that was asked for is not there."""
    for name in names:
        if name in plugins.backends:
            continue
        reason = plugins.why_missing(name)
        click.echo(f"gradverify: --backend {name}: {reason}", err=True)
        broken = any(p.name == name and p.status.value == "failed" for p in plugins.statuses)
        return Exit.INTERNAL if broken else Exit.USAGE
    return None


def print_faults(faults: Sequence[SpecFault], color: str) -> None:
    """Every fault of the spec files, to standard error."""
    if not faults:
        return
    from gradverify.cli.screen import wants_colour
    from gradverify.report.safe_text import uncommanding
    from gradverify.spec.errors import render_all

    click.echo(uncommanding(render_all(faults, colour=wants_colour(color, sys.stderr))), err=True, color=True)
    click.echo("", err=True)


def run_settings(
    options: EngineOptions,
    *,
    jobs: int,
    max_failures: int | None,
    executor: str | None = None,
    executor_batch: int | None = None,
) -> RunSettings:
    """The options as the run takes them."""
    from gradverify.run.session import RunSettings
    from gradverify.run.settings import VerifySettings

    memory = limit(options.memory)
    return RunSettings(
        processes=jobs,
        seconds=limit(options.timeout),
        memory_mb=None if memory is None else int(memory),
        max_failures=max_failures,
        executor=executor,
        executor_batch=executor_batch,
        allow_inconclusive=options.allow_inconclusive,
        verify=VerifySettings(seed=options.seed, backends=options.backend or None),
    )


def run_and_report(
    specs: Sequence[Spec],
    faults: Sequence[SpecFault],
    plugins: Plugins,
    options: EngineOptions,
    settings: RunSettings,
    *,
    texts: Sequence[str | None] | None = None,
    remember: Callable[[VerifySettings], Recall] | None = None,
    conclude: Callable[[Report], Report] = lambda report: report,
    placed: Callable[[SpecResult], SpecResult] = lambda result: result,
    baseline: BaselineRun | None = None,
) -> int:
    """Run `specs`, show and write what came of them. The exit code.

    remember: gives what is known already under the final settings, and keeps results.
    placed: says where a spec stands, where that is in no file.
    conclude: has the last word on the report before it is written. baseline: what the run is compared with.
    """
    from gradverify.cli.outputs import parse_outputs, want_pictures, write_outputs
    from gradverify.cli.screen import Screen
    from gradverify.run.interrupt import Interrupts
    from gradverify.run.session import keep_nothing, run_specs

    outputs = parse_outputs(options.report, plugins)
    if want_pictures(outputs, plugins):
        settings = replace(settings, verify=replace(settings.verify, pictures=True))
    recall = None if remember is None else remember(settings.verify)
    # A report on standard output has it for itself.
    stream = sys.stderr if any(output.to_standard_output for output in outputs) else sys.stdout
    stopped: list[str] = []
    with Screen(len(specs), verbosity=options.verbosity, colour=options.color, stream=stream) as screen:
        report = run_specs(
            specs,
            plugins,
            settings,
            on_finished=screen.finished,
            on_ordered=lambda result: screen.ordered(placed(result)),
            on_tick=screen.tick,
            texts=texts,
            on_broken=stopped.append,
            known=None if recall is None else recall.known(),
            keep=keep_nothing if recall is None else recall.take,
        )
    with Interrupts() as late:  # a signal that comes now finds nothing to stop, and costs no report
        if recall is not None:
            recall.close()
        report = conclude(replace(report, specs=tuple(map(placed, report.specs))))
        if baseline is not None:
            report = baseline.conclude(report)
        broken = write_outputs(outputs, report, plugins, {"junit": {"family": options.junit_family}})
        screen.conclude(report)
    print_faults(faults, options.color)
    if faults and options.verbosity >= 0:  # the line of counts knows nothing of them
        many = "" if len(faults) == 1 else "s"
        click.echo(f"{len(faults)} fault{many} in the spec files: specs with faults were not checked", err=True)
    if baseline is not None and options.verbosity >= 0:
        screen.add(baseline.lines)
    quiet = baseline.lines if baseline is not None and baseline.failed and options.verbosity < 0 else ()
    for sentence in (*stopped, *quiet, *(recall.notes if recall is not None else ()), *broken):
        click.echo(f"gradverify: {sentence}", err=True)
    code = exit_code(
        report, specs, options, faults=bool(faults), reports_broken=bool(broken or stopped), baseline=baseline
    )
    return Exit.INTERRUPTED if late.requested else code


def show_known(report: Report, specs: Sequence[Named], options: EngineOptions) -> int:
    """Show a run that had nothing to do. The exit code."""
    from gradverify.cli.screen import Screen

    with Screen(len(report.specs), verbosity=options.verbosity, colour=options.color, stream=sys.stdout) as screen:
        for result in report.specs:
            screen.ordered(result)
        screen.conclude(report)
    return exit_code(report, specs, options, faults=False, reports_broken=False)


def exit_code(
    report: Report,
    specs: Sequence[Named],
    options: EngineOptions,
    *,
    faults: bool,
    reports_broken: bool,
    baseline: BaselineRun | None = None,
) -> int:
    """The most urgent of what happened: an interrupt, a broken report or backend, faults in specs, failures."""
    from gradverify.run.outcome import counts_as_failure

    if report.interrupted:
        return Exit.INTERRUPTED
    if reports_broken or _asked_backend_broke(report, specs, options):
        return Exit.INTERNAL
    if faults:
        return Exit.USAGE
    excused = baseline.excused if baseline is not None else frozenset()
    if baseline is not None and baseline.failed:
        return Exit.FAILED
    if any(
        counts_as_failure(result, allow_inconclusive=options.allow_inconclusive)
        for result in report.specs
        if result.name not in excused
    ):
        return Exit.FAILED
    return Exit.OK if report.specs else Exit.NOTHING


def _asked_backend_broke(report: Report, specs: Sequence[Named], options: EngineOptions) -> bool:
    """Whether a backend broke that the command line or a spec asked for by name.

    Such a check has verdict `error` and no points; where the function failed, it has points.
    """
    from gradverify.core.verdicts import Verdict

    named: Mapping[str, Any] = {spec.name: spec.backends or {} for spec in specs}
    return any(
        check.verdict is Verdict.ERROR
        and not check.points
        and check.backend is not None
        and check.backend in (options.backend or named.get(result.name, ()))
        for result in report.specs
        for check in result.checks
    )
