"""How numbers, points and checks are written for people, the same in every report."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from gradverify.core.report import Check, Component, PointResult, SpecResult
from gradverify.core.verdicts import Verdict
from gradverify.report.safe_text import one_line

MOST_NUMBERS = 6  # components of a point that are written out
MOST_DIGITS = 15  # more are round-off


def number(value: float) -> str:
    """A number with up to ten significant digits: `8`, `0.5`, `-1.25e-09`, `nan`."""
    return f"{value:.10g}"


def pair(claimed: float, reference: float) -> tuple[str, str]:
    """Two numbers with just enough digits to show that they differ, and six at least."""
    for digits in range(6, MOST_DIGITS + 1):
        texts = f"{claimed:.{digits}g}", f"{reference:.{digits}g}"
        if texts[0] != texts[1]:
            more = min(digits + 2, MOST_DIGITS)
            return f"{claimed:.{more}g}", f"{reference:.{more}g}"
    return f"{claimed:.6g}", f"{reference:.6g}"


def point(at: Sequence[float]) -> str:
    """`(1, 2, 3)`, shortened where there are many components."""
    shown = ", ".join(f"{value:.6g}" for value in at[:MOST_NUMBERS])
    return f"({shown}{', …' if len(at) > MOST_NUMBERS else ''})"


def check_label(check: Check) -> str:
    """`gradient[sympy]`, `known-value`, `descent[just right]`: unique within a spec, and on one line."""
    detail = check.backend or check.name
    return one_line(f"{check.kind}[{detail}]" if detail else check.kind)


def counting(labels: Sequence[str]) -> str:
    """What to say of numbers in brackets, as in `∂f/∂w[3]`; empty where no label has any."""
    return "positions in brackets are counted from 0" if any("[" in label for label in labels) else ""


def relative_error(claimed: float, reference: float) -> float:
    """|claimed − reference| / |reference|; infinite where only the reference is 0."""
    gap = abs(claimed - reference)
    if reference != 0:
        return gap / abs(reference)
    return 0.0 if gap == 0 else math.inf


def as_expected(result: SpecResult) -> bool:
    """Whether a spec came out as its author said; then even its failing checks are no news."""
    return result.verdict is Verdict.PASS


def worst_point(checks: Sequence[Check]) -> tuple[Check, PointResult] | None:
    """The first failing point of the first check that has one, preferring points that name components."""
    for named in (True, False):
        for check in checks:
            for at in check.points:
                if at.verdict is Verdict.FAIL and (bool(at.wrong_components) or not named):
                    return check, at
    return None


def left_out(at: PointResult, shown: int) -> str:
    """`… and 990 more`: the wrong components of a point behind the first `shown`; empty where there are none."""
    left = len(at.wrong_components) - shown
    # Of very many components a point names no more wrong ones than it has numbers.
    cut_off = at.components is not None and len(at.wrong_components) >= len(at.components)
    return f"… and {'at least ' if cut_off else ''}{left} more" if left > 0 else ""


def component_row(at: PointResult, part: Component) -> tuple[str, str, str, str, str]:
    """Name, claimed, reference, error bound and relative error of one component."""
    i, label = at.place(part.index), one_line(part.label)
    if i is None or at.claimed is None or at.reference is None or i >= min(len(at.claimed), len(at.reference)):
        return label, "–", "–", "–", "–"
    claimed, reference = pair(at.claimed[i], at.reference[i])
    bound = f"{at.error_bound[i]:.1e}" if at.error_bound is not None and i < len(at.error_bound) else "–"
    return label, claimed, reference, bound, f"{relative_error(at.claimed[i], at.reference[i]):.1e}"


def formulas(checks: Sequence[Check]) -> list[tuple[str, str, str]]:
    """Component, right formula and claim − right (or "") from the checks' details; each component once."""
    found: dict[str, tuple[str, str, str]] = {}
    for check in checks:
        told = check.details.get("formulas")
        for formula in told if isinstance(told, (list, tuple)) else ():
            # Details cross from the process that ran the user's code: nothing is sure of their shape.
            if isinstance(formula, Mapping) and isinstance(formula.get("right"), str) and formula["right"]:
                name, difference = str(formula.get("component")), formula.get("difference")
                found.setdefault(name, (name, formula["right"], difference if isinstance(difference, str) else ""))
    return list(found.values())


def summary_line(counts: dict[str, int], seconds: float, *, not_run: int = 0, interrupted: bool = False) -> str:
    """`61 specs: 58 passed, 2 failed, 1 inconclusive in 3.2 s`."""
    words = (
        ("pass", "passed"),
        ("fail", "failed"),
        ("inconclusive", "inconclusive"),
        ("error", "with errors"),
        ("skipped", "skipped"),
    )
    parts = [f"{counts[key]} {word}" for key, word in words if counts[key]]
    parts += [f"{not_run} not run"] if not_run else []
    total = counts["specs"]
    text = f"{total} spec{'' if total == 1 else 's'}: {', '.join(parts) or 'nothing to do'} in {seconds:.1f} s"
    return f"interrupted; {text}" if interrupted else text
