"""Students' names as people read them: two that differ never look alike.

A name is a file's, so it may hold line breaks, spaces at its ends, characters that cannot be seen, and letters of
another alphabet that look like ours. What cannot be seen is always written out, as in `ada\\x0a`; letters beyond ASCII
only where another student's name looks the same.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

# Letters of other alphabets that look like Latin ones (Unicode's confusables.txt has them all).
_ALIKE = str.maketrans("аеорсухіјѕһԁԛԝοανρτυικ", "aeopcyxijshdqwoavptuik")
# Categories of characters that show as a blank or as nothing: separators, controls, formats, unassigned and the like.
_UNSEEN = ("Z", "C")
# What has a category of its own and shows nothing all the same: Hangul fillers, the empty Braille pattern, and marks
# that choose between two shapes of what stands before them.
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0\u034f") | {chr(code) for code in range(0xFE00, 0xFE10)}
_SPACES = re.compile(r"^ | $|(?<= ) ")  # those that would not show: at the ends, and beside another


def shown(name: str) -> str:
    r"""One name with everything that cannot be seen written out; a backslash of its own is doubled."""
    return _SPACES.sub(r"\\x20", "".join(map(_seen, name)))


def spelled(name: str) -> str:
    """One name with everything beyond ASCII written out, too."""
    return "".join(c if c.isascii() else _written_out(c) for c in shown(name))


def shown_names(names: Iterable[str]) -> dict[str, str]:
    """Each name as `shown`, and those that still look like another one with all letters beyond ASCII written out."""
    groups = alike(names)
    return {name: shown(name) if len(group) == 1 else spelled(name) for group in groups.values() for name in group}


def alike(names: Iterable[str]) -> Mapping[str, list[str]]:
    """Different names, in order, by what is left of them at a glance."""
    groups: dict[str, list[str]] = {}
    for name in dict.fromkeys(names):
        groups.setdefault(_at_a_glance(name), []).append(name)
    return groups


def _at_a_glance(name: str) -> str:
    """What is left of a name without case, spaces, invisible characters and the alphabet that a letter is of."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold()).translate(_ALIKE)
    return "".join(c for c in folded if not _is_unseen(c))


def _is_unseen(character: str) -> bool:
    return unicodedata.category(character).startswith(_UNSEEN) or character in _BLANK


def _seen(character: str) -> str:
    if character == "\\":
        return "\\\\"
    return _written_out(character) if character != " " and _is_unseen(character) else character


def _written_out(character: str) -> str:
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
