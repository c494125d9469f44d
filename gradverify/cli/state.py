"""gradverify's own folder in a project: the cache, the journal, and what failed in the last run."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from gradverify.cli.config import find_file
from gradverify.cli.select import Selectable

if TYPE_CHECKING:
    from gradverify.core.report import Report

S = TypeVar("S", bound=Selectable)
FOLDER = ".gradverify"
CACHE = "cache"
JOURNAL = "journal.jsonl"
LAST_FAILED = "lastfailed.json"


@dataclass(frozen=True, slots=True)
class State:
    """Where a project's state is kept: beside the nearest pyproject.toml, else here."""

    root: Path

    @property
    def folder(self) -> Path:
        """The folder; it need not exist."""
        return self.root / FOLDER

    @property
    def cache(self) -> Path:
        """The cache's folder, where no other is asked for."""
        return self.folder / CACHE

    @property
    def journal(self) -> Path:
        """The journal, where no other is asked for."""
        return self.folder / JOURNAL

    def last_failed(self) -> frozenset[str]:
        """The ids of specs that did not pass when they were last run. Damaged files count as empty."""
        with contextlib.suppress(OSError, ValueError, RecursionError):
            data: Any = json.loads((self.folder / LAST_FAILED).read_text(encoding="utf-8"))
            if isinstance(data, dict):
                return frozenset(data)
        return frozenset()

    def remember_failures(self, report: Report, *, allow_inconclusive: bool) -> None:
        """Note which specs failed; what was not run keeps what it was. A read-only project is no fault."""
        from gradverify.cache.keys import spec_id
        from gradverify.run.outcome import counts_as_failure

        before = self.last_failed()
        failed = set(before)
        for result in report.specs:
            name = spec_id(result.name, result.file, self.root)
            if counts_as_failure(result, allow_inconclusive=allow_inconclusive):
                failed.add(name)
            else:
                failed.discard(name)
        if failed == before:
            return
        from gradverify.cache.store import prepare_folder
        from gradverify.cli.outputs import write_whole

        with contextlib.suppress(OSError):
            prepare_folder(self.folder)
            write_whole(self.folder / LAST_FAILED, json.dumps(dict.fromkeys(sorted(failed), "failed"), indent=1) + "\n")


def project_state() -> State:
    """The state of the project that the command is called in."""
    here = Path.cwd()
    file = find_file(here)
    return State(here if file is None else file.parent)


def only_last_failed(specs: Sequence[S], state: State) -> tuple[S, ...]:
    """Those of `specs` that failed last; all of them, with a note, where none did."""
    from gradverify.cache.keys import spec_id

    failed = state.last_failed()
    chosen = tuple(spec for spec in specs if spec_id(spec.name, spec.place.file, state.root) in failed)
    if not chosen and specs:
        click.echo("gradverify: none of the selected specs failed in the last run; all are run", err=True)
        return tuple(specs)
    return chosen
