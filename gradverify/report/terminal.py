"""What `gradverify run` prints: every spec that did not come out as expected, in full, and one summary line."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from gradverify.core.report import BlindSpot, Check, PointResult, Report, SpecResult
from gradverify.core.verdicts import Verdict
from gradverify.report import words
from gradverify.report.safe_text import uncommanding

MOST_ROWS = 10  # of a table of wrong components
MOST_FORMULA = 240  # characters of one right formula
MOST_FORMULAS = 400  # characters of the right formulas together, after which no other is begun
MOST_REPEATED = 40  # characters of a reason that are told again beside its check
FEWEST_COLUMNS = 34  # for text beside a label; where there are fewer, it goes below
MOST_CHECKS = 12  # of one spec that are listed
MOST_OUTPUT = 20  # lines that the user's functions printed
HEADER = ("component", "claimed", "reference", "± bound", "rel. error")

_CODES = {"bold": "1", "red": "1;31", "green": "32", "yellow": "33", "cyan": "36", "dim": "2"}
_COLOUR = {
    Verdict.PASS: "green",
    Verdict.FAIL: "red",
    Verdict.INCONCLUSIVE: "yellow",
    Verdict.ERROR: "red",
    Verdict.SKIPPED: "dim",
}


@dataclass(frozen=True, slots=True)
class Style:
    """How wide, and whether in colour."""

    width: int = 100
    colour: bool = False

    def paint(self, text: str, name: str) -> str:
        """`text` in a colour, where there is colour."""
        return f"\x1b[{_CODES[name]}m{text}\x1b[0m" if self.colour else text


def render_terminal(
    report: Report, *, width: int = 100, colour: bool = False, verbosity: int = 0, notes: bool = False
) -> str:
    """The whole text of a run. verbosity: −1 the summary alone, 0 what failed, 1 a line for every spec.

    notes: whether to tell those on specs that passed as well; with verbosity 1 they are.
    """
    style = Style(width, colour)
    parts = []
    if verbosity >= 0:
        known = [_known(spec, style) for spec in report.specs if spec.known]
        parts += ["\n".join(known)] if known and verbosity == 0 else []
        told = (spec for spec in report.specs if spec.verdict is not Verdict.PASS)
        parts += ["\n".join(_spec(spec, style)) for spec in told if verbosity > 0 or not spec.known]
        parts += [line for line in (_plugins(report), _broken(report)) if line]
    if verbosity >= 1 or (notes and verbosity >= 0):
        parts += ["\n".join(_notes(spec, style)) for spec in report.specs if _is_noted(spec)]
    if verbosity >= 1:
        parts.insert(0, "\n".join(progress_line(spec, style) for spec in report.specs))
    parts.append(summary(report, style))
    return uncommanding("\n\n".join(parts) + "\n")


def render_text(report: Report, _options: Mapping[str, str]) -> str:
    """The same as a report for a file, with a line for every spec."""
    return render_terminal(report, verbosity=1)


def progress_line(spec: SpecResult, style: Style = Style()) -> str:
    """One line for one finished spec: `pass  specs/bowl.yaml:1 bowl (proved)`."""
    evidence = f" ({spec.evidence.value})" if spec.evidence is not None and spec.verdict is Verdict.PASS else ""
    expected = " as expected: wrong" if spec.expected != "pass" and spec.verdict is Verdict.PASS else evidence
    count = len(spec.blind_spots)
    spots = f", {count} blind spot{'' if count == 1 else 's'}" if count else ""
    mark = style.paint(f"{spec.verdict.value:12}", _COLOUR[spec.verdict])
    return f"{mark} {_place(spec)}{'' if _named_by_place(spec) else f' {clean(spec.name)}'}{expected}{spots}"


def _is_noted(spec: SpecResult) -> bool:
    return spec.verdict is Verdict.PASS and spec.expected == "pass" and bool(spec.notes or _own_spots(spec))


def _own_spots(spec: SpecResult) -> tuple[BlindSpot, ...]:
    """The blind spots of what stands in no file, where `gradverify audit` cannot show them."""
    return () if spec.line else spec.blind_spots


def _notes(spec: SpecResult, style: Style) -> Iterator[str]:
    """What is worth knowing of a spec that passed."""
    for note in spec.notes:
        yield from _wrapped(clean(note), f"note on {clean(spec.name)}: ", style.width)
    for spot in _own_spots(spec):
        point = ",".join(f"{x:.6g}" for x in spot.better_point or ())
        way_out = f"; --at {point} would tell" if spot.better_point is not None else ""
        yield from _wrapped(clean(spot.message + way_out), "blind spot: ", style.width)


def _known(spec: SpecResult, style: Style) -> str:
    """One line for a failure that the baseline has: no news."""
    return (
        f"{style.paint('KNOWN', 'yellow')} {clean(spec.name)}  {_place(spec)}  {spec.verdict.value}, as in the baseline"
    )


def _place(spec: SpecResult) -> str:
    """`specs/bowl.yaml:1`; what stands in no file has no line."""
    return f"{clean(spec.file)}:{spec.line}" if spec.line else clean(spec.file)


def _named_by_place(spec: SpecResult) -> bool:
    """Whether the place says the name already, as `check losses.py:f losses.py:grad_f` does."""
    return not spec.line and spec.name in spec.file.split()


def summary(report: Report, style: Style = Style()) -> str:
    """The last line, in the colour of the outcome."""
    counts = report.summary
    text = words.summary_line(counts, report.seconds, not_run=len(report.not_run), interrupted=report.interrupted)
    cached = sum(spec.cached for spec in report.specs)
    if cached:
        text += f" ({'all' if cached == len(report.specs) else cached} from the cache)"
    blind = sum(1 for spec in report.specs if spec.blind_spots)
    if blind:
        audited = any(spec.blind_spots and spec.line for spec in report.specs)
        text += f"; {blind} with blind spots{' (gradverify audit shows them)' if audited else ''}"
    known = sum(spec.known for spec in report.specs)
    if known:
        text += f"; {known} known to the baseline"
    fine = (
        bool(report.specs)
        and all(spec.known or words.as_expected(spec) for spec in report.specs)
        and not report.interrupted
    )
    return style.paint(text, "green" if fine else "red")


def _plugins(report: Report) -> str:
    failed = [p for p in report.plugins if p.status == "failed"]
    return "\n".join(
        f"plugin {clean(p.name)} {clean(p.version)} does not work: {clean(p.reason or '')}" for p in failed
    )


def _broken(report: Report) -> str:
    """Backends that broke on specs which passed without them: the run goes on, and says so."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for spec in report.specs:
        for check in spec.checks if spec.verdict is Verdict.PASS else ():
            if check.verdict is Verdict.ERROR and check.backend is not None:
                reasons.setdefault((check.backend, check.reason or ""), []).append(spec.name)
    return "\n".join(
        f"backend {clean(name)} broke on {len(specs)} spec{'' if len(specs) == 1 else 's'} that passed without it"
        f" ({clean(specs[0])}{', …' if len(specs) > 1 else ''}): {clean(reason)}"
        for (name, reason), specs in reasons.items()
    )


