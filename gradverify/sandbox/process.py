"""The trusted side's view of one confined process: talking to it, watching it, telling how it ended."""

from __future__ import annotations

import contextlib
import functools
import os
import select
import signal
import socket
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from gradverify.sandbox import folders, messages
from gradverify.sandbox.frames import ForgedFrameError, Frame, FrameReader
from gradverify.sandbox.inside.privileges import CPU_SECONDS
from gradverify.sandbox.levels import Level, level_of
from gradverify.sandbox.model import ODD, Answer, Argument, Limits, RemoteFunction, Status
from gradverify.sandbox.notifications import Listener
from gradverify.sandbox.zygote import Ending, Zygote, ZygoteError, close_all

CHUNK = 1 << 16
HELLO_SECONDS = 30.0  # for a process to confine itself, on a busy machine
GRACE = 0.5  # seconds for a process that hung up to be gone
WATCH_SECONDS = 0.1  # between looks at what it wrote
WRITTEN_FILES = 200  # that a submission may leave in its folder
WRITTEN_FACTOR = 16  # all its files together, in units of what one of them may have
MOST_TRIED = 40  # attempts that are kept
HEARD_AT_ONCE = 64  # refused system calls that are answered before the clock is looked at again
REPORT_BYTES = 1 << 16  # of attempts that are read
MOST_ODD = 8  # kinds of what is no real number, with which a function was called, that are told apart
PLACE_LENGTH = 20  # characters of the line that an attempt came from
TRIED_KINDS = frozenset({"file", "network", "process", "native"})
NEAR_THE_LIMIT = 0.8  # of the memory allowed: a process that died so is taken to have died of it
KILOBYTES = 1024  # in a megabyte
TIME_IS_OVER = "it was still running when its time was over"


Given = TypeVar("Given")
Found = TypeVar("Found")


