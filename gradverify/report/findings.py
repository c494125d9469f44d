"""What did not come out as expected, as values that every CI format is made from: the worst first."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath

from gradverify.core.report import Report, SpecResult
from gradverify.core.verdicts import Verdict
from gradverify.report import words
from gradverify.report.safe_text import cut, one_line

MOST_LABELS = 3  # components named in one sentence
MOST_ROWS = 10  # wrong components listed
MOST_TEXT = 2_000  # characters of one sentence
NOT_WRONG = "expected-failure"  # the rule of a wrong twin that was not found wrong, or not in the way expected

_ORDER = (Verdict.FAIL, Verdict.ERROR, Verdict.INCONCLUSIVE, Verdict.SKIPPED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One spec that is not as expected.

    rule: the fault diagnosed, `unknown`, `expected-failure`, or the verdict where nothing was found wrong.
    """

    spec: SpecResult
    rule: str
    message: str
    details: tuple[str, ...]
    file: str
    line: int


def findings(report: Report, *, by_error: bool = True) -> tuple[Finding, ...]:
    """Every spec that is not a pass: wrong gradients first, the largest relative error at the top.

    by_error: without it those of one verdict stand in the specs' order, as on the terminal.
    """
    specs = [spec for spec in report.specs if spec.verdict is not Verdict.PASS]
    specs.sort(key=_rank if by_error else _urgency)
    return tuple(_finding(spec) for spec in specs)


def _urgency(spec: SpecResult) -> int:
    return _ORDER.index(spec.verdict)


def _rank(spec: SpecResult) -> tuple[int, float]:
    errors = [
        c.max_relative_error for c in spec.checks if c.verdict is Verdict.FAIL and c.max_relative_error is not None
    ]
    return _urgency(spec), -max((math.inf if math.isnan(e) else e for e in errors), default=0.0)


def _finding(spec: SpecResult) -> Finding:
    file, line = _place(spec)
    told = headline(spec)
    return Finding(
        spec=spec, rule=_rule(spec), message=cut(told, MOST_TEXT), details=tuple(_details(spec, told)),
        file=file, line=max(line, 1),
    )  # fmt: skip


def _place(spec: SpecResult) -> tuple[str, int]:
    """The gradient's own source line, else the failing check's line in the spec, else the spec's."""
    if spec.verdict is Verdict.FAIL and spec.gradient_source is not None:
        return spec.gradient_source
    if spec.verdict is Verdict.ERROR and spec.function_source is not None:
        return spec.function_source
    lines = (check.line for check in spec.checks if check.verdict is spec.verdict and check.line)
    return spec.file, next(lines, spec.line)


def _rule(spec: SpecResult) -> str:
    if spec.verdict is not Verdict.FAIL:
        return spec.verdict.value
    if spec.expected != "pass":
        return NOT_WRONG
    return spec.diagnosis[0].fault.value if spec.diagnosis else "unknown"


def headline(spec: SpecResult) -> str:
    """One line with the number that matters: `∂f/∂z wrong: claimed 4, reference -4 ± 1e-15 at (1, 2, 3)`."""
    reason = one_line(spec.reason or spec.verdict.value)
    found = words.worst_point([check for check in spec.checks if check.verdict is Verdict.FAIL])
    if spec.verdict is not Verdict.FAIL or spec.expected != "pass" or found is None or not found[1].wrong_components:
        return reason
    at = found[1]
    label, claimed, reference, bound, _ = words.component_row(at, at.wrong_components[0])
    parts = spec.wrong_components or at.wrong_components
    others = len(parts) - 1
    least = "at least " if at.components is not None and others + 1 >= len(at.components) else ""
    more = f" (and {least}{others} more component{'s' if others > 1 else ''})" if others > 0 else ""
    where = words.point(at.at)
    counted = words.counting([label])
    more += f"; {counted}" if counted else ""
    return f"{one_line(label)} is wrong: claimed {claimed}, reference {reference} ± {bound} at {where}{more}"


def _details(spec: SpecResult, told: str) -> list[str]:
    """What a reader needs besides the headline `told`, a line each."""
    reason = one_line(spec.reason or "")
    lines = [cut(reason, MOST_TEXT)] if reason not in ("", told) else []
    if spec.verdict is Verdict.FAIL and spec.expected == "pass":
        for name, right, difference in words.formulas(spec.checks)[:MOST_LABELS]:
            off = f"; claimed − right = {difference}" if difference else ""
            lines.append(one_line(f"right: {name} = {right}{off}", MOST_TEXT))
    lines += [one_line(f"likely mistake: {d.fault.value}: {d.message}", MOST_TEXT) for d in spec.diagnosis]
    if spec.counterexample is not None:
        where = spec.counterexample.message or words.point(spec.counterexample.at)
        lines.append(one_line(f"counterexample: {where}", MOST_TEXT))
    lines += [one_line(f"note: {note}", MOST_TEXT) for note in spec.notes]
    return lines


def relative_path(file: str, options: Mapping[str, str]) -> str:
    """`file` as CI systems want it: relative to the repository's root where it lies inside, with forward slashes.

    `options["root"]` is that root, `options["folder"]` the folder below it from which relative paths count.
    """
    path, root, folder = PurePath(file), options.get("root"), options.get("folder", "")
    if not path.is_absolute():
        return path.as_posix() if folder in ("", ".") else PurePath(os.path.normpath(PurePath(folder, path))).as_posix()
    if root and path.is_relative_to(root):
        path = path.relative_to(root)
    return path.as_posix()
