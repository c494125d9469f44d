"""The history's file."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from gradverify.core.report import Report
from gradverify.core.verdicts import Verdict
from gradverify.history.records import run_of
from gradverify.history.store import HistoryError, Store, open_store
from tests.history.samples import commit, report, result
from tests.report.sample import REPORT
from tests.report.strategies import reports


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(open_store(tmp_path / "h.db", create=True)) as opened:
        yield opened


def test_what_was_added_is_read_back_oldest_first(store: Store) -> None:
    for day in (2, 1, 3):
        assert store.add(report(day, result(error=day * 1e-16)), commit(day), "main")
    assert store.runs("main") == [run_of(report(d, result(error=d * 1e-16)), commit(d), "main") for d in (1, 2, 3)]


def test_a_report_is_kept_once_however_often_it_is_added(store: Store) -> None:
    assert [store.add(report(1), commit(1), "main") for _ in range(3)] == [True, False, False]
    assert len(store.runs(every=True)) == 1


def test_a_run_of_the_same_commit_at_another_time_is_another_run(store: Store) -> None:
    assert store.add(report(1), commit(1), "main")
    assert store.add(report(2), commit(1), "main")


def test_everything_that_a_report_may_hold_is_kept(store: Store) -> None:
    assert store.add(REPORT, None, None)
    (run,) = store.runs(every=True)
    assert [(s.verdict, s.found) for s in sorted(run.specs, key=lambda s: s.name)] == [
        (s.verdict, s.found) for s in sorted(REPORT.specs, key=lambda s: s.name)
    ]
    assert next(s.error for s in run.specs if s.name == "not-finite") == math.inf


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(reports)
def test_any_report_is_kept_or_refused_in_words(tmp_path_factory: pytest.TempPathFactory, found: Report) -> None:
    store = open_store(tmp_path_factory.mktemp("h") / "h.db", create=True)
    refusal = None
    try:
        store.add(found, None, None)
    except ValueError as error:
        refusal = str(error)
    kept = store.runs(every=True)
    store.close()
    if refusal is None:
        assert [len(run.specs) for run in kept] == [len(found.specs)]
    else:
        assert kept == []
        assert "two specs" in refusal or "no time" in refusal


def test_a_report_without_a_time_or_with_two_specs_of_one_name_is_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="`started` is no time: 'yesterday'"):
        store.add(replace(report(1), started="yesterday"), None, None)
    with pytest.raises(ValueError, match=r"two specs named specs/a.yaml::bowl"):
        store.add(report(1, result(), result()), None, None)
    assert store.runs(every=True) == []


def test_branches_are_kept_apart(store: Store) -> None:
    store.add(report(1), commit(1), "main")
    store.add(report(2), commit(2), "main")
    store.add(report(3), commit(3), None)
    assert store.branches() == {"main": 2, None: 1}
    assert [run.commit for run in store.runs(None)] == [commit(3)]
    assert [run.commit for run in store.runs("main", most=1)] == [commit(2)]


def test_jobs_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    def add(day: int) -> bool:
        own = open_store(tmp_path / "h.db", create=True)
        try:
            return own.add(report(day), commit(day), "main")
        finally:
            own.close()

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(add, range(1, 17)))
    with closing(open_store(tmp_path / "h.db", create=False)) as store:
        assert len(store.runs("main")) == 16


def refused(path: Path, *, create: bool = False) -> str:
    with pytest.raises(HistoryError) as error, closing(open_store(path, create=create)) as store:
        store.runs(every=True)
    return str(error.value)


@pytest.mark.parametrize("create", [True, False])
def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path, create: bool) -> None:
    path = tmp_path / "h.db"
    path.write_text("these are my notes, and they are longer than a page header " * 50)
    before = path.read_bytes()
    assert "is not a history, or it is damaged" in refused(path, create=create)
    assert path.read_bytes() == before


@pytest.mark.parametrize("create", [True, False])
def test_another_programs_database_is_refused_and_left_alone(tmp_path: Path, create: bool) -> None:
    path = tmp_path / "h.db"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE people (name TEXT)")
    other.close()
    before = path.read_bytes()
    assert "not a history of gradverify; name another file with --db" in refused(path, create=create)
    assert path.read_bytes() == before


def test_a_history_of_a_later_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "h.db"
    open_store(path, create=True).close()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    assert "has format 99, and this gradverify reads format 1" in refused(path)


def test_a_damaged_history_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "h.db"
    store = open_store(path, create=True)
    for day in range(1, 20):
        store.add(report(day, *(result(f"spec-{i}") for i in range(40))), commit(day), "main")
    store.close()
    data = bytearray(path.read_bytes())
    data[4096:] = b"\x00" * (len(data) - 4096)
    path.write_bytes(data)
    assert "damaged" in refused(path)


def test_rows_that_somebody_else_wrote_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "h.db"
    store = open_store(path, create=True)
    store.add(report(1), commit(1), "main")
    store.close()
    for change in ("verdict = 'splendid'", "error = 'large'"):
        with sqlite3.connect(path) as db:
            db.execute(f"UPDATE result SET verdict = '{Verdict.PASS.value}', error = 0")
            db.execute(f"UPDATE result SET {change}")
        db.close()
        assert "cannot be used" in refused(path)


def test_what_is_not_there_and_what_is_a_folder_is_said(tmp_path: Path) -> None:
    assert "`gradverify history add report.json` starts one" in refused(tmp_path / "none.db")
    assert "is a folder" in refused(tmp_path, create=True)
    (tmp_path / "file").write_text("")
    assert "cannot be opened" in refused(tmp_path / "file" / "h.db", create=True)
