"""The figures of one spec: ladders, descents over contours, and f by iteration."""

from __future__ import annotations

from collections.abc import Iterator

from gradverify.core.report import DescentRun, SpecResult
from gradverify.core.variables import Variables
from gradverify.core.verdicts import Verdict
from gradverify.report.figures.descents import MOST_RUNS, Run, descents_figure
from gradverify.report.figures.frame import Figure
from gradverify.report.figures.ladder import Ladder, ladder_figure, read_ladder
from gradverify.report.figures.trajectory import read_grid, trajectory_figure
from gradverify.report.safe_text import one_line

MOST_LADDERS = 4
MOST_DESCENTS = 6  # drawn in the plane; all are in the figure of values, up to its own limit
MOST_NAME = 60  # characters


def has_figures(spec: SpecResult) -> bool:
    """Whether there may be anything to draw, without drawing it."""
    return bool(spec.descent) or any(check.details.get("ladder") for check in spec.checks)


def ladder_figures(spec: SpecResult) -> list[Figure]:
    """How references came about: the error of differences over their step."""
    drawn = (ladder_figure(ladder) for ladder in ladders(spec)[:MOST_LADDERS])
    return [figure for figure in drawn if figure is not None]


def descent_figures(spec: SpecResult) -> list[Figure]:
    """What the descents did, each in the plane of two variables, and all of them by iteration."""
    return [figure for figure in _descents(spec) if figure is not None]


def ladders(spec: SpecResult) -> list[Ladder]:
    """The step-size ladders of all checks; those of failing checks first."""
    found = []
    for check in sorted(spec.checks, key=lambda c: c.verdict is not Verdict.FAIL):
        told = check.details.get("ladder")
        for data in told if isinstance(told, (list, tuple)) else ():
            ladder = read_ladder(data)
            if ladder is not None:
                found.append(ladder)
    return found


def _descents(spec: SpecResult) -> Iterator[Figure | None]:
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
