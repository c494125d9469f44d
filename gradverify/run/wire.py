"""Messages between parent and worker: JSON values in frames, and one shared page that says what the worker is at.

JSON and never pickle: the worker ran other people's code, and unpickling runs what it is given.
"""

from __future__ import annotations

import json
import mmap
import os
import socket
import struct
import tempfile
import time
import zlib
from collections.abc import Iterator
from typing import Any

HEADER = struct.Struct("!I")
MAX_FRAME = 64 << 20  # bytes; a result of a million numbers takes about 20 MB
CHUNK = 1 << 16  # bytes, the usual size of a pipe's buffer


class BrokenChannelError(Exception):
    """The other side sent something that is no message, or went away in the middle of one."""


def encode(message: Any) -> bytes:
    """One frame. Raises `BrokenChannelError` if the message is too large."""
    body = json.dumps(message, separators=(",", ":"), allow_nan=False).encode()
    if len(body) > MAX_FRAME:
        raise BrokenChannelError(f"a message of {len(body)} bytes; at most {MAX_FRAME} are allowed")
    return HEADER.pack(len(body)) + body


class FrameReader:
    """Turns a stream of bytes back into messages."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    @property
    def pending(self) -> bool:
        """Whether part of a message has arrived."""
        return bool(self._buffer)

    def feed(self, data: bytes) -> Iterator[Any]:
        """The messages that `data` completes. Raises `BrokenChannelError` on anything else."""
        self._buffer += data
        while len(self._buffer) >= HEADER.size:
            (length,) = HEADER.unpack_from(self._buffer)
            if length > MAX_FRAME:
                raise BrokenChannelError("its channel carried something that is no message")
            end = HEADER.size + length
            if len(self._buffer) < end:
                return
            body = bytes(memoryview(self._buffer)[HEADER.size : end])
            del self._buffer[:end]
            try:
                yield json.loads(body)
            except (ValueError, RecursionError):
                raise BrokenChannelError("its channel carried something that is no message") from None


def receive(channel: socket.socket) -> Any:
    """Wait for one message; None when the other side has gone away."""
    header = _exactly(channel, HEADER.size)
    if header is None:
        return None
    body = _exactly(channel, HEADER.unpack(header)[0])
    return None if body is None else json.loads(body)


def _exactly(channel: socket.socket, length: int) -> bytes | None:
    parts = []
    while length:
        part = channel.recv(min(length, CHUNK))
        if not part:
            return None
        parts.append(part)
        length -= len(part)
    return b"".join(parts)


class StatusPage:
    """A page of memory that a worker writes and its parent reads: no message is needed to know the phase.

    The parent looks at it only when a worker is late or dead, so a phase costs the worker no system call. It may look
    while the worker writes: a head that does not match its checksum is half written, and says nothing yet.
    """

    _HEAD = struct.Struct("=qdI")  # task number (-1: none), time.monotonic() of its start, checksum of both
    _CHECKED = struct.Struct("=qd")
    _LENGTH = struct.Struct("=H")
    SIZE = 4096
    _PHASE_AT = _HEAD.size + _LENGTH.size
    _MAX_PHASE = 1000  # bytes

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self._page = mmap.mmap(fd, self.SIZE)

    @classmethod
    def create(cls) -> StatusPage:
        """A new page, in memory where the system can, else in a file that has no name."""
        if hasattr(os, "memfd_create"):
            fd = os.memfd_create("gradverify-status")
        else:
            with tempfile.TemporaryFile() as file:
                fd = os.dup(file.fileno())
        os.ftruncate(fd, cls.SIZE)
        page = cls(fd)
        page.finish()
        return page

    def begin(self, number: int) -> None:
        """Task `number` starts now."""
        self.phase("loading")
        self._write_head(number, time.monotonic())

    def finish(self) -> None:
        """No task is running."""
        self._write_head(-1, 0.0)

    def _write_head(self, number: int, started: float) -> None:
        checksum = zlib.crc32(self._CHECKED.pack(number, started))
        self._HEAD.pack_into(self._page, 0, number, started, checksum)

    def phase(self, text: str) -> None:
        """What the task is at."""
        data = text.encode(errors="replace")[: self._MAX_PHASE]
        self._LENGTH.pack_into(self._page, self._HEAD.size, 0)
        self._page[self._PHASE_AT : self._PHASE_AT + len(data)] = data
        self._LENGTH.pack_into(self._page, self._HEAD.size, len(data))

    def read(self) -> tuple[int, float, str]:
        """Number, start and phase of the task that is running; number -1 and start 0 where none is."""
        number, started, checksum = self._HEAD.unpack_from(self._page, 0)
        if zlib.crc32(self._CHECKED.pack(number, started)) != checksum:
            number, started = -1, 0.0
        (length,) = self._LENGTH.unpack_from(self._page, self._HEAD.size)
        length = min(length, self._MAX_PHASE)
        return number, started, self._page[self._PHASE_AT : self._PHASE_AT + length].decode(errors="replace")

    def close(self) -> None:
        """Give the memory back."""
        self._page.close()
        os.close(self.fd)
