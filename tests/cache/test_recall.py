"""A result is used again exactly while everything that it came from is as it was."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gradverify.cache.entries import entries_of
from gradverify.cache.keys import Keys
from gradverify.cli.recollect import RecallOptions, open_recall
from gradverify.cli.state import State
from gradverify.plugins import Plugins, load_plugins
from gradverify.run.settings import VerifySettings
from gradverify.spec.load import load_specs
from tests.cli.support import expression_spec, gradverify, read_report, write_specs

LOSSES = """\
import numpy as np
from helpers import scale

WEIGHTS = np.load(__file__.replace("losses.py", "weights.npy"))


def f(x):
    return scale() * np.sum(WEIGHTS * x**2)


def g(x):
    return np.array([2 * 3.0 * WEIGHTS[0] * x])
"""
CLOCK = "import time\n\n\ndef f(x):\n    time.time()\n    return x**2\n\n\ndef g(x):\n    return 2 * x\n"
OPTIONS = RecallOptions(cache=True, cache_dir=None, journal=None, resume=False)
ALL = {"plain", "data", "wrong", "python"}


@pytest.fixture(scope="session")
def plugins() -> Plugins:
    return load_plugins()


@pytest.fixture(scope="session")
def cold(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project after its first run."""
    folder = tmp_path_factory.mktemp("cold")
    (folder / "pyproject.toml").write_text("[project]\nname = 'p'\n")
    (folder / "specs").mkdir()
    (folder / "specs" / "numbers.csv").write_text("1,2\n")
    import numpy as np

    np.save(folder / "specs" / "weights.npy", np.array([0.5]))
    (folder / "specs" / "losses.py").write_text(LOSSES)
    (folder / "specs" / "helpers.py").write_text("def scale():\n    return 3.0\n")
    (folder / "specs" / "clock.py").write_text(CLOCK)
    write_specs(
        folder / "specs" / "a.yaml",
        expression_spec("plain"),
        expression_spec("data", function="x**2 + 0*sum(w)", constants={"w": {"file": "numbers.csv"}}),
        expression_spec("wrong", gradient="3*x"),
    )
    write_specs(folder / "specs" / "p.yaml", python_spec("python", "losses.py"))
    write_specs(folder / "specs" / "q.yaml", python_spec("clock", "clock.py"))
    (folder / "other").mkdir()
    first = gradverify("run", "-j", "1", "--report", "json:r.json", cwd=folder)
    assert first.returncode == 1, first.stdout + first.stderr
    (folder / "r.json").rename(folder / "first.json")
    return folder


def python_spec(name: str, file: str) -> str:
    fields = {"name": name, "variables": ["x"], "points": [[3], [-1.5]], "backends": ["finite-difference"]}
    return json.dumps(fields | {"function": {"python": f"{file}:f"}, "gradient": {"python": f"{file}:g"}})


