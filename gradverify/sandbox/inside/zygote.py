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
import signal
import socket
import sys
import traceback
from collections.abc import Callable, Mapping
from typing import Any

PACKET = 1 << 16  # bytes of one packet at most
DESCRIPTORS = 8  # passed beside one packet at most
FIRST_PRIVATE_FD = 3
Serve = Callable[[int, str, int], None]


def main() -> None:
    """`python -I -S -B -c "…main()" CONTROL_FD`, with the settings as the first packet."""
    control = socket.socket(fileno=int(sys.argv[1]))
    settings, _ = receive(control)
    if settings is None:
        return
    os.umask(0o077)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        preload(settings["path"], settings["imports"])
    except BaseException as error:  # noqa: BLE001 - whatever a library raises while it is imported, it is reported
        send(control, {"failed": f"{type(error).__name__}: {error}"})
        return
    from gradverify.sandbox.inside.runner import serve  # needs NumPy, which was not to be found before

    forget_ourselves()
    gc.collect()
    gc.freeze()  # a child's collector would touch, and so copy, every page it inherits
    send(control, {"ready": os.getpid()})
    children: set[int] = set()
    try:
        while True:
            order, fds = receive(control)
            if order is None:
                return
            if order["do"] == "spawn":
                pid = spawn(control, serve, order, fds)
                children.add(pid)
            elif order["do"] == "reap":
                send(control, reap(order["pid"]))
                children.discard(order["pid"])
    finally:
        for pid in children:
            reap(pid)


def preload(path: list[str], imports: list[str]) -> None:
    """Import what submissions may use, then lose the way to everything else but the standard library."""
    standard = list(sys.path)
    sys.dont_write_bytecode = True
    sys.path[:0] = path
    for name in ("numpy", *imports):
        importlib.import_module(name)
    sys.path[:] = [entry for entry in standard if entry not in path]


def forget_ourselves() -> None:
    """Make `import gradverify` fail inside, as every other package that was not asked for."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "gradverify"]:
        del sys.modules[name]


def spawn(control: socket.socket, serve: Serve, order: Mapping[str, Any], fds: list[int]) -> int:
    """Fork a process that serves one submission over the descriptors; report its number."""
    pid = os.fork()
    if pid == 0:
        try:
            child(serve, order, fds)
        except BaseException:  # noqa: BLE001 - this process must never get back into the zygote's loop
            traceback.print_exc()
        finally:
            os._exit(1)
    pidfd = os.pidfd_open(pid)
    send(control, {"pid": pid}, [pidfd])
    os.close(pidfd)
    for fd in fds:
        os.close(fd)
    return pid


def child(serve: Serve, order: Mapping[str, Any], fds: list[int]) -> None:
    """Become the process of one submission."""
    os.setsid()
    channel, output, report = fds
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    for place, fd in enumerate((channel, report), FIRST_PRIVATE_FD):
        moved = os.dup(fd)
        while moved < FIRST_PRIVATE_FD + DESCRIPTORS:
            moved = os.dup(fd)
        os.dup2(moved, place)
    os.closerange(FIRST_PRIVATE_FD + 2, os.sysconf("SC_OPEN_MAX"))
    os.chdir(order["folder"])
    serve(FIRST_PRIVATE_FD, order["file"], order["answer_bytes"])


def reap(pid: int) -> dict[str, int]:
    """Kill a child with its process group, collect it, tell how it ended."""
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(pid, signal.SIGKILL)
    _, status, usage = os.wait4(pid, 0)
    return {"code": os.waitstatus_to_exitcode(status), "kilobytes": usage.ru_maxrss}


def send(control: socket.socket, message: dict[str, Any], fds: list[int] | None = None) -> None:
    """One packet."""
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
    control.sendmsg([json.dumps(message).encode()], rights)


def receive(control: socket.socket) -> tuple[dict[str, Any] | None, list[int]]:
    """One packet with its descriptors; None when the other end is gone."""
    data, rights, _, _ = control.recvmsg(PACKET, socket.CMSG_SPACE(DESCRIPTORS * array.array("i").itemsize))
    fds = array.array("i")
    for level, kind, content in rights:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            fds.frombytes(content[: len(content) - len(content) % fds.itemsize])
    return (json.loads(data) if data else None), list(fds)
