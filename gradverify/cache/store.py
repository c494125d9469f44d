"""The cache on disk: one SQLite file. Whatever is wrong with it costs a note, never a run and never a verdict."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from gradverify.cache.digests import digest

FILE = "results.sqlite3"
VERSION = 2  # of the tables
MOST_BYTES = 512 << 20  # the cache forgets what was used least recently when it is larger
MOST_ENTRY_BYTES = 1 << 20  # a larger result is quicker found again than everybody else's are looked up beside it
PATIENCE = 2.0  # seconds to wait for another run that writes; then this one's results are not kept
DAY = 86_400
_TABLES = """
CREATE TABLE IF NOT EXISTS entries (
    kind TEXT NOT NULL, key TEXT NOT NULL, data TEXT NOT NULL, digest TEXT NOT NULL, used INTEGER NOT NULL,
    PRIMARY KEY (kind, key)
)
"""  # with row ids: the index has the keys alone, and a look-up does not read the data of entries that it passes
RESULT, DETAILS, MANIFEST, ENVIRONMENT, ALL_PASS = "result", "details", "manifest", "environment", "all-pass"


class Store:
    """Entries by kind and key. Each carries a digest of its own content, so that a damaged one is not believed."""

    def __init__(self, folder: Path, *, may_write: bool = True) -> None:
        self.folder = folder
        self.path = folder / FILE
        self.notes: list[str] = []
        self._written: dict[tuple[str, str], str] = {}
        self._touched: set[tuple[str, str]] = set()
        self._may_write = may_write
        self._connection: sqlite3.Connection | None = None

    def get(self, kind: str, keys: Iterable[str]) -> dict[str, Any]:
        """The entries that are there and whole."""
        connection = self._open()
        if connection is None:
            return {}
        found: dict[str, Any] = {}
        today = int(time.time()) // DAY
        query = "SELECT data, digest, used FROM entries WHERE kind = ? AND key = ?"
        try:
            for key in keys:
                row = connection.execute(query, (kind, key)).fetchone()
                if row is None:
                    continue
                data, check, used = row
                if check != digest(kind, key, data):
                    self._note("an entry is damaged")
                    continue
                found[key] = json.loads(data)
                if used != today:
                    self._touched.add((kind, key))
        except (sqlite3.Error, ValueError, TypeError, RecursionError) as error:
            self._give_up(error)
            return {}
        return found

    def put(self, kind: str, key: str, data: Any) -> bool:
        """Keep an entry unless it is larger than MOST_ENTRY_BYTES; `flush` and `close` write it. Whether it is kept."""
        if not self._may_write:
            return False
        text = json.dumps(data, separators=(",", ":"), allow_nan=False)  # ASCII: as many bytes as characters
        if len(text) > MOST_ENTRY_BYTES:
            return False
        self._written[kind, key] = text
        return True

    def flush(self) -> None:
        """Write what was kept."""
        if not self._may_write or not (self._written or self._touched):
            return
        today = int(time.time()) // DAY
        rows = [(kind, key, data, digest(kind, key, data), today) for (kind, key), data in self._written.items()]
        touched = [(today, kind, key) for kind, key in self._touched]
        self._written, self._touched = {}, set()
        connection = self._open(create=True)
        if connection is None:
            return
        try:
            with connection:
                connection.executemany("INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?, ?)", rows)
                connection.executemany("UPDATE entries SET used = ? WHERE kind = ? AND key = ?", touched)
            if self.path.stat().st_size > MOST_BYTES:
                self._forget_oldest(connection)
        except (sqlite3.Error, OSError) as error:
            self._give_up(error)

    def close(self) -> None:
        """Write what was kept, and let go of the file."""
        self.flush()
        self._disconnect()

    def sizes(self) -> Mapping[str, int]:
        """How many entries of each kind there are."""
        connection = self._open()
        if connection is None:
            return {}
        try:
            return dict(connection.execute("SELECT kind, COUNT(*) FROM entries GROUP BY kind").fetchall())
        except sqlite3.Error as error:
            self._give_up(error)
            return {}

    def _open(self, *, create: bool = False) -> sqlite3.Connection | None:
        if self._connection is not None:
            return self._connection
        if not create and not self.path.is_file():
            return None
        try:
            prepare_folder(self.folder)
            connection = sqlite3.connect(self.path, timeout=PATIENCE)
            self._connection = connection
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version not in (0, VERSION):
                raise sqlite3.DatabaseError(f"it has version {version} of the tables, not {VERSION}")
            if create:
                connection.execute(_TABLES)
                connection.execute(f"PRAGMA user_version = {VERSION}")
                # A crash of the machine may lose or damage entries; both are noticed, and neither costs a verdict.
                connection.execute("PRAGMA synchronous = OFF")
            elif version == 0:
                self._disconnect()
                return None
        except (sqlite3.Error, OSError) as error:
            self._give_up(error)
        return self._connection

    def _forget_oldest(self, connection: sqlite3.Connection) -> None:
        count = connection.execute("SELECT COUNT(*) FROM entries").fetchone()[0]
        with connection:
            connection.execute(
                "DELETE FROM entries WHERE (kind, key) IN (SELECT kind, key FROM entries ORDER BY used LIMIT ?)",
                (count // 2,),
            )
        connection.execute("VACUUM")

    def _give_up(self, error: Exception) -> None:
        """The cache is of no use in this run; a file that is no database is taken away."""
        self._disconnect()
        self._may_write = False
        damaged = isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError)
        reason = " ".join(str(error).split())
        if damaged:
            with contextlib.suppress(OSError):
                self.path.unlink()
        self._note(f"{reason}{'; a new one is begun with the next run' if damaged else ''}")

    def _note(self, text: str) -> None:
        note = f"the cache {self.path} is ignored: {text}"
        if note not in self.notes:
            self.notes.append(note)

    def _disconnect(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None


def prepare_folder(folder: Path) -> None:
    """Make gradverify's own folder, which version control and backups leave alone. Raises `OSError`."""
    folder.mkdir(parents=True, exist_ok=True)
    top = next((path for path in (folder, *folder.parents) if path.name == ".gradverify"), folder)
    for name, text in (
        (".gitignore", "# Made by gradverify; can be deleted at any time.\n*\n"),
        ("CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55\n# https://bford.info/cachedir/\n"),
    ):
        path = top / name
        if not path.exists():
            path.write_text(text, encoding="utf-8")


def clear(folder: Path) -> int:
    """Delete the cache in `folder`; the number of bytes that it took. Nothing else in the folder is touched."""
    freed = 0
    for name in (FILE, f"{FILE}-journal", f"{FILE}-wal", f"{FILE}-shm"):
        path = folder / name
        if path.is_file():
            freed += path.stat().st_size
            os.unlink(path)
    return freed
