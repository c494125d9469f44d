"""`gradverify run`."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, TypeVar

import click

from gradverify.cli.baseline import BaselineOptions, baseline_options, baseline_run
from gradverify.cli.exits import Exit
from gradverify.cli.options import Jobs, ShardType, engine_options, option
from gradverify.cli.recollect import RecallOptions, recall_options
from gradverify.cli.select import Selectable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from gradverify.cache.recall import Recall
    from gradverify.cli.engine import EngineOptions
    from gradverify.cli.quick import Listed
    from gradverify.cli.state import State
    from gradverify.core.report import Report
    from gradverify.plugins import Plugins
    from gradverify.run.settings import VerifySettings
    from gradverify.run.shards import Shard
    from gradverify.spec.load import SpecFiles
    from gradverify.spec.model import Spec

S = TypeVar("S", bound="Selectable")
DEFAULT_PATHS = ("specs",)


@click.command("run", short_help="Check the gradients that spec files claim.")
@click.argument("paths", nargs=-1, envvar="GRADVERIFY_SPECS")
@option("-k", "--keyword", metavar="EXPR", help="Specs whose name has these words: `loss and not (l1 or l2)`.")
@option(
    "-t", "--tag", multiple=True, metavar="TAG", help="Specs with one of these tags; `!TAG`: without it (repeatable)."
)
@option("-j", "--jobs", type=Jobs(), default="auto", metavar="N", help="Worker processes; default: the usable cores.")
@option(
    "--executor",
    metavar="NAME[:TEXT]",
    help="Where specs run: processes, serial, dask:tcp://HOST:PORT, mpi, a plugin's, or package.module:factory.",
)
@option("--executor-batch", type=click.IntRange(min=1), metavar="N", help="Specs that an executor gets at once.")
@click.option("-x", "--exit-first", is_flag=True, help="Stop at the first failure.")
@option("--max-failures", type=click.IntRange(min=1), metavar="N", help="Stop at the N-th failure.")
@option(
    "--last-failed", "--lf", is_flag=True, help="Only those that did not pass when they were last run; all if none."
)
@option(
    "--shard", type=ShardType(), metavar="I/N", help="Only part I of N; a spec's part follows from its file and name."
)
@click.option("--watch", is_flag=True, help="Run again whenever a spec, a module or a data file changes, until Ctrl-C.")
@click.option("--list", "list_only", is_flag=True, help="Print what would run, and stop.")
@baseline_options
@recall_options
@engine_options
def command(watch: bool, **options: Any) -> int:
    """Check the gradients that the spec files in PATHS claim.

    PATHS are files, folders (searched for YAML files with specs) and FILE::NAME; default: `specs` of
    [tool.gradverify] in pyproject.toml, else the folder `specs`. Options can be set there too, or as
    GRADVERIFY_OPTION in the environment.

    Faults in a spec file do not keep the other specs from running; the exit code is then 2.
    """
    if not watch:
        return _run(**options)
    from gradverify.cli.watch import watch as watch_files

    seen = {path.partition("::")[0] for path in options["paths"] or DEFAULT_PATHS}
    return watch_files(lambda: _run(**options, seen=seen), lambda: sorted(seen))


def _run(
    paths: tuple[str, ...],
    keyword: str | None,
    tag: tuple[str, ...],
    jobs: int,
    executor: str | None,
    executor_batch: int | None,
    exit_first: bool,
    max_failures: int | None,
    last_failed: bool,
    shard: Shard | None,
    list_only: bool,
    baseline: Path | None,
    write_baseline: Path | None,
    baseline_factor: float,
    cache: bool,
    cache_dir: Path | None,
    journal: Path | None,
    resume: bool,
    seen: set[str] | None = None,
    **engine: Any,
) -> int:
    """One run. seen: where the files are noted that results came from; None where nobody watches them."""
    from gradverify.cache.keys import spec_id
    from gradverify.cli.engine import (
        EngineOptions,
        load_for,
        print_faults,
        refuse_unknown_backends,
        run_and_report,
        run_settings,
    )
    from gradverify.cli.recollect import open_recall
    from gradverify.cli.select import SelectionError, select
    from gradverify.cli.state import only_last_failed, project_state

    options = EngineOptions(**engine)
    state = project_state()
    again = RecallOptions(cache=cache, cache_dir=cache_dir, journal=journal, resume=resume)

    def chosen_of(specs: Sequence[S]) -> tuple[tuple[S, ...], int]:
        """Those that are to run, and how many all shards have."""
        try:
            chosen = select(specs, keyword, tag)
        except SelectionError as error:
            raise click.UsageError(str(error)) from None
        selected = len(chosen)
        if shard is not None:
            chosen = tuple(spec for spec in chosen if shard.has(spec_id(spec.name, spec.place.file, state.root)))
        return (only_last_failed(chosen, state) if last_failed else chosen), selected

    plain = not (options.report or list_only or resume or journal or shard or baseline or write_baseline or executor)
    if plain and cache and max_failures is None and not exit_first and seen is None:
        code = _known(paths or DEFAULT_PATHS, chosen_of, options, again, state)
        if code is not None:
            return code
    from gradverify.cli.executors import check_executor
    from gradverify.cli.outputs import parse_outputs
    from gradverify.core.report import ShardInfo
    from gradverify.spec.search import SEPARATOR

    plugins = load_for(options)
    refused = refuse_unknown_backends(options.backend, plugins)
    if refused is not None:
        return refused
    if executor is not None:
        check_executor(executor, plugins)
    parse_outputs(options.report, plugins)  # before anything runs: a run whose report is lost is a lost run
    found = find_specs(paths, plugins)
    chosen, selected = chosen_of(found.specs)
    if list_only:
        print_faults(found.faults, options.color)
        if shard is not None and selected and not chosen:
            click.echo(_nothing(found, paths, shard), err=True)
        code = _list(chosen, bool(found.faults))
        return Exit.OK if code == Exit.NOTHING and selected and shard is not None else code
    if not chosen:
        print_faults(found.faults, options.color)
        if found.faults:
            return Exit.USAGE
        click.echo(_nothing(found, paths, shard if selected else None), err=True)
    settings = run_settings(
        options,
        jobs=jobs,
        max_failures=1 if exit_first else max_failures,
        executor=executor,
        executor_batch=executor_batch,
    )

    recalls: list[Recall] = []

    def remember(verify: VerifySettings) -> Recall:
        whole = None if any(SEPARATOR in path for path in paths) else found
        return open_recall(chosen, plugins, verify, again, state, whole)

    def remember_and_note(verify: VerifySettings) -> Recall:
        recalls.append(remember(verify))
        return recalls[-1]

    def conclude(report: Report) -> Report:
        state.remember_failures(report, allow_inconclusive=options.allow_inconclusive)
        if shard is None:
            return report
        return dataclasses.replace(report, shard=ShardInfo(index=shard.index, count=shard.count, specs=selected))

    compared = baseline_run(
        BaselineOptions(baseline=baseline, write_baseline=write_baseline, baseline_factor=baseline_factor),
        state,
        allow_inconclusive=options.allow_inconclusive,
        existing=[(spec.name, spec.place.file) for spec in found.specs],
        files=found.files,
    )

    code = run_and_report(
        chosen,
        found.faults,
        plugins,
        options,
        settings,
        remember=remember_and_note if chosen else None,
        conclude=conclude,
        baseline=compared,
    )
    if seen is not None:
        seen.update(path for recall in recalls for path in recall.files())
        seen.update(map(str, found.files))
    # A shard may be empty: its report is written for `gradverify merge`, and it is no fault of the pipeline.
    return Exit.OK if code == Exit.NOTHING and selected else code


def _known(
    paths: Sequence[str],
    chosen_of: Callable[[Sequence[Listed]], tuple[tuple[Listed, ...], int]],
    options: EngineOptions,
    again: RecallOptions,
    state: State,
) -> int | None:
    """The exit code of a run whose specs are all known, shown without loading plugins; None where it has to be run."""
    from gradverify.cli.engine import show_known
    from gradverify.cli.options import blocked
    from gradverify.cli.quick import QuickLook
    from gradverify.cli.screen import wants_lines, wants_notes
    from gradverify.run.settings import VerifySettings

    folder = again.cache_dir or state.cache
    if not folder.is_dir():
        return None
    look = QuickLook(folder, blocked(options.plugin), state.root)
    try:
        listing = look.listing(paths)
        if not listing:
            return None
        chosen, _ = chosen_of(listing)
        settings = VerifySettings(seed=options.seed, backends=options.backend or None)
        counted = not (wants_lines(options.verbosity) or wants_notes(options.verbosity, len(chosen)))
        results = look.results(chosen, settings, counted=counted) if chosen else None
        report = None if results is None else look.report(results, options.seed)
    finally:
        look.close()
        for note in look.notes:
            click.echo(f"gradverify: {note}", err=True)
    if report is None:
        return None
    state.remember_failures(report, allow_inconclusive=options.allow_inconclusive)
    return show_known(report, chosen, options)


def find_specs(paths: Sequence[str], plugins: Plugins) -> SpecFiles:
    """The specs of `paths`, or of the default folder."""
    from gradverify.spec.load import load_specs

    return load_specs(
        paths or DEFAULT_PATHS, plugins.backend_options(), kinds=tuple(plugins.loaders),
        methods=plugins.descent_method_uses,
    )  # fmt: skip


def _list(specs: Sequence[Spec], faults: bool) -> int:
    from gradverify.report.safe_text import written_out

    for spec in specs:
        tags = f"  [{', '.join(spec.tags)}]" if spec.tags else ""
        click.echo(written_out(f"{spec.place.file}::{spec.name}{tags}"))
    if faults:
        return Exit.USAGE
    return Exit.OK if specs else Exit.NOTHING


def _nothing(found: SpecFiles, paths: Sequence[str], shard: Shard | None) -> str:
    if shard is not None:
        return f"gradverify: no selected spec belongs to shard {shard}"
    if found.specs:
        specs = f"none of the {len(found.specs)} specs has" if len(found.specs) > 1 else "the only spec does not have"
        return f"gradverify: {specs} what -k and -t ask for; `gradverify run --list` shows what there is"
    return f"gradverify: there are no specs in {', '.join(paths or DEFAULT_PATHS)}"
