"""The folder that a grading process and its sandbox work in, gone with them; and those of processes that were killed.

Each such folder is locked for as long as its process lives. Who can lock one has found it without its process.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from gradverify.sandbox.folders import remove

PREFIX = "gradverify-grade-"
TRIES, PAUSE_SECONDS = 5, 0.1  # a killed sandbox has gone in much less
OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@contextlib.contextmanager
def staging_folder() -> Iterator[Path]:
    """A new folder for as long as it is used; folders of ours that nobody uses any more are removed first."""
    remove_leftovers(Path(tempfile.gettempdir()))
    folder, descriptor = _made()
    try:
        yield folder
    finally:
        with contextlib.suppress(OSError):
            remove(folder)
        os.close(descriptor)


def _made() -> tuple[Path, int]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        descriptor = -1
        try:
            descriptor = os.open(folder, OPEN)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if folder.exists():
                folder.chmod(0o711)  # submissions run below it, some as other users; nobody else lists it
                return folder, descriptor
        except FileNotFoundError:  # another process found it between its making and its locking
            pass
        if descriptor >= 0:
            os.close(descriptor)


def remove_leftovers(temporary: Path) -> None:
    """Remove this user's staging folders that no process holds. What cannot be removed stays: it is in nobody's way."""
    with contextlib.suppress(OSError):
        for folder in temporary.glob(f"{PREFIX}*"):
            with contextlib.suppress(OSError):
                _remove_if_left(folder)


def _remove_if_left(folder: Path) -> None:
    descriptor = os.open(folder, OPEN)
    try:
        if os.fstat(descriptor).st_uid == os.geteuid():
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _remove(folder)
    finally:
        os.close(descriptor)


def _remove(folder: Path) -> None:
    """A sandbox whose process was killed this moment may be removing its own part at the same time."""
    for _ in range(TRIES):
        try:
            remove(folder)
        except OSError:
            time.sleep(PAUSE_SECONDS)
        else:
            return
