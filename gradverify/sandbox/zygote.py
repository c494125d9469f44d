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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from gradverify.sandbox import folders
from gradverify.sandbox.levels import Level, level_of
from gradverify.sandbox.model import Limits

if TYPE_CHECKING:
    from gradverify.sandbox.session import Session

ROOT = Path(__file__).parents[2]  # where `gradverify` is imported from
PACKET = 1 << 16
START_SECONDS = 60.0  # for the zygote to import NumPy and what else is allowed, on a busy machine
ANSWER_SECONDS = 30.0  # for the zygote to fork or to collect
# -I and -S: nothing from the environment, the working folder or .pth files is run or imported. The zygote's code is
# imported from where this file is, which afterwards is no longer on its path.
BOOT = "import sys; sys.path.append(sys.argv[2]); from gradverify.sandbox.inside.zygote import main; main()"
ENVIRONMENT = {
    "LANG": "C.UTF-8",
    "PYTHONHASHSEED": "0",
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


class Zygote:
    """Forks confined processes from one that has `imports` loaded and knows nothing else.

    `directory` is where the submissions' folders are made, for as long as each is in use; by default a new temporary
    folder.
    """

    def __init__(
        self, limits: Limits, imports: Sequence[str] = ("numpy", "math"), directory: Path | None = None
    ) -> None:
        self.limits = limits
        self.imports = tuple(imports)
        self._given = directory
        self._scratch: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._lock = threading.RLock()

    def __enter__(self) -> Self:
        self._scratch = Path(tempfile.mkdtemp(prefix="gradverify-", dir=self._given))
        self._scratch.chmod(0o711)  # another user id must be able to pass
        try:
            self._start()
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
        """How well submissions are confined."""
        return level_of({})

    def open(self, folder: Path, file: str) -> Session:
        """A session with the submission in `folder`, whose entries are in `file`. Copies the folder."""
        from gradverify.sandbox.session import Session

        return Session(self, Path(folder), file)

    def close(self) -> None:
        """End the zygote and everything it forked; remove the scratch folder."""
        with self._lock:
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
            if self._scratch is not None:
                folders.remove(self._scratch)
                self._scratch = None

    def new_folder(self) -> Path:
        """A path for one submission's folder, which does not exist yet."""
        assert self._scratch is not None, "a Zygote is used as a context manager"
        return self._scratch / secrets.token_hex(8)

    def spawn(self, folder: Path, file: str, fds: Sequence[int]) -> tuple[int, int]:
        """A new confined process: its number, and a descriptor that stands for it."""
        reply, received = self._ask(
            {"do": "spawn", "folder": str(folder), "file": file, "answer_bytes": self.limits.answer_bytes}, fds
        )
        if len(received) != 1:
            raise ZygoteError("the zygote forked no process")
        return int(reply["pid"]), received[0]

    def reap(self, pid: int) -> Ending:
        """Kill the process, and every process of its group, and collect it."""
        reply, _ = self._ask({"do": "reap", "pid": pid})
        return Ending(int(reply["code"]), int(reply["kilobytes"]))

    def _start(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._control = ours
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-B", "-c", BOOT, str(theirs.fileno()), str(ROOT)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                env=ENVIRONMENT,
                cwd="/",
                start_new_session=True,  # Ctrl-C is for the grader alone
            )
        ours.settimeout(START_SECONDS)
        self._send({"path": import_path(), "imports": list(self.imports)})
        reply, _ = self._receive()
        if "failed" in reply:
            raise ZygoteError(f"what submissions may import cannot be imported: {reply['failed']}")
        ours.settimeout(ANSWER_SECONDS)

    def _ask(self, message: Mapping[str, Any], fds: Sequence[int] = ()) -> tuple[dict[str, Any], list[int]]:
        with self._lock:
            self._send(message, fds)
            return self._receive()

    def _send(self, message: Mapping[str, Any], fds: Sequence[int] = ()) -> None:
        assert self._control is not None, "a Zygote is used as a context manager"
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