@pytest.fixture
def project(cold: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout of it somewhere else, with its cache."""
    folder = tmp_path / "elsewhere"
    shutil.copytree(cold, folder)
    for path in folder.rglob("*"):
        os.utime(path, (1e9, 1e9))
    monkeypatch.chdir(folder)
    return folder


def known(folder: Path, plugins: Plugins, settings: VerifySettings | None = None) -> set[str]:
    """The names of the specs whose results would be taken from the cache."""
    specs = load_specs(["specs"], plugins.backend_options(), kinds=tuple(plugins.loaders)).specs
    recall = open_recall(specs, plugins, settings or VerifySettings(), OPTIONS, State(folder))
    found = recall.known()
    recall.close()
    assert all(result.cached for result in found.values())
    return {result.name for result in found.values()}


def test_what_did_not_change_is_known_in_another_checkout_too(project: Path, plugins: Plugins) -> None:
    assert known(project, plugins) == ALL


def test_a_function_that_looks_at_the_clock_is_never_known(cold: Path, project: Path, plugins: Plugins) -> None:
    assert "clock" in {spec["name"] for spec in read_report(cold / "first.json")["specs"]}
    assert "clock" not in known(project, plugins)


def replace(path: str, old: str, new: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        text = (folder / path).read_text()
        assert old in text
        (folder / path).write_text(text.replace(old, new))
        os.utime(folder / path, (1e9, 1e9))

    return change


def touch(path: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text("")

    return change


CHANGES: dict[str, tuple[Callable[[Path], object], set[str]]] = {
    "the text of a spec": (replace("specs/a.yaml", '"3*x"', '"4*x"'), {"wrong"}),
    "the name of a spec": (replace("specs/a.yaml", '"plain"', '"blain"'), {"plain"}),
    "a data file that the spec names": (replace("specs/numbers.csv", "1,2", "1,3"), {"data"}),
    "the function's module": (replace("specs/losses.py", "2 * 3.0", "2 * 4.0"), {"python"}),
    "a module that it imports": (replace("specs/helpers.py", "3.0", "4.0"), {"python"}),
    "a file that it reads": (touch("specs/weights.npy"), {"python"}),
    "a file that it read and that is gone": (lambda folder: (folder / "specs" / "helpers.py").unlink(), {"python"}),
    "a new module that hides another": (touch("specs/numpy.py"), {"python"}),
    "a new package that hides another": (touch("specs/numpy/__init__.py"), {"python"}),
    "a new module where modules are looked for": (touch("numpy.py"), {"python"}),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_makes_unknown_what_it_touches_and_nothing_else(project: Path, plugins: Plugins, what: str) -> None:
    change, touched = CHANGES[what]
    change(project)
    assert known(project, plugins) == ALL - touched


def test_a_data_file_beside_that_nobody_reads_changes_nothing(project: Path, plugins: Plugins) -> None:
    (project / "specs" / "notes.txt").write_text("later")
    assert known(project, plugins) == ALL


@pytest.mark.parametrize("settings", [{"seed": 1}, {"backends": ("sympy",)}, {"search": False}, {"blind_spots": False}])
def test_other_settings_know_nothing(project: Path, plugins: Plugins, settings: dict[str, Any]) -> None:
    assert known(project, plugins, VerifySettings(**settings)) == set()


def test_another_installation_knows_nothing(project: Path, plugins: Plugins, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(project / "other"))
    (project / "other" / "numpy-99.0.dist-info").mkdir()
    assert known(project, plugins) == set()


def test_blocking_a_plugin_knows_nothing(project: Path) -> None:
    assert known(project, load_plugins(("sympy",))) == set()


def test_a_spec_that_moved_within_its_file_is_known_at_its_new_place(project: Path, plugins: Plugins) -> None:
    path = project / "specs" / "a.yaml"
    path.write_text("# a comment\n\n" + path.read_text())
    os.utime(path, (1e9, 1e9))
    specs = load_specs(["specs"], plugins.backend_options()).specs
    recall = open_recall(specs, plugins, VerifySettings(), OPTIONS, State(project))
    results = {result.name: result for result in recall.known().values()}
    recall.close()
    assert set(results) == ALL
    assert {name: results[name].line for name in ALL} == {s.name: s.place.line for s in specs if s.name in ALL}
    line = next(spec.places["gradient"].line for spec in specs if spec.name == "wrong")
    assert {check.line for check in results["wrong"].checks if check.kind == "gradient"} == {line}


def test_a_file_that_changed_since_the_run_began_is_not_trusted(project: Path, plugins: Plugins) -> None:
    path = project / "specs" / "a.yaml"
    specs = load_specs([path], plugins.backend_options()).specs
    keys = Keys("", VerifySettings(), project)
    os.utime(path, ns=(keys.files.started_ns + 1, keys.files.started_ns + 1))
    assert entries_of(specs, keys.files) == [None] * len(specs)


def test_a_second_run_says_the_same_without_a_worker(
    cold: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "specs" / "q.yaml").unlink()
    second = gradverify("run", "--report", "json:r.json", cwd=project)
    assert second.returncode == 1
    assert "(all from the cache)" in second.stdout
    before = {spec["name"]: spec for spec in read_report(cold / "first.json")["specs"]}
    after = read_report(project / "r.json")["specs"]
    assert [spec | {"cached": False} for spec in after] == [before[spec["name"]] for spec in after]
    assert all(spec["cached"] for spec in after)


def test_no_cache_neither_looks_nor_keeps(project: Path) -> None:
    (project / ".gradverify" / "cache" / "results.sqlite3").rename(project / "kept")
    finished = gradverify("run", "--no-cache", "-k", "plain", "--report", "json:r.json", cwd=project)
    assert finished.returncode == 0
    assert read_report(project / "r.json")["specs"][0]["cached"] is False
    assert not (project / ".gradverify" / "cache" / "results.sqlite3").exists()


def test_a_gradient_that_goes_wrong_in_an_imported_module_is_found(project: Path) -> None:
    CHANGES["a module that it imports"][0](project)
    finished = gradverify("run", "-k", "python", cwd=project)
    assert finished.returncode == 1
    assert "FAIL python" in finished.stdout


@pytest.mark.parametrize("damage", [b"no database at all, but something of that length", b""])
def test_a_damaged_cache_is_ignored_with_a_note(project: Path, damage: bytes) -> None:
    path = project / ".gradverify" / "cache" / "results.sqlite3"
    path.write_bytes(damage)
    finished = gradverify("run", "-k", "plain", cwd=project)
    assert finished.returncode == 0
    assert ("is ignored" in finished.stderr) is bool(damage)
    assert "from the cache" not in finished.stdout


def test_an_entry_that_was_tampered_with_is_not_believed(project: Path, plugins: Plugins) -> None:
    import sqlite3

    with sqlite3.connect(project / ".gradverify" / "cache" / "results.sqlite3") as connection:
        connection.execute('UPDATE entries SET data = REPLACE(data, \'"verdict":"fail"\', \'"verdict":"pass"\')')
    assert "wrong" not in known(project, plugins)
