"""What makes two checks of a spec the same: its text, the files that it names, the settings and the environment."""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gradverify.cache.digests import digest, digest_of_data, digest_of_file
from gradverify.run.settings import VerifySettings


def spec_id(name: str, file: str, root: Path) -> str:
    """`specs/losses.yaml::huber`: what people call a spec, wherever the command is called from."""
    return f"{_file_id(file, root, os.getcwd())}::{name}"


@functools.lru_cache(maxsize=64)
def _file_id(file: str, root: Path, folder: str) -> str:
    return portable(os.path.normpath(os.path.join(folder, file)), root)


def portable(path: str, root: Path) -> str:
    """`path` from `root` on where it lies below, with `/`; else as it is. A folder's last slash stays."""
    inside = os.path.relpath(path, root)
    if inside.startswith(".."):
        return path
    return inside.replace(os.sep, "/") + ("/" if path.endswith(os.sep) else "")


def absolute(path: str, root: Path) -> str:
    """The inverse of `portable`."""
    return os.path.join(root, path)


@dataclass(frozen=True, slots=True)
class Entry:
    """What identifies one spec of a file without its meaning: enough to look a result up."""

    index: int
    name: str
    line: int
    tags: tuple[str, ...]
    backends: tuple[str, ...]  # that the spec asks for by name
    text: str  # digest of the document
    files: tuple[str, ...]  # that it names, absolute

    def to_data(self, root: Path) -> list[Any]:
        """As plain JSON values."""
        files = [portable(file, root) for file in self.files]
        return [self.index, self.name, self.line, list(self.tags), list(self.backends), self.text, files]

    @classmethod
    def from_data(cls, data: Sequence[Any], root: Path) -> Entry:
        """The inverse of `to_data`. Raises `ValueError` or `TypeError` on anything else."""
        index, name, line, tags, backends, text, files = data
        where = tuple(absolute(str(file), root) for file in files)
        return cls(int(index), str(name), int(line), tuple(tags), tuple(backends), str(text), where)


@dataclass(slots=True)
class Files:
    """Digests of files, each read once in a run."""

    started_ns: int = field(default_factory=time.time_ns)
    _digests: dict[str, str | None] = field(default_factory=dict)

    def digest(self, path: str) -> str | None:
        """The digest of a file's content, None where there is none. Raises `OSError`."""
        if path not in self._digests:
            self._digests[path] = digest_of_file(path)
        return self._digests[path]

    def is_settled(self, path: str) -> bool:
        """Whether the file was last changed before this run began, so that all who read it read the same."""
        try:
            return os.stat(path).st_mtime_ns < self.started_ns
        except OSError:
            return not os.path.lexists(path)


@dataclass(slots=True)
class Keys:
    """Keys of results under one environment and one set of settings.

    root: paths below it are kept relative to it, so that a cache can be carried to another checkout.
    """

    environment: str
    settings: VerifySettings
    root: Path
    files: Files = field(default_factory=Files)
    _portable: dict[str, str] = field(default_factory=dict)
    _common: str = ""

    def __post_init__(self) -> None:
        here = portable(os.getcwd(), self.root)  # where `package.module:f` is looked for
        self._common = digest(self.environment, digest_of_data(self.settings.to_data()), here)

    def key(self, entry: Entry, file: str) -> str | None:
        """The key of a result of `entry` in `file`; None where one of the files that it names cannot be read."""
        try:
            named = [f"{portable(path, self.root)}={self.files.digest(path)}" for path in entry.files]
        except OSError:
            return None
        if file not in self._portable:
            self._portable[file] = portable(os.path.abspath(file), self.root)
        return digest(self._common, self._portable[file], entry.name, entry.text, *named)
