"""One submission: its folder, its process, and one answer for each request."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from gradverify.sandbox import folders
from gradverify.sandbox.frames import ForgedFrameError, Frame, FrameReader, arrays_of, encode
from gradverify.sandbox.model import Answer, Argument, Array, RemoteFunction, Status
from gradverify.sandbox.zygote import Ending, Zygote, ZygoteError, close_all

CHUNK = 1 << 16
DETAIL_LENGTH = 800  # characters kept of any text from inside
TEXT_LENGTH = 200  # … of a key or a type's name
# What a confined process may say of itself; everything else is found out from outside.
CLAIMED = {
    status.value: status
    for status in (
        Status.OK,
        Status.MISSING,
        Status.IMPORT_ERROR,
        Status.BAD_SIGNATURE,
        Status.RAISED,
        Status.MEMORY,
    )
}
# After these the process is not asked again.
ENDING = frozenset({Status.TIMEOUT, Status.CRASHED, Status.MEMORY, Status.POLICY, Status.BROKEN})
KINDS = ("array", "tuple", "dict", "none", "other")


class _EndedError(Exception):
    """The process can answer no more; says how the call ended."""

    def __init__(self, status: Status, detail: str, tried: tuple[str, ...] = ()) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.tried = tried


class Session:
    """A submission that can be called. After a call that ended its process, the next one gets a fresh process."""

    def __init__(self, zygote: Zygote, folder: Path, file: str) -> None:
        self._zygote = zygote
        self._file = file
        self._folder = zygote.new_folder()
        self.left_out = folders.copy_submission(folder, self._folder)
        self._process: _Process | None = None
        self._failed: Answer | None = None  # how its import ended, where it did not end well
        self._requests = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End its process and remove its folder."""
        self._end()
        folders.remove(self._folder)

    def call(self, entry: str, arguments: Sequence[Argument], *, seconds: float | None = None) -> Answer:
        """Call `entry` of the submission; always an answer, never an exception for anything the submission does."""
        started = time.monotonic()
        calls: Counter[str] = Counter()
        try:
            process = self._started()
            if isinstance(process, Answer):
                return process
            started = time.monotonic()
            deadline = started + (seconds or self._zygote.limits.seconds)
            answer = process.ask(self._next_number(), entry, arguments, deadline, calls)
        except _EndedError as ended:
            answer = Answer(status=ended.status, detail=ended.detail, tried=ended.tried)
        except ZygoteError as error:
            answer = Answer(status=Status.BROKEN, detail=str(error))
        output = self._process.take_output() if self._process is not None else ""
        if answer.status in ENDING:
            self._end()
        return replace(answer, stdout=output, seconds=time.monotonic() - started, calls=dict(calls))

    def _next_number(self) -> int:
        self._requests += 1
        return self._requests

    def _started(self) -> _Process | Answer:
        """Its process with the submission imported, or how the import ended: that stays so for every call."""
        if self._failed is not None:
            return self._failed
        if self._process is not None:
            return self._process
        process = self._process = _Process(self._zygote, self._folder, self._file)
        started = time.monotonic()
        try:
            status, detail = process.imported(started + self._zygote.limits.start_seconds)
            failed = Answer(status=status, detail=detail)
        except _EndedError as ended:
            failed = Answer(status=ended.status, detail=f"while it was imported: {ended.detail}", tried=ended.tried)
        if failed.status is Status.OK:
            return process
        self._failed = replace(failed, stdout=process.take_output(), seconds=time.monotonic() - started)
        self._end()
        return self._failed

    def _end(self) -> None:
        if self._process is not None:
            self._process.close()
            self._process = None


