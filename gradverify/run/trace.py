"""What a worker process reads while it runs specs, seen through Python's audit events.

A result may be used again only while everything that it came from is as it was. What a Python function reads cannot be
told from its source, so it is watched. Whatever cannot be watched, or may come out differently the next time (the
clock, the network, another program, native code that opens files by itself), is a doubt, and a result with a doubt is
not kept.

Everything that the worker has read since it started counts for each later spec, not only what was read since that
began: a module is imported once, and a function may keep what it has loaded. That may be too much, never too little.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Callable, Iterable, Mapping
from types import FrameType
from typing import Any

from gradverify.cache.digests import digest_of_file, digest_of_listing
from gradverify.cache.doubts import doubts_in_source

MOST_DOUBTS = 5  # that are told; one is enough for not keeping a result
MOST_FRAMES = 60  # of the caller that are looked at to find out who lists a folder
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_UNSTEADY = ("/proc/", "/sys/", "/dev/")  # not files with a content
_HARMLESS = frozenset((os.devnull,))
# Events after which the outcome may depend on something that is not watched.
_DOUBTFUL = frozenset(
    (
        "ctypes.dlopen", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.startfile", "os.system",
        "os.putenv", "os.unsetenv", "os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.truncate", "os.chmod",
        "pty.spawn", "shutil.copyfile", "shutil.move", "socket.bind", "socket.connect", "socket.getaddrinfo",
        "socket.gethostbyname", "socket.gethostname", "sqlite3.connect", "subprocess.Popen", "urllib.Request",
    )
)  # fmt: skip
_LISTING = frozenset(("os.listdir", "os.scandir", "os.walk", "glob.glob", "pathlib.Path.glob"))
# Packages with native code that open files through Python's `open`, or open none: numpy.load and numpy.fromfile call
# io.open (numpy/_core/src/multiarray/methods.c), pandas opens what it parses itself (pandas/io/common.py: get_handle).
_WATCHABLE = frozenset(("numpy", "scipy", "pandas", "sklearn", "sympy", "mpmath", "gmpy2", "flint", "yaml"))

_STANDARD_LIBRARY = tuple(os.path.join(sysconfig.get_path(name), "") for name in ("stdlib", "platstdlib"))

State = tuple[int, int, int]  # mtime in ns, size, inode


class Tracer:
    """Records reads and doubts of this process once `install` was called; `begin` and `end` enclose a task.

    code: folders and files of gradverify's and its plugins' own code, which results are keyed by anyway.
    """

    def __init__(self, code: Iterable[str] = ()) -> None:
        self._active = False
        self._seen: dict[str, State | None] = {}  # each file as it was when it was first opened; None: not there
        self._digests: dict[str, str | None] = {}
        self._doubts: dict[str, None] = {}
        self._folders: set[str] = set()
        self._installation = _installation(code)
        self._handlers: dict[str, Callable[[tuple[Any, ...], str], None]] = {"open": self._open, "import": self._import}
        self._handlers |= dict.fromkeys(_LISTING, self._listing) | dict.fromkeys(_DOUBTFUL, self._doubtful)

    def install(self) -> None:
        """From now on, for the rest of the process: audit hooks cannot be taken away again."""
        sys.addaudithook(self._hook)

    def begin(self) -> None:
        """A task starts."""
        self._active = True

    def end(self) -> dict[str, Any]:
        """The task is over: the digest of every file read so far, of every folder imported from, and the doubts."""
        self._active = False
        for path, state in list(self._seen.items()):
            if path not in self._digests:
                self._take(path, state)
        listings = {f"{folder}{os.sep}": _quiet(digest_of_listing, folder) for folder in self._folders}
        return {"files": {**self._digests, **listings}, "doubts": list(self._doubts)[:MOST_DOUBTS]}

    def _take(self, path: str, state: State | None) -> None:
        try:
            found = digest_of_file(path)
        except OSError as error:
            self._doubt(f"{path} cannot be read again ({error.strerror})")
            found = None
        if _state(path) != state:
            self._doubt(f"{path} changed while it was used")
        self._digests[path] = found
        if path.endswith(".py") and found is not None:
            self._folders.add(os.path.dirname(path))
            for doubt in doubts_in_source(path):
                self._doubt(f"{os.path.basename(path)} {doubt}")

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self._active and event in self._handlers:
            try:
                self._handlers[event](arguments, event)
            except Exception as error:  # noqa: BLE001 - an exception here would be the user's code's exception
                self._doubt(f"could not be watched ({type(error).__name__})")

    def _open(self, arguments: tuple[Any, ...], _event: str) -> None:
        path, _mode, flags = arguments
        if isinstance(path, int):  # a descriptor; how it came about was seen before
            return
        path = os.path.abspath(os.fsdecode(path))
        if path in _HARMLESS or self._is_installed(path):
            return
        if f"{os.sep}__pycache__{os.sep}" in path:
            path = _source_of_bytecode(path)
        elif flags & _WRITING:
            self._doubt(f"{path} is written to")
            return
        if path in self._seen:
            # What was read before is known by what it was then.
            if self._seen[path] != _state(path):
                self._doubt(f"{path} changed while it was used")
            return
        if path.startswith(_UNSTEADY) or os.path.isdir(path):
            self._doubt(f"{path} is read")
            return
        self._seen[path] = _state(path)

    def _import(self, arguments: tuple[Any, ...], _event: str) -> None:
        """An extension module is about to be loaded; modules in Python come with an `open`."""
        file = arguments[1]
        if not file:
            return
        path = os.path.abspath(os.fsdecode(file))
        if not self._is_installed(path):
            self._doubt(f"{path} is native code")
        elif "-packages" in path and str(arguments[0]).partition(".")[0] not in _WATCHABLE:
            self._doubt(f"the native code of {arguments[0]} may read files unseen")

    def _listing(self, arguments: tuple[Any, ...], event: str) -> None:
        target = arguments[0] if arguments and arguments[0] is not None else "."
        path = os.path.abspath(os.fsdecode(target)) if isinstance(target, (str, bytes, os.PathLike)) else ""
        if not self._is_installed(path + os.sep) and not _by_the_import_system():
            self._doubt(f"a folder is listed ({event})")

    def _doubtful(self, arguments: tuple[Any, ...], event: str) -> None:
        if event == "ctypes.dlopen" and (arguments[0] is None or self._is_installed(str(arguments[0]))):
            return  # what `import ctypes` does by itself
        self._doubt(f"{event} was called")

    def _is_installed(self, path: str) -> bool:
        """Whether `path` belongs to the Python installation, which the cache knows by the versions in it."""
        return path.startswith(self._installation)

    def _doubt(self, text: str) -> None:
        if len(self._doubts) < MOST_DOUBTS:
            self._doubts[text] = None


def _installation(code: Iterable[str]) -> tuple[str, ...]:
    """Folders of the interpreter, the packages installed for it, and gradverify itself."""
    places = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    places += [entry for entry in sys.path if entry.endswith(("site-packages", "dist-packages"))]
    roots = {os.path.join(form, "") for place in places if place for form in (place, os.path.realpath(place))}
    own = {os.path.join(place, "") if os.path.isdir(place) else place for place in code}
    return tuple(sorted(roots | own))


def _state(path: str) -> State | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _quiet(function: Callable[[str], str | None], path: str) -> str | None:
    try:
        return function(path)
    except OSError:
        return None


def _source_of_bytecode(path: str) -> str:
    """`losses.py` for `__pycache__/losses.cpython-311.pyc`, and for the temporary name under which that is written."""
    folder, name = os.path.split(path)
    return os.path.join(os.path.dirname(folder), name.partition(".")[0] + ".py")


def _by_the_import_system() -> bool:
    """Whether it is an import that looks into a folder, and not the user's code, which an import may be running.

    The nearest code that is not the standard library's own decides: `glob.glob` in a module that is being imported has
    the import system further down the stack.
    """
    frame: FrameType | None = sys._getframe(3)  # of what called the hook, which called `_listing`
    for _ in range(MOST_FRAMES):
        if frame is None:
            return False
        name = frame.f_code.co_filename
        if name.startswith("<frozen importlib") or name.endswith(("private_modules.py", "python_loader.py")):
            return True
        if not name.startswith(("<frozen ", *_STANDARD_LIBRARY)):
            return False
        frame = frame.f_back
    return False


def read_trace(data: object) -> Mapping[str, Any] | None:
    """What `Tracer.end` sent, checked; None for anything else: it comes from a process that ran the user's code."""
    if not isinstance(data, dict) or data.keys() != {"files", "doubts"}:
        return None
    files, doubts = data["files"], data["doubts"]
    if not isinstance(files, dict) or not isinstance(doubts, list):
        return None
    if not all(isinstance(value, str | None) for value in files.values()):
        return None
    return data if all(isinstance(doubt, str) for doubt in doubts) else None
