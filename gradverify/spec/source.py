"""Places in a text: from an index to line and column, and from a character of a YAML scalar back to where it stands."""

from __future__ import annotations

import bisect
import re
from functools import cached_property

from gradverify.spec.errors import SpecFault
from gradverify.spec.model import Place
from gradverify.spec.yaml12 import Problem, Scalar

_BREAK = re.compile("\r\n|\r|\n")  # what editors count as lines
_ESCAPE_LENGTH = {"x": 4, "u": 6, "U": 10}


class SourceText:
    """A spec file's text, under the name that messages use."""

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(match.end() for match in _BREAK.finditer(self.text))]

    def place(self, index: int) -> Place:
        """Line and column of a character."""
        line = bisect.bisect_right(self._starts, index) - 1
        return Place(self.file, line + 1, index - self._starts[line] + 1)

    def line(self, number: int) -> str:
        """The text of a line counted from 1, without its end."""
        end = self._starts[number] if number < len(self._starts) else len(self.text)
        return self.text[self._starts[number - 1] : end].rstrip("\r\n")

    def fault(self, problem: Problem) -> SpecFault:
        """A problem with its place and line. What reaches over several lines is marked to the end of the first."""
        start = min(problem.start, len(self.text))
        place = self.place(start)
        line = self.line(place.line)
        length = max(1, min(problem.length, len(line) - place.column + 1))
        advice = problem.help
        if problem.earlier is not None:
            first = f"first given on line {self.place(problem.earlier).line}"
            advice = f"{first}; {advice}" if advice else first
        return SpecFault(problem.code, place, length, problem.message, line, advice)


def index_in_source(text: str, scalar: Scalar, offset: int) -> int:
    """Where character `offset` of the scalar's own text stands in the file's text.

    Folding and escaping change what is written, but never its order: everything but white space is found again by
    walking along both. Exact for plain, single-quoted and block scalars, and for double-quoted ones up to what
    follows an escape for white space.
    """
    at = scalar.start
    if scalar.style in ("|", ">"):
        at = text.find("\n", at) + 1 or at
    elif scalar.style in ("'", '"'):
        at += 1
    found = at
    for character in scalar.text[: offset + 1]:
        step = 1
        if not character.isspace() or scalar.style == '"':
            while at < scalar.end and text[at].isspace() and character != text[at]:
                at += 1
        else:
            while at < scalar.end and text[at] in "\r\n" and character == " ":
                at += 1
        if scalar.style == '"' and text[at : at + 1] == "\\":
            while text[at : at + 2] in ("\\\n", "\\\r"):
                at += 2
                while text[at : at + 1].isspace():
                    at += 1
            if text[at : at + 1] == "\\":
                step = _ESCAPE_LENGTH.get(text[at + 1 : at + 2], 2)
        elif scalar.style == "'" and character == "'":
            step = 2
        found = at
        at += step
    if offset >= len(scalar.text):
        found = at
    return max(scalar.start, min(found, scalar.end, len(text)))
