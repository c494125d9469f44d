"""`gradverify cache`, runs that are all known, and `--watch`."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gradverify.cache.store import FILE
from gradverify.cli.watch import watch
from tests.cli.support import PATIENCE, Caller, environment, expression_spec, gradverify, write_specs

LIGHT = """\
import sys
from gradverify.cli.main import main
try:
    main(["run", *sys.argv[1:]])
except SystemExit as end:
    heavy = {"numpy", "sympy", "autograd", "yaml", "pluggy"} & set(sys.modules)
    print("loaded:", sorted(heavy), file=sys.stderr)
    raise
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "specs").mkdir()
    write_specs(tmp_path / "specs" / "a.yaml", expression_spec("right"), expression_spec("wrong", gradient="x"))
    (tmp_path / "specs" / "docker-compose.yaml").write_text("services: {}\n")
    return tmp_path


@pytest.fixture
def warm(folder: Path) -> Path:
    gradverify("run", cwd=folder)
    return folder


def again(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", LIGHT, *arguments],
        cwd=folder, env=environment(), capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip


def untimed(text: str) -> list[str]:
    return [line.partition(" in ")[0] for line in text.splitlines()]


def test_a_run_that_is_all_known_loads_no_plugin_and_says_the_same(warm: Path, call: Caller) -> None:
    quick = again(warm)
    whole = call("run", "--max-failures", "9")  # which the quick way does not know
    assert quick.stderr == "loaded: []\n"
    assert "FAIL wrong" in quick.stdout
    assert "likely mistake: factor" in quick.stdout
    assert (quick.returncode, untimed(quick.stdout)) == (whole.returncode, untimed(whole.stdout))


@pytest.mark.parametrize(
    ("arguments", "code"), [(("-k", "right"), 0), (("-t", "!x", "-k", "wrong"), 1), (("--lf",), 1)]
)
def test_selecting_works_on_what_is_known(warm: Path, arguments: tuple[str, ...], code: int) -> None:
    quick = again(warm, *arguments)
    assert (quick.returncode, quick.stderr) == (code, "loaded: []\n")
    assert "1 spec:" in quick.stdout


@pytest.mark.parametrize(
    ("name", "text", "code", "words"),
    [
        ("b.yaml", expression_spec("new"), 1, "3 specs: 2 passed, 1 failed"),
        ("b.yaml", expression_spec("right"), 2, "is taken by"),
        ("b.yaml", "gradient: [", 2, "b.yaml"),
        ("b.yaml", "services: {}", 1, "2 specs: 1 passed, 1 failed"),
        ("a.yaml", expression_spec("other"), 0, "1 spec: 1 passed"),
        ("docker-compose.yaml", expression_spec("new"), 1, "3 specs: 2 passed, 1 failed"),
    ],
)
def test_whatever_changes_among_the_files_is_seen(warm: Path, name: str, text: str, code: int, words: str) -> None:
    (warm / "specs" / name).write_text(text + "\n")
    finished = again(warm)
    assert finished.returncode == code
    assert words in finished.stdout + finished.stderr


PYTHON_SPEC = """\
name: python
variables: [x]
function: {python: "losses.py:f"}
gradient: {python: "losses.py:g"}
points: [[3], [-1.5]]
"""


@pytest.fixture
def passed(tmp_path: Path) -> Path:
    """A project whose specs all pass, after its first run; what is known of each spec by itself is forgotten."""
    (tmp_path / "specs").mkdir()
    write_specs(tmp_path / "specs" / "a.yaml", expression_spec("right"), expression_spec("right-too"))
    (tmp_path / "specs" / "p.yaml").write_text(PYTHON_SPEC)
    (tmp_path / "specs" / "losses.py").write_text("def f(x):\n    return x**2\n\n\ndef g(x):\n    return 2 * x\n")
    for file in ("losses.py", "p.yaml", "a.yaml"):
        os.utime(tmp_path / "specs" / file, (1e9, 1e9))
    assert gradverify("run", cwd=tmp_path).returncode == 0
    with contextlib.closing(sqlite3.connect(tmp_path / ".gradverify" / "cache" / FILE)) as entries, entries:
        entries.execute("DELETE FROM entries WHERE kind IN ('result', 'details')")
    return tmp_path


def test_that_all_specs_of_a_run_passed_is_known_from_one_entry(passed: Path) -> None:
    quick = again(passed, "-q")
    assert (quick.returncode, quick.stderr) == (0, "loaded: []\n")
    assert untimed(quick.stdout) == ["3 specs: 3 passed"]
    assert "(all from the cache)" in quick.stdout


def test_that_all_passed_says_nothing_once_a_function_has_changed(passed: Path) -> None:
    (passed / "specs" / "losses.py").write_text("def f(x):\n    return x**2\n\n\ndef g(x):\n    return 3 * x\n")
    changed = gradverify("run", "-q", cwd=passed)
    assert changed.returncode == 1
    assert "3 specs: 2 passed, 1 failed" in changed.stdout


def test_where_each_spec_gets_a_line_one_entry_for_all_is_not_enough(passed: Path) -> None:
    listed = again(passed)
    assert "numpy" in listed.stderr
    assert "pass         specs/p.yaml:1" in listed.stdout


def test_a_file_that_nobody_can_run_is_refused_though_it_was_passed_over_in_a_folder(warm: Path) -> None:
    assert again(warm, "specs/docker-compose.yaml").returncode == 2


def test_the_cache_tells_its_size_and_goes_away_alone(warm: Path, call: Caller) -> None:
    assert "results.sqlite3: 2 results" in call("cache", "info").stdout
    (warm / ".gradverify" / "cache" / "precious").write_text("")
    assert "deleted the cache" in call("cache", "clear").stdout
    assert [path.name for path in (warm / ".gradverify" / "cache").iterdir()] == ["precious"]
    assert "0 results" in call("cache", "info").stdout
    assert "there is no cache" in call("cache", "clear").stdout


def test_two_runs_at_once_share_the_cache(folder: Path) -> None:
    command = [sys.executable, "-m", "gradverify", "run", "-q"]
    runs = [
        subprocess.Popen(
            command, cwd=folder, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    told = [run.communicate(timeout=PATIENCE) for run in runs]
    assert [run.returncode for run in runs] == [1, 1, 1], told
    assert again(folder).stderr == "loaded: []\n"


def test_watching_runs_again_when_a_file_changes_or_comes(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("1")
    seen: list[list[str]] = []

    def run() -> int:
        seen.append(sorted(path.name for path in tmp_path.iterdir()))
        if len(seen) == 1:
            file.write_text("22")  # a change during the run counts
        elif len(seen) == 2:
            (tmp_path / "new.py").write_text("")
        return len(seen)

    assert watch(run, lambda: [str(tmp_path)], rounds=3) == 3
    assert seen == [["a.yaml"], ["a.yaml"], ["a.yaml", "new.py"]]


def test_a_watched_run_sees_a_change_in_a_module_and_ends_with_ctrl_c(tmp_path: Path) -> None:
    import signal

    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "f.py").write_text("def f(x):\n    return x**2\n")
    (tmp_path / "specs").mkdir()
    write_specs(tmp_path / "specs" / "a.yaml", expression_spec("s", function={"python": "../lib/f.py:f"}))
    with (tmp_path / "out").open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "gradverify", "run", "--watch"],
            cwd=tmp_path,
            env=environment(),
            stdout=out,
            stderr=out,
        )
    try:
        wait_for(tmp_path / "out", "watching", 1)
        (tmp_path / "lib" / "f.py").write_text("def f(x):\n    return x**3\n")
        wait_for(tmp_path / "out", "watching", 2)
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 1
    finally:
        process.kill()
    text = (tmp_path / "out").read_text()
    assert text.index("1 passed") < text.index("FAIL s")


def wait_for(path: Path, word: str, times: int) -> None:
    until = time.monotonic() + PATIENCE
    while path.read_text().count(word) < times and time.monotonic() < until:
        time.sleep(0.05)
    assert path.read_text().count(word) >= times, os.linesep + path.read_text()
