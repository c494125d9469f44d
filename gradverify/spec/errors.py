"""Faults of a spec file: what its author is told, and how it looks."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gradverify.spec.model import Place

WIDTH = 120  # columns of a source line that are shown; longer lines are cut around the fault
_BOLD, _RED, _BLUE, _CYAN, _RESET = "\x1b[1m", "\x1b[1;31m", "\x1b[1;34m", "\x1b[1;36m", "\x1b[0m"


@dataclass(frozen=True, slots=True)
class SpecFault:
    """One fault, placed: `length` characters from `place`, all of them on the line `line_text`.

    `code` is stable and explained by `gradverify explain CODE`. `line_text` is empty where a whole file is at fault.
    """

    code: str
    place: Place
    length: int
    message: str
    line_text: str = ""
    help: str = ""

    def __str__(self) -> str:
        return f"{self.place.file}:{self.place.line}:{self.place.column}: {self.message} [{self.code}]"


class SpecError(Exception):
    """Spec files that cannot be used; `faults` says all that is wrong with them."""

    def __init__(self, faults: Sequence[SpecFault]) -> None:
        super().__init__(tuple(faults))
        self.faults = tuple(faults)

    def __str__(self) -> str:
        return render_all(self.faults)


def render_all(faults: Iterable[SpecFault], colour: bool = False) -> str:
    """Every fault, one blank line between two."""
    return "\n\n".join(render(fault, colour) for fault in faults)


def render(fault: SpecFault, colour: bool = False) -> str:
    """A fault as people read it: place, code, sentence, source line, caret, and a way out."""
    bold, red, blue, cyan, reset = (_BOLD, _RED, _BLUE, _CYAN, _RESET) if colour else ("",) * 5
    place = fault.place
    where = f"{place.file}:{place.line}:{place.column}" if fault.line_text else place.file
    lines = [f"{bold}{_clean(where)}: {red}error[{fault.code}]{reset}{bold}: {_clean(fault.message)}{reset}"]
    if fault.line_text:
        text, column = _window(fault.line_text, place.column - 1)
        number = str(place.line)
        lead = "".join("\t" if c == "\t" else " " * _columns(c) for c in text[:column])
        marked = text[column : column + max(1, fault.length)]
        carets = "^" * max(1, sum(map(_columns, marked)))
        lines.append(f"  {blue}{number} |{reset} {_clean(text)}")
        lines.append(f"  {' ' * len(number)} {blue}|{reset} {lead}{red}{carets}{reset}")
    if fault.help:
        lines.append(f"  {cyan}help{reset}: {_clean(fault.help)}")
    return "\n".join(lines)


def _window(text: str, column: int) -> tuple[str, int]:
    """The part of a long line around `column`, and where the column is in it."""
    if len(text) <= WIDTH:
        return text, column
    start = max(0, min(column - WIDTH // 2, len(text) - WIDTH))
    end = start + WIDTH
    head, tail = "…" if start else "", "…" if end < len(text) else ""
    return head + text[start:end] + tail, column - start + len(head)


def _columns(character: str) -> int:
    """How many columns of a terminal a character takes."""
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _clean(text: str) -> str:
    """Text without control characters, which could change what the terminal shows."""
    return text if text.isprintable() else "".join(c if c.isprintable() or c == "\t" else "�" for c in text)
