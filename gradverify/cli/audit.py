"""`gradverify audit`: what could the specs' points not have revealed?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from gradverify.core.report import BlindSpot, Report, SpecResult
from gradverify.core.verdicts import Verdict

if TYPE_CHECKING:
    pass

DEFAULT_SCORE = 0.9  # a tenth of the mutants may be hard to tell apart, such as factors of a variable that is near 1
MOST_MESSAGES = 4  # of the blind spots that one point would close
MOST_COORDINATES = 200  # of a point that is written out; beyond, nobody pastes it


def score_of(result: SpecResult) -> float | None:
    """The share of mutants that the points catch, 1 where nothing could be confused; None without a verdict to mutate."""
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


def render_audit(report: Report, least: float, *, twins: int = 0, colour: bool = False) -> str:
    """What the audit prints. twins: how many specs that are wrong on purpose were left out."""
    parts = ["\n".join(_spec(result, least, colour)) for result in report.specs]
    return "\n".join([*parts, "", _summary(report, least, twins, colour), ""])


def _spec(result: SpecResult, least: float, colour: bool) -> Iterator[str]:
    from gradverify.report.safe_text import one_line

    score = score_of(result)
    name = f"{one_line(result.name)}  {one_line(result.file)}:{result.line}"
    if score is None:
        reason = one_line(result.reason or "no claim to change", 200)
        yield f"{_paint(f'{result.verdict.value:>5}', 'yellow', colour)}  {name}\n       no score: {reason}"
        return
    assert result.mutants is not None
    caught, every = result.mutants
    figure = _paint(f"{_percent(score):>5}", "green" if score >= least else "red", colour)
    yield f"{figure}  {name}  {caught} of {every} mistakes caught" if every else f"{figure}  {name}"
    by_point: dict[tuple[float, ...] | None, list[BlindSpot]] = {}
    for spot in result.blind_spots:
        by_point.setdefault(spot.better_point, []).append(spot)
    for at, spots in by_point.items():
        for spot in spots[:MOST_MESSAGES]:
            yield f"       {one_line(spot.message)}"
        if len(spots) > MOST_MESSAGES:
            yield f"       … and {len(spots) - MOST_MESSAGES} more of the kind"
        if at is not None:
            yield f"         {_paint(point_line(at), 'cyan', colour)}"
    missing = every - caught - len(result.blind_spots)
    if missing > 0:
        yield f"       … and {missing} more, likely closed by the points above"


def _percent(score: float) -> str:
    """Rounded down: 100 % is said of all and nothing less."""
    return f"{int(100 * score)} %"


def _paint(text: str, name: str, colour: bool) -> str:
    return click.style(text, fg=name) if colour else text


def _summary(report: Report, least: float, twins: int, colour: bool) -> str:
    scores = [score for score in map(score_of, report.specs) if score is not None]
    caught, every = (sum(r.mutants[i] for r in report.specs if score_of(r) is not None and r.mutants) for i in (0, 1))
    low = len(below(report, least))
    unscored = len(report.specs) - len(scores)
    parts = [
        f"{len(scores)} audited: {caught} of {every} mistakes caught"
        + (f" ({_percent(caught / every)})" if every else "")
    ]
    if low:
        parts.append(f"{low} below {_percent(least)}; add the points shown to `points:`")
    if unscored:
        parts.append(f"{unscored} without a score")
    if twins:
        parts.append(f"{twins} wrong on purpose, left out")
    if report.not_run:
        parts.append(f"{len(report.not_run)} not run")
    return _paint("; ".join(parts), "red" if low or unscored or report.interrupted else "green", colour)
