"""The history's file: SQLite, so that it needs no server and survives two CI jobs that write at once."""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from gradverify.core.report import Report
from gradverify.core.verdicts import Evidence, Verdict
from gradverify.history.records import RunRecord, SpecRecord, run_of
from gradverify.report.json_report import report_to_data

APPLICATION = 0x67726164  # "grad", in the file's header: what other programs' files do not have
VERSION = 1
PATIENCE = 30.0  # seconds to wait for another process that writes
_SCHEMA = """
CREATE TABLE run (
  id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, commit_id TEXT, branch TEXT, started TEXT NOT NULL,
  seconds REAL NOT NULL, gradverify TEXT NOT NULL, interrupted INTEGER NOT NULL
);
CREATE TABLE spec (id INTEGER PRIMARY KEY, file TEXT NOT NULL, name TEXT NOT NULL, UNIQUE (file, name));
CREATE TABLE result (
  run INTEGER NOT NULL REFERENCES run, spec INTEGER NOT NULL REFERENCES spec, line INTEGER NOT NULL,
  verdict TEXT NOT NULL, found TEXT NOT NULL, expected TEXT NOT NULL, evidence TEXT, backend TEXT, error REAL,
  seconds REAL NOT NULL, reason TEXT, fault TEXT, PRIMARY KEY (run, spec)
) WITHOUT ROWID;
CREATE INDEX run_by_time ON run (branch, started);
"""


class HistoryError(Exception):
    """The history cannot be used; the message names the file and a way out."""


