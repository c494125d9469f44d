"""Runs that are killed at random moments, again and again, until they are through.

`python -m tests.run.killing FOLDER SEED KILLS`

Everything is imported once, and each run is a fork: then fifty runs cost little more than their own work. Prints what
happened as JSON; the test judges it.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import sys
import time
from pathlib import Path
from typing import Any

from gradverify.run.limits import single_threaded

single_threaded()

from gradverify.cli.main import main  # noqa: E402 - after the line above, or NumPy starts threads

SPECS = 24
REPORT = "r.json"
MOST_RUNS = 200
HEAD = """\
import time

_said = set()


def say(i):
    if i not in _said:
        _said.add(i)
        with open("calls", "a") as file:
            file.write(f"{i}\\n")
        time.sleep(0.03)


"""
SIGNALS = ("KILL", "KILL", "TERM", "INT", "WORKER")


def prepare(folder: Path) -> None:
    """A spec file whose functions say when they are called, each at its own cost."""
    functions = [f"def f{i}(x):\n    say({i})\n    return x**2\n" for i in range(SPECS)]
    head = HEAD
    (folder / "f.py").write_text(head + "\n\n".join(functions))
    specs = [
        {
            "name": f"s{i}", "variables": ["x"], "function": {"python": f"f.py:f{i}"},
            "gradient": ["x" if i % 7 == 3 else "2*x"],
            "points": [[1.5]], "search": "off", "backends": ["finite-difference"],
        }
        for i in range(SPECS)
    ]  # fmt: skip
    (folder / "s.yaml").write_text("\n---\n".join(map(json.dumps, specs)))


def start(folder: Path, *more: str) -> int:
    """A run in a process of its own."""
    pid = os.fork()
    if pid:
        return pid
    try:
        os.chdir(folder)
        os.setsid()
        with open("output", "a") as output:
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
        main(["run", "s.yaml", "-j", "2", "--no-cache", "--report", f"json:{REPORT}", "-q", *more])
    except SystemExit as end:
        os._exit(int(end.code or 0))
    finally:
        os._exit(99)


def journal(folder: Path) -> dict[str, str]:
    """Name and verdict of each spec that the journal has."""
    found = {}
    with contextlib.suppress(OSError):
        for line in (folder / ".gradverify" / "journal.jsonl").read_bytes().splitlines(keepends=True):
            if line.endswith(b"\n") and b'"result"' in line:
                result = json.loads(line)["result"]
                found[result["name"]] = result["verdict"]
    return found


def children(pid: int) -> list[int]:
    with contextlib.suppress(OSError):
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def is_alive(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def outlived(pids: list[int]) -> list[int]:
    """Those that are still there after a moment: the kernel needs one to end them."""
    until = time.monotonic() + 10
    while any(map(is_alive, pids)) and time.monotonic() < until:
        time.sleep(0.005)
    return [pid for pid in pids if is_alive(pid)]


def wait(pid: int, seconds: float) -> int | None:
    """The exit status of a child, or None after `seconds`."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.002)
    return None


def kill_once(folder: Path, chance: random.Random) -> dict[str, Any]:
    """One run with `--resume`, killed at a random moment: what was known before, and what after."""
    before, said = journal(folder), len(calls(folder))
    (folder / REPORT).unlink(missing_ok=True)
    pid = start(folder, "--resume")
    kind = chance.choice(SIGNALS)
    code = wait(pid, chance.uniform(0.0, 0.25))
    workers = children(pid)
    if code is None:
        if kind == "WORKER":
            with contextlib.suppress(ProcessLookupError, IndexError):
                os.kill(chance.choice(workers), signal.SIGKILL)
        else:
            os.kill(pid, getattr(signal, f"SIG{kind}"))
        workers += [child for child in children(pid) if child not in workers]
        code = wait(pid, 60)
    report = None
    with contextlib.suppress(OSError):
        report = [spec["name"] for spec in json.loads((folder / REPORT).read_text())["specs"]]
    return {
        "kind": kind, "code": code, "before": before, "after": journal(folder), "outlived": outlived(workers),
        "again": sorted(set(calls(folder)[said:]) & {int(name[1:]) for name in before}),
        "report": report, "left": sorted(path.name for path in folder.iterdir() if path.name.startswith(".")),
    }  # fmt: skip


def calls(folder: Path) -> list[int]:
    with contextlib.suppress(OSError):
        return [int(line) for line in (folder / "calls").read_text().split()]
    return []


if __name__ == "__main__":
    place, chance, kills = Path(sys.argv[1]), random.Random(int(sys.argv[2])), int(sys.argv[3])
    (place / "first").mkdir()
    prepare(place / "first")
    wait(start(place / "first"), 60)
    os.chdir(place / "first")
    with open(os.devnull, "w") as nothing, contextlib.redirect_stdout(nothing), contextlib.suppress(SystemExit):
        main(["run", "s.yaml", "-q", "--no-cache"])  # here, for what it imports
    rounds: list[dict[str, Any]] = []
    finals: list[dict[str, Any]] = []
    while (
        sum(one["code"] not in (0, 1) or one["kind"] == "WORKER" for one in rounds) < kills and len(rounds) < MOST_RUNS
    ):
        here = place / str(len(finals))
        here.mkdir()
        prepare(here)
        while len(journal(here)) < SPECS and len(rounds) < MOST_RUNS:
            rounds.append(kill_once(here, chance))
        code = wait(start(here, "--resume"), 60)
        finals.append({"code": code, "specs": json.loads((here / REPORT).read_text())["specs"]})
    print(json.dumps({"rounds": rounds, "finals": finals}))
