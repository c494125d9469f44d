"""Places in a text: from an index to line and column, and from a character of a YAML scalar back to where it stands."""

from __future__ import annotations

import bisect
import re
from functools import cached_property

from gradverify.spec.errors import SpecFault
from gradverify.spec.model import Place
from gradverify.spec.yaml12 import Problem, Scalar

_BREAK = re.compile("\r\n|\r|\n")  # what editors count as lines
_PROPERTIES = re.compile(r"(?:[&!]\S*\s+)*")  # anchors and tags before a scalar
_ESCAPE_LENGTH = {"x": 4, "u": 6, "U": 10}  # of double-quoted scalars; all others have two characters
_SPACE_ESCAPES = frozenset("tnvfr\t N_LP\r\n")  # what follows the backslash


class SourceText:
    """A spec file's text, under the name that messages use. first_line: the number of its first line in the file."""

    def __init__(self, text: str, file: str, first_line: int = 1) -> None:
        self.text = text
        self.file = file
        self._before = first_line - 1

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(match.end() for match in _BREAK.finditer(self.text))]

    def place(self, index: int) -> Place:
        """Line and column of a character."""
        line = bisect.bisect_right(self._starts, index) - 1
        return Place(self.file, line + 1 + self._before, index - self._starts[line] + 1)

    def line(self, number: int) -> str:
        """The text of a line counted from 1, without its end."""
        number -= self._before
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

    Folding and escaping change how white space is written, never the order of everything else: that is found again by
    walking along both texts. A place in white space is that of the white space's beginning.
    """
    at = _content_start(text, scalar)
    for index in range(min(offset + 1, len(scalar.text))):
        if scalar.text[index].isspace():
            continue
        at = _skip_space(text, scalar, at)
        if index == offset:
            return min(at, len(text))
        at += _written_length(text, scalar, at)
    return max(scalar.start, min(at, scalar.end, len(text)))


def _content_start(text: str, scalar: Scalar) -> int:
    """Behind anchors, tags, the opening quote or the block's header."""
    properties = _PROPERTIES.match(text, scalar.start)
    at = properties.end() if properties else scalar.start
    if scalar.style in ("|", ">"):
        end = _BREAK.search(text, at)
        return end.end() if end else at
    return at + (1 if scalar.style else 0)


def _skip_space(text: str, scalar: Scalar, at: int) -> int:
    while at < len(text):
        if text[at].isspace():
            at += 1
        elif scalar.style == '"' and text[at] == "\\" and _escapes_space(text, at):
            at += _written_length(text, scalar, at)
        else:
            break
    return at


def _escapes_space(text: str, at: int) -> bool:
    kind = text[at + 1 : at + 2]
    if kind in _ESCAPE_LENGTH:
        code = text[at + 2 : at + _ESCAPE_LENGTH[kind]]
        return chr(int(code, 16)).isspace()
    return kind in _SPACE_ESCAPES


def _written_length(text: str, scalar: Scalar, at: int) -> int:
    """How many characters one character of the scalar takes in the file."""
    if scalar.style == '"' and text[at : at + 1] == "\\":
        return _ESCAPE_LENGTH.get(text[at + 1 : at + 2], 2)
    return 2 if scalar.style == "'" and text[at : at + 1] == "'" else 1
