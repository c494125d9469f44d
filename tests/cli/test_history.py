"""`gradverify history` and `gradverify site`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gradverify.cli.history import BRANCH_VARIABLES, COMMIT_VARIABLES
from gradverify.report.json_report import render_json
from tests.cli.support import Caller
from tests.history.samples import commit, report


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three reports, and no CI system around."""
    for name in (*COMMIT_VARIABLES, *BRANCH_VARIABLES):
        monkeypatch.delenv(name, raising=False)
    for day in (1, 2, 3):
        (tmp_path / f"r{day}.json").write_text(render_json(report(day)), encoding="utf-8")
    return tmp_path


def test_runs_are_added_listed_and_shown(folder: Path, call: Caller) -> None:
    for day in (1, 2):
        done = call("history", "add", f"r{day}.json", "--commit", commit(day), "--branch", "main")
        assert (done.returncode, done.stdout) == (0, f"added r{day}.json (1 spec) to gradverify-history.db\n")
    listed = call("history", "list")
    assert [line.split() for line in listed.stdout.splitlines()[1:]] == [
        ["2026-03-02", "10:00", commit(2)[:12], "main", "1", "1", "0"],
        ["2026-03-01", "10:00", commit(1)[:12], "main", "1", "1", "0"],
    ]
    done = call("site", "--out", "public")
    assert (done.returncode, done.stdout) == (0, "5 files on 2 runs of branch main in public/index.html\n")
    assert json.loads((folder / "public" / "badge.json").read_text())["message"] == "1 ok"


def test_adding_twice_is_said_and_changes_nothing(folder: Path, call: Caller) -> None:
    call("history", "add", "r1.json")
    done = call("history", "add", "r1.json")
    assert (done.returncode, done.stdout) == (0, "r1.json is in gradverify-history.db already\n")


def test_commit_and_branch_are_taken_from_the_ci_system(folder: Path, call: Caller) -> None:
    call("history", "add", "r1.json", env={"GITHUB_SHA": commit(7), "GITHUB_REF_NAME": "feature/x"})
    assert [commit(7)[:12], "feature/x"] == call("history", "list").stdout.splitlines()[1].split()[2:4]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "bad.json is no JSON report"),
        ("{", "line 1 column 2"),
        ("[" * 100_000, "nested too deeply"),
        ('{"format": 1}', "missing:"),
        ('{"format": 7}', "format 7"),
        ("\xff", "not UTF-8"),
        ('{"format": NaN}', "format nan"),
        ("[]", "expected an object"),
    ],
)
def test_what_is_no_report_is_refused_and_nothing_is_added(folder: Path, call: Caller, text: str, said: str) -> None:
    (folder / "bad.json").write_text(text, encoding="latin-1")
    done = call("history", "add", "r1.json", "bad.json")
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (folder / "gradverify-history.db").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("history", "add", "none.json"), "none.json cannot be read"),
        (("history", "add", "r1.json", "--commit", "a b"), "is no name of a commit"),
        (("history", "add", "r1.json", "--branch", "<b>"), "is no name of a branch"),
        (("history", "add", "r1.json", "--db", "r2.json"), "r2.json is not a history, or it is damaged"),
        (("history", "list"), "there is no history at gradverify-history.db"),
        (("site", "--out", "public"), "there is no history at gradverify-history.db"),
        (("site", "--out", "public", "--db", "r1.json"), "r1.json is not a history"),
        (("site", "--out", "p", "--commit-url", "javascript:alert({})"), "write an address with {} for the commit"),
        (("site", "--out", "p", "--commit-url", "https://example.org"), "write an address with {} for the commit"),
    ],
)
def test_what_cannot_be_done_is_said(folder: Path, call: Caller, arguments: tuple[str, ...], said: str) -> None:
    done = call(*arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_the_main_branch_is_shown_unless_another_is_asked_for(folder: Path, call: Caller) -> None:
    call("history", "add", "r1.json", "--branch", "main")
    call("history", "add", "r2.json", "--branch", "feature")
    call("history", "add", "r3.json", "--branch", "feature")
    assert "1 run of branch main" in call("site", "--out", "a").stdout
    assert "2 runs of branch feature" in call("site", "--out", "b", "--branch", "feature").stdout
    done = call("site", "--out", "c", "--branch", "nope")
    assert (done.returncode, "it has: feature, main" in done.stderr) == (2, True)


def test_a_site_is_renewed_but_another_sites_page_is_not_overwritten(folder: Path, call: Caller) -> None:
    call("history", "add", "r1.json")
    assert call("site", "--out", "public").returncode == 0
    call("history", "add", "r2.json")
    assert call("site", "--out", "public").returncode == 0
    (folder / "www").mkdir()
    (folder / "www" / "index.html").write_text("<p>my page</p>")
    done = call("site", "--out", "www")
    assert (done.returncode, "another site's page" in done.stderr) == (2, True)
    assert [path.name for path in (folder / "www").iterdir()] == ["index.html"]
    (folder / "taken").write_text("")
    assert "is a file; name a folder" in call("site", "--out", "taken").stderr


def test_an_empty_history_lists_nothing(folder: Path, call: Caller) -> None:
    from gradverify.history.store import open_store

    open_store(folder / "gradverify-history.db", create=True).close()
    assert call("history", "list").returncode == 5
