"""A result in plain text, as an assertion's message or a failing test tells it: short, whole, without colour."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gradverify.core.report import Check, Component, PointResult, SpecResult
from gradverify.core.verdicts import Verdict

MOST_ROWS = 8  # rows of a table of wrong components; the rest are counted
MOST_NUMBERS = 8  # components of a point that are written out


def explain(result: SpecResult, checks: Sequence[Check] | None = None) -> str:
    """The verdict with its reason, the wrong components, the likely mistake and the counterexample.

    checks: those to speak of; by default all of the result's.
    """
    return "\n".join(_lines(result, result.checks if checks is None else checks))


def _lines(result: SpecResult, checks: Sequence[Check]) -> Iterator[str]:
    reason = f": {result.reason}" if result.reason else ""
    yield f"{result.name}: {result.verdict.value}{reason}"
    yield f"  at {result.file}:{result.line}" if result.file else ""
    if result.expected != "pass":
        yield f"  expected: {result.expected}"
    for check in checks:
        yield f"  {label(check)}: {_verdict(check)}"
    table = _table(checks)
    if table:
        yield ""
        yield from table
    for diagnosis in result.diagnosis:
        yield f"  likely mistake ({diagnosis.fault.value}): {diagnosis.message}"
    if result.counterexample is not None:
        yield f"  counterexample: {result.counterexample.message or _point(result.counterexample.at)}"
    for spot in result.blind_spots[:MOST_ROWS]:
        better = f"; {_point(spot.better_point)} would" if spot.better_point is not None else ""
        yield f"  these points could not have revealed: {spot.message}{better}"
    if result.output:
        yield "  printed by the functions:"
        yield from (f"    {line}" for line in result.output.splitlines())


def label(check: Check) -> str:
    """`gradient[sympy]`, `known-value`, `descent[just right]`."""
    detail = check.backend or check.name
    return f"{check.kind}[{detail}]" if detail else check.kind


def _verdict(check: Check) -> str:
    evidence = f" ({check.evidence.value})" if check.evidence is not None and check.verdict is Verdict.PASS else ""
    return f"{check.verdict.value}{evidence}" + (f": {check.reason}" if check.reason else "")


def _table(checks: Sequence[Check]) -> list[str]:
    """The wrong components at the first failing point of the first check that has some."""
    for check in checks:
        for point in check.points:
            if point.verdict is Verdict.FAIL and point.wrong_components:
                return [f"  wrong at {_point(point.at)}, by {label(check)}:", *_rows(point)]
    return []


def _rows(point: PointResult) -> list[str]:
    header = ("component", "claimed", "reference", "error bound")
    shown = point.wrong_components[:MOST_ROWS]
    table = [header, *(_cells(point, component) for component in shown)]
    widths = [max(len(row[i]) for row in table) for i in range(len(header))]
    rows = [
        "    " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table
    ]
    left = len(point.wrong_components) - len(shown)
    return [*rows, f"    and {left} more"] if left else rows


def _cells(point: PointResult, component: Component) -> tuple[str, str, str, str]:
    name = component.label or f"{component.variable}{list(component.position) or ''}"
    claimed, reference, bound = (
        f"{values[component.index]:{form}}" if values is not None else "-"
        for values, form in ((point.claimed, ".10g"), (point.reference, ".10g"), (point.error_bound, ".2g"))
    )
    return name, claimed, reference, bound


def _point(at: Sequence[float]) -> str:
    shown = ", ".join(f"{value:.6g}" for value in at[:MOST_NUMBERS])
    return f"({shown}{', …' if len(at) > MOST_NUMBERS else ''})"
