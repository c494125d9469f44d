"""What each descent came to, as a table."""

from __future__ import annotations

import math

from gradverify.core.report import DescentRun, SpecResult
from gradverify.report import words
from gradverify.report.html.parts import badge, table
from gradverify.report.markup import Child, Markup, element, join
from gradverify.report.safe_text import one_line

MOST_RUNS = 30
MOST_PLACES = 10  # decimals of a rate
MOST_NAME = 80  # characters
HEAD = (
    ("descent", ""), ("verdict", "text"), ("method", "text"), ("learning rate", ""), ("behaviour", "text"),
    ("iterations", ""), ("rate", ""), ("f at the end", ""), ("at", "text"),
)  # fmt: skip


def descent_table(spec: SpecResult) -> Markup | None:
    """One row a descent; None where there were none."""
    if not spec.descent:
        return None
    verdicts = {check.name: check.verdict for check in spec.checks if check.kind == "descent"}
    rows: list[tuple[str | None, tuple[Child, ...]]] = []
    for run in spec.descent[:MOST_RUNS]:
        verdict = verdicts.get(run.name)
        rows.append(
            (
                None,
                (
                    one_line(run.name, MOST_NAME), badge(verdict) if verdict is not None else "–",
                    one_line(str(run.details.get("method", "–")), MOST_NAME), _number(run.details.get("learning_rate")),
                    one_line(run.behaviour, MOST_NAME), f"{run.iterations:,}", _rate(run), f"{run.final_value:.4g}",
                    words.point(run.final_point),
                ),
            )
        )  # fmt: skip
    left = len(spec.descent) - len(rows)
    more = element("p", f"… and {left} more descents", class_="muted small") if left > 0 else None
    return join((table(HEAD, rows), more))


def _rate(run: DescentRun) -> str:
    """The linear rate as measured, with its error where that is known."""
    if run.rate is None:
        return "–"
    error = run.details.get("rate_error")
    if not isinstance(error, float) or not 0 < error < 1:
        return f"{run.rate:.4g}"
    places = min(MOST_PLACES, math.ceil(-math.log10(error)))  # a digit more would be noise
    return f"{run.rate:.{places}f} ± {error:.0e}"


def _number(value: object) -> str:
    known = isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 2**1000
    return f"{value:.6g}" if known else "–"