def _spec(spec: SpecResult, style: Style) -> Iterator[str]:
    place = style.paint(_place(spec), "cyan")
    verdict = style.paint(spec.verdict.value.upper(), _COLOUR[spec.verdict])
    yield (
        f"{verdict} {place}" if _named_by_place(spec) else f"{verdict} {style.paint(clean(spec.name), 'bold')}  {place}"
    )
    if spec.reason:
        yield from _wrapped(clean(spec.reason), "  ", style.width)
    found = words.worst_point(spec.checks)
    # A check without a backend and without wrong components says where it failed in its reason.
    if found is not None and spec.verdict is Verdict.FAIL and (found[0].backend or found[1].wrong_components):
        check, at = found
        yield ""
        yield from _table(check, at, style)
    yield from _formulas(spec, style)
    yield from _explanations(spec, style)
    yield ""
    yield from _checks(spec, style)
    if spec.output:
        yield "  printed by the functions:"
        lines = clean(spec.output, keep_lines=True).splitlines()
        yield from (f"    {line[: style.width - 4]}" for line in lines[:MOST_OUTPUT])
        if len(lines) > MOST_OUTPUT:
            yield f"    … and {len(lines) - MOST_OUTPUT} more lines"


def _table(check: Check, at: PointResult, style: Style) -> Iterator[str]:
    yield f"  at {words.point(at.at)}, by {words.check_label(check)}"
    if not at.wrong_components or at.claimed is None:  # there is no claim that could stand beside a reference
        return
    shown = at.wrong_components[:MOST_ROWS]
    rows = [HEADER, *(words.component_row(at, part) for part in shown)]
    widths = [max(columns(row[i]) for row in rows) for i in range(len(HEADER))]
    for number, row in enumerate(rows):
        cells = [_pad(cell, width, right=i > 0) for i, (cell, width) in enumerate(zip(row, widths, strict=True))]
        line = "    " + "  ".join(cells).rstrip()
        yield style.paint(line, "dim") if number == 0 else line
    left = words.left_out(at, len(shown))
    if left:
        yield f"    {left}"
    counted = words.counting([part.label for part in shown])
    if counted:
        yield style.paint(f"    {counted}", "dim")


