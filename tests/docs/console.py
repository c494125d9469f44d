"""Pages that run: the `$ gradverify …` lines of their console blocks, with the files that the page shows before.

A file is a fenced block whose first line is a comment with its name, such as `# bowl.yaml`; it exists for the commands
below it. What a block shows below a command is what the command must print, standard error included. A line `…` stands
for any lines. Times may differ. A command without anything below it must only be one that gradverify understands.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ANYTHING = "…"
PROMPT = "$ "
PROGRAM = "gradverify"
LONGEST = 120  # seconds for one command
UNDERSTOOD = (0, 1)  # exit codes of commands that were neither refused nor broken
_FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_TITLE = re.compile(r"# ([\w.-]+(?:/[\w.-]+)*\.\w+)\n")
_TIME = re.compile(r"\b(?:\d+ min )?\d+(?:\.\d+)? (?:ms|s)\b")


@dataclass(frozen=True, slots=True)
class File:
    """A file that the page shows."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Command:
    """A command and what the page says it prints. start, end: where that stands in the page, in characters."""

    words: tuple[str, ...]
    shown: tuple[str, ...]
    line: int
    start: int
    end: int


def steps(page: str) -> Iterator[File | Command]:
    """The files and commands of a page, in its order."""
    for block in _FENCE.finditer(page):
        title = _TITLE.match(block[2])
        if block[1] == "console":
            yield from _commands(page, block.start(2), block[2])
        elif title is not None:
            yield File(title[1], block[2])


def _commands(page: str, offset: int, text: str) -> Iterator[Command]:
    lines = text.splitlines(keepends=True)
    starts = [number for number, line in enumerate(lines) if line.startswith(PROMPT)]
    for number, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        words = shlex.split(lines[number].removeprefix(PROMPT), comments=True)
        if words[:1] == [PROGRAM]:
            start = offset + len("".join(lines[: number + 1]))
            shown = "".join(lines[number + 1 : end])
            line = page.count("\n", 0, start)
            yield Command(tuple(words[1:]), tuple(shown.splitlines()), line, start, start + len(shown))


def run(command: Command, folder: Path) -> tuple[int, str]:
    """The exit code, and what is printed, as on a screen without colours."""
    finished = subprocess.run(
        [sys.executable, "-m", PROGRAM, *command.words],
        cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
        timeout=LONGEST, check=False, env={**os.environ, "NO_COLOR": "1", "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    return finished.returncode, finished.stdout


def matches(shown: Sequence[str], printed: Sequence[str]) -> bool:
    """Whether the lines shown are those printed, where `…` is any number of lines."""
    if not shown:
        return not printed
    if shown[0].strip() == ANYTHING:
        return any(matches(shown[1:], printed[i:]) for i in range(len(printed) + 1))
    return bool(printed) and shown[0] == printed[0] and matches(shown[1:], printed[1:])


def normalised(lines: Sequence[str], folder: Path) -> list[str]:
    """Lines without what may differ: times, the folder's name, white space and empty lines at the ends."""
    text = "\n".join(_TIME.sub("T s", line.replace(f"{folder}{os.sep}", "")).rstrip() for line in lines)
    return text.strip("\n").split("\n") if text.strip("\n") else []


def faults(page: str, folder: Path) -> Iterator[tuple[Command, str, str]]:
    """Follow a page in `folder`: each command that does not do what is shown, the fault, and what it printed."""
    for step in steps(page):
        if isinstance(step, File):
            path = folder / step.name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(step.text, encoding="utf-8")
            continue
        code, printed = run(step, folder)
        lines = printed.splitlines()
        if not step.shown:
            if code not in UNDERSTOOD:
                yield step, f"exit code {code}", printed
        elif not matches(normalised(step.shown, folder), normalised(lines, folder)):
            yield step, "it prints something else", printed


def updated(page: str, folder: Path) -> str:
    """The page with what its commands really print, but for those that are shown in part."""
    for command, _, printed in reversed(list(faults(page, folder))):
        if command.shown and ANYTHING not in (line.strip() for line in command.shown):
            page = page[: command.start] + printed.strip("\n") + "\n" + page[command.end :]
    return page