class EndedError(Exception):
    """The process can answer no more; says how the call ended."""

    def __init__(self, status: Status, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


class Process:
    """One confined process. Its methods raise EndedError for whatever it does, ZygoteError for what is our fault."""

    def __init__(self, zygote: Zygote, folder: Path, uid: int | None, file: str | None, limits: Limits) -> None:
        self._zygote = zygote
        self._limits = limits
        self._folder = folder
        self._allowed = folders.usage(folder).plus(WRITTEN_FILES, WRITTEN_FACTOR * self._limits.file_bytes)
        self._channel, theirs = socket.socketpair()
        self._output, output_end = os.pipe()
        self._report, report_end = os.pipe()
        self._fds = [self._output, self._report]
        try:
            self._pid, self._pidfd = zygote.spawn(folder, uid, file, limits, (theirs.fileno(), output_end, report_end))
        except BaseException:
            close_all(self._fds)
            self._channel.close()
            raise
        finally:
            theirs.close()
            close_all((output_end, report_end))
        self._fds.append(self._pidfd)
        for fd in (self._output, self._report):
            os.set_blocking(fd, False)
        self._reader = FrameReader(self._limits.answer_bytes)
        self._kept = bytearray()
        self._told = bytearray()
        self._seen: dict[str, None] = {}
        self._listener: Listener | None = None
        self._ending: Ending | None = None
        self._hung_up: set[int] = set()
        try:
            self.level = self._greeted()
        except BaseException:
            self.close()
            raise

    def imported(self, deadline: float) -> tuple[Status, str]:
        """How the import went."""
        return self._read(messages.read_import, self._exchange(b"", deadline))

    def try_the_walls(self, deadline: float) -> Level:
        """The level that holds, once a process that was to try them has shown which walls it could pass."""
        try:
            passed = self._exchange(b"", deadline).header["open"]
        except EndedError as ended:
            raise ZygoteError(f"a process that tried the walls ended: {ended}") from ended
        details = dict(self.level.details)
        if details["uid"]:
            details["uid"] = "one for each submission"
        if "process" in passed or "network" in passed:
            details["seccomp"] = False
        if "file" in passed:
            details["landlock_abi"] = False
        return level_of(details)

    def ask(
        self, number: int, entry: str, arguments: Sequence[Argument], deadline: float, calls: Counter[str]
    ) -> Answer:
        """One request, one answer; functions handed over are answered meanwhile."""
        remote = {argument.name: argument for argument in arguments if isinstance(argument, RemoteFunction)}
        self._expect_silence()
        data = messages.request(number, entry, arguments)
        while True:
            frame = self._exchange(data, deadline)
            if not time.monotonic() < deadline:
                raise EndedError(Status.TIMEOUT, TIME_IS_OVER)
            kind, name = frame.header.get("kind"), frame.header.get("function")
            if kind == "call":
                if not isinstance(name, str) or name not in remote:
                    raise self._forged("a call of a function that it was not given")
                odd = frame.header.get("odd")
                if odd is None or len(calls) > MOST_ODD:  # its author chooses the words, and how many there are
                    calls[name] += 1
                else:
                    calls[f"{name}{ODD}{messages.line(odd, messages.TEXT_LENGTH)}"] += 1
                data = self._read(functools.partial(messages.reply, remote[name]), frame)
            elif kind == "answer" and frame.header.get("id") == number:
                return self._read(lambda frame: messages.read_answer(frame, len(arguments)), frame)
            else:
                raise self._forged("an answer to another question")

    def take_output(self) -> str:
        """What it printed since the last time, its beginning."""
        self._drain(self._output)
        text = self._kept.decode(errors="backslashreplace")
        self._kept.clear()
        return text

    def take_tried(self) -> tuple[str, ...]:
        """What it tried, and policy stopped, since the last time; each attempt once."""
        self._drain(self._report)
        self._hear()
        if self._report in self._hung_up and not self._has_ended():
            self._note("forgery: it closed or replaced the descriptor of the report on what it tries")
        if not folders.usage(self._folder).fits(self._allowed):
            self._note(f"file: it wrote more than {WRITTEN_FILES} files, or too much")
        if len(self._told) >= REPORT_BYTES:
            self._note("other: more attempts than are told")
        for told in bytes(self._told).split(b"\n"):
            kind, _, rest = told.decode(errors="backslashreplace").partition("\t")
            evidence, _, place = rest.partition("\t")
            if kind == "absent":  # it led nowhere from inside; that says little of an honest mistake
                how, _, path = evidence.partition(" ")
                if not (_exists(path) or (how == "write" and _exists(os.path.dirname(path)))):
                    continue
                kind = "file"
            if told:
                where = f", {messages.line(place, PLACE_LENGTH)}" if place else ""
                self._note(f"{kind if kind in TRIED_KINDS else 'other'}: {messages.line(evidence)}{where}")
        self._told.clear()
        found = tuple(self._seen)
        self._seen.clear()
        return found

    def _note(self, attempt: str) -> None:
        if len(self._seen) < MOST_TRIED:
            self._seen[attempt] = None

    def close(self) -> None:
        """Kill it, collect it, give back the descriptors."""
        if self._ending is None:
            with contextlib.suppress(ZygoteError):
                self._ending = self._zygote.reap(self._pid)
        self._channel.close()
        close_all(self._fds)

    def _greeted(self) -> Level:
        """Wait for the message that says which layers hold. No foreign code runs before it is sent."""
        self._channel.settimeout(HELLO_SECONDS)
        try:
            while (frame := self._reader.take()) is None:
                data, fds, _, _ = socket.recv_fds(self._channel, CHUNK, 1)
                for fd in fds:
                    self._listener = Listener(fd)
                    self._fds.append(fd)
                if not data:
                    raise ZygoteError(f"a submission's process could not be confined: {self._last_words()}")
                self._reader.feed(data)
        except OSError as error:
            raise ZygoteError(f"a submission's process does not start ({error})") from error
        self._channel.setblocking(False)
        wrapped = self._zygote.bubblewrap
        return level_of(frame.header["details"] | {"bubblewrap": wrapped or False, "own_pid_namespace": bool(wrapped)})

    def _last_words(self) -> str:
        return self.take_output().strip().rpartition("\n")[2] or "it said nothing"

    def _exchange(self, data: bytes, deadline: float) -> Frame:
        """Send `data`, wait for a message."""
        view = memoryview(data)
        poll = select.poll()
        channel = self._channel.fileno()
        for fd in (self._output, self._report, self._pidfd):
            if fd not in self._hung_up:
                poll.register(fd, select.POLLIN)
        if self._listener is not None and self._listener.fd not in self._hung_up:
            poll.register(self._listener.fd, select.POLLIN)
        next_look = time.monotonic() + WATCH_SECONDS
        while True:
            frame = self._read(lambda _: self._reader.take(), None)
            if frame is not None:
                return frame
            poll.register(channel, select.POLLIN | (select.POLLOUT if view else 0))
            now = time.monotonic()
            if not now < deadline:
                raise EndedError(Status.TIMEOUT, TIME_IS_OVER)
            if now >= next_look:
                if not folders.usage(self._folder).fits(self._allowed):
                    raise EndedError(Status.POLICY, "it filled its folder")
                next_look = now + WATCH_SECONDS
            ready = dict(poll.poll(max(0.0, min(deadline, next_look) - now) * 1000 + 1))
            for fd in (self._output, self._report):
                if fd in ready and not self._drain(fd):
                    poll.unregister(fd)
            if self._listener is not None and self._listener.fd in ready:
                if ready[self._listener.fd] & select.POLLIN:
                    self._hear()
                else:
                    self._hung_up.add(self._listener.fd)
                    poll.unregister(self._listener.fd)
            events = ready.get(channel, 0)
            if events & select.POLLOUT and view:
                with contextlib.suppress(OSError):  # where it hung up, reading shows it
                    view = view[self._channel.send(view) :]
            if events & (select.POLLIN | select.POLLHUP | select.POLLERR):
                self._receive()
            elif self._pidfd in ready:
                raise self._ended()

    def _expect_silence(self) -> None:
        """Nothing may have come that was not asked for."""
        with contextlib.suppress(BlockingIOError):
            self._receive()
        if self._reader.holds_bytes:
            raise self._forged("an answer before its question")

    def _receive(self) -> None:
        try:
            data = self._channel.recv(CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            raise self._ended()
        self._read(lambda _: self._reader.feed(data), None)

    def _read(self, reader: Callable[[Given], Found], given: Given) -> Found:
        try:
            return reader(given)
        except ForgedFrameError as error:
            raise self._forged(str(error)) from None

    def _forged(self, what: str) -> EndedError:
        self._note(f"forgery: {what}")
        return EndedError(Status.POLICY, f"it forged a message to the grader: {what}")

    def _hear(self) -> None:
        """Refuse, and note, the system calls that are waiting; not for ever, because one thread may always wait."""
        for _ in range(HEARD_AT_ONCE):
            if self._listener is None or not _readable(self._listener.fd):
                return
            if (told := self._listener.refuse()) is not None:
                self._note(told)

    def _has_ended(self) -> bool:
        return _readable(self._pidfd)

    def _ended(self) -> EndedError:
        """How a process that hung up or ended did so."""
        alive = not _readable(self._pidfd, GRACE)
        self._drain(self._output)
        self._drain(self._report)
        self._hear()
        self._ending = self._zygote.reap(self._pid)
        code = self._ending.code
        if alive:
            return self._forged("it closed its end of the channel")
        if code == -signal.SIGSYS:
            self._note("privilege: a system call of another architecture")
        if self._ending.cpu_seconds >= CPU_SECONDS:
            return EndedError(Status.TIMEOUT, "it used up its processor time")
        full = self._ending.kilobytes >= NEAR_THE_LIMIT * self._limits.memory_mb * KILOBYTES
        if code == -signal.SIGKILL or (full and code < 0):
            return EndedError(Status.MEMORY, "it was killed for want of memory")
        if code >= 0:
            return EndedError(Status.CRASHED, f"it ended its process (exit status {code}) instead of returning")
        return EndedError(Status.CRASHED, f"its process was killed by {_signal_name(-code)}")

    def _drain(self, fd: int) -> bool:
        """Read what it printed or what its attempts were; keep the beginning. False when no more can come."""
        try:
            data = os.read(fd, CHUNK)
        except BlockingIOError:
            return True
        if not data:
            self._hung_up.add(fd)
            return False
        kept, most = (self._kept, self._limits.output_bytes) if fd == self._output else (self._told, REPORT_BYTES)
        kept += data[: max(0, most - len(kept))]
        return True


def _readable(fd: int, seconds: float = 0.0) -> bool:
    poll = select.poll()  # select.select() refuses descriptors above 1023
    poll.register(fd, select.POLLIN)
    return any(events & select.POLLIN for _, events in poll.poll(1000 * seconds))


def _exists(path: str) -> bool:
    """Whether a path that led nowhere from inside is there, outside the walls."""
    try:
        return os.path.lexists(path)
    except ValueError:
        return False


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
