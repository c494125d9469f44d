"""The figures of one spec: ladders, descents over contours, and f by iteration."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gradverify.core.report import DescentRun, SpecResult
from gradverify.core.variables import Variables
from gradverify.core.verdicts import Verdict
from gradverify.report.figures.descents import MOST_RUNS, Run, descents_figure
from gradverify.report.figures.ladder import Ladder, ladder_figure, read_ladder
from gradverify.report.figures.trajectory import read_grid, trajectory_figure
from gradverify.report.html.parts import section
from gradverify.report.markup import Markup, element
from gradverify.report.safe_text import one_line

MOST_LADDERS = 4
MOST_DESCENTS = 6  # drawn in the plane; all are in the figure of values, up to its own limit
MOST_NAME = 60  # characters


def figures(spec: SpecResult) -> list[Markup]:
    """Every figure that the spec's results hold."""
    return [figure for figure in (*_ladders(spec), *_descents(spec)) if figure is not None]


def ladders(spec: SpecResult) -> Markup | None:
    """How the references came about, as a section of the page; None where there is nothing to draw."""
    return _section("How the reference came about", _ladders(spec))


def descents(spec: SpecResult) -> Markup | None:
    """What the descents did, as a section of the page; None where there were none."""
    return _section("Descent with the claimed gradient", _descents(spec))


def _section(title: str, figures: Iterable[Markup | None]) -> Markup | None:
    drawn = [figure for figure in figures if figure is not None]
    return section(title, element("div", *drawn, class_="figures")) if drawn else None


def _ladders(spec: SpecResult) -> Iterator[Markup | None]:
    return (ladder_figure(ladder) for ladder in ladder_values(spec)[:MOST_LADDERS])


def ladder_values(spec: SpecResult) -> list[Ladder]:
    """The step-size ladders of all checks; those of failing checks first."""
    found = []
    for check in sorted(spec.checks, key=lambda c: c.verdict is not Verdict.FAIL):
        told = check.details.get("ladder")
        for data in told if isinstance(told, (list, tuple)) else ():
            ladder = read_ladder(data)
            if ladder is not None:
                found.append(ladder)
    return found


def _descents(spec: SpecResult) -> Iterator[Markup | None]:
    runs = [run for run in spec.descent if run.values]
    if not runs:
        return
    plane = _plane(spec)
    if plane is not None:
        grids = (read_grid(run.details.get("contours")) for run in runs)
        shared = next((grid for grid in grids if grid is not None), None)  # one grid serves all descents of a spec
        for run in runs[:MOST_DESCENTS]:
            yield trajectory_figure(run.trajectory, plane, _title(run), shared)
    title = "f by iteration" if len(runs) == 1 else "f by iteration, learning rates compared"
    yield descents_figure([_run(run) for run in runs[:MOST_RUNS]], title)


def _plane(spec: SpecResult) -> tuple[str, str] | None:
    """The names of the two components, where there are two."""
    variables = Variables.of(spec.variables)
    if variables.size != 2:
        return None
    return one_line(variables.component_name(0), MOST_NAME), one_line(variables.component_name(1), MOST_NAME)


def _title(run: DescentRun) -> str:
    rate = _rate(run)
    return one_line(f"{run.name}{f', {rate}' if rate else ''}: {run.behaviour}", MOST_NAME)


def _rate(run: DescentRun) -> str:
    rate = run.details.get("learning_rate")
    known = isinstance(rate, (int, float)) and not isinstance(rate, bool)
    return f"η = {rate:.6g}" if known else ""


def _run(run: DescentRun) -> Run:
    numbers = run.details.get("value_iterations")
    fits = isinstance(numbers, (list, tuple)) and len(numbers) == len(run.values)
    if fits and all(isinstance(n, int) and abs(n) < 2**53 for n in numbers or ()):
        iterations = tuple(numbers or ())
    else:
        iterations = tuple(range(len(run.values)))
    rate = _rate(run)
    return Run(one_line(f"{run.name}{f' ({rate})' if rate else ''}", MOST_NAME), run.values, iterations)
