"""The trusted side of the zygote: starting it, having it fork, having it end what it forked."""

from __future__ import annotations

import array
import contextlib
import json
import os
import secrets
import socket
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from gradverify.sandbox import bubblewrap, folders
from gradverify.sandbox.inside.readable import world_readable
from gradverify.sandbox.levels import Level
from gradverify.sandbox.model import Limits

if TYPE_CHECKING:
    from gradverify.sandbox.session import Session

# What can be left out: by tests, which show what the others do without it.
LAYERS = ("rlimits", "uid", "seccomp", "notifications", "landlock", "bubblewrap")
# The range that systemd keeps for users that exist only while a process does (systemd.io/UIDS-GIDS); below 65534, so
# that it exists in containers too.
FIRST_UID, UIDS = 61184, 65520 - 61184
ROOT = Path(__file__).parents[2]  # where `gradverify` is imported from
PACKET = 1 << 16
START_SECONDS = 60.0  # for the zygote to import NumPy and what else is allowed, on a busy machine
ANSWER_SECONDS = 30.0  # for the zygote to fork or to collect
# -I and -S: nothing from the environment, the working folder or .pth files is run or imported. The zygote's code is
# imported from where this file is, which afterwards is no longer on its path.
BOOT = "import sys; sys.path.append(sys.argv[2]); from gradverify.sandbox.inside.zygote import main; main()"
ENVIRONMENT = {
    "LANG": "C.UTF-8",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    "BLIS_NUM_THREADS": "1",
}


class ZygoteError(Exception):
    """The zygote could not be started or does not answer: our fault, or this machine's, never a student's."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a process ended: its exit status, or minus the signal's number; and the most memory it had."""

    code: int
    kilobytes: int
    cpu_seconds: float


