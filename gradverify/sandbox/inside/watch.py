"""Noticing what Python code tries to do outside its folder, whether or not it catches the exception.

An audit hook cannot be removed. It keeps nobody out: that is the kernel's part. It only reports, over a pipe, the
attempts on files that exist; system calls of other kinds are reported by the kernel (see seccomp.py) and, so that they
are seen without it, from here too.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import FrameType
from typing import Any

from gradverify.sandbox.inside.seccomp import words

EVIDENCE_LENGTH = 300
FOLDER_EVENTS = frozenset({"os.listdir", "os.scandir"})
CHANGING_EVENTS = frozenset(
    words("os.mkdir os.remove os.rmdir os.rename os.chmod os.chown os.truncate os.utime os.setxattr os.removexattr")
)
PROCESS_EVENTS = frozenset(
    words("os.exec os.fork os.forkpty os.posix_spawn os.spawn os.system pty.spawn subprocess.Popen os.kill os.killpg")
)
NETWORK_EVENTS = frozenset(
    words(
        """socket.connect socket.bind socket.sendto socket.sendmsg socket.getaddrinfo socket.gethostbyname
    socket.gethostbyaddr socket.getnameinfo urllib.Request"""
    )
)
LINK_EVENTS = frozenset({"os.link", "os.symlink"})
NATIVE_EVENTS = frozenset(
    words(
        """ctypes.dlopen ctypes.dlsym ctypes.dlsym/handle ctypes.call_function ctypes.string_at ctypes.wstring_at
    ctypes.cdata ctypes.cdata/buffer ctypes.PyObj_FromPtr ctypes.memset ctypes.memmove sqlite3.load_extension"""
    )
)
WATCHED = (
    FOLDER_EVENTS
    | CHANGING_EVENTS
    | LINK_EVENTS
    | PROCESS_EVENTS
    | NETWORK_EVENTS
    | NATIVE_EVENTS
    | {"open", "sqlite3.connect", "socket.__new__"}
)


def watch(report_fd: int, own_folder: str, readable: Sequence[str], listable: Sequence[str], *, own_pid: int) -> None:
    """Report attempts from now on. Everything the hook needs is bound here, out of the submission's reach."""
    write, open_, close, readlink = os.write, os.open, os.close, os.readlink
    fsdecode, normal, getframe = os.fsdecode, os.path.normpath, sys._getframe
    inside = (*(path + "/" for path in (own_folder, *readable)), *readable, own_folder, "/dev/null")
    own = (own_folder + "/",)
    told: set[str] = set()
    libraries = (*(path + "/" for path in readable), "<frozen")

    def real_path(path: Any) -> str:
        """Where a path leads; empty where nothing is there. Opening as O_PATH reads nothing and needs no right."""
        try:
            fd = open_(path, os_o_path)
        except (OSError, ValueError, TypeError):
            return ""
        try:
            return readlink(f"/proc/self/fd/{fd}")
        except OSError:
            return fsdecode(path)
        finally:
            close(fd)

    def outside(path: Any, *, writing: bool) -> str:
        """The real path, if it is there and not the submission's to use."""
        if isinstance(path, int) or path is None:
            return ""
        found = real_path(path)
        if not found and writing:
            folder = real_path(fsdecode(path).rpartition("/")[0] or ("/" if fsdecode(path)[:1] == "/" else "."))
            found = folder and f"{folder}/{fsdecode(path).rpartition('/')[2]}"
        if not found:
            tell_absent(path, "write" if writing else "read")
            return ""
        if found == own_folder:
            return ""
        if writing:
            return "" if found.startswith(own) or found in ("/dev/null", "/dev/full") else found
        return "" if found in inside or found in listable or found.startswith(inside) else found

    def tell_absent(path: Any, how: str) -> None:
        """A path that leads nowhere from in here: bubblewrap may hide what is there outside."""
        full = normal(f"{own_folder}/{fsdecode(path)}" if fsdecode(path)[:1] != "/" else fsdecode(path))
        if full not in listable and not full.startswith(inside):
            tell("absent", f"{how} {full}")

    def place() -> str:
        """The line of the submission that is being executed, innermost."""
        frame: FrameType | None = getframe(2)
        while frame is not None and not frame.f_code.co_filename.startswith(own):
            frame = frame.f_back
        return f"line {frame.f_lineno}" if frame is not None else ""

    def tell(kind: str, evidence: str) -> None:
        line = f"{kind}\t{' '.join(evidence.split())[:EVIDENCE_LENGTH]}\t{place()}\n"
        if line not in told:
            told.add(line)
            with suppress(OSError):
                write(report_fd, line.encode("utf-8", "backslashreplace"))

    def from_a_library() -> bool:
        """Whether the code that calls ctypes is the standard library's or a package's, not the submission's."""
        frame: FrameType | None = getframe(2)
        while frame is not None and "/ctypes/" in frame.f_code.co_filename:
            frame = frame.f_back
        return frame is not None and frame.f_code.co_filename.startswith(libraries)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event not in watched:
            return
        caller = getframe(1).f_code
        if caller.co_filename in importers or caller.co_name == tries_folders:
            return
        if event == "open":
            path, mode, flags = arguments
            if isinstance(flags, int) and flags & os_o_path:
                return
            writing = bool(flags & writing_flags) if isinstance(flags, int) else bool(mode and set(mode) & set("wax+"))
            if found := outside(path, writing=writing):
                tell("file", f"{'write' if writing else 'read'} {found}")
        elif event in FOLDER_EVENTS:
            if found := outside(arguments[0], writing=False):
                tell("file", f"list {found}")
        elif event in CHANGING_EVENTS:
            for path in arguments[: 2 if event == "os.rename" else 1]:
                if found := outside(path, writing=True):
                    tell("file", f"{event} {found}")
        elif event == "sqlite3.connect":
            if arguments[0] != ":memory:" and (found := outside(arguments[0], writing=True)):
                tell("file", f"write {found}")
        elif event in PROCESS_EVENTS:
            if not (event == "os.kill" and arguments[0] == own_pid):
                tell("process", f"{event}({shown(arguments[:2])})")
        elif event in LINK_EVENTS:
            tell("file", f"{event}({shown(arguments[:2])})")
        elif event == "socket.__new__":
            if arguments[1] != local_family:
                tell("network", f"socket({arguments[1]!r})")
        elif event in NETWORK_EVENTS:
            connects = event.startswith("socket.") and len(arguments) > 1 and event not in named
            tell("network", f"{event}({shown(arguments[1:] if connects else arguments)})")
        elif not from_a_library():
            tell("native", f"{event}({shown(arguments[:1])})")

    def shown(arguments: tuple[Any, ...]) -> str:
        texts = []
        for argument in arguments:
            try:
                texts.append(repr(fsdecode(argument) if isinstance(argument, bytes) else argument))
            except BaseException:  # noqa: BLE001 - the student's own __repr__ must not hide the attempt
                texts.append(type(argument).__name__)
        return ", ".join(texts)

    watched, os_o_path = WATCHED, os.O_PATH
    named = frozenset({"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo"})
    # A path in `sys.path` that is not ours to list is passed over by the import system; nobody means harm by it.
    importers = frozenset({"<frozen importlib._bootstrap_external>", "<frozen zipimport>"})
    # … and `tempfile` tries the system's folders where the own one cannot be written to.
    tries_folders = "_get_default_tempdir"
    local_family = 1  # AF_UNIX, of socketpairs; to be connected, it needs another event
    writing_flags = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
    keep: Callable[[str, tuple[Any, ...]], None] = hook
    gc.freeze()  # gc.get_objects() does not show the hook and what it holds
    sys.addaudithook(keep)
