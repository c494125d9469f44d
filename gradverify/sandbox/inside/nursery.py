"""Forking confined processes, and ending each with all that it started."""

from __future__ import annotations

import contextlib
import os
import signal
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from gradverify.sandbox.inside import kernel

Body = Callable[[Mapping[str, Any], list[int], int], None]
SWEEPS = 200  # looks for descendants, where nothing keeps a submission from forking; each round kills all it sees


class Nursery:
    """The processes that this one has forked. `can_fork`: nothing keeps them from forking themselves."""

    def __init__(self, body: Body, *, can_fork: bool) -> None:
        self._body = body
        self._children: dict[int, int | None] = {}  # process → the user id that is its own
        self._can_fork = can_fork
        self._me = os.getpid()
        if can_fork:
            kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)  # orphans come to us, wherever they hid

    def spawn(self, order: Mapping[str, Any], fds: list[int]) -> int:
        """A new process; its number."""
        pid = os.fork()
        if pid == 0:
            try:
                self._body(order, fds, self._me)
            except BaseException:  # noqa: BLE001 - this process must never get back into the zygote's loop
                traceback.print_exc()
            finally:
                os._exit(1)
        self._children[pid] = order["uid"]
        return pid

    def reap(self, pid: int) -> dict[str, float]:
        """Kill a process and all that came of it; how it ended."""
        if pid not in self._children:
            return {"code": 0, "kilobytes": 0, "cpu_seconds": 0.0}
        descendants = _descendants(pid) if self._can_fork else []
        for kill in (os.killpg, os.kill):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                kill(pid, signal.SIGKILL)
        _, status, usage = os.wait4(pid, 0)
        uid = self._children.pop(pid)
        if self._can_fork:
            self._sweep(descendants, uid)
        return {
            "code": os.waitstatus_to_exitcode(status),
            "kilobytes": usage.ru_maxrss,
            "cpu_seconds": usage.ru_utime + usage.ru_stime,
        }

    def close(self) -> None:
        """End them all."""
        for pid in list(self._children):
            self.reap(pid)

    def _sweep(self, suspects: list[int], uid: int | None) -> None:
        """End what outlived its parent: what has its user id, what descends from it or is now our child."""
        for _ in range(SWEEPS):
            if uid is not None:
                _kill_user(uid)
            orphans = [pid for pid in _children_of(self._me) if pid not in self._children]
            for pid in {*orphans, *(d for orphan in orphans for d in _descendants(orphan)), *suspects}:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
            suspects = []
            for pid in orphans:
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(pid, 0)
            if not orphans:
                return


def _kill_user(uid: int) -> None:
    """All processes of a user that is nobody else, at one stroke, so that none can fork away between two kills."""
    pid = os.fork()
    if pid == 0:
        try:
            os.setresuid(uid, uid, uid)
            os.kill(-1, signal.SIGKILL)
        finally:
            os._exit(0)
    os.waitpid(pid, 0)


def _parents() -> dict[int, int]:
    found = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError, ValueError, IndexError), open(f"/proc/{name}/stat", "rb") as file:
                found[int(name)] = int(file.read().rpartition(b")")[2].split()[1])
    return found


def _children_of(parent: int) -> list[int]:
    return [pid for pid, its_parent in _parents().items() if its_parent == parent]


def _descendants(pid: int) -> list[int]:
    parents = _parents()
    found = [pid]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found[1:]
