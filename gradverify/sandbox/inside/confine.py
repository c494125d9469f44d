"""Putting every layer that this machine has around the present process, for good."""

from __future__ import annotations

import contextlib
import fcntl
import importlib
import io
import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gradverify.sandbox.inside import landlock, privileges, seccomp
from gradverify.sandbox.inside.readable import Readable, open_readable, world_readable
from gradverify.sandbox.inside.watch import watch

CHANNEL_FD, REPORT_FD = 3, 4
# Modules that do something when they are imported, or are of no use without a screen.
NOT_PRELOADED = frozenset({"antigravity", "this", "idlelib", "tkinter", "turtle", "turtledemo", "lib2to3", "readline"})
FREE_FD = 8  # descriptors from here on are nobody's by agreement
Details = dict[str, bool | str]


@dataclass(frozen=True, slots=True)
class Means:
    """What the zygote found this machine to offer, and opened, before it forks anything."""

    landlock_version: int
    seccomp: bool
    notifications: bool
    rlimits: bool
    readable: tuple[Readable, ...]
    others_may_read: bool  # whether any user reaches what submissions may read


def find_means(without: frozenset[str], scratch: str) -> Means:
    """`without` names layers that are not to be used (tests show so what the others do on a machine without them)."""
    readable = tuple(open_readable(FREE_FD))
    landlock_version = 0 if "landlock" in without else landlock.version()
    others_may_read = world_readable([scratch, *(item.path for item in readable)])
    if not others_may_read and not landlock_version and "uid" not in without and os.geteuid() == 0:
        import_the_standard_library()  # another user could not, and no right can be left to it that nothing limits
    return Means(
        landlock_version=landlock_version,
        seccomp="seccomp" not in without and seccomp.supported(),
        notifications="notifications" not in without and seccomp.notifications_supported(),
        rlimits="rlimits" not in without,
        readable=readable,
        others_may_read=others_may_read,
    )


def import_the_standard_library() -> None:
    """All of it that can be imported without consequences."""
    with contextlib.redirect_stdout(io.StringIO()):
        for name in sorted(sys.stdlib_module_names - NOT_PRELOADED):
            with contextlib.suppress(Exception):  # as those of other systems
                importlib.import_module(name)


def arrange_descriptors(channel: int, output: int, report: int) -> None:
    """Standard input is empty, output and errors are one pipe; then the channel and the report. Nothing else stays."""
    moved = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, FREE_FD) for fd in (channel, report)]
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    for fd, place in zip(moved, (CHANNEL_FD, REPORT_FD), strict=True):
        os.dup2(fd, place, inheritable=False)
    os.set_blocking(REPORT_FD, False)


def confine(means: Means, order: Mapping[str, Any], hello: Callable[[Details], bytes], parent: int) -> None:
    """Become harmless; say over the channel, before any foreign code runs, which layers hold."""
    folder, uid = os.path.realpath(order["folder"]), order["uid"]
    os.chdir(folder)
    os.environ.clear()
    os.environ.update({"HOME": folder, "TMPDIR": folder, "LANG": "C.UTF-8"})
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    details: Details = {"rlimits": means.rlimits, "uid": False, "landlock_abi": False}
    rules = _rules(means, folder) if means.landlock_version else None
    os.closerange(REPORT_FD + 1, os.sysconf("SC_OPEN_MAX") if rules is None else rules.fd)
    if rules is not None:
        os.closerange(rules.fd + 1, os.sysconf("SC_OPEN_MAX"))
    if means.rlimits:
        privileges.limit_resources(
            memory_mb=order["memory_mb"], file_bytes=order["file_bytes"], processes=_processes(means, uid)
        )
    if uid is not None:
        privileges.become(uid, read_everything=rules is not None and not means.others_may_read)
        details["uid"] = str(uid)
    elif os.geteuid() == 0 and means.seccomp:  # capset's number is known where seccomp is
        privileges.keep_capabilities(0)
    privileges.die_with(parent)  # the kernel forgets it when the user id changes
    privileges.no_new_privileges()
    if rules is not None:
        rules.enforce()
        details["landlock_abi"] = str(means.landlock_version)
    channel = socket.socket(fileno=os.dup(CHANNEL_FD))
    if means.seccomp:
        seccomp.confine(
            os.getpid(),
            channel,
            lambda notify: hello(details | {"seccomp": True, "notifications": notify}),
            notify=means.notifications,
            files_judged=rules is not None,
        )
    else:
        channel.sendall(hello(details | {"seccomp": False, "notifications": False}))
    channel.close()
    sys.dont_write_bytecode = True
    readable = [item.path for item in means.readable if not item.listing_only]
    listable = [item.path for item in means.readable if item.listing_only]
    watch(REPORT_FD, folder, readable, listable, own_pid=os.getpid())


def _rules(means: Means, folder: str) -> landlock.Ruleset:
    rules = landlock.Ruleset()
    for item in means.readable:
        if item.listing_only:
            rules.allow(item.fd, landlock.READ_DIR)
        else:
            rules.allow(item.fd, landlock.READ if item.is_folder else landlock.READ_FILE)
    own = os.open(folder, os.O_PATH | os.O_CLOEXEC)
    rules.allow(own, landlock.OWN)
    with contextlib.suppress(OSError):
        null = os.open(os.devnull, os.O_PATH | os.O_CLOEXEC)
        rules.allow(null, landlock.READ_FILE | landlock.WRITE_FILE)
    return rules


def _processes(means: Means, uid: int | None) -> int | None:
    """RLIMIT_NPROC. It counts all that a user runs, so it only fits a user id of the submission's own; without one, it
    is set where nothing else stops a fork bomb."""
    if uid is not None:
        return privileges.THREADS
    return None if means.seccomp else privileges.processes_of(os.getuid()) + privileges.PROCESSES
