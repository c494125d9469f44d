"""`gradverify audit`: what could the specs' points not have revealed?"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Any

import click

from gradverify.cli.exits import Exit
from gradverify.cli.options import Jobs, engine_options, option
from gradverify.core.report import BlindSpot, Report, SpecResult
from gradverify.core.verdicts import Verdict

DEFAULT_SCORE = 0.9  # one mistake in ten may be hard to see, such as a factor of a variable that is near 1
MOST_MESSAGES = 4  # of the blind spots that one point would close
MOST_COORDINATES = 200  # of a point that is written out; beyond, nobody pastes it
INDENT = " " * 7


@click.command("audit", short_help="Show the mistakes that the specs' points could not have revealed.")
@click.argument("paths", nargs=-1)
@option(
    "--min-score", type=click.FloatRange(0.0, 1.0), default=DEFAULT_SCORE, show_default=True,
    help="The share of mistakes that every spec's points must catch.",
)  # fmt: skip
@option("-k", "--keyword", metavar="EXPR", help="Specs whose name has these words: `loss and not (l1 or l2)`.")
@option(
    "-t", "--tag", multiple=True, metavar="TAG", help="Specs with one of these tags; `!TAG`: without it (repeatable)."
)
@option("-j", "--jobs", type=Jobs(), default="auto", metavar="N", help="Worker processes; default: the usable cores.")
@engine_options
def command(
    paths: tuple[str, ...], min_score: float, keyword: str | None, tag: tuple[str, ...], jobs: int, **engine: Any
) -> int:
    """Show what the points of the specs in PATHS could not have revealed.

    Each claimed derivative is changed on purpose: components negated, doubled, zeroed, multiplied by their variable,
    swapped. A change that the points let through is a blind spot; it is shown with a point that would catch it, to be
    pasted below `points:`. Specs that are wrong on purpose (`expect: fail`) are left out.

    The exit code is 1 if the points of any spec catch less than --min-score, and where `gradverify run` has it.
    """
    from gradverify.cli.engine import EngineOptions, exit_code, load_for, print_faults, refuse_unknown_backends
    from gradverify.cli.engine import run_settings as settings_of
    from gradverify.cli.outputs import parse_outputs, write_outputs
    from gradverify.cli.run import find_specs
    from gradverify.cli.screen import Screen, wants_colour
    from gradverify.cli.select import SelectionError, select
    from gradverify.run.session import run_specs

    options = EngineOptions(**engine)
    plugins = load_for(options)
    refused = refuse_unknown_backends(options.backend, plugins)
    if refused is not None:
        return refused
    outputs = parse_outputs(options.report, plugins)
    found = find_specs(paths, plugins)
    try:
        chosen = select(found.specs, keyword, tag)
    except SelectionError as error:
        raise click.UsageError(str(error)) from None
    specs = [spec for spec in chosen if spec.expect.verdict != "fail"]
    print_faults(found.faults, options.color)
    if not specs:
        click.echo("gradverify: there is no spec to audit", err=True)
        return Exit.USAGE if found.faults else Exit.NOTHING
    # A report on standard output has it for itself.
    stream = sys.stderr if any(output.to_standard_output for output in outputs) else sys.stdout
    settings = settings_of(options, jobs=jobs, max_failures=None)
    with Screen(len(specs), verbosity=min(options.verbosity, 0), colour=options.color, stream=stream) as screen:
        report = run_specs(specs, plugins, settings, on_finished=screen.finished, on_tick=screen.tick)
    broken = write_outputs(outputs, report, plugins, {"junit": {"family": options.junit_family}})
    text = render_audit(
        report, min_score, twins=len(chosen) - len(specs), verbosity=options.verbosity,
        colour=wants_colour(options.color, stream),
    )  # fmt: skip
    stream.write(text)
    for sentence in broken:
        click.echo(f"gradverify: {sentence}", err=True)
    code = exit_code(report, specs, options, faults=bool(found.faults), reports_broken=bool(broken))
    return Exit.FAILED if code == Exit.OK and below(report, min_score) else code


def score_of(result: SpecResult) -> float | None:
    """The share of mutants that the points catch, 1 where there is none; None unless the claim was found right."""
    if result.verdict is not Verdict.PASS or result.mutants is None:
        return None
    caught, every = result.mutants
    return caught / every if every else 1.0


def below(report: Report, least: float) -> tuple[SpecResult, ...]:
    """The specs whose score is less than `least`."""
    scores = [(result, score_of(result)) for result in report.specs]
    return tuple(result for result, score in scores if score is not None and not score >= least)


def point_line(at: Sequence[float]) -> str:
    """A point as an item of a spec's `points`: `- [1, -0.5]`."""
    if len(at) > MOST_COORDINATES:
        return f"a point of {len(at)} components, which `--report json:FILE` writes out"
    return f"- [{', '.join(_number(value) for value in at)}]"


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) and abs(value) < 1e6 else repr(value)


