"""What people see while specs run: a bar on a terminal, a line for each spec elsewhere; and then the whole story."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, TextIO

from gradverify.core.report import Report, SpecResult
from gradverify.core.verdicts import Verdict
from gradverify.report.safe_text import uncommanding
from gradverify.report.terminal import Style, clean, progress_line, render_terminal

if TYPE_CHECKING:
    from rich.progress import Progress

PLAIN_WIDTH = 100  # columns, where nobody says how wide the paper is
REDRAW_SECONDS = 0.1  # the bar is drawn at most that often: drawing costs more than a small spec


def wants_colour(choice: str, stream: TextIO) -> bool:
    """Whether to write in colour: `--color` first, then NO_COLOR, then FORCE_COLOR, then whether it is a terminal.

    See https://no-color.org and https://force-color.org: both count when they are not empty.
    """
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return is_terminal(stream) and os.environ.get("TERM") != "dumb"


def is_terminal(stream: TextIO) -> bool:
    """Whether somebody watches `stream`."""
    try:
        return stream.isatty()
    except ValueError:  # closed
        return False


def _is_watched() -> bool:
    """Whether somebody sees a bar move."""
    return is_terminal(sys.stderr) and os.environ.get("TERM") != "dumb"


def wants_lines(verbosity: int) -> bool:
    """Whether each spec gets a line, those that pass as well."""
    return verbosity >= 1 or (verbosity == 0 and not _is_watched())


def wants_notes(verbosity: int, total: int) -> bool:
    """Whether notes on specs that passed are told: where somebody looks at one spec, or wants to read more."""
    return verbosity >= 1 or (verbosity == 0 and total == 1)


class Screen:
    """Shows a run. `verbosity`: −1 the summary alone, 0 what went wrong, 1 every spec by name."""

    def __init__(self, total: int, *, verbosity: int, colour: str, stream: TextIO) -> None:
        self._stream = stream
        width = shutil.get_terminal_size().columns if is_terminal(stream) else PLAIN_WIDTH
        self._style = Style(width, wants_colour(colour, stream))
        self._verbosity = verbosity
        self._bar_wanted = verbosity == 0 and _is_watched()
        self._coloured_bar = wants_colour(colour, sys.stderr)
        self._lines = wants_lines(verbosity)
        self._total = total
        self._done = 0
        self._bad = 0
        self._bar: Progress | None = None
        self._drawn = 0.0

    def __enter__(self) -> Screen:
        if self._bar_wanted and self._total > 1:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

            # Without the library's refreshing thread: worker processes are forked, which threads make unsafe.
            self._bar = Progress(
                BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"),
                console=Console(stderr=True, no_color=not self._coloured_bar), transient=True, auto_refresh=False,
            )  # fmt: skip
            self._bar.add_task("", total=self._total)
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def finished(self, result: SpecResult) -> None:
        """A spec is done, in whatever order."""
        self._done += 1
        self._bad += result.verdict not in (Verdict.PASS, Verdict.SKIPPED)
        self.tick()

    def tick(self) -> None:
        """Time has passed."""
        if self._bar is None or time.monotonic() - self._drawn < REDRAW_SECONDS:
            return
        self._drawn = time.monotonic()
        bad = f"{self._bad} not passed" if self._bad else ""
        self._bar.update(self._bar.task_ids[0], completed=self._done, description=bad, refresh=True)

    def ordered(self, result: SpecResult) -> None:
        """A spec is done, in the specs' order."""
        if self._lines:
            self._write(uncommanding(progress_line(result, self._style)) + "\n")

    def conclude(self, report: Report) -> None:
        """The whole story."""
        self.__exit__(None, None, None)
        lead = "\n" if self._lines and report.specs else ""
        text = render_terminal(
            report,
            width=self._style.width,
            colour=self._style.colour,
            verbosity=min(self._verbosity, 0),
            notes=wants_notes(self._verbosity, self._total),
        )
        self._write(lead + text)

    def add(self, lines: Sequence[str]) -> None:
        """Further lines below the story."""
        if lines:
            self._write(uncommanding("\n".join(clean(line) for line in lines)) + "\n")

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except BrokenPipeError:  # `| head` has seen enough; the run goes on for its reports and its exit code
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())
