"""Limits on resources, another user id, and dying with the zygote."""

from __future__ import annotations

import os
import resource
import signal
import struct

from gradverify.sandbox.inside import kernel
from gradverify.sandbox.inside.seccomp import number_of

MEGABYTE = 1 << 20
OPEN_FILES = 64
THREADS = 128  # for each user id, so only where the submission has one of its own
PROCESSES = 64  # more than the user already has, where nothing better stops a fork bomb
CPU_SECONDS = 600  # for the process's whole life: a backstop in case nobody is left to watch the clock
CAPABILITY_VERSION = 0x20080522  # linux/capability.h, version 3
CAP_DAC_READ_SEARCH = 2


def die_with(parent: int) -> None:
    """Have the kernel kill this process when `parent` ends."""
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def limit_resources(*, memory_mb: int, file_bytes: int, processes: int | None) -> None:
    """Limits that can be lowered but never raised again. `memory_mb` comes on top of the memory mapped so far."""
    with open("/proc/self/statm", "rb") as file:
        mapped = int(file.read().split()[0]) * resource.getpagesize()
    wanted = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_AS: mapped + memory_mb * MEGABYTE,
        resource.RLIMIT_FSIZE: file_bytes,
        resource.RLIMIT_NOFILE: OPEN_FILES,
        resource.RLIMIT_CPU: CPU_SECONDS,
        resource.RLIMIT_MSGQUEUE: 0,
        resource.RLIMIT_MEMLOCK: 0,
    }
    if processes is not None:
        wanted[resource.RLIMIT_NPROC] = processes
    for which, value in wanted.items():
        _, hard = resource.getrlimit(which)
        limit = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(which, (limit, limit))


def processes_of(uid: int) -> int:
    """The threads that a user has now: RLIMIT_NPROC counts them all."""
    count = 0
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                if os.stat(f"/proc/{name}").st_uid == uid:
                    count += len(os.listdir(f"/proc/{name}/task"))
            except OSError:  # it has ended
                continue
    return count


def become(uid: int, *, read_everything: bool) -> None:
    """Another user, without any right of root's for good; `read_everything` keeps that of reading files.

    It is kept only where Landlock limits it and the standard library is out of the new user's reach (as in a root's
    home folder).
    """
    if read_everything:
        kernel.prctl(kernel.PR_SET_KEEPCAPS, 1)
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    if read_everything:
        keep_capabilities(1 << CAP_DAC_READ_SEARCH)
    if os.getresuid() != (uid, uid, uid) or os.getresgid() != (uid, uid, uid) or os.getgroups():
        raise OSError("the user id did not change")


def keep_capabilities(bits: int) -> None:
    """No right of root's but these; all of them are among the first 32."""
    number = number_of("capset")
    assert number is not None
    header = kernel.buffer(struct.pack("=Ii", CAPABILITY_VERSION, 0))
    kernel.syscall(number, header, kernel.buffer(struct.pack("=6I", bits, bits, 0, 0, 0, 0)))


def no_new_privileges() -> None:
    """No set-uid program gives anything back; a filter may be installed without root's rights."""
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
