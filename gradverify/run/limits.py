"""What a worker may use: cores, memory, one thread each; and that it never outlives its parent."""

from __future__ import annotations

import contextlib
import ctypes
import math
import os
import resource
import signal
import sys
from pathlib import Path

MEGABYTE = 1 << 20
PR_SET_PDEATHSIG = 1  # linux/prctl.h

# The environment variables that the BLAS and OpenMP libraries behind NumPy read when they are loaded. Several workers
# with several threads each would fight for the cores, and threads make forking unsafe.
THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


def single_threaded() -> None:
    """Make numerical libraries loaded from now on use one thread, unless the environment says otherwise."""
    for name in THREAD_VARIABLES:
        os.environ.setdefault(name, "1")


def available_cores() -> int:
    """The cores that this process may use: its affinity mask, cut by the control group's CPU quota; at least 1."""
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, math.ceil(min(float(affinity), cgroup_quota())))


def cgroup_quota(root: Path = Path("/sys/fs/cgroup"), membership: Path = Path("/proc/self/cgroup")) -> float:
    """The CPU quota of this process's control group and those above it, in cores; infinite where there is none.

    Version 2 has `cpu.max` ("50000 100000" or "max 100000"), version 1 has `cpu.cfs_quota_us` (-1: none) and
    `cpu.cfs_period_us` (Linux: Documentation/admin-guide/cgroup-v2.rst and scheduler/sched-bwc.rst).
    """
    quota = math.inf
    try:
        lines = membership.read_text().splitlines()
    except OSError:
        lines = []
    for line in lines:
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        if controllers == "" or "cpu" in controllers.split(","):
            tops = (root,) if controllers == "" else (root / controllers, root / "cpu")
            for top in tops:
                here = top / path.lstrip("/")
                for folder in (here, *here.parents):
                    if folder != top and top not in folder.parents:
                        break
                    quota = min(quota, _quota_of(folder))
    return quota


def _quota_of(folder: Path) -> float:
    with contextlib.suppress(OSError, ValueError):
        allowed, _, period = (folder / "cpu.max").read_text().partition(" ")
        return math.inf if allowed == "max" else int(allowed) / int(period)
    with contextlib.suppress(OSError, ValueError):
        microseconds = int((folder / "cpu.cfs_quota_us").read_text())
        return math.inf if microseconds <= 0 else microseconds / int((folder / "cpu.cfs_period_us").read_text())
    return math.inf


def limit_memory(megabytes: int | None) -> None:
    """Bound this process's address space for good; no core files."""
    with contextlib.suppress(ValueError, OSError):  # the hard limit may already be lower: then that one holds
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if megabytes is None:
        return
    wanted = megabytes * MEGABYTE
    with contextlib.suppress(ValueError, OSError):
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when `parent` ends, however it ends (Linux only)."""
    if sys.platform != "linux":
        return  # elsewhere the worker still ends when its channel closes
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it ended before the call above
        os._exit(1)


def thread_count() -> int:
    """The number of threads of this process, those of C libraries included where the system tells."""
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:
        import threading

        return threading.active_count()
