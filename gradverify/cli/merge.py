"""`gradverify merge`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gradverify.cli.exits import Exit
from gradverify.cli.options import blocked, color_option, junit_option, option, plugin_option, report_option

if TYPE_CHECKING:
    from gradverify.plugins import Plugins
    from gradverify.report.merge import Part


@click.command("merge", short_help="One report from the JSON reports of several runs, and nothing missing.")
@click.argument("reports", nargs=-1, required=True)
@click.option("--expect", type=click.IntRange(min=0), metavar="N", help="There have to be N specs.")
@click.option(
    "--expect-specs", multiple=True, metavar="PATH", help="There have to be exactly the specs of PATH (repeatable)."
)
@report_option
@junit_option
@option("--allow-inconclusive", is_flag=True, help="What could not be decided is no failure.")
@plugin_option
@click.option("-q", "--quiet", is_flag=True, help="The summary line alone.")
@color_option
def command(
    reports: tuple[str, ...],
    expect: int | None,
    expect_specs: tuple[str, ...],
    report: tuple[str, ...],
    junit_family: str,
    allow_inconclusive: bool,
    plugin: tuple[str, ...],
    quiet: bool,
    color: str,
) -> int:
    """Put the JSON reports REPORTS together: files, or folders with `*.json` in them.

    A spec that is in two of them is a fault, as is a shard that is missing; with --expect or --expect-specs any spec
    that is missing. The exit code is 2 for those, else what one run over all specs would have had.
    """
    import sys

    from gradverify.cli.outputs import parse_outputs, write_outputs
    from gradverify.cli.screen import Screen
    from gradverify.plugins import load_plugins
    from gradverify.report.merge import merge_reports
    from gradverify.run.outcome import counts_as_failure

    plugins = load_plugins(blocked(plugin))
    outputs = parse_outputs(report, plugins)
    parts = list(_read_all(reports))
    expected = _keys_of(expect_specs, plugins) if expect_specs else None
    merged = merge_reports(parts, expect=expect, expected=expected)
    stream = sys.stderr if any(output.to_standard_output for output in outputs) else sys.stdout
    broken = write_outputs(outputs, merged.report, plugins, {"junit": {"family": junit_family}})
    with Screen(0, verbosity=-1 if quiet else 0, colour=color, stream=stream) as screen:
        screen.conclude(merged.report)
    for sentence in (*merged.notes, *merged.faults, *broken):
        click.echo(f"gradverify: {sentence}", err=True)
    if broken:
        return Exit.INTERNAL
    if merged.faults:
        return Exit.USAGE
    if merged.report.interrupted:
        return Exit.INTERRUPTED
    bad = (r for r in merged.report.specs if counts_as_failure(r, allow_inconclusive=allow_inconclusive))
    if not all(result.known for result in bad):  # their runs had a baseline that excuses them
        return Exit.FAILED
    return Exit.OK if merged.report.specs else Exit.NOTHING


def _read_all(names: Sequence[str]) -> Iterator[Part]:
    from gradverify.cli.outputs import is_device
    from gradverify.report.json_report import report_from_text
    from gradverify.report.merge import Part

    for name in names:
        path = Path(name)
        files = sorted(path.glob("*.json")) if path.is_dir() else [path]
        if not files:
            raise click.UsageError(f"there are no JSON reports in {path}")
        for file in files:
            if is_device(file):
                raise click.UsageError(f"{file} is a device, not a JSON report")
            try:
                yield Part(str(file), report_from_text(file.read_text(encoding="utf-8")))
            except (OSError, UnicodeDecodeError) as error:
                reason = getattr(error, "strerror", None) or error
                raise click.UsageError(f"{file} cannot be read: {reason}") from None
            except ValueError as error:
                raise click.UsageError(f"{file} is no JSON report of gradverify: {error}") from None


def _keys_of(paths: Sequence[str], plugins: Plugins) -> list[str]:
    """The keys of the specs that are to be there, in the order of a run."""
    from gradverify.spec.load import load_specs

    found = load_specs(paths, plugins.backend_options(), kinds=tuple(plugins.loaders))
    if found.faults:
        raise click.UsageError(f"--expect-specs: {found.faults[0]}")
    return [f"{spec.place.file}::{spec.name}" for spec in found.specs]
