"""Claimed against reference, component by component, at the point that says most."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from gradverify.core.report import Check, PointResult, SpecResult
from gradverify.core.variables import Variables
from gradverify.core.verdicts import Verdict
from gradverify.report import words
from gradverify.report.html.parts import badge, section, table
from gradverify.report.markup import Markup, element, join
from gradverify.report.safe_text import one_line

MOST_ROWS = 24  # components in the table of a point
MOST_POINTS = 12  # points listed
MOST_LABEL = 80  # characters of a component's name
COMPONENTS = (("component", ""), ("claimed", ""), ("reference", ""), ("± bound", ""), ("rel. error", ""))
POINTS = (("point", ""), ("verdict", "text"), ("worst component", "text"), *COMPONENTS[1:])


def comparison(spec: SpecResult) -> Markup | None:
    """The table of the most telling point, and a list of the other points where there are several."""
    found = telling(spec)
    if found is None:
        return None
    check, at = found
    title = f"Claimed against reference at {words.point(at.at)}"
    others = [point for point in check.points if point is not at]
    listing = None
    if others:
        more = join((_points(spec, check), _left_out(len(check.points) - MOST_POINTS, "points")))
        listing = element(
            "details", element("summary", f"all {len(check.points)} points of {words.check_label(check)}"), more,
            class_="more",
        )  # fmt: skip
    return section(title, _components(spec, check, at), listing)


def telling(spec: SpecResult) -> tuple[Check, PointResult] | None:
    """The worst failing point; where none failed, the point with the largest error by the strongest backend."""
    failing = words.worst_point(spec.checks)
    if failing is not None and failing[1].claimed is not None:
        check = failing[0]
        named = [p for p in check.points if p.verdict is Verdict.FAIL and p.wrong_components and p.claimed is not None]
        return check, max(named, key=_error, default=failing[1])
    known = [check for check in spec.checks if any(p.reference is not None for p in check.points)]
    if not known:
        return None
    check = max(known, key=lambda c: c.evidence.strength if c.evidence is not None else -1)
    return check, max((p for p in check.points if p.reference is not None), key=_error)


def _error(at: PointResult) -> float:
    if at.claimed is None or at.reference is None:
        return -1.0
    errors = [words.relative_error(c, r) for c, r in zip(at.claimed, at.reference, strict=False)]
    return max((math.inf if math.isnan(e) else e for e in errors), default=-1.0)


def _components(spec: SpecResult, check: Check, at: PointResult) -> Markup:
    size = min(len(at.claimed or ()), len(at.reference or ()))
    wrong = {part.index: part.label for part in at.wrong_components}
    order: Sequence[int] = range(size)
    if size > MOST_ROWS:  # the wrong ones first, so that none of them is left out for a right one
        order = [*(i for i in wrong if i < size), *(i for i in range(size) if i not in wrong)][:MOST_ROWS]
    names = names_of(spec, check.kind)
    rows = []
    for i in order:
        label = one_line(wrong.get(i) or names(i), MOST_LABEL)
        rows.append(("wrong" if i in wrong else None, (label, *numbers(at, i))))
    return join((table(COMPONENTS, rows), _left_out(size - len(rows), "components")))


def numbers(at: PointResult, i: int) -> tuple[str, str, str, str]:
    """Claimed, reference, bound and relative error of component `i`."""
    if at.claimed is None or at.reference is None or not i < min(len(at.claimed), len(at.reference)):
        return "–", "–", "–", "–"
    claimed, reference = words.pair(at.claimed[i], at.reference[i])
    bound = f"{at.error_bound[i]:.1e}" if at.error_bound is not None and i < len(at.error_bound) else "–"
    error = f"{words.relative_error(at.claimed[i], at.reference[i]):.1e}"
    return claimed, reference, bound, error


def _points(spec: SpecResult, check: Check) -> Markup:
    names = names_of(spec, check.kind)
    rows = []
    order = sorted(check.points, key=lambda p: p.verdict is not Verdict.FAIL)
    for at in order[:MOST_POINTS]:
        i = _worst(at)
        label = one_line(next((c.label for c in at.wrong_components if c.index == i), "") or names(i), MOST_LABEL)
        rows.append((None, (words.point(at.at), badge(at.verdict), label, *numbers(at, i))))
    return table(POINTS, rows)


def _worst(at: PointResult) -> int:
    if at.wrong_components:
        return at.wrong_components[0].index
    pairs = list(zip(at.claimed or (), at.reference or (), strict=False))
    errors = [words.relative_error(c, r) for c, r in pairs]
    return max(range(len(errors)), key=lambda i: math.inf if math.isnan(errors[i]) else errors[i], default=0)


def _left_out(count: int, what: str) -> Markup | None:
    return element("p", f"… and {count} more {what}", class_="muted small") if count > 0 else None


def names_of(spec: SpecResult, kind: str) -> Callable[[int], str]:
    """What people call component i of the derivative that a `kind` of check is about (counted from 0)."""
    variables = Variables.of(spec.variables)
    n, name = variables.size, variables.component_name

    def label(index: int) -> str:
        row, column = divmod(index, n) if n else (-1, 0)
        match kind:
            case "jacobian" if n:
                return f"∂f[{row}]/∂{name(column)}"
            case "hessian" if 0 <= row < n:
                return f"∂²f/∂{name(row)}∂{name(column)}"
            case _ if row == 0:
                return f"∂f/∂{name(column)}"
            case _:
                return f"component {index}"

    return label
