"""`--baseline` and `--write-baseline` of `gradverify run`."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gradverify.cli.options import option, together
from gradverify.cli.state import State

if TYPE_CHECKING:
    from gradverify.core.report import Report, SpecResult
    from gradverify.report.baseline import Known

MOST_SHOWN = 20  # entries of each kind that are printed


class Factor(click.ParamType[Any]):
    """A finite number above 1."""

    name = "FACTOR"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number."""
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = 0.0
        if not 1 < number < float("inf"):
            self.fail(f"{value!r} is not a number above 1", param, ctx)
        return number


baseline_options = together(
    option(
        "--baseline", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
        help="Failures that this file knows do not fail the run; new ones and grown errors do.",
    ),
    option(
        "--write-baseline", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
        help="Write what fails now, and how large the errors are; the run then does not fail.",
    ),
    option(
        "--baseline-factor", type=Factor(), default=10.0, show_default=True,
        help="A measured error that grew by more than this fails the run, though still within tolerance or known.",
    ),
)  # fmt: skip


@dataclass(slots=True)
class BaselineRun:
    """A run's baselines: read before the run, compared and written after it."""

    options: BaselineOptions
    state: State
    allow_inconclusive: bool
    existing: frozenset[str]  # ids of all specs in the files that were read
    files: frozenset[str]  # those files, as ids have them
    known: dict[str, Known] | None = None
    failed: bool = False  # besides what fails by itself: an error grew, a baseline could not be written
    excused: frozenset[str] = frozenset()  # names of failing specs that do not fail the run
    lines: tuple[str, ...] = ()

    def identify(self, result: SpecResult) -> str:
        """The id of a result's spec."""
        from gradverify.cache.keys import spec_id

        return spec_id(result.name, result.file, self.state.root)

    def conclude(self, report: Report) -> Report:
        """The report with a note on each known failure; `lines`, `excused` and `failed` are known then."""
        lines: list[str] = []
        if self.known is not None:
            report = self._compared(report, self.known, lines)
        if self.options.write_baseline is not None:
            self._write(report, self.options.write_baseline, lines)
        self.lines = tuple(lines)
        return report

    def _compared(self, report: Report, known: dict[str, Known], lines: list[str]) -> Report:
        from gradverify.report.baseline import compare
        from gradverify.run.outcome import counts_as_failure

        gone = [name for name in known if name.rpartition("::")[0] in self.files and name not in self.existing]
        found = compare(
            report,
            known,
            self.identify,
            factor=self.options.baseline_factor,
            gone=gone,
            is_failure=lambda result: counts_as_failure(result, allow_inconclusive=self.allow_inconclusive),
        )
        lines.append(
            f"baseline {self.options.baseline}: {len(found.known)} known, {len(found.new)} new, "
            f"{len(found.stale)} stale, {len(found.grown)} with a grown error"
        )
        lines += _shown("new", found.new) + _shown("grown", found.grown) + _shown("stale", found.stale)
        if found.stale:
            lines.append("  stale entries go away with --write-baseline")
        self.excused |= {result.name for result in report.specs if self.identify(result) in set(found.known)}
        self.failed |= bool(found.grown)
        note = f"known failure: in the baseline {self.options.baseline}"
        specs = tuple(
            dataclasses.replace(result, notes=(*result.notes, note), known=True)
            if result.name in self.excused
            else result
            for result in report.specs
        )
        return dataclasses.replace(report, specs=specs)

    def _write(self, report: Report, path: Path, lines: list[str]) -> None:
        from gradverify import __version__
        from gradverify.cli.outputs import write_whole
        from gradverify.report.baseline import baseline_of, render_baseline

        if report.interrupted:
            lines.append(f"the baseline {path} is left as it is: the run was interrupted")
            return
        try:
            before = _read(path) if path.exists() else {}
        except click.UsageError:
            before = {}  # overwritten: it was asked for by name
        before = {
            name: known
            for name, known in before.items()
            if name in self.existing or name.rpartition("::")[0] not in self.files
        }
        baseline = baseline_of(report, self.identify, before)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, render_baseline(baseline, __version__))
        except OSError as error:
            lines.append(f"the baseline {path} cannot be written: {error.strerror or error}")
            self.failed = True
            return
        lines.append(f"wrote the baseline {path}: {len(baseline)} spec{'' if len(baseline) == 1 else 's'}")
        self.excused |= {result.name for result in report.specs}
        self.failed = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineOptions:
    """The values of `baseline_options`, by name."""

    baseline: Path | None
    write_baseline: Path | None
    baseline_factor: float


def baseline_run(
    options: BaselineOptions,
    state: State,
    *,
    allow_inconclusive: bool,
    existing: Sequence[tuple[str, str]],
    files: Sequence[Path],
) -> BaselineRun | None:
    """What the options ask for, None if nothing. existing: name and file of every spec that was found.

    Raises `click.UsageError` for a baseline that cannot be read, and for one that could not be written anyway.
    """
    from gradverify.cache.keys import portable, spec_id

    if options.baseline is None and options.write_baseline is None:
        return None
    if options.write_baseline is not None:
        _refuse_unwritable(options.write_baseline)
    return BaselineRun(
        options=options,
        state=state,
        allow_inconclusive=allow_inconclusive,
        existing=frozenset(spec_id(name, file, state.root) for name, file in existing),
        files=frozenset(portable(os.path.abspath(file), state.root) for file in files),
        known=None if options.baseline is None else _read(options.baseline),
    )


def _refuse_unwritable(path: Path) -> None:
    """Say what is wrong with a place for a baseline before anything runs."""
    from gradverify.cli.outputs import cannot_write, is_special

    if path.is_dir():
        raise click.UsageError(f"--write-baseline {path} is a folder; name a file in it")
    if is_special(path):
        raise click.UsageError(f"--write-baseline {path} is a device or a pipe, which keeps nothing; name a file")
    fault = cannot_write(path)
    if fault is not None:
        raise click.UsageError(f"--write-baseline {path} cannot be written: {fault}")


def _read(path: Path) -> dict[str, Known]:
    from gradverify.cli.outputs import is_device
    from gradverify.report.baseline import BaselineError, read_baseline

    if is_device(path):
        raise click.UsageError(f"the baseline {path} is a device; name a file that --write-baseline made")
    try:
        return read_baseline(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise click.UsageError(f"there is no baseline {path}; --write-baseline {path} makes one") from None
    except (OSError, UnicodeDecodeError, BaselineError) as error:
        reason = getattr(error, "strerror", None) or error
        raise click.UsageError(f"the baseline {path} cannot be read: {reason}") from None


def _shown(what: str, entries: Sequence[tuple[str, str]]) -> list[str]:
    lines = [f"  {what}: {name} {sentence}" for name, sentence in entries[:MOST_SHOWN]]
    if len(entries) > MOST_SHOWN:
        lines.append(f"  {what}: … and {len(entries) - MOST_SHOWN} more")
    return lines
