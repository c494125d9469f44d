"""The folder that a submission runs in: a copy of the student's files, and what it wrote beside them."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from pathlib import Path

MOST_FILES = 1000  # of a submission
MOST_COPIED_BYTES = 64 << 20  # of a submission, all files together


def copy_submission(source: Path, target: Path) -> tuple[str, ...]:
    """Copy the regular files of `source`, folders included, to the new folder `target`.

    Links and special files are not followed or copied, nor what exceeds the bounds above. Returns what was left out,
    a line each.
    """
    left_out: list[str] = []
    room, files = MOST_COPIED_BYTES, 0
    target.mkdir(mode=0o700)
    for folder, subfolders, names in os.walk(source, followlinks=False):
        here = Path(folder).relative_to(source)
        subfolders[:] = sorted(name for name in subfolders if not (Path(folder) / name).is_symlink())
        for name in subfolders:
            (target / here / name).mkdir(mode=0o700)
        for name in sorted(names):
            path = Path(folder) / name
            try:
                info = path.lstat()
                if not stat.S_ISREG(info.st_mode):
                    left_out.append(f"{here / name}: not a regular file")
                elif info.st_size > room:
                    left_out.append(f"{here / name}: too large ({info.st_size} bytes)")
                elif files >= MOST_FILES:
                    left_out.append(f"{here / name}: more than {MOST_FILES} files")
                else:
                    shutil.copyfile(path, target / here / name, follow_symlinks=False)
                    room -= info.st_size
                    files += 1
            except OSError as error:
                left_out.append(f"{here / name}: {error.strerror}")
    return tuple(left_out)


def give_to(folder: Path, uid: int) -> None:
    """Make `uid` the owner of a folder and all in it."""
    for here, subfolders, names in os.walk(folder):
        for path in (here, *(os.path.join(here, name) for name in (*subfolders, *names))):
            os.chown(path, uid, uid, follow_symlinks=False)


def remove(folder: Path) -> None:
    """Remove a folder, however deeply its owner nested it and whatever modes it set.

    Subfolders are moved up to the top before they are emptied, so neither paths nor recursion grow with the depth.
    """
    waiting = [str(folder)]
    number = 0
    while waiting:
        here = waiting[-1]
        with contextlib.suppress(OSError):
            os.chmod(here, 0o700)
        try:
            with os.scandir(here) as entries:
                found = list(entries)
        except OSError:
            return
        deeper = False
        for entry in found:
            if not entry.is_dir(follow_symlinks=False):
                os.unlink(entry.path)
                continue
            if entry.path in waiting:
                continue
            number += 1
            moved = os.path.join(str(folder), f".gone-{number}")
            with contextlib.suppress(OSError):
                os.chmod(entry.path, 0o700)
            os.rename(entry.path, moved)
            waiting.append(moved)
            deeper = True
        if not deeper:
            os.rmdir(here)
            waiting.remove(here)
