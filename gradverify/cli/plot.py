"""`gradverify plot`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gradverify.cli.exits import Exit
from gradverify.cli.options import Limit, blocked, limit, option, plugin_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradverify.core.report import SpecResult
    from gradverify.plugins import Plugins
    from gradverify.spec.model import Spec

PNG = ".png"
KINDS = (".svg", PNG)
MOST_NAMES = 8


@click.command("plot", short_help="Draw what one spec's checks and descents did.")
@click.argument("spec", metavar="FILE[::NAME]")
@click.option(
    "-o", "--output", "file", required=True, metavar="FILE", help="An .svg or .png file; `-`: SVG to standard output."
)
@option(
    "--scale",
    type=click.FloatRange(0.25, 8.0),
    default=2.0,
    show_default=True,
    help="Pixels of a PNG for each of the SVG's.",
)
@option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="All random choices follow from it.")
@option(
    "--timeout", type=Limit("SECONDS", float), default=60.0, show_default=True, help="Time limit; `none` for no limit."
)
@plugin_option
def command(spec: str, file: str, scale: float, seed: int, timeout: float | str, plugin: tuple[str, ...]) -> int:
    """Draw one spec: the error of its references against the step size, its descents over level sets and by iteration.

    SVG needs nothing but gradverify; PNG needs `pip install 'gradverify[plot]'`. The exit code is 0 if a figure was
    drawn, whatever the verdict: `gradverify run` judges.
    """
    from gradverify.cli.engine import print_faults
    from gradverify.cli.outputs import STANDARD_OUTPUT, cannot_write
    from gradverify.cli.run import find_specs
    from gradverify.plugins import load_plugins
    from gradverify.run.limits import single_threaded

    if file != STANDARD_OUTPUT:
        if Path(file).suffix.lower() not in KINDS:
            raise click.UsageError(f"-o {file}: name a file that ends in {' or '.join(KINDS)}")
        fault = cannot_write(Path(file))
        if fault is not None:
            raise click.UsageError(f"-o {file}: {fault}")
    if file.lower().endswith(PNG):
        from gradverify.cli.raster import NoRasteriserError, require_rasteriser

        try:
            require_rasteriser()
        except NoRasteriserError as error:
            raise click.UsageError(f"-o {file}: {error}") from None
    single_threaded()
    plugins = load_plugins(blocked(plugin))
    found = find_specs((spec,), plugins)
    if found.faults:
        print_faults(found.faults, "auto")
        return Exit.USAGE
    result = _result(_the_one(found.specs, spec), plugins, seed, limit(timeout))
    return Exit.INTERRUPTED if result is None else _draw(result, file, scale)


def _the_one(specs: Sequence[Spec], asked: str) -> Spec:
    """The spec that was asked for; a usage error where there are several, or none."""
    if len(specs) == 1:
        return specs[0]
    if not specs:
        raise click.UsageError(f"there is no spec in {asked}")
    names = ", ".join(f"`{spec.name}`" for spec in specs[:MOST_NAMES])
    more = ", …" if len(specs) > MOST_NAMES else ""
    raise click.UsageError(f"{asked} has {len(specs)} specs; choose one with FILE::NAME: {names}{more}")


def _result(spec: Spec, plugins: Plugins, seed: int, seconds: float | None) -> SpecResult | None:
    """What the spec's run came to, in a worker process as always; None where it was interrupted."""
    from gradverify.run.session import RunSettings, run_specs
    from gradverify.run.settings import VerifySettings

    verify = VerifySettings(seed=seed, pictures=True, search=False, blind_spots=False)
    report = run_specs([spec], plugins, RunSettings(processes=1, seconds=seconds, verify=verify))
    return report.specs[0] if report.specs else None


def _draw(result: SpecResult, file: str, scale: float) -> int:
    from gradverify.cli.outputs import STANDARD_OUTPUT, write_whole
    from gradverify.cli.raster import png
    from gradverify.report.figures.of_spec import descent_figures, ladder_figures
    from gradverify.report.figures.sheet import sheet_of
    from gradverify.report.safe_text import one_line

    figures = [*ladder_figures(result), *descent_figures(result)]
    said = one_line(f"{result.verdict.value}: {result.reason}" if result.reason else result.verdict.value)
    if not figures:
        click.echo(f"gradverify: there is nothing to draw of {one_line(result.name)} ({said})", err=True)
        return Exit.FAILED
    evidence = f" ({result.evidence.value})" if result.evidence is not None and not result.reason else ""
    svg = sheet_of(figures, one_line(result.name), said + evidence)
    if file == STANDARD_OUTPUT:
        click.echo(svg, nl=False)
        return Exit.OK
    write_whole(Path(file), png(svg, scale) if file.lower().endswith(PNG) else svg)
    click.echo(f"{len(figures)} figure{'' if len(figures) == 1 else 's'} of {one_line(result.name)} in {file}")
    return Exit.OK
