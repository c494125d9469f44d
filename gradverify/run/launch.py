"""Starting, watching and ending one worker process."""

from __future__ import annotations

import contextlib
import gc
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gradverify.run import wire
from gradverify.run.capture import OutputSplitter
from gradverify.run.limits import thread_count
from gradverify.run.tasks import SpecStore
from gradverify.run.worker import CHANNEL_LOST, OUT_OF_MEMORY, isolate, serve

if TYPE_CHECKING:
    from gradverify.plugins import Plugins

GRACE = 2.0  # seconds that a worker which closed its channel has to end, so that its status can be told
FIRST_PRIVATE_FD = 3  # after the standard streams
HANDLED_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inheritance:
    """What every worker starts with."""

    plugins: Plugins
    store: SpecStore
    memory_mb: int | None
    method: str  # fork | spawn
    folder: str | None = None  # where spawned workers start; None: here


def start_method() -> str:
    """`fork` where that is safe: on Linux, while no other thread exists whose locks a child would inherit locked."""
    return "fork" if sys.platform == "linux" and thread_count() == 1 else "spawn"


@dataclass(slots=True)
class Worker:
    """The parent's view of one worker process."""

    pid: int
    channel: socket.socket
    output: int  # the reading end of its standard streams
    status: wire.StatusPage
    splitter: OutputSplitter
    pidfd: int | None
    process: subprocess.Popen[bytes] | None = None
    reader: wire.FrameReader = field(default_factory=wire.FrameReader)
    ready: bool = False
    _closed: bool = False

    def drain_output(self) -> None:
        """Read what it has printed up to now."""
        with contextlib.suppress(BlockingIOError):
            while data := os.read(self.output, wire.CHUNK):
                self.splitter.feed(data)

    def how_it_ended(self) -> str:
        """A clause: "was killed by SIGSEGV", "exited with status 3". It is given a moment to end, then it is closed."""
        until = time.monotonic() + GRACE
        while not (ended := self.has_ended()) and time.monotonic() < until:
            time.sleep(0.001)
        with contextlib.suppress(OSError):
            self.drain_output()
        code = self.close()
        if not ended or code in (CHANNEL_LOST, None):
            return "lost its connection to gradverify (the user's code closed it)"
        if code == OUT_OF_MEMORY:
            return "ran out of memory"
        if code >= 0:
            return f"exited with status {code}"
        if -code == signal.SIGKILL:
            return "was killed by SIGKILL (perhaps by the system, for want of memory)"
        try:
            return f"was killed by {signal.Signals(-code).name}"
        except ValueError:
            return f"was killed by signal {-code}"

    def has_ended(self) -> bool:
        """Whether its process is over. Leaves its status to be collected by `close`."""
        try:
            return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        except ChildProcessError:
            return True

    def close(self) -> int | None:
        """Kill it with every process of its group, and give back its descriptors.

        Returns its exit status, minus the signal's number where one ended it, None where somebody else collected it.
        """
        if self._closed:
            return None
        self._closed = True
        # The group first, and before the status is collected: until then nobody else can be given its number.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        code = None
        if self.process is not None:
            code = self.process.wait()
        else:
            with contextlib.suppress(ChildProcessError):
                code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        self.channel.close()
        os.close(self.output)
        self.status.close()
        if self.pidfd is not None:
            os.close(self.pidfd)
        return code


def start_worker(inherit: Inheritance) -> Worker:
    """A new worker."""
    token = secrets.token_hex(8)
    ours, theirs = socket.socketpair()
    output, output_end = os.pipe()
    status = wire.StatusPage.create()
    process = None
    try:
        if inherit.method == "fork":
            pid = _fork(inherit, theirs.detach(), output_end, status, token)
        else:
            process = _spawn(inherit, ours, theirs, output_end, status, token)
            pid = process.pid
    except OSError:
        ours.close()
        os.close(output)
        status.close()
        raise
    finally:
        theirs.close()
        os.close(output_end)
    ours.setblocking(False)
    os.set_blocking(output, False)
    pidfd = None
    if hasattr(os, "pidfd_open"):
        with contextlib.suppress(OSError):
            pidfd = os.pidfd_open(pid)
    return Worker(pid, ours, output, status, OutputSplitter(token), pidfd, process)


def _fork(inherit: Inheritance, channel_fd: int, output_fd: int, status: wire.StatusPage, token: str) -> int:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()  # or the child would print it again
    parent = os.getpid()
    # A signal that arrives between the fork and the child's own settings would run the parent's handler in the child.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, HANDLED_SIGNALS)
    gc.freeze()  # the child's collector would touch, and so copy, every page it inherits
    try:
        pid = os.fork()
        if pid == 0:
            try:
                isolate(parent)
                signal.pthread_sigmask(signal.SIG_SETMASK, before)
                _close_all_but(channel_fd, output_fd, status.fd)
                serve(
                    channel_fd,
                    output_fd,
                    status,
                    token=token,
                    memory_mb=inherit.memory_mb,
                    store=inherit.store,
                    plugins=inherit.plugins,
                )
                os._exit(0)
            except MemoryError:
                os._exit(OUT_OF_MEMORY)
            except OSError:
                os._exit(CHANNEL_LOST)
            finally:
                os._exit(1)  # never back into the parent's code, whatever happened
    finally:
        gc.unfreeze()
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        os.close(channel_fd)  # also where no process could be made
    return pid


def _close_all_but(*kept: int) -> None:
    """Close what a forked child inherited: it would keep other workers' channels open, and user code finds them."""
    first = FIRST_PRIVATE_FD
    for fd in sorted(kept):
        os.closerange(first, fd)
        first = fd + 1
    os.closerange(first, max(first, os.sysconf("SC_OPEN_MAX")))


def _spawn(
    inherit: Inheritance,
    ours: socket.socket,
    theirs: socket.socket,
    output_fd: int,
    status: wire.StatusPage,
    token: str,
) -> subprocess.Popen[bytes]:
    fds = (theirs.fileno(), output_fd, status.fd)
    process = subprocess.Popen(
        [sys.executable, "-m", "gradverify.run.worker", *map(str, fds)],
        stdin=subprocess.DEVNULL,
        stdout=output_fd,
        stderr=output_fd,
        pass_fds=fds,
        cwd=inherit.folder,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    ours.sendall(
        wire.encode(
            {
                "parent": os.getpid(),
                "path": sys.path,
                "block": list(inherit.plugins.block),
                "token": token,
                "memory_mb": inherit.memory_mb,
            }
        )
    )
    return process
