"""The journal: whole lines count, a line that was cut short does not, and no other file is overwritten."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradverify.run.journal import Journal, JournalError, read_entries

ENTRIES = [{"key": str(number), "result": "x" * number} for number in range(5)]


def write(path: Path) -> bytes:
    journal = Journal(path, resume=False)
    for entry in ENTRIES:
        journal.add(entry)
    journal.close()
    return path.read_bytes()


@settings(max_examples=40)
@given(st.integers(0, 200))
def test_whatever_was_written_when_a_run_was_killed_is_read_up_to_there(
    tmp_path_factory: pytest.TempPathFactory, end: int
) -> None:
    path = tmp_path_factory.mktemp("j") / "journal"
    data = write(path)[:end]
    path.write_bytes(data)
    whole = max(0, data.count(b"\n") - 1)
    resumed = Journal(path, resume=True)
    assert list(resumed.entries) == ENTRIES[:whole]
    resumed.add({"key": "later"})
    resumed.close()
    assert list(read_entries(path)) == [*ENTRIES[:whole], {"key": "later"}]


def test_without_resuming_a_journal_is_begun_anew(tmp_path: Path) -> None:
    write(tmp_path / "journal")
    Journal(tmp_path / "journal", resume=False).close()
    assert list(read_entries(tmp_path / "journal")) == []


@pytest.mark.parametrize("text", ["precious", '{"journal": 99}\n', "[1]\n", "\n"])
@pytest.mark.parametrize("resume", [True, False])
def test_a_file_of_another_kind_is_left_alone(tmp_path: Path, text: str, resume: bool) -> None:
    path = tmp_path / "notes"
    path.write_text(text)
    with pytest.raises(JournalError, match="no journal"):
        Journal(path, resume=resume)
    assert path.read_text() == text


def test_two_runs_cannot_use_one_journal_at_once(tmp_path: Path) -> None:
    first = Journal(tmp_path / "journal", resume=False)
    with pytest.raises(JournalError, match="in use"):
        Journal(tmp_path / "journal", resume=False)
    first.close()
    Journal(tmp_path / "journal", resume=False).close()


def test_a_damaged_line_costs_that_line_only(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    lines = write(path).splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:2], b"\x00\xff rubbish\n", *lines[3:]]))
    assert list(read_entries(path)) == [ENTRIES[0], *ENTRIES[2:]]
