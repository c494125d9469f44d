"""Whose folder of results it is: one run's at a time, and what is said where it cannot be written."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from gradverify.run.journal import FULL, JournalError

LOCK = ".lock"


class OutError(Exception):
    """The folder of results is in use, or cannot be written; the message says which, and the way out."""


@contextlib.contextmanager
def held(out: Path) -> Iterator[None]:
    """Make the folder and hold it against other runs. The system lets go of it when the process ends, however it ends.

    Raises OutError.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise OutError(f"--out {out}: it is there already and is no folder; choose another") from None
    except OSError as error:
        raise OutError(f"--out {out} cannot be made: {error.strerror or error}") from None
    with writing(out):
        descriptor = os.open(out / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        with writing(out):
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise OutError(
                    f"--out {out}: another `gradverify grade` is writing there; wait for it, or choose another folder"
                ) from None
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def writing(out: Path) -> Iterator[None]:
    """What cannot be written inside is said as an OutError."""
    try:
        yield
    except JournalError as error:
        way = "" if error.errno is None else _way_out(error.errno)
        raise OutError(f"{error}{way}") from None
    except OSError as error:
        place = error.filename2 or error.filename or out
        raise OutError(f"{place} cannot be written: {error.strerror or error}{_way_out(error.errno)}") from None


def _way_out(errno: int | None) -> str:
    return "; make room, and go on with --resume" if errno in FULL else "; mend that, or choose another folder"
