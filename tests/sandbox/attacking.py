"""Letting an attack loose in the sandbox, and looking at what it left behind.

Each file of attacks/ is a submission; its docstring says what it does and how it must be classified. Run as
`python -m tests.sandbox.attacking FILE [WITHOUT…]` this writes what every attack came to, as the user that runs it.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np

from gradverify.sandbox import Limits, Zygote
from gradverify.sandbox.zygote import import_path

ATTACKS = Path(__file__).parent / "attacks"
MARK = "marker-" + secrets.token_hex(16)  # what the grader knows and no submission may find out
SECRET_VARIABLE = "GRADVERIFY_TEST_SECRET"
X = np.array([1.0, 2.0])
HONEST = "def double(x):\n    return 2 * x\n"
# An attack that ends by itself has all the time that a busy machine needs; those that do not say `seconds`.
LIMITS = Limits(seconds=60, start_seconds=60, memory_mb=192, answer_bytes=1 << 20)


@dataclass(frozen=True)
class Attack:
    """A submission and what it must come to."""

    name: str
    claim: str
    code: str
    expect: tuple[str, ...]
    settings: dict[str, str]

    @property
    def limits(self) -> Limits:
        return replace(
            LIMITS,
            seconds=float(self.settings.get("seconds", LIMITS.seconds)),
            start_seconds=float(self.settings.get("start_seconds", LIMITS.start_seconds)),
            memory_mb=int(self.settings.get("memory_mb", LIMITS.memory_mb)),
        )


def read_attack(path: Path) -> Attack:
    _, docstring, code = path.read_text().split('"""', 2)
    claim, _, directives = docstring.partition("\n\n")
    settings = dict(line.split(": ", 1) for line in directives.strip().splitlines())
    return Attack(path.stem, claim, code, tuple(settings.pop("expect").split(", ")), settings)


def all_attacks() -> list[Attack]:
    return [read_attack(path) for path in sorted(ATTACKS.glob("*.py"))]


@dataclass
class Outcome:
    """What an attack came to, and what it did to the world."""

    status: str = ""
    tried: list[str] = field(default_factory=list)
    kind: str = ""
    stdout: str = ""
    detail: str = ""
    harm: list[str] = field(default_factory=list)


@contextlib.contextmanager
def scene(folder: Path) -> Iterator[tuple[dict[str, str], list[str]]]:
    """What is outside: a secret that only the sandbox protects, a folder to write to, servers to talk to.

    Gives the words to put into an attack's code, and a list of the harm that was done, complete at the end.
    """
    outside = folder / "outside"
    outside.mkdir()
    outside.chmod(0o777)
    secret = outside / "reference"
    secret.write_text(MARK)
    secret.chmod(0o666)
    local = str(folder / "local")
    harm: list[str] = []
    with contextlib.ExitStack() as stack:
        tcp, udp = (stack.enter_context(socket.socket(type=t)) for t in (socket.SOCK_STREAM, socket.SOCK_DGRAM))
        tcp.bind(("127.0.0.1", 0))
        port = tcp.getsockname()[1]
        udp.bind(("127.0.0.1", port))
        stream, datagram = (
            stack.enter_context(socket.socket(socket.AF_UNIX, t)) for t in (socket.SOCK_STREAM, socket.SOCK_DGRAM)
        )
        stream.bind(local)
        Path(local).chmod(0o777)
        datagram.bind("\0" + local)
        for server in (tcp, stream):
            server.listen()
        for server in (tcp, udp, stream, datagram):
            server.setblocking(False)
        yield (
            {
                "@SECRET@": str(secret),
                "@OUTSIDE@": str(outside),
                "@PORT@": str(port),
                "@SOCKET@": local,
                "@GRADER@": str(os.getpid()),
                "@PATHS@": os.pathsep.join(import_path()),
            },
            harm,
        )
        for server in (tcp, stream):
            with contextlib.suppress(BlockingIOError):
                server.accept()
                harm.append("it connected to a server outside")
        for server in (udp, datagram):
            with contextlib.suppress(BlockingIOError):
                server.recv(100)
                harm.append("it sent a packet outside")
    if os.listdir(outside) != ["reference"]:
        harm.append(f"it changed a folder outside: {os.listdir(outside)}")
    elif secret.read_text() != MARK:
        harm.append("it changed a file outside")
    elif secret.stat().st_mode & 0o777 != 0o666:
        harm.append("it changed the mode of a file outside")


def carry_out(attack: Attack, zygote: Zygote, folder: Path) -> Outcome:
    """Let it loose, then look around."""
    os.environ[SECRET_VARIABLE] = MARK
    before = processes(zygote)
    outcome = Outcome()
    with scene(folder) as (words, harm):
        submission = folder / "submission"
        submission.mkdir()
        code = attack.code
        for word, value in words.items():
            code = code.replace(word, value)
        (submission / "answers.py").write_text(code)
        with zygote.open(submission, "answers.py", limits=attack.limits) as session:
            for _ in range(int(attack.settings.get("calls", "1"))):
                answer = session.call("attack", [X])
                time.sleep(float(attack.settings.get("pause", "0")))
        outcome.status, outcome.kind = answer.status.value, answer.kind
        outcome.tried, outcome.stdout, outcome.detail = list(answer.tried), answer.stdout, answer.detail
        if len(answer.stdout.encode()) > 4 * LIMITS.output_bytes:
            harm.append("its output was not cut")
        if left := os.listdir(scratch(zygote)):
            harm.append(f"it left {left}")
        if any(MARK in text for text in (answer.stdout, answer.detail, str(answer.values), str(answer.tried))):
            harm.append("it found out a secret")
        if not all(text.isprintable() for text in (answer.detail, *answer.tried)):
            harm.append("its text hides something")
        if left_over := processes(zygote) - before:
            harm.append(f"it left processes {left_over}")
        (submission / "answers.py").write_text(HONEST)
        with zygote.open(submission, "answers.py") as session:
            honest = session.call("double", [X])
        if honest.status.value != "ok" or not np.array_equal(honest.values[0], 2 * X) or honest.stdout:
            harm.append(f"the next submission suffered: {honest}")
    outcome.harm = harm
    return outcome


def scratch(zygote: Zygote) -> Path:
    assert zygote.scratch is not None
    return zygote.scratch


def processes(zygote: Zygote) -> set[int]:
    """All processes that came of this zygote, wherever they hide: their command line names its folder."""
    mark = str(scratch(zygote)).encode()
    found = set()
    for name in os.listdir("/proc"):
        with contextlib.suppress(OSError):
            if name.isdigit() and mark in Path(f"/proc/{name}/cmdline").read_bytes():
                found.add(int(name))
    return found


def main(file: str, *without: str) -> None:
    with tempfile.TemporaryDirectory() as folder, Zygote(LIMITS, without=without) as zygote:
        found = {}
        for attack in all_attacks():
            place = Path(folder, attack.name)
            place.mkdir()
            found[attack.name] = asdict(carry_out(attack, zygote, place))
        Path(file).write_text(json.dumps({"level": zygote.level.name, "uid": os.getuid(), "outcomes": found}))


if __name__ == "__main__":
    main(*sys.argv[1:])