class Zygote:
    """Forks confined processes from one that has `imports` loaded and knows nothing else.

    `directory` is where the submissions' folders are made, for as long as each is in use; by default a new temporary
    folder. `without` names layers of LAYERS that are left out even where the machine has them.
    """

    def __init__(
        self,
        limits: Limits,
        imports: Sequence[str] = ("numpy", "math"),
        directory: Path | None = None,
        *,
        without: Collection[str] = (),
    ) -> None:
        if unknown := set(without) - set(LAYERS):
            raise ValueError(f"no layer is called {unknown.pop()!r}; there are {', '.join(LAYERS)}")
        self.limits = limits
        self.imports = tuple(imports)
        self._given = directory
        self._without = frozenset(without)
        self._level: Level | None = None
        self.bubblewrap = ""  # its version, where it is around the zygote
        self._user_ids = "uid" not in self._without and os.geteuid() == 0
        self.scratch: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._taken: set[int | None] = set()
        self._lock = threading.RLock()

    def __enter__(self) -> Self:
        if sys.platform != "linux":
            raise ZygoteError("submissions can be confined on Linux only: use a container or a virtual machine")
        try:
            self._start_as_confined_as_possible()
            self._check_the_way()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @property
    def level(self) -> Level:
        """How well submissions are confined: found by confining a process that tried the walls."""
        assert self._level is not None, "a Zygote is used as a context manager"
        return self._level

    def open(self, folder: Path, file: str, *, limits: Limits | None = None) -> Session:
        """A session with the submission in `folder`, whose entries are in `file`. Copies the folder.

        `limits`, where they are given, take the place of the zygote's own.
        """
        from gradverify.sandbox.session import Session

        return Session(self, Path(folder), file, limits or self.limits)

    def close(self) -> None:
        """End the zygote and everything it forked; remove the scratch folder."""
        with self._lock:
            self._end_process()
            if self.scratch is not None:
                folders.remove(self.scratch)
                self.scratch = None

    def new_folder(self) -> Path:
        """A path for one submission's folder, which does not exist yet."""
        assert self.scratch is not None, "a Zygote is used as a context manager"
        return self.scratch / secrets.token_hex(8)

    def own_user(self, folder: Path) -> int | None:
        """A user id for one submission, which becomes the owner of `folder`; None where it runs as we do."""
        if not self._user_ids:
            return None
        with self._lock:
            uid = FIRST_UID + secrets.randbelow(UIDS)
            while uid in self._taken:
                uid = FIRST_UID + secrets.randbelow(UIDS)
            self._taken.add(uid)
        folders.give_to(folder, uid)
        return uid

    def give_back(self, uid: int | None) -> None:
        """The user id is nobody's again."""
        with self._lock:
            self._taken.discard(uid)

    def spawn(
        self, folder: Path, uid: int | None, file: str | None, limits: Limits, fds: Sequence[int]
    ) -> tuple[int, int]:
        """A new confined process: its number as the zygote knows it, and a descriptor that stands for it."""
        with self._lock:
            if self._process is not None and self._process.poll() is not None:  # something killed it
                self._end_process()
                self._start()
        reply, received = self._ask(
            {
                "do": "spawn",
                "folder": str(folder),
                "uid": uid,
                "file": file,
                "memory_mb": limits.memory_mb,
                "file_bytes": limits.file_bytes,
                "answer_bytes": limits.answer_bytes,
            },
            fds,
        )
        if len(received) != 1:
            raise ZygoteError("the zygote forked no process")
        return int(reply["pid"]), received[0]

    def reap(self, pid: int) -> Ending:
        """Kill the process, and every process of its group, and collect it."""
        reply, _ = self._ask({"do": "reap", "pid": pid})
        return Ending(int(reply["code"]), int(reply["kilobytes"]), float(reply["cpu_seconds"]))

    def _check_the_way(self) -> None:
        """Landlock leaves a submission the right to pass any folder; without it, other users must be able to."""
        details = self.level.details
        if details["uid"] and not details["landlock_abi"] and not world_readable([str(self.scratch)]):
            raise ZygoteError(
                f"other users cannot reach {self.scratch}: set TMPDIR to a folder that they can pass, as /tmp"
            )

    def _start_as_confined_as_possible(self) -> None:
        """With bubblewrap and user ids, if they are there and allowed; else with what is: containers take away much."""
        wrappers = ["" if "bubblewrap" in self._without else bubblewrap.version(), ""]
        users = [self._user_ids, False]
        ways = list(dict.fromkeys((wrapper, user) for user in users for wrapper in wrappers))
        for place, (self.bubblewrap, self._user_ids) in enumerate(ways):
            try:
                self._start()
            except (ZygoteError, OSError):
                self._end_process()
                if place == len(ways) - 1:
                    raise
            else:
                return

    def _start(self) -> None:
        if self.scratch is None or not self.scratch.exists():  # a zygote that ends removes it
            self.scratch = Path(tempfile.mkdtemp(prefix="gradverify-", dir=self._given))
            self.scratch.chmod(0o711)  # another user id must be able to pass
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        path, scratch = import_path(), str(self.scratch)  # the latter tells people whose process it is
        wrapping = bubblewrap.prefix(ROOT, self.scratch, path) if self.bubblewrap else []
        with theirs:
            self._control = ours
            self._process = subprocess.Popen(
                [*wrapping, sys.executable, "-I", "-S", "-B", "-c", BOOT, str(theirs.fileno()), str(ROOT), scratch],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL if wrapping else None,
                pass_fds=(theirs.fileno(),),
                env=environment(),
                cwd="/",
                start_new_session=True,  # Ctrl-C is for the grader alone
            )
        ours.settimeout(START_SECONDS)
        self._send(
            {
                "path": path,
                "imports": list(self.imports),
                "without": sorted(self._without),
                "scratch": scratch,
            }
        )
        reply, _ = self._receive()
        if "failed" in reply:
            raise ZygoteError(f"what submissions may import cannot be imported: {reply['failed']}")
        ours.settimeout(ANSWER_SECONDS)
        self._level = self._try_the_walls()

    def _end_process(self) -> None:
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._process is not None:
            try:
                self._process.wait(ANSWER_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def _try_the_walls(self) -> Level:
        from gradverify.sandbox.process import Process

        folder = self.new_folder()
        folder.mkdir()
        uid = self.own_user(folder)
        try:
            process = Process(self, folder, uid, None, self.limits)
            try:
                return process.try_the_walls(time.monotonic() + ANSWER_SECONDS)
            finally:
                process.close()
        finally:
            folders.remove(folder)
            self.give_back(uid)

    def _ask(self, message: Mapping[str, Any], fds: Sequence[int] = ()) -> tuple[dict[str, Any], list[int]]:
        with self._lock:
            self._send(message, fds)
            return self._receive()

    def _send(self, message: Mapping[str, Any], fds: Sequence[int] = ()) -> None:
        if self._control is None:
            raise ZygoteError("the zygote is not running")
        try:
            if fds:
                rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))]
                self._control.sendmsg([json.dumps(message).encode()], rights)
            else:
                self._control.send(json.dumps(message).encode())
        except OSError as error:
            raise ZygoteError(f"the zygote has ended ({error})") from error

    def _receive(self) -> tuple[dict[str, Any], list[int]]:
        assert self._control is not None
        try:
            data, fds, _, _ = socket.recv_fds(self._control, PACKET, 4)
        except OSError as error:
            raise ZygoteError(f"the zygote does not answer ({error})") from error
        if not data:
            raise ZygoteError("the zygote has ended")
        return json.loads(data), list(fds)


def environment() -> dict[str, str]:
    """All that the zygote is told of ours: where the interpreter's own libraries are, if that has to be said."""
    return ENVIRONMENT | {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}


def import_path() -> list[str]:
    """Where packages are imported from, without the standard library's own folders."""
    standard = {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")}
    return [
        entry
        for entry in sys.path
        if entry and entry not in standard and os.path.isdir(entry) and not entry.endswith("lib-dynload")
    ]


def close_all(fds: Sequence[int]) -> None:
    """Close descriptors, whatever state they are in."""
    for fd in fds:
        with contextlib.suppress(OSError):
            os.close(fd)
