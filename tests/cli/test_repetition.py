"""Running again: what failed last, one part of several, and going on where a run was stopped."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.cli.support import Caller, expression_spec, gradverify, read_report, write_specs

COUNT = 6


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "specs").mkdir()
    gradients = ["x" if i in (2, 4) else "2*x" for i in range(COUNT)]
    write_specs(tmp_path / "specs" / "a.yaml", *(expression_spec(f"s{i}", gradient=g) for i, g in enumerate(gradients)))
    return tmp_path


def listed(text: str) -> list[str]:
    return [line.split("::")[1] for line in text.splitlines()]


def test_last_failed_runs_what_failed_until_it_passes(folder: Path, call: Caller) -> None:
    gradverify("run", "-k", "not s4", cwd=folder)
    gradverify("run", "-k", "s4", cwd=folder)
    assert listed(call("run", "--lf", "--list").stdout) == ["s2", "s4"]
    text = (folder / "specs" / "a.yaml").read_text()
    (folder / "specs" / "a.yaml").write_text(text.replace('"gradient": ["x"]', '"gradient": ["2*x"]', 1))
    assert gradverify("run", "--lf", cwd=folder).returncode == 1
    assert listed(call("run", "--last-failed", "--list").stdout) == ["s4"]


def test_last_failed_runs_everything_when_nothing_failed(folder: Path, call: Caller) -> None:
    listing = call("run", "--lf", "--list")
    assert len(listed(listing.stdout)) == COUNT
    assert "none of the selected specs failed" in listing.stderr


def test_shards_have_every_spec_once_and_a_new_spec_moves_none(folder: Path, call: Caller) -> None:
    before = [listed(call("run", "--list", "--shard", f"{i}/3").stdout) for i in (1, 2, 3)]
    assert sorted(name for part in before for name in part) == [f"s{i}" for i in range(COUNT)]
    text = (folder / "specs" / "a.yaml").read_text()
    (folder / "specs" / "a.yaml").write_text(expression_spec("new") + "\n---\n" + text)
    after = [listed(call("run", "--list", "--shard", f"{i}/3").stdout) for i in (1, 2, 3)]
    assert [[name for name in part if name != "new"] for part in after] == before


def test_an_empty_shard_is_no_failure_and_writes_its_report(folder: Path) -> None:
    finished = gradverify("run", "-k", "s0", "--shard", "1/99", "--report", "json:r.json", cwd=folder)
    assert finished.returncode == 0
    assert "no selected spec belongs to shard 1/99" in finished.stderr
    assert read_report(folder / "r.json")["specs"] == []


def test_a_shard_that_is_none_is_a_usage_error(folder: Path, call: Caller) -> None:
    assert "I goes from 1 to N" in call("run", "--shard", "5/4").stderr


def test_a_run_that_was_stopped_goes_on_and_runs_nothing_twice(folder: Path) -> None:
    whole = gradverify("run", "--no-cache", "--report", "json:whole.json", cwd=folder)
    journal = folder / ".gradverify" / "journal.jsonl"
    lines = journal.read_text().splitlines(keepends=True)
    assert len(lines) == COUNT + 1
    journal.write_text("".join(lines[:4]) + lines[4][:50])  # as if killed within the fourth spec's line
    resumed = gradverify("run", "--resume", "--no-cache", "--report", "json:resumed.json", cwd=folder)
    assert resumed.returncode == whole.returncode == 1
    assert len(journal.read_text().splitlines()) == COUNT + 1
    first, second = (read_report(folder / f"{name}.json")["specs"] for name in ("whole", "resumed"))
    done = [json.loads(line)["result"]["name"] for line in lines[1:4]]
    assert [spec for spec in second if spec["name"] in done] == [spec for spec in first if spec["name"] in done]
    assert [spec["name"] for spec in second] == [f"s{i}" for i in range(COUNT)]


def test_a_spec_that_changed_since_is_run_again(folder: Path) -> None:
    gradverify("run", "--no-cache", cwd=folder)
    text = (folder / "specs" / "a.yaml").read_text()
    (folder / "specs" / "a.yaml").write_text(text.replace('["2*x"]', '["7*x"]', 1))
    resumed = gradverify("run", "--resume", "--no-cache", "--report", "json:r.json", cwd=folder)
    assert "FAIL s0" in resumed.stdout


def test_a_crash_that_was_finished_is_not_run_again_until_its_function_changes(tmp_path: Path) -> None:
    (tmp_path / "f.py").write_text("import os\n\n\ndef f(x):\n    open('calls', 'a').write('!')\n    os._exit(3)\n")
    write_specs(tmp_path / "s.yaml", expression_spec("dies", function={"python": "f.py:f"}))
    for _ in range(2):
        finished = gradverify("run", "s.yaml", "--resume", cwd=tmp_path)
        assert "exited with status 3" in finished.stdout
        assert (tmp_path / "calls").read_text() == "!"
    (tmp_path / "f.py").write_text("def f(x):\n    return x**2\n")
    assert gradverify("run", "s.yaml", "--resume", cwd=tmp_path).returncode == 0


def test_resuming_without_a_journal_runs_everything_and_says_so(folder: Path) -> None:
    finished = gradverify("run", "-k", "s0", "--resume", cwd=folder)
    assert finished.returncode == 0
    assert "no finished spec" in finished.stderr


def test_resuming_where_no_journal_can_be_kept_names_the_journal_and_the_reason(folder: Path, call: Caller) -> None:
    (folder / ".gradverify").write_text("a file in the folder's place")
    finished = call("run", "--resume")
    assert finished.returncode == 2
    assert re.search(r"the journal \S*journal\.jsonl cannot be written: File exists", " ".join(finished.stderr.split()))


def test_a_journal_that_cannot_be_used_is_a_usage_error(folder: Path) -> None:
    (folder / "notes").write_text("precious")
    finished = gradverify("run", "--journal", "notes", cwd=folder)
    assert finished.returncode == 2
    assert (folder / "notes").read_text() == "precious"


def test_a_project_that_cannot_be_written_to_is_checked_all_the_same(folder: Path) -> None:
    (folder / ".gradverify").write_text("a file where the folder should be")
    finished = gradverify("run", "-k", "s0", cwd=folder)
    assert finished.returncode == 0
    assert "1 passed" in finished.stdout


@pytest.mark.parametrize("target", ["m:loss", "m.py:loss", "pkg.mod:loss"])
def test_init_from_a_function_writes_a_spec_that_runs_and_passes(tmp_path: Path, call: Caller, target: str) -> None:
    source = "import numpy as np\n\n\ndef loss(x, y):\n    return np.sin(x) * y\n\n\n"
    source += "def loss_gradient(x, y):\n    return [np.cos(x) * y, np.sin(x)]\n"
    (tmp_path / "m.py").write_text(source)
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "mod.py").write_text(source)
    assert call("init", "--from-function", target, "made.yaml").returncode == 0
    assert gradverify("run", "made.yaml", cwd=tmp_path).returncode == 0


def test_a_selection_of_nothing_says_of_how_many(folder: Path, call: Caller) -> None:
    assert f"none of the {COUNT} specs has what -k and -t ask for" in call("run", "-k", "no-such-name").stderr
