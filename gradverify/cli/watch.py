"""`--watch`: run again when something changed. What did not change comes from the cache."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import click

from gradverify.cli.exits import Exit

POLL_SECONDS = 0.5  # how often files are looked at: soon enough for people, a thousand `stat`s cost 2 ms
SETTLE_SECONDS = 0.1  # editors write in several steps
_SUFFIXES = (".yaml", ".yml", ".py", ".csv", ".npy")

State = dict[str, tuple[int, int]]


def watch(run: Callable[[], int], paths: Callable[[], Iterable[str]], *, rounds: int | None = None) -> int:
    """Call `run`, and again whenever one of `paths()` changes, until Ctrl-C. The last run's exit code.

    paths: files and folders; of a folder every spec, module and data file below it. rounds: stop after that many runs.
    """
    code = int(Exit.OK)
    done = 0
    try:
        while True:
            roots = set(paths())
            before = state(roots)
            code = run()
            done += 1
            if code == Exit.INTERRUPTED or done == rounds:
                return code
            # What the run has read is known only now; of what was known before, changes during the run count.
            watched = {**state(set(paths()) - roots), **before}
            click.echo(f"watching {len(watched)} file{'' if len(watched) == 1 else 's'}; Ctrl-C ends", err=True)
            while state(paths()) == watched:
                time.sleep(POLL_SECONDS)
            time.sleep(SETTLE_SECONDS)
    except KeyboardInterrupt:
        return code


def state(paths: Iterable[str]) -> State:
    """Time and size of every file."""
    found: State = {}
    for path in paths:
        for file in _files(path):
            try:
                status = os.stat(file)
            except OSError:
                found[file] = (0, -1)
                continue
            found[file] = (status.st_mtime_ns, status.st_size)
    return found


def _files(path: str) -> Iterator[str]:
    if not os.path.isdir(path):
        yield path
        return
    for here, folders, files in os.walk(path):
        folders[:] = [name for name in folders if not name.startswith((".", "__")) and name != "node_modules"]
        yield from (str(Path(here) / name) for name in files if name.endswith(_SUFFIXES))
