"""How far grading is: a bar on a terminal, a line a student elsewhere."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from gradverify.grading.formats.text import points
from gradverify.report.safe_text import cut

if TYPE_CHECKING:
    from rich.progress import Progress

    from gradverify.grading.model import StudentResult

REDRAW_SECONDS = 0.1


class Bar:
    """A bar on a terminal, a line a student elsewhere."""

    def __init__(self, total: int, quiet: bool, names: Mapping[str, str]) -> None:
        self._names = names  # as people read them
        self._total, self._count, self._drawn = total, 0, 0.0
        terminal = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._bar_wanted, self._lines = terminal and not quiet, not terminal and not quiet
        self._bar: Progress | None = None

    def __enter__(self) -> Bar:
        if self._bar_wanted and self._total > 1:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn

            self._bar = Progress(
                BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=Console(stderr=True), transient=True,
                auto_refresh=False,
            )  # fmt: skip
            self._bar.add_task("", total=self._total)
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def done(self, result: StudentResult) -> None:
        """A student is graded."""
        self._count += 1
        if self._lines:
            name = cut(self._names[result.student], 60)
            click.echo(f"{name}: {points(result.score, result.max_score)}, {result.status.value}")

    def tick(self) -> None:
        """Time has passed."""
        if self._bar is None or time.monotonic() - self._drawn < REDRAW_SECONDS:
            return
        self._drawn = time.monotonic()
        self._bar.update(self._bar.task_ids[0], completed=self._count, refresh=True)
