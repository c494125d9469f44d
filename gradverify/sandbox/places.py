"""What a submission says, without where things lie: neither its own folder, nor ours, nor this installation's.

A submission can find out where it runs, by its working folder or by the frames below its own, and may put that into an
exception's text, which its author reads. Paths that are written as paths are cut; a text that holds parts of them in
another spelling (other separators, spaced out, backwards, as codes) is not passed on at all. Somebody's own cipher is
beyond that: it tells its inventor the random name of a folder that is gone.
"""

from __future__ import annotations

import base64
import codecs
import re
import sys
from collections.abc import Iterable
from pathlib import Path

LEAST = 6  # characters of a random name that give it away
FEWEST = 8  # letters of a place's path below which it is too short to be told from words, as `/usr`
WITHHELD = "its text told where the grader keeps things, and is not passed on"
# Parts of every installation's paths that no message needs.
OURS = ("gradverify/sandbox", "gradverify-grade", "/tmp/gradverify", "site-packages", "dist-packages", "lib/python3")

_PATH = re.compile(r"(?<![\w.])(?:[A-Za-z]:)?(?:[\\/][^\s\\/:'\"<>|()\[\],;]+)+[\\/]?")
_NAMED = re.compile(r"[A-Za-z_][\w.]{0,60}:")  # how an exception's text begins

_LINE = re.compile(r" \(line \d{1,6}\)$")  # and how it ends


def without_paths(text: str) -> str:
    """The text with every path cut to its last part: where things lie is nobody's business."""
    return _PATH.sub(lambda match: re.split(r"[\\/]", match[0].rstrip("\\/"))[-1], text)


class Places:
    """The places that one submission's texts must not tell: `folder`, made for it under `temporary`; `root`, ours."""

    def __init__(self, folder: Path, temporary: Path, root: Path) -> None:
        self._folder, self._root = str(folder), str(root)
        made = (part.rpartition("-")[2] for part in folder.parts if part.startswith("gradverify-"))
        random = [folder.name, *(part for part in made if len(part) >= LEAST)]
        fixed = (self._root, sys.prefix, str(temporary))
        whole = [*(place for place in fixed if len(squeezed(place)) >= FEWEST), *OURS]
        self._telling = frozenset(
            window for part in random for form in _spellings(part) for window in _windows(form[0], form[1])
        )
        self._lengths = sorted({len(window) for window in self._telling})
        self._whole = tuple(form[0] for place in whole for form in _spellings(place))

    def cut(self, text: str) -> str:
        """Text without the paths as they are; a traceback's then begin at the submission's folder."""
        return text.replace(f"{self._folder}/", "").replace(self._folder, ".").replace(f"{self._root}/", "")

    def tells(self, text: str) -> bool:
        """Whether a text holds parts of the places' names in any spelling known here."""
        flat = squeezed(without_paths(text)), squeezed(text)
        if any(place in flat[0] for place in self._whole):
            return True
        return any(
            form[at : at + length] in self._telling
            for form in flat
            for length in self._lengths
            for at in range(len(form) - length + 1)
        )

    def message(self, text: str) -> str:
        """A message of the submission's: cut, or only how it begins where it tells too much."""
        cut = self.cut(text)
        if not self.tells(cut):
            return cut
        named = _NAMED.match(cut)
        begins = named[0] if named is not None and not self.tells(named[0]) else ""
        line = _LINE.search(cut)
        return f"{begins} {WITHHELD}{line[0] if line is not None else ''}".strip()


def squeezed(text: str) -> str:
    """Letters and digits alone, in small letters."""
    return "".join(c for c in text.casefold() if c.isalnum())


def _windows(form: str, length: int) -> Iterable[str]:
    return (form[at : at + length] for at in range(len(form) - length + 1))


def _spellings(part: str) -> list[tuple[str, int]]:
    """A name in other spellings, squeezed, each with how much of it gives the name away."""
    data = part.encode()
    found = [
        (squeezed(part), LEAST), (squeezed(part[::-1]), LEAST), (squeezed(codecs.encode(part, "rot13")), LEAST),
        (data.hex(), 2 * LEAST), (data[::-1].hex(), 2 * LEAST),
        ("".join(str(code) for code in data), 2 * LEAST),
    ]  # fmt: skip
    for shift in range(3):  # Base64 depends on what stands before; its first and last signs depend on the neighbours
        text = base64.b64encode(b"\0" * shift + data).decode().rstrip("=")
        found.append((squeezed(text[2 * (shift > 0) : -1]), LEAST + 2))
    return [(form, length) for form, length in found if len(form) >= length]
