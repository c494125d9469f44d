"""Which files a run's PATHS stand for, without reading any."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

SUFFIXES = (".yaml", ".yml")
SKIPPED_FOLDERS = frozenset(("node_modules", "__pycache__", "venv", "build", "dist", "site-packages"))
SEPARATOR = "::"  # between a file and the name of a spec in it


class CannotTell(Exception):  # noqa: N818 - it is no error, only a reason to look closer
    """A path selects from within a file, or is not there."""


def search_folder(folder: Path) -> Iterator[Path]:
    """Every YAML file below `folder`, sorted, without hidden and generated folders."""
    for here, folders, files in os.walk(folder):
        folders[:] = sorted(f for f in folders if not f.startswith(".") and f not in SKIPPED_FOLDERS)
        yield from (Path(here) / f for f in sorted(files) if f.lower().endswith(SUFFIXES) and not f.startswith("."))


def files_of(paths: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """Each file, and whether it was named itself. Raises `CannotTell`."""
    for given in paths:
        if os.path.isdir(given):
            yield from ((str(file), False) for file in search_folder(Path(given)))
        elif os.path.isfile(given):
            yield given, True
        else:
            raise CannotTell(given)
