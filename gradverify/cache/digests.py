"""Digests of files, folders and values: the whole content, never times alone."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from typing import Any

SIZE = 16  # bytes of a digest; 2**64 contents until two of them may be expected to meet
CHUNK = 1 << 20  # bytes read at once
# What a folder's listing counts: names that an `import` may find. Data that is read is known by its own path.
_IMPORTABLE = (".py", ".so", ".pyd", ".pyc")
_NO_PACKAGES = frozenset(("__pycache__",))


def digest(*parts: str | bytes) -> str:
    """One digest of several texts, kept apart from each other."""
    state = hashlib.blake2b(digest_size=SIZE)
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        state.update(str(len(data)).encode() + b":" + data)
    return state.hexdigest()


def digest_of_data(data: Any) -> str:
    """The digest of JSON values, whatever the order of their keys."""
    return digest(json.dumps(data, sort_keys=True, default=str))


def digest_of_file(path: str) -> str | None:
    """The digest of a file's content, None where there is no such file. Raises `OSError` for what cannot be read."""
    state = hashlib.blake2b(digest_size=SIZE)
    try:
        with open(path, "rb") as file:
            while chunk := file.read(CHUNK):
                state.update(chunk)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return state.hexdigest()


def digest_of_listing(folder: str) -> str | None:
    """The digest of the names in `folder` that an import may find; None where there is no such folder.

    A new `numpy.py` beside a function changes what the function computes, though no file that it read has changed.
    """
    try:
        with os.scandir(folder) as entries:
            names = sorted(
                entry.name
                for entry in entries
                if not entry.name.startswith(".")
                and entry.name not in _NO_PACKAGES
                and (entry.name.endswith(_IMPORTABLE) or entry.is_dir())
            )
    except (FileNotFoundError, NotADirectoryError):
        return None
    return digest(*names)


def digest_of_sources(folders: Iterable[str]) -> str:
    """The digest of every Python and JSON file that is one of `folders` or below one."""
    parts: list[str] = []
    for folder in sorted(set(folders)):
        if not os.path.isdir(folder):
            parts += [os.path.basename(folder), digest_of_file(folder) or ""]
        for here, inner, files in os.walk(folder):
            inner[:] = sorted(name for name in inner if name not in _NO_PACKAGES and not name.startswith("."))
            for name in sorted(files):
                if name.endswith((".py", ".json", ".so")):
                    path = os.path.join(here, name)
                    parts += [os.path.relpath(path, folder), digest_of_file(path) or ""]
    return digest(*parts)
