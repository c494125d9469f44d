"""Two students whose names differ are two to whoever reads the gradebook, the overview or the terminal."""

from __future__ import annotations

import csv
import dataclasses
import html
import io
import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradverify.grading.formats.gradebook import render_gradebook
from gradverify.grading.formats.overview import render_overview
from gradverify.grading.names import shown, shown_names
from gradverify.sandbox import probe_level
from tests.grading.sample import ADA, REPORT
from tests.grading.support import RIGHT, assignment_in, run

# Each pair shows alike where nothing is written out.
PAIRS = [
    ("ada\nb", "ada b"), ("ada ", "ada"), (" ada", "ada"), ("ada  b", "ada b"), ("ada\tb", "ada b"),
    ("ada\u00a0b", "ada b"), ("ada\u200b", "ada"), ("a\u00adda", "ada"), ("ada\u3164", "ada"), ("ada\ufe0f", "ada"),
    ("ada\U000e0041", "ada"), ("\u202eada", "ada"), ("\u0430da", "ada"), ("a\u0501a", "ada"), ("\uff41da", "ada"),
    ("Rene\u0301", "Ren\u00e9"), ("ada\\x0ab", "ada\nb"), ("ada\r", "ada\n"),
]  # fmt: skip


def at_a_glance(text: str) -> str:
    """What an eye makes of a text: one line, single spaces, nothing that cannot be seen, every letter a plain one."""
    seen = "".join(c for c in text if unicodedata.category(c) not in ("Cf", "Cc") and c not in "\u3164\ufe0f")
    plain = unicodedata.normalize("NFC", unicodedata.normalize("NFKC", seen)).replace("\u0430", "a")
    return " ".join(plain.replace("\u0501", "d").split())


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_names_that_differ_look_different_in_the_gradebook_and_the_overview(one: str, other: str) -> None:
    students = tuple(dataclasses.replace(ADA, student=name) for name in (one, other))
    report = dataclasses.replace(REPORT, students=students)
    rows = [row["student"] for row in csv.DictReader(io.StringIO(render_gradebook(report)))]
    cells = re.findall(
        r'<td class="name">(?:<a[^>]*>)?([^<]*)', render_overview(report, {}).split("<h2>Students</h2>")[1]
    )
    for first, second in (rows, [html.unescape(cell) for cell in cells]):
        assert at_a_glance(first) != at_a_glance(second)


@pytest.mark.parametrize("name", ["Ada Lovelace", "Renée O'Hara-Łuk", "李 小龙", "Αθηνά", "محمد", "Ольга"])
def test_a_name_that_nobody_elses_looks_like_is_shown_as_it_is(name: str) -> None:
    assert shown_names([name, "somebody else"])[name] == name


@given(st.lists(st.text(min_size=1, max_size=8), unique=True, max_size=6))
def test_no_two_names_are_shown_as_one(names: list[str]) -> None:
    assert len(set(shown_names(names).values())) == len(names)
    assert all(told.isprintable() for told in map(shown, names))


def test_a_formulas_apostrophe_is_not_taken_for_a_names_own() -> None:
    students = tuple(dataclasses.replace(ADA, student=name) for name in ("=x", "'=x"))
    rows = list(csv.DictReader(io.StringIO(render_gradebook(dataclasses.replace(REPORT, students=students)))))
    assert [row["student"] for row in rows] == ["'=x", "''=x"]


def test_the_terminal_and_the_notes_tell_such_names_apart_and_take_them_as_they_are_shown(tmp_path: Path) -> None:
    assignment_in(tmp_path)
    folder = tmp_path / "all"
    folder.mkdir()
    for name in ("ada b.py", "ada\nb.py", "\u0430da b.py"):
        (folder / name).write_text(RIGHT)
    given = ("grade", "hw.yaml", "all", "--out", "out", "-j", "1", "--min-isolation", probe_level().name)
    done = run(*given, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for told in ("ada b: 10", "ada\\x0ab: 10", "\\u0430da b: 10"):
        assert told in done.stdout
    assert "`ada\\x0ab` (ada\\x0ab.py), `ada b` (ada b.py), `\\u0430da b` (\\u0430da b.py)" in done.stderr
    again = run(*given, "--student", "ada\\x0ab", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert "3 students (2 kept)" in again.stdout