def _formulas(spec: SpecResult, style: Style) -> Iterator[str]:
    """The right formulas, where a backend knows them; once each."""
    if spec.verdict is not Verdict.FAIL:
        return
    found = words.formulas(spec.checks)
    shown, used = 0, 0
    for name, right, difference in found[:MOST_ROWS]:
        if used > MOST_FORMULAS:
            break
        shown, used = shown + 1, used + len(right) + len(difference)
        lead = f"  {style.paint('right:', 'green')} "
        yield from _wrapped(f"{clean(name)} = {_formula(right)}", lead, style.width, hang=9)
        if difference:
            yield from _wrapped(f"claimed − right = {_formula(difference)}", " " * 9, style.width, hang=9)
    if len(found) > shown:
        yield f"         … and {len(found) - shown} more right formulas"


def _formula(text: str) -> str:
    """A formula as long as somebody reads it; nobody reads a screenful of them."""
    shown = clean(text)
    if len(shown) <= MOST_FORMULA:
        return shown
    return f"{shown[:MOST_FORMULA].rsplit(' ', 1)[0]} … ({len(shown):,} characters; reports have them all)"


def _explanations(spec: SpecResult, style: Style) -> Iterator[str]:
    for diagnosis in spec.diagnosis:
        yield from _wrapped(f"{diagnosis.fault.value}: {clean(diagnosis.message)}", "  likely mistake: ", style.width)
    if spec.counterexample is not None:
        at = words.point(spec.counterexample.at)
        yield from _wrapped(clean(spec.counterexample.message) or at, "  counterexample: ", style.width)
    for note in spec.notes:
        yield from _wrapped(clean(note), "  note: ", style.width)


def _checks(spec: SpecResult, style: Style) -> Iterator[str]:
    shown = spec.checks[:MOST_CHECKS]
    width = max((columns(words.check_label(check)) for check in shown), default=0)
    for check in shown:
        verdict = style.paint(_pad(check.verdict.value, 12), _COLOUR[check.verdict])
        told = check.reason or (check.evidence.value if check.evidence is not None else "")
        if spec.reason and len(told) > MOST_REPEATED and told in spec.reason:
            told = "see above"
        lead = f"  {_pad(words.check_label(check), width)}  {verdict} "
        yield from _wrapped(clean(told), lead, style.width, hang=columns(_uncoloured(lead)))
    if len(spec.checks) > MOST_CHECKS:
        yield f"  … and {len(spec.checks) - MOST_CHECKS} more checks"


def _wrapped(text: str, lead: str, width: int, *, hang: int | None = None) -> Iterator[str]:
    """`text` behind `lead`, broken between words.

    What follows is indented by `hang` columns where that leaves room for words, else by the lead's own indent plus 4.
    """
    if hang is None or width - hang < FEWEST_COLUMNS:
        hang = len(lead) - len(lead.lstrip()) + 4
    indent = " " * hang
    line, plain = lead, _uncoloured(lead)
    used = columns(plain)
    start = True
    for word in text.split():
        if not start and used + 1 + columns(word) > width:
            yield line.rstrip()
            line, used, start = indent, columns(indent), True
        line += ("" if start else " ") + word
        used += columns(word) + (0 if start else 1)
        start = False
    yield line.rstrip()


def _uncoloured(text: str) -> str:
    out, skipping = [], False
    for character in text:
        if character == "\x1b":
            skipping = True
        elif skipping:
            skipping = character != "m"
        else:
            out.append(character)
    return "".join(out)


def clean(text: str, *, keep_lines: bool = False) -> str:
    """Without control characters, which could recolour or rewrite the terminal."""
    kept = [c if c.isprintable() or (c == "\n" and keep_lines) else " " if c in "\n\t\r" else "\ufffd" for c in text]
    return "".join(kept)


def columns(text: str) -> int:
    """The columns that a text takes on a terminal: wide characters take two, combining ones none."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _pad(text: str, width: int, *, right: bool = False) -> str:
    space = " " * (width - columns(text))
    return space + text if right else text + space


def failing(specs: Sequence[SpecResult]) -> list[SpecResult]:
    """The specs that did not come out as expected."""
    return [spec for spec in specs if spec.verdict is not Verdict.PASS]
