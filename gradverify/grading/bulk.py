"""How platforms name what they deliver: whose file it is, what its author called it, and whether it is a whole course.

Canvas      ada_lovelace_12345_67890_gradients-1.py, lovelaceada_LATE_12345_67890_gradients.py
Moodle      Ada Lovelace_123456_assignsubmission_file/gradients.py, or …_assignsubmission_file_gradients.py
Gradescope  submission_123456789/gradients.py beside submission_metadata.yml, which names the submitters
"""

from __future__ import annotations

import re
import zipfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

CANVAS = re.compile(r"(?P<student>[^_].*?)_(?:LATE_)?(?P<user>\d{1,12})_(?P<id>\d{1,12})_(?P<file>.+)", re.DOTALL)
MOODLE = re.compile(
    r"(?P<student>.+?)_(?P<id>\d{1,12})_assignsubmission_(?P<kind>file|onlinetext)_?(?P<file>.*)", re.DOTALL
)
GRADESCOPE = re.compile(r"submission_(?P<id>\d{1,12})")
# Canvas counts what is handed in again under one name: gradients.py, gradients-1.py, gradients-2.py.
_NUMBERED = re.compile(r"(?P<stem>.+)-(?P<number>\d{1,3})(?P<ending>\.\w+)", re.DOTALL)
MOST_NAMES = 10_000  # of an archive that are looked at
SUBMISSION_ENDINGS = (".py", ".zip", ".ipynb")


def delivered_names(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """What the author called each of the files that a platform delivers one by one, and what was decided on the way.

    Of a name that was handed in several times the latest keeps it, and the earlier ones keep their numbers.
    """
    plain: list[str] = []
    latest: dict[str, int] = {}
    numbers: list[int] = []
    for name in names:
        own, number = _author_name(name)
        plain.append(own)
        numbers.append(number)
        latest[own] = max(latest.get(own, -1), number)
    shared = Counter(plain)
    found, notes = [], []
    for own, number in zip(plain, numbers, strict=True):
        if number == latest[own]:
            found.append(own)
            if shared[own] > 1:
                notes.append(f"`{own}` was handed in {shared[own]} times, and the latest was taken")
        else:
            stem, dot, ending = own.rpartition(".")
            found.append(f"{stem}-{number}-earlier{dot}{ending}")
    return found, notes


def _author_name(name: str) -> tuple[str, int]:
    canvas = CANVAS.fullmatch(name)
    if canvas is None:
        moodle = MOODLE.fullmatch(name)
        return (moodle["file"] if moodle is not None and moodle["file"] else name), 0
    numbered = _NUMBERED.fullmatch(canvas["file"])
    if numbered is None:
        return canvas["file"], 0
    return numbered["stem"] + numbered["ending"], int(numbered["number"])


def is_bulk_archive(path: Path, wanted: str) -> bool:
    """Whether a zip archive is a whole course's download, which is to be unpacked first, and no one's submission.

    Platforms' names tell it, the wanted file in several folders, and several files of which none is the wanted one.
    """
    if not path.is_file():
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()[:MOST_NAMES]
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError):
        return False
    files = [PurePosixPath(name) for name in names if not name.endswith("/") and "__MACOSX" not in name]
    parts = {part for file in files for part in file.parts[:2]}
    if sum(any(p.fullmatch(part) for p in (CANVAS, MOODLE, GRADESCOPE)) for part in parts) > 1:
        return True
    holding = [file for file in files if file.name == wanted]
    if holding:
        return len({file.parent for file in holding}) > 1
    stem = wanted.removesuffix(".py")
    return (
        sum(file.name.lower().endswith(SUBMISSION_ENDINGS) and not file.name.startswith(".") for file in files) > 1
        and not any(file.name.startswith(stem) for file in files)
    )  # fmt: skip
