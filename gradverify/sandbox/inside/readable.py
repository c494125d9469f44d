"""The files that a submission may read: Python's standard library, the packages it may import, system libraries."""

from __future__ import annotations

import contextlib
import fcntl
import os
import resource
import stat
import sys
import sysconfig
from dataclasses import dataclass

PACKAGE_FOLDERS = ("site-packages", "dist-packages")
SYSTEM_FILES = ("/etc/ld.so.cache", "/etc/localtime", "/usr/share/zoneinfo")
OWN_CODE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
DEVICES = ("/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
DESCRIPTORS = 8192  # that the zygote may have; each process that it forks closes them all
MOST_LIBRARIES = 4000  # of a folder that also holds packages, and so cannot be opened as a whole


@dataclass(frozen=True, slots=True)
class Readable:
    """A file or folder, opened (as O_PATH) by the zygote, because a confined process may not reach it."""

    path: str
    fd: int
    is_folder: bool
    listing_only: bool = False


def open_readable(first_fd: int) -> list[Readable]:
    """To be called once everything that may be imported has been, and before anything is confined.

    The descriptors are numbered from `first_fd` on, out of the way of those that a confined process has.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, DESCRIPTORS)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    found: dict[str, Readable] = {}

    def add(path: str, *, listing_only: bool = False) -> None:
        path = os.path.realpath(path)
        if path in found:
            return
        with contextlib.suppress(OSError):
            low = os.open(path, os.O_PATH | os.O_CLOEXEC)
            fd = fcntl.fcntl(low, fcntl.F_DUPFD_CLOEXEC, first_fd)
            os.close(low)
            found[path] = Readable(path, fd, stat.S_ISDIR(os.fstat(fd).st_mode), listing_only)

    for library in {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")}:
        add(library, listing_only=True)
        for name in _entries(library):
            if name not in PACKAGE_FOLDERS:  # what was not asked for is absent
                add(os.path.join(library, name))
    for path in _imported():
        add(path)
    for folder in _library_folders():
        if any(name.startswith("python") for name in _entries(folder)):
            for name in _entries(folder)[:MOST_LIBRARIES]:
                if ".so" in name:
                    add(os.path.join(folder, name))
        else:
            add(folder)
    # Our own code beside the submission's is shown in tracebacks; `platform` reads the interpreter.
    for path in (OWN_CODE, os.path.realpath(sys.executable), *SYSTEM_FILES, *DEVICES):
        add(path)
    return list(found.values())


def _entries(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def _imported() -> set[str]:
    """The top folders (or files) of packages in use that are not the standard library's, and of libraries they bring.

    Wheels keep those in a folder beside the package, as `numpy.libs`.
    """
    tops = set()
    for name, module in sys.modules.copy().items():
        file = getattr(module, "__file__", None)
        package = name.partition(".")[0]
        top = sys.modules.get(package)
        if not file or top is None or not getattr(top, "__file__", None) or package in ("__main__", "gradverify"):
            continue
        path = os.path.dirname(str(top.__file__)) if hasattr(top, "__path__") else str(top.__file__)
        if any(f"/{folder}/" in path + "/" for folder in PACKAGE_FOLDERS) or not _is_standard(path):
            tops.add(path)
            if os.path.isdir(path + ".libs"):
                tops.add(path + ".libs")
    return tops


def _is_standard(path: str) -> bool:
    return any(
        os.path.realpath(path).startswith(os.path.realpath(library) + os.sep)
        for library in (sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"))
    )


def _library_folders() -> set[str]:
    """The folders of the shared libraries that are loaded now, but for those inside packages."""
    folders = set()
    with contextlib.suppress(OSError), open("/proc/self/maps") as file:
        for line in file:
            path = line.split(maxsplit=5)[-1].strip()
            if path.startswith("/") and ".so" in path and not any(name in path for name in PACKAGE_FOLDERS):
                folders.add(os.path.dirname(path))
    return {folder for folder in folders if not _is_standard(folder)}


def world_readable(paths: list[str]) -> bool:
    """Whether any user could reach them all by their modes."""
    for path in paths:
        here = path
        while True:
            try:
                mode = os.stat(here).st_mode
            except OSError:
                return False
            if stat.S_ISDIR(mode) and not mode & stat.S_IXOTH:
                return False
            if here == os.path.dirname(here):
                break
            here = os.path.dirname(here)
    return True
