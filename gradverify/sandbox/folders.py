"""The folder that a submission runs in: a copy of the student's files, and what it wrote beside them."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

MOST_FILES = 1000  # of a submission
MOST_COUNTED = 4 * MOST_FILES
BLOCK = 512  # bytes, the unit of st_blocks
MOVED = ".removing-"  # the beginning of names that `remove` gives
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
        subfolders[:] = sorted(
            name
            for name in subfolders
            if not (Path(folder) / name).is_symlink() and Path(folder) / name not in (target, target.parent)
        )
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


@dataclass(frozen=True, slots=True)
class Usage:
    """Files and bytes."""

    files: int
    size: int

    def plus(self, files: int, size: int) -> Usage:
        """So many more."""
        return Usage(self.files + files, self.size + size)

    def fits(self, allowed: Usage) -> bool:
        """Whether neither is above what is allowed."""
        return self.files <= allowed.files and self.size <= allowed.size


def usage(folder: Path) -> Usage:
    """What a folder holds, counted no further than is needed to see that it is too much."""
    files = size = 0
    waiting = [str(folder)]
    while waiting and files <= MOST_COUNTED:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    files += 1
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    else:
                        size += entry.stat(follow_symlinks=False).st_blocks * BLOCK
                    if files > MOST_COUNTED:
                        break
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:  # nobody nests folders so deeply who does not mean to hide
                return Usage(MOST_COUNTED, size)
    return Usage(files, size)


def give_to(folder: Path, uid: int) -> None:
    """Make `uid` the owner of a folder and all in it."""
    for here, subfolders, names in os.walk(folder):
        for path in (here, *(os.path.join(here, name) for name in (*subfolders, *names))):
            os.chown(path, uid, uid, follow_symlinks=False)


def remove(folder: Path | str) -> None:
    """Remove a folder, however deeply its owner nested it and whatever modes it set. Not being there is fine.

    Subfolders are moved up to the top before they are emptied, so neither paths nor recursion grow with the depth.
    """
    top = str(folder)
    waiting = [top]
    moved = 0
    while waiting:
        here = waiting.pop()
        with contextlib.suppress(OSError):
            os.chmod(here, 0o700)
        try:
            with os.scandir(here) as entries:
                found = list(entries)
        except FileNotFoundError:
            continue
        for entry in found:
            if not entry.is_dir(follow_symlinks=False):
                os.unlink(entry.path)
            elif here == top and entry.name.startswith(MOVED):
                waiting.append(entry.path)  # one that an earlier attempt left
            else:
                moved += 1
                target = os.path.join(top, f"{MOVED}{os.getpid()}-{moved}")
                with contextlib.suppress(OSError):
                    os.chmod(entry.path, 0o700)
                os.rename(entry.path, target)
                waiting.append(target)
        if here != top:
            os.rmdir(here)
    with contextlib.suppress(FileNotFoundError):
        os.rmdir(top)