class Store:
    """An open history. Use `open_store`."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._db = connection
        self._path = path

    def add(self, report: Report, commit: str | None, branch: str | None) -> bool:
        """Keep a report; False if it is there already. Raises `ValueError` for a report that cannot be kept."""
        run = run_of(report, commit, branch)
        with self._errors(), self._db:
            self._db.execute("BEGIN IMMEDIATE")
            done = self._db.execute(
                "INSERT OR IGNORE INTO run (key, commit_id, branch, started, seconds, gradverify, interrupted)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    _key(report, commit, branch), _plain(run.commit), _plain(run.branch), run.started, run.seconds,
                    _plain(run.gradverify), run.interrupted,
                ),
            )  # fmt: skip
            if done.rowcount == 0:
                return False
            number = done.lastrowid
            names = [(_plain(spec.file), _plain(spec.name)) for spec in run.specs]
            self._db.executemany("INSERT OR IGNORE INTO spec (file, name) VALUES (?, ?)", names)
            self._db.executemany(
                "INSERT INTO result (run, spec, line, verdict, found, expected, evidence, backend, error, seconds,"
                " reason, fault) SELECT ?, id, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? FROM spec WHERE file = ? AND name = ?",
                (
                    (
                        number, spec.line, spec.verdict.value, spec.found.value, _plain(spec.expected),
                        spec.evidence.value if spec.evidence is not None else None, _plain(spec.backend), spec.error,
                        spec.seconds, _plain(spec.reason), spec.fault, *name,
                    )
                    for spec, name in zip(run.specs, names, strict=True)
                ),
            )  # fmt: skip
        return True

    def branches(self) -> dict[str | None, int]:
        """The number of runs of each branch."""
        with self._errors():
            return dict(self._db.execute("SELECT branch, count(*) FROM run GROUP BY branch ORDER BY branch"))

    def runs(self, branch: str | None = None, most: int | None = None, *, every: bool = False) -> list[RunRecord]:
        """The newest `most` runs of a branch (of all branches with `every`), oldest first."""
        where = "1" if every else "branch IS ?"
        with self._errors():
            heads = self._db.execute(
                "SELECT id, commit_id, branch, started, seconds, gradverify, interrupted FROM run"
                f" WHERE {where} ORDER BY started DESC, id DESC LIMIT ?",
                (*(() if every else (branch,)), -1 if most is None else most),
            ).fetchall()
            return [self._run(head) for head in reversed(heads)]

    def _run(self, head: tuple[object, ...]) -> RunRecord:
        number, commit, branch, started, seconds, version, interrupted = head
        rows = self._db.execute(
            "SELECT file, name, line, verdict, found, expected, evidence, backend, error, result.seconds, reason, fault"
            " FROM result JOIN spec ON spec.id = result.spec WHERE run = ? ORDER BY file, line, name",
            (number,),
        )
        return RunRecord(
            commit=_text(commit), branch=_text(branch), started=str(started), seconds=_number(seconds) or 0.0,
            gradverify=str(version), interrupted=bool(interrupted), specs=tuple(_spec(row) for row in rows),
        )  # fmt: skip

    def close(self) -> None:
        """Let the file go."""
        self._db.close()

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, _BadRow) as error:
            raise HistoryError(_explained(self._path, error)) from None


class _BadRow(Exception):  # noqa: N818 - it never leaves this module
    """A row that this program did not write."""


def open_store(path: Path, *, create: bool) -> Store:
    """Open the history at `path`, made where it is missing if `create`. Raises `HistoryError`."""
    if path.is_dir():
        raise HistoryError(f"{path} is a folder; the history is a file, such as {path / 'history.db'}")
    if not path.exists() and not create:
        raise HistoryError(f"there is no history at {path}; `gradverify history add report.json` starts one")
    try:
        if create:
            path.parent.mkdir(parents=True, exist_ok=True)
        uri = f"{path.resolve().as_uri()}?mode={'rwc' if create else 'ro'}"
        connection = sqlite3.connect(uri, uri=True, timeout=PATIENCE, isolation_level=None)
    except OSError as error:
        raise HistoryError(f"the history {path} cannot be opened: {error.strerror or error}") from None
    except sqlite3.Error as error:
        raise HistoryError(_explained(path, error)) from None
    try:
        _prepare(connection, path, create=create)
    except sqlite3.Error as error:
        connection.close()
        raise HistoryError(_explained(path, error)) from None
    except HistoryError:
        connection.close()
        raise
    return Store(connection, path)


def _prepare(db: sqlite3.Connection, path: Path, *, create: bool) -> None:
    """Check that the file is a history of this version; write the tables into an empty one."""
    with db:
        db.execute("BEGIN IMMEDIATE" if create else "BEGIN")
        ((application,),) = db.execute("PRAGMA application_id")
        ((version,),) = db.execute("PRAGMA user_version")
        ((tables,),) = db.execute("SELECT count(*) FROM sqlite_master")
        if not tables and not application and create:
            for statement in _SCHEMA.split(";"):
                db.execute(statement)
            db.execute(f"PRAGMA application_id = {APPLICATION}")
            db.execute(f"PRAGMA user_version = {VERSION}")
        elif application != APPLICATION:
            raise HistoryError(f"{path} is a database, but not a history of gradverify; name another file with --db")
        elif version != VERSION:
            raise HistoryError(
                f"the history {path} has format {version}, and this gradverify reads format {VERSION};"
                " use the gradverify that wrote it, or start another history"
            )


def _explained(path: Path, error: Exception) -> str:
    text = str(error)
    if "locked" in text:
        return f"the history {path} is in use by another process; try again"
    if "readonly" in text or "unable to open" in text:
        return f"the history {path} cannot be opened for writing ({text})"
    if isinstance(error, sqlite3.DatabaseError) and not isinstance(
        error, sqlite3.OperationalError | sqlite3.IntegrityError
    ):
        return f"{path} is not a history, or it is damaged ({text}); restore it, or name another file with --db"
    return f"the history {path} cannot be used: {text}"


def _key(report: Report, commit: str | None, branch: str | None) -> str:
    """What makes two reports the same run."""
    data = json.dumps([report_to_data(report), commit, branch], sort_keys=True, allow_nan=False)
    return hashlib.sha256(data.encode("utf-8", "surrogatepass")).hexdigest()


def _plain(text: str | None) -> str | None:
    """Text that SQLite can hold: half a surrogate pair is written out."""
    return None if text is None else text.encode("utf-8", "backslashreplace").decode("utf-8")


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _number(value: object) -> float | None:
    if value is None:
        return None
    if not isinstance(value, int | float):
        raise _BadRow(f"{value!r} is no number")
    return float(value)


def _spec(row: tuple[object, ...]) -> SpecRecord:
    file, name, line, verdict, found, expected, evidence, backend, error, seconds, reason, fault = row
    try:
        return SpecRecord(
            file=str(file), name=str(name), line=int(_number(line) or 0), verdict=Verdict(str(verdict)),
            found=Verdict(str(found)), expected=str(expected),
            evidence=None if evidence is None else Evidence(str(evidence)), backend=_text(backend),
            error=_number(error), seconds=_number(seconds) or 0.0, reason=_text(reason), fault=_text(fault),
        )  # fmt: skip
    except (ValueError, OverflowError) as problem:
        raise _BadRow(str(problem)) from None