def render_audit(report: Report, least: float, *, twins: int = 0, verbosity: int = 0, colour: bool = False) -> str:
    """What the audit prints. twins: how many specs that are wrong on purpose were left out.

    verbosity: −1 the summary alone, 0 every spec, 1 every blind spot.
    """
    most = MOST_MESSAGES if verbosity <= 0 else sys.maxsize
    lines = [line for result in report.specs for line in _spec(result, least, most, colour)] if verbosity >= 0 else []
    return "\n".join([*lines, *([""] if lines else []), _summary(report, least, twins, colour), ""])


def _spec(result: SpecResult, least: float, most: int, colour: bool) -> Iterator[str]:
    from gradverify.report.safe_text import one_line

    score = score_of(result)
    name = f"{one_line(result.name)}  {one_line(result.file)}:{result.line}"
    if score is None or result.mutants is None:
        yield f"{_paint(f'{result.verdict.value:>5}', 'yellow', colour)}  {name}"
        yield f"{INDENT}no score: {one_line(result.reason or 'there is no claim to change', 200)}"
        return
    caught, every = result.mutants
    figure = _paint(f"{_percent(caught, every):>5}", "green" if score >= least else "red", colour)
    yield f"{figure}  {name}  {caught} of {every} mistakes caught"
    by_point: dict[tuple[float, ...] | None, list[BlindSpot]] = {}
    for spot in result.blind_spots:
        by_point.setdefault(spot.better_point, []).append(spot)
    for at, spots in by_point.items():
        yield from (f"{INDENT}{one_line(spot.message)}" for spot in spots[:most])
        if len(spots) > most:
            yield f"{INDENT}… and {len(spots) - most} more, caught by the same point"
        if at is not None:
            yield f"{INDENT}  {_paint(point_line(at), 'cyan', colour)}"
    unsaid = every - caught - len(result.blind_spots)
    if unsaid > 0:
        yield f"{INDENT}… and {unsaid} more"


def _percent(caught: int, every: int) -> str:
    """Rounded down: 100 % is said of all and nothing less."""
    return f"{100 * caught // every if every else 100} %"


def _paint(text: str, name: str, colour: bool) -> str:
    return click.style(text, fg=name) if colour else text


def _summary(report: Report, least: float, twins: int, colour: bool) -> str:
    scored = [result for result in report.specs if score_of(result) is not None]
    pairs = [result.mutants for result in scored if result.mutants is not None]
    caught, every = sum(pair[0] for pair in pairs), sum(pair[1] for pair in pairs)
    low, unscored = len(below(report, least)), len(report.specs) - len(scored)
    specs = f"{len(scored)} spec{'' if len(scored) == 1 else 's'}"
    caught_here = f"{specs} audited: {caught} of {every} mistakes caught ({_percent(caught, every)})"
    parts = [caught_here if scored else "nothing was audited"]
    if low:
        parts.append(f"{low} below {100 * least:g} %, add the points shown to `points:`")
    if unscored:
        parts.append(f"{unscored} without a score")
    if twins:
        parts.append(f"{twins} wrong on purpose, left out")
    if report.not_run:
        parts.append(f"{len(report.not_run)} not run")
    return _paint("; ".join(parts), "red" if low or unscored or report.interrupted else "green", colour)