class _Process:
    """The trusted side's view of one confined process."""

    def __init__(self, zygote: Zygote, folder: Path, file: str) -> None:
        self._zygote = zygote
        self._limits = zygote.limits
        ours, theirs = socket.socketpair()
        output, output_end = os.pipe()
        report, report_end = os.pipe()
        self._fds = [output, report]
        try:
            self.pid, self._pidfd = zygote.spawn(folder, file, (theirs.fileno(), output_end, report_end))
        except BaseException:
            close_all(self._fds)
            ours.close()
            raise
        finally:
            theirs.close()
            close_all((output_end, report_end))
        self._fds.append(self._pidfd)
        self._channel = ours
        ours.setblocking(False)
        self._output, self._report = output, report
        for fd in (output, report):
            os.set_blocking(fd, False)
        self._reader = FrameReader(self._limits.answer_bytes)
        self._kept = bytearray()
        self._ending: Ending | None = None

    def imported(self, deadline: float) -> tuple[Status, str]:
        """How the import went."""
        frame = self._exchange(b"", deadline)
        if frame.header.get("kind") != "imported":
            raise _forged("an answer before a question")
        status = CLAIMED.get(str(frame.header.get("status")))
        if status is None:
            raise _forged("a status that there is not")
        return status, _text(frame.header.get("detail"))

    def ask(
        self, number: int, entry: str, arguments: Sequence[Argument], deadline: float, calls: Counter[str]
    ) -> Answer:
        """One request, one answer; functions handed over are answered meanwhile."""
        remote = {argument.name: argument for argument in arguments if isinstance(argument, RemoteFunction)}
        data = _request(number, entry, arguments)
        while True:
            frame = self._exchange(data, deadline)
            kind = frame.header.get("kind")
            if kind == "call":
                function = remote.get(str(frame.header.get("function")))
                if function is None:
                    raise _forged("a call of a function that it was not given")
                calls[function.name] += 1
                data = _reply(function, frame)
            elif kind == "answer" and frame.header.get("id") == number:
                return _answer(frame, len(arguments))
            else:
                raise _forged("an answer to another question")

    def take_output(self) -> str:
        """What it printed since the last time."""
        self._drain()
        text = self._kept.decode(errors="backslashreplace")
        self._kept.clear()
        return text

    def _exchange(self, data: bytes, deadline: float) -> Frame:
        """Send `data`, wait for a frame."""
        view = memoryview(data)
        poll = select.poll()
        poll.register(self._output, select.POLLIN)
        poll.register(self._pidfd, select.POLLIN)
        while True:
            try:
                frame = self._reader.take()
            except ForgedFrameError as error:
                raise _forged(str(error)) from None
            if frame is not None:
                return frame
            poll.register(self._channel, select.POLLIN | (select.POLLOUT if view else 0))
            left = deadline - time.monotonic()
            if not left > 0:
                raise _EndedError(Status.TIMEOUT, "it was still running when its time was over")
            ready = dict(poll.poll(left * 1000 + 1))
            if self._output in ready and not self._drain():
                poll.unregister(self._output)
            events = ready.get(self._channel.fileno(), 0)
            if events & select.POLLOUT and view:
                with contextlib.suppress(BlockingIOError, OSError):
                    view = view[self._channel.send(view) :]
            if events & (select.POLLIN | select.POLLHUP | select.POLLERR):
                self._receive()
            elif self._pidfd in ready:
                raise self._ended()

    def _receive(self) -> None:
        try:
            data = self._channel.recv(CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            raise self._ended()
        try:
            self._reader.feed(data)
        except ForgedFrameError as error:
            raise _forged(str(error)) from None

    def _ended(self) -> _EndedError:
        self._ending = self._zygote.reap(self.pid)
        code = self._ending.code
        return _EndedError(Status.CRASHED, f"its process ended before it answered (code {code})")

    def _drain(self) -> bool:
        """Read what it printed; keep the beginning. False when nobody can print any more."""
        with contextlib.suppress(BlockingIOError):
            data = os.read(self._output, CHUNK)
            self._kept += data[: max(0, self._limits.output_bytes - len(self._kept))]
            return bool(data)
        return True

    def close(self) -> None:
        """Kill it, collect it, give back the descriptors."""
        if self._ending is None:
            with contextlib.suppress(ZygoteError):
                self._ending = self._zygote.reap(self.pid)
        self._channel.close()
        close_all(self._fds)


def _forged(what: str) -> _EndedError:
    return _EndedError(Status.POLICY, f"it forged a message to the grader: {what}", (f"forgery: {what}",))


def _request(number: int, entry: str, arguments: Sequence[Argument]) -> bytes:
    described: list[Mapping[str, Any]] = []
    arrays: list[Array] = []
    for argument in arguments:
        if isinstance(argument, RemoteFunction):
            described.append({"type": "function", "name": argument.name})
        elif isinstance(argument, int) and not isinstance(argument, bool):
            described.append({"type": "int", "value": argument})
        elif isinstance(argument, float):
            described.append({"type": "float"})
            arrays.append(np.array(argument, dtype=np.float64))
        else:
            described.append({"type": "array"})
            arrays.append(np.asarray(argument, dtype=np.float64))
    return encode({"id": number, "entry": entry, "arguments": described}, tuple(arrays))


def _reply(function: RemoteFunction, frame: Frame) -> bytes:
    try:
        arguments = arrays_of(frame)
    except ForgedFrameError as error:
        raise _forged(str(error)) from None
    try:
        value = np.asarray(function.function(*arguments), dtype=np.float64)
    except Exception as error:  # noqa: BLE001 - the student chose the arguments, so whatever it raises is answered
        return encode({"status": "error", "detail": f"{function.name}: {error}"[:DETAIL_LENGTH]})
    return encode({"status": "ok"}, (value,))


def _answer(frame: Frame, arguments: int) -> Answer:
    """The answer in a frame from inside: each field is of its type and bounded, or it is forged."""
    header = frame.header
    status = CLAIMED.get(str(header.get("status")))
    detail = _text(header.get("detail"))
    if status is None:
        raise _forged("a status that there is not")
    if status is not Status.OK:
        return Answer(status=status, detail=detail)
    try:
        values = arrays_of(frame)
    except ForgedFrameError as error:
        raise _forged(str(error)) from None
    kind = header.get("returned")
    keys, dtypes, mutated = _strings(header.get("keys")), _strings(header.get("dtypes")), header.get("mutated")
    if (
        kind not in KINDS
        or keys is None
        or dtypes is None
        or len(dtypes) != len(values)
        or (len(values) if kind == "dict" else 0) != len(keys)
        or (len(values) != 1 if kind == "array" else values and kind in ("none", "other"))
        or not isinstance(mutated, list)
        or not all(type(index) is int and 0 <= index < arguments for index in mutated)
    ):
        raise _forged("an answer that contradicts itself")
    return Answer(
        status=status,
        values=values,
        kind=str(kind),
        keys=tuple(_text(key, TEXT_LENGTH) for key in keys),
        detail=detail,
        mutated=tuple(mutated),
        dtypes=tuple(_text(name, TEXT_LENGTH) for name in dtypes),
    )


def _strings(value: object) -> list[str] | None:
    return value if isinstance(value, list) and all(isinstance(item, str) for item in value) else None


def _text(value: object, most: int = DETAIL_LENGTH) -> str:
    """Text from inside as one visible line: what cannot be seen is written out."""
    flat = " ".join(str(value if value is not None else "").split())[:most]
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "replace").decode() for c in flat)
