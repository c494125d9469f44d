"""A worker process: takes batches of tasks from its parent, runs them one by one, sends each result back.

It is forked from the parent, or started as `python -m gradverify.run.worker CHANNEL OUTPUT STATUS`.
"""

from __future__ import annotations

import contextlib
import faulthandler
import fcntl
import os
import signal
import socket
import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gradverify.cache.entries import is_self_contained
from gradverify.cache.environment import code_of
from gradverify.run import wire
from gradverify.run.batch import run_task
from gradverify.run.capture import CapturedStreams
from gradverify.run.limits import die_with_parent, limit_memory, single_threaded
from gradverify.run.pristine import Remains, put_back
from gradverify.run.settings import VerifySettings
from gradverify.run.tasks import SpecMissingError, SpecStore, Task
from gradverify.run.trace import Tracer

if TYPE_CHECKING:
    from gradverify.plugins import Plugins

LOWEST_FD = 200  # user code that closes or overwrites "all" descriptors seldom goes this far
CHANNEL_LOST = 70  # exit status: the parent, or the user's code, closed the channel (EX_SOFTWARE of sysexits.h)
WAIT_SECONDS = 0.01  # that a finished answer may wait for the next: what a kill may cost, to be run again
UNTOUCHED = Remains()  # by a spec that runs no code
OUT_OF_MEMORY = 71  # exit status: not even the error could be reported (EX_OSERR of sysexits.h)


def serve(
    channel_fd: int,
    output_fd: int,
    status: wire.StatusPage,
    *,
    token: str,
    memory_mb: int | None,
    store: SpecStore,
    plugins: Plugins,
) -> None:
    """Work until the channel closes. Runs in a process of its own, whose standard streams it takes over."""
    channel = socket.socket(fileno=_out_of_the_way(channel_fd))
    streams = CapturedStreams(_out_of_the_way(output_fd), token)
    nothing = _out_of_the_way(os.open(os.devnull, os.O_RDONLY))
    streams.restore()
    faulthandler.enable(file=streams.fd, all_threads=False)
    limit_memory(memory_mb)
    home = _out_of_the_way(os.open(".", os.O_RDONLY | os.O_DIRECTORY))
    own_pid = os.getpid()
    recursion_limit = sys.getrecursionlimit()
    tracer = Tracer(code_of(plugins))
    tracer.install()
    channel.sendall(wire.encode({"ready": own_pid}))
    outbox = _Outbox(channel)
    while (batch := wire.receive(channel)) is not None:
        settings = VerifySettings.from_data(batch["settings"])
        for data in batch["tasks"]:
            number = data["number"]
            streams.restore()
            os.dup2(nothing, 0)
            os.fchdir(home)
            sys.setrecursionlimit(recursion_limit)
            status.begin(number)
            task = Task.from_data(data)
            watched = runs_code(task, store)
            if watched:
                outbox.send()  # whatever the user's code does to this process, what is finished is told
            with put_back() if watched else contextlib.nullcontext(UNTOUCHED) as remains:
                if watched:
                    tracer.begin()
                result = run_task(task, store, plugins, settings, status.phase)
                trace = tracer.end() if watched else None
            if os.getpid() != own_pid:
                os._exit(0)  # the user's function forked, and this is the child: it must not answer a second time
            status.phase("sending its result")
            printed = watched or streams.has_printed
            if printed:
                streams.end(number)
            outbox.add(_encoded(number, result, trace, retires=remains.lasting))
            if printed or outbox.is_due():
                outbox.send()
            status.finish()
            if remains.lasting:
                return
        outbox.send()


class _Outbox:
    """Answers on their way to the parent: those of specs that run no code of the user's may wait for one another.

    An answer wakes the parent, which costs it as much as reading a small one.
    """

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._frames: list[bytes] = []
        self._since = 0.0

    def add(self, frame: bytes) -> None:
        """One more answer."""
        if not self._frames:
            self._since = time.monotonic()
        self._frames.append(frame)

    def is_due(self) -> bool:
        """Whether the oldest answer has waited long enough."""
        return time.monotonic() - self._since > WAIT_SECONDS

    def send(self) -> None:
        """Send all that is waiting."""
        if self._frames:
            self._channel.sendall(b"".join(self._frames))
            self._frames.clear()


def runs_code(task: Task, store: SpecStore) -> bool:
    """Whether the task's spec runs code of the user's, so that what it reads has to be watched."""
    try:
        return not is_self_contained(store.find(task))
    except SpecMissingError:
        return False


def _encoded(number: int, result: dict[str, Any], trace: dict[str, Any] | None, *, retires: bool) -> bytes:
    """An answer. retires: it is the worker's last one, since a spec has changed what cannot be put back."""
    try:
        return wire.encode({"number": number, "result": result, "trace": trace, "retires": retires})
    except wire.BrokenChannelError as error:
        missing = {"missing": f"its result is too large: {error}"}
        return wire.encode({"number": number, "result": missing, "retires": retires})


def _out_of_the_way(fd: int) -> int:
    """`fd` under a high number, closed on exec, so that neither user code nor its programs meet it by chance."""
    try:
        high = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, LOWEST_FD)
    except OSError:  # the limit on open files is lower
        return fd
    os.close(fd)
    return high


def isolate(parent: int) -> None:
    """Leave the parent's session, so that Ctrl-C reaches the parent alone and a whole group can be killed."""
    with contextlib.suppress(OSError):
        os.setsid()
    die_with_parent(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def main(arguments: list[str]) -> None:
    """Entry of a worker that was started afresh: the first message says what a forked one inherits."""
    channel_fd, output_fd, status_fd = map(int, arguments)
    single_threaded()
    with socket.socket(fileno=os.dup(channel_fd)) as channel:
        hello: Mapping[str, Any] | None = wire.receive(channel)
    if hello is None:
        return
    isolate(hello["parent"])
    sys.path[:] = hello["path"]
    from gradverify.plugins import load_plugins

    plugins = load_plugins(tuple(hello["block"]))
    serve(
        channel_fd,
        output_fd,
        wire.StatusPage(status_fd),
        token=hello["token"],
        memory_mb=hello["memory_mb"],
        store=SpecStore(tuple(plugins.backends)),
        plugins=plugins,
    )


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except MemoryError:
        os._exit(OUT_OF_MEMORY)
    except OSError:
        os._exit(CHANNEL_LOST)
