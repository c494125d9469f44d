"""What the user's functions print, kept apart spec by spec, and out of everybody's way.

Inside a worker both standard streams are one pipe to the parent. After each spec that may have printed the worker
writes a mark that only the two of them know, so the parent can cut the stream. The parent always reads, and keeps only
the beginning of what each spec printed: a function that prints without end fills no memory and no disk.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from pathlib import Path
from typing import Any

KEPT = 20_000  # bytes of output kept for each spec: what a person may still read in a report
_OPEN, _CLOSE = b"\x00<", b">\n"


def _mark(token: str) -> bytes:
    return _OPEN + token.encode() + b":"


class CapturedStreams:
    """The worker's end: descriptors 1 and 2 and Python's streams all lead to `fd`."""

    def __init__(self, fd: int, token: str) -> None:
        self.fd = fd
        self._mark = _mark(token)
        self._streams: tuple[io.TextIOWrapper, io.TextIOWrapper] | None = None
        self._raw: tuple[_Raw, _Raw] | None = None

    @property
    def has_printed(self) -> bool:
        """Whether anything was written to Python's streams since the last mark."""
        return self._raw is not None and any(raw.written for raw in self._raw)

    def restore(self) -> None:
        """Undo what the last spec did to the standard streams: closed, replaced or redirected them."""
        for standard in (1, 2):
            os.dup2(self.fd, standard)
        if self._streams is None or any(stream.closed for stream in self._streams):
            self._raw = (_Raw(1, "w", closefd=False), _Raw(2, "w", closefd=False))
            self._streams = (_stream(self._raw[0]), _stream(self._raw[1]))
        sys.stdout, sys.stderr = self._streams
        sys.__stdout__, sys.__stderr__ = self._streams  # type: ignore[misc]

    def end(self, number: int) -> None:
        """Task `number` is over: whatever it printed is on its way before this returns. A silent one needs no mark."""
        for stream in (sys.stdout, sys.stderr, *(self._streams or ())):
            with contextlib.suppress(BaseException):  # the user's replacement may raise anything, SystemExit too
                stream.flush()
        _write_all(self.fd, self._mark + str(number).encode() + _CLOSE)
        for raw in self._raw or ():
            raw.written = False


class _Raw(io.FileIO):
    """A standard stream that knows whether it was written to."""

    written = False

    def write(self, data: Any, /) -> int:
        self.written = True
        return super().write(data)


def _stream(raw: io.FileIO) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding="utf-8", errors="backslashreplace", line_buffering=True)


def without_own_frames(text: str) -> str:
    """The traceback of a crash (from `faulthandler`) without gradverify's own frames, which explain nothing."""
    own = f'  File "{Path(__file__).parents[1]}{os.sep}'
    lines = text.splitlines(keepends=True)
    first = next((i for i, line in enumerate(lines) if line.startswith(own)), None)
    if first is None or not any(line.startswith("Stack (most recent call first)") for line in lines[:first]):
        return text
    return "".join(lines[:first]) + "  … gradverify's own calls\n"


def _write_all(fd: int, data: bytes) -> None:
    while data:
        data = data[os.write(fd, data) :]


class OutputSplitter:
    """The parent's end: cuts the stream at the marks."""

    def __init__(self, token: str) -> None:
        self._mark = _mark(token)
        self._rest = b""  # may be the beginning of a mark
        self._kept = bytearray()
        self._dropped = 0
        self._texts: dict[int, str] = {}

    def feed(self, data: bytes) -> None:
        """Take what was read from the pipe."""
        data = self._rest + data
        while (at := data.find(self._mark)) >= 0:
            end = data.find(_CLOSE, at)
            if end < 0:
                break
            self._keep(data[:at])
            number = data[at + len(self._mark) : end]
            if number.isdigit():
                self._texts[int(number)] = self._cut()
            data = data[end + len(_CLOSE) :]
        safe = at if at >= 0 else max(0, len(data) - len(self._mark) + 1)
        self._keep(data[:safe])
        self._rest = data[safe:]

    def take(self, number: int) -> str:
        """What task `number` printed, if its mark has arrived."""
        return self._texts.pop(number, "")

    def take_rest(self) -> str:
        """What was printed since the last mark: the output of a task that never ended."""
        self._keep(self._rest)
        self._rest = b""
        return self._cut()

    def _keep(self, data: bytes) -> None:
        room = KEPT - len(self._kept)
        self._kept += data[:room]
        self._dropped += max(0, len(data) - room)

    def _cut(self) -> str:
        text = self._kept.decode(errors="backslashreplace")
        if self._dropped:
            text += f"\n… {self._dropped} more bytes were printed"
        self._kept.clear()
        self._dropped = 0
        return text
