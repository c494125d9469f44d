"""The zygote: a process that knows no secret, has NumPy loaded, and forks a confined process for each submission.

It is told what to do over a socket of packets, JSON with descriptors beside it, and ends, with every process it has
forked, when that socket closes. It never runs a submission's code itself.
"""

from __future__ import annotations

import array
import contextlib
import gc
import importlib
import json
import os
import platform
import signal
import socket
import sys
from typing import Any

from gradverify.sandbox.folders import remove
from gradverify.sandbox.inside.nursery import Nursery

PACKET = 1 << 16  # bytes of one packet at most
# What most submissions, and our own code beside them, use, and would else import once in each process.
USUAL = ("numpy.linalg", "numpy.random", "numpy.ma", "numpy.fft", "math", "random", "typing", "dataclasses", "inspect")
DESCRIPTORS = 8  # passed beside one packet at most


def main() -> None:
    """`python -I -S -B -c "…main()" CONTROL_FD …`, with the settings as the first packet."""
    control = socket.socket(fileno=int(sys.argv[1]))
    settings, _ = receive(control)
    if settings is None:
        return
    os.umask(0o077)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        preload(settings["path"], settings["imports"])
        from gradverify.sandbox.inside import child  # needs NumPy, which was not to be found before

        means = child.find_means(frozenset(settings["without"]), settings["scratch"])
        forget_ourselves()
    except BaseException as error:  # noqa: BLE001 - whatever a library raises while it is imported, it is reported
        send(control, {"failed": f"{type(error).__name__}: {error}"})
        return
    gc.collect()
    gc.freeze()  # a child's collector would touch, and so copy, every page it inherits
    send(control, {"ready": os.getpid()})
    nursery = Nursery(lambda order, fds, parent: child.run(means, order, fds, parent), can_fork=not means.seccomp)
    try:
        while True:
            order, fds = receive(control)
            if order is None:
                break
            if order["do"] == "spawn":
                pid = nursery.spawn(order, fds)
                pidfd = os.pidfd_open(pid)
                send(control, {"pid": pid}, [pidfd])
                for fd in (pidfd, *fds):
                    os.close(fd)
            else:
                send(control, nursery.reap(order["pid"]))
    finally:
        nursery.close()
        with contextlib.suppress(OSError):
            remove(settings["scratch"])  # if the grader was killed, nobody else will


def preload(path: list[str], imports: list[str]) -> None:
    """Import what submissions may use, then lose the way to everything else but the standard library."""
    standard = [entry for entry in sys.path if entry != sys.argv[2]]
    sys.dont_write_bytecode = True
    sys.path[:0] = path
    for name in ("numpy", *USUAL, *imports):
        importlib.import_module(name)
    with contextlib.suppress(Exception):  # it starts a program, once; a submission that asks is told what it said then
        platform.platform()
    sys.path[:] = [entry for entry in standard if entry not in path]
    sys.path_importer_cache.clear()


def forget_ourselves() -> None:
    """Make `import gradverify` fail inside, as every other package that was not asked for."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "gradverify"]:
        del sys.modules[name]


def send(control: socket.socket, message: dict[str, Any], fds: list[int] | None = None) -> None:
    """One packet."""
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
    control.sendmsg([json.dumps(message).encode()], rights)


def receive(control: socket.socket) -> tuple[dict[str, Any] | None, list[int]]:
    """One packet with its descriptors; None when the other end is gone."""
    data, fds, _, _ = socket.recv_fds(control, PACKET, DESCRIPTORS)
    return (json.loads(data) if data else None), list(fds)
