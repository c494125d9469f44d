"""The text of single documents of spec files, for those who need to know or send it without the rest of the file."""

from __future__ import annotations

import bisect
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gradverify.spec.model import Spec

_BREAK = re.compile("\r\n|\r|\n")  # as gradverify.spec.source counts lines


@dataclass(frozen=True, slots=True)
class Document:
    """The lines of one document; `line` is that of the first, counted from 1.

    alone: whether they can be read without the rest: a YAML directive somewhere else in the file may change them.
    """

    lines: tuple[str, ...]
    line: int
    alone: bool = True


class DocumentTexts:
    """Finds the documents of specs in their files, reading each file once."""

    def __init__(self, specs: Sequence[Spec], may_read: Callable[[str], bool] = lambda _file: True) -> None:
        """specs: all that are in use of each file. may_read: whether a file's text is what the specs were made of."""
        self._may_read = may_read
        self._files: dict[str, list[str] | None] = {}
        self._whole: dict[str, Document | None] = {}  # of files with a YAML directive, which all documents may need
        self._starts: dict[str, list[int]] = {}
        for spec in specs:
            self._starts.setdefault(spec.place.file, []).append(spec.place.line)
        for lines in self._starts.values():
            lines.sort()

    def find(self, spec: Spec) -> Document | None:
        """The document of `spec`; None where its file cannot be read, or is not to be."""
        lines = self._lines(spec.place.file)
        if lines is None:
            return None
        whole = self._whole[spec.place.file]
        if whole is not None:
            return whole
        begin = spec.place.line
        starts = self._starts[spec.place.file]
        after = bisect.bisect_left(starts, begin) + 1
        own = lines[begin - 1 : starts[after] - 1 if after < len(starts) else None]
        # What stands between this document and the next is no part of it: a comment there, a `---`.
        while own and (not own[-1].strip() or own[-1].startswith(("#", "---"))):
            own.pop()
        return Document(tuple(own), begin)

    def _lines(self, file: str) -> list[str] | None:
        if file not in self._files:
            self._files[file] = self._whole[file] = None
            try:
                if self._may_read(file):
                    lines = _BREAK.split(Path(file).read_text(encoding="utf-8-sig"))
                    self._files[file] = lines
                    if any(line.startswith("%") for line in lines):
                        self._whole[file] = Document(tuple(lines), 1, alone=False)
            except (OSError, UnicodeDecodeError):
                pass
        return self._files[file]
