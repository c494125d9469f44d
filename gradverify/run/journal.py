"""The journal of a run: one line a finished spec, written at once, from which a run that was killed can go on."""

from __future__ import annotations

import errno
import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

FORMAT = 1
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # of a medium that takes no more, which is no bug


class JournalError(Exception):
    """The journal cannot be read or written; the message says why. errno: what the system said, where it did."""

    errno: int | None = None


class Journal:
    """A file of JSON lines that is only ever appended to.

    What a process has written survives its end by SIGKILL, as the system holds it; only a line that was being written
    may be cut short, and such a line is no result.
    """

    def __init__(self, path: Path, *, resume: bool) -> None:
        """Begin a new journal, or go on with the one that is there. Raises `JournalError`."""
        self.path = path
        self._fd = -1
        if path.exists() and not path.is_file():
            raise JournalError(
                f"the journal {path} is no file that can be read again: it is a device, a pipe or a folder"
            )
        try:
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            found = read_entries(path)
            if not resume:
                next(found, None)  # reads the first line: a file of another kind is not overwritten
            self.entries = tuple(found) if resume else ()
            if not self.entries:
                os.ftruncate(self._fd, 0)
                self._line({"journal": FORMAT})
            else:
                os.ftruncate(self._fd, _end_of_last_line(path))  # what was cut short is no line
        except BlockingIOError:
            self.close()
            raise JournalError(f"the journal {path} is in use by another run") from None
        except OSError as error:
            self.close()
            failed = JournalError(f"the journal {path} cannot be written: {error.strerror or error}")
            failed.errno = error.errno
            raise failed from None
        except JournalError:
            self.close()
            raise

    def add(self, entry: Mapping[str, Any]) -> None:
        """One finished spec. Raises `JournalError` once; the journal is then closed."""
        if self._fd < 0:
            return
        try:
            self._line(entry)
        except OSError as error:
            self.close()
            reason = error.strerror or error
            failed = JournalError(f"the journal {self.path} cannot be written any more: {reason}")
            failed.errno = error.errno
            raise failed from None

    def close(self) -> None:
        """Let go of the file."""
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            os.close(fd)

    def _line(self, data: Mapping[str, Any]) -> None:
        self._write(json.dumps(data, separators=(",", ":"), allow_nan=False).encode() + b"\n")

    def _write(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._fd, data) :]


def _end_of_last_line(path: Path) -> int:
    end = 0
    with path.open("rb") as file:
        for line in file:
            end += len(line) if line.endswith(b"\n") else 0
    return end


def read_entries(path: Path) -> Iterator[dict[str, Any]]:
    """The whole lines of a journal; none where it was cut short in its first. Raises `JournalError` for other files."""
    try:
        with path.open("rb") as file:
            first = file.readline()
            head = _parsed(first)
            if head is None and not first.endswith(b"\n") and b'{"journal":'.startswith(first[:11]):
                return
            if head is None or head.get("journal") != FORMAT:
                raise JournalError(f"{path} is no journal of this gradverify")
            for line in file:
                entry = _parsed(line)
                if entry is not None:
                    yield entry
    except OSError as error:
        raise JournalError(f"the journal {path} cannot be read: {error.strerror or error}") from None


def _parsed(line: bytes) -> dict[str, Any] | None:
    if not line.endswith(b"\n"):
        return None
    try:
        data = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None
