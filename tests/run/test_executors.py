"""Whatever executor runs the specs, the report is the same; and a worker that dies costs one spec."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import pytest

from gradverify.plugins import Plugins, load_plugins
from gradverify.report.json_report import spec_from_data
from gradverify.run.executors import ExecutorError, executor_factory
from gradverify.run.remote import VersionMismatchError, make_batch, run_remotely
from gradverify.run.session import RunSettings, run_specs
from gradverify.run.settings import VerifySettings
from gradverify.run.tasks import Task
from gradverify.spec.load import load_specs
from tests.cli.support import PATIENCE, environment, expression_spec, gradverify, read_report, write_specs

ROOT = Path(__file__).parents[2]
FUNCTIONS = """\
import os
import time


def dies(x):
    os._exit(3)


def hangs(x):
    time.sleep(600)


def f(x):
    print("hello")
    return x**2
"""
KILLER = "from tests.run.executors import kill_parent\n"
NAMES = ["right", "wrong", "printing", "dies", "hangs", "", "last"]


@pytest.fixture(scope="module")
def plugins() -> Plugins:
    return load_plugins()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Specs of every kind: right, wrong, crashing, hanging, without a name, in the middle of a file."""
    here = tmp_path_factory.mktemp("executors")
    (here / "functions.py").write_text(FUNCTIONS)
    # Without the search, whose extent depends on how fast the machine is.
    documents = [
        expression_spec("right", search="off"),
        expression_spec("wrong", search="off", gradient="x"),
        expression_spec("printing", search="off", function={"python": "functions.py:f"}),
        expression_spec("dies", search="off", function={"python": "functions.py:dies"}),
        expression_spec("hangs", search="off", function={"python": "functions.py:hangs"}),
        expression_spec("", search="off").replace('"name": "", ', ""),
        expression_spec("last", search="off"),
    ]
    write_specs(here / "s.yaml", *documents)
    return here


def run(folder: Path, name: str, executor: str, *more: str) -> list[dict[str, Any]]:
    finished = gradverify(
        "run", "s.yaml", "--executor", executor, "--executor-batch", "4", "--timeout", "2", "--no-cache",
        "--report", f"json:{name}.json", *more, cwd=folder, env={"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert finished.returncode == 1, finished.stdout + finished.stderr
    return specs_of(folder / f"{name}.json")


def specs_of(path: Path) -> list[dict[str, Any]]:
    """Results without times."""
    specs: list[dict[str, Any]] = read_report(path)["specs"]
    for spec in specs:
        spec["seconds"] = 0
        for check in spec["checks"]:
            check["seconds"] = 0
    return specs


@pytest.fixture(scope="module")
def at_home(folder: Path) -> list[dict[str, Any]]:
    specs = run(folder, "home", "processes", "-j", "2")
    assert [spec["name"] for spec in specs] == [name or "s-6" for name in NAMES]
    assert [spec["verdict"] for spec in specs] == ["pass", "fail", "pass", "error", "error", "pass", "pass"]
    assert "hello" in specs[2]["output"]
    return specs


@pytest.fixture(scope="module")
def dask() -> Iterator[str]:
    pytest.importorskip("distributed")
    cluster = subprocess.Popen(
        [sys.executable, "-m", "tests.run.dask_cluster"], cwd=ROOT, env=environment(), text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert cluster.stdout is not None
    yield f"dask:{cluster.stdout.readline().strip()}"
    cluster.communicate(timeout=PATIENCE)


def test_one_after_another_gives_the_same_report(folder: Path, at_home: list[dict[str, Any]]) -> None:
    assert run(folder, "serial", "serial") == at_home


def test_an_executor_by_module_and_name_gives_the_same_report(folder: Path, at_home: list[dict[str, Any]]) -> None:
    assert run(folder, "pool", "tests.run.executors:two_processes") == at_home


@pytest.mark.xdist_group("dask")
def test_a_dask_cluster_gives_the_same_report(folder: Path, at_home: list[dict[str, Any]], dask: str) -> None:
    assert run(folder, "dask", dask) == at_home


@pytest.mark.xdist_group("dask")
def test_a_dask_worker_that_dies_costs_the_spec_that_killed_it(tmp_path: Path, dask: str, plugins: Plugins) -> None:
    (tmp_path / "k.py").write_text(KILLER)
    killer = expression_spec("killer", function={"python": "k.py:kill_parent"})
    path = write_specs(tmp_path / "s.yaml", expression_spec("before"), killer, expression_spec("after"))
    specs = load_specs([path], plugins.backend_options()).specs
    report = run_specs(specs, plugins, RunSettings(executor=dask, executor_batch=3))
    assert [result.verdict.value for result in report.specs] == ["pass", "error", "pass"]
    assert "the executor's worker did not survive it" in str(report.specs[1].reason)


def test_a_batch_is_plain_data_in_and_text_out(tmp_path: Path) -> None:
    path = write_specs(tmp_path / "s.yaml", expression_spec("a"), expression_spec("b", gradient="x"))
    text = expression_spec("t")
    tasks = [Task(str(path), 1), Task(str(path), 0), Task(str(path), 7), Task("/nowhere/t.yaml", 5, text, 40)]
    batch = make_batch(tasks, VerifySettings(search=False), block=(), seconds=60, memory_mb=None, folder="/nowhere")
    answers = json.loads(run_remotely(json.loads(json.dumps(batch))))["answers"]
    results = [spec_from_data(answers[i]["result"]) for i in (0, 1, 3)]
    assert [(result.name, result.line) for result in results] == [("b", 3), ("a", 1), ("t", 40)]
    assert "no valid spec number 8" in answers[2]["missing"]


def test_a_batch_of_another_version_is_refused() -> None:
    with pytest.raises(VersionMismatchError, match=r"0\.0\.0"):
        run_remotely({"gradverify": "0.0.0", "block": [], "settings": {}, "tasks": []})


def test_an_executor_that_breaks_is_made_anew_and_one_spec_is_to_blame(tmp_path: Path, plugins: Plugins) -> None:
    documents = [expression_spec("deadly" if i == 3 else f"s{i}", search="off") for i in range(6)]
    specs = load_specs([write_specs(tmp_path / "s.yaml", *documents)], plugins.backend_options()).specs
    settings = RunSettings(executor="tests.run.executors:Breaking", executor_batch=6)
    report = run_specs(specs, plugins, settings)
    assert [result.verdict.value for result in report.specs] == ["pass"] * 3 + ["error"] + ["pass"] * 2


def test_an_executor_that_never_works_ends_the_run_with_a_report(tmp_path: Path) -> None:
    write_specs(tmp_path / "s.yaml", expression_spec("a"))
    finished = gradverify(
        "run", "s.yaml", "--executor", "tests.run.executors:Useless", "--report", "json:r.json",
        cwd=tmp_path, env={"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert finished.returncode == 3
    assert "broke 3 times without a result" in finished.stderr
    assert read_report(tmp_path / "r.json")["not_run"] == ["a"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("dusk:tcp://host:1", "there is no executor `dusk:tcp://host:1`; known: processes, dask, mpi, serial"),
        ("threads", "there is no executor"),
        ("no.such.module:f", "cannot be loaded: ModuleNotFoundError"),
        ("concurrent.futures:NoSuchPool", "cannot be loaded"),
    ],
)
def test_an_executor_that_is_not_there_is_refused_with_what_is(plugins: Plugins, text: str, words: str) -> None:
    with pytest.raises(ExecutorError, match="executor") as refusal:
        executor_factory(text, plugins)
    assert words in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("tests.run.executors:not_one", "made a object for"),
        ("tests.run.executors:failing", "does not start: ConnectionError: nobody answers"),
        ("dask:", "name the scheduler"),
        ("mpi", "does not start"),
    ],
)
def test_what_makes_no_executor_is_told(
    plugins: Plugins, text: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    factory = executor_factory(text, plugins)
    assert factory is not None
    with pytest.raises(ExecutorError) as refusal:
        factory()
    assert words in str(refusal.value)


def test_mpi_is_the_executor_of_mpi4py(plugins: Plugins, monkeypatch: pytest.MonkeyPatch) -> None:
    from concurrent.futures import ThreadPoolExecutor
    from types import ModuleType

    fake = ModuleType("mpi4py.futures")
    vars(fake)["MPIPoolExecutor"] = ThreadPoolExecutor
    monkeypatch.setitem(sys.modules, "mpi4py", ModuleType("mpi4py"))
    monkeypatch.setitem(sys.modules, "mpi4py.futures", fake)
    factory = executor_factory("mpi:3", plugins)
    assert factory is not None
    executor = factory()
    assert isinstance(executor, Executor)
    executor.shutdown()


@pytest.mark.xdist_group("mpi")
def test_workers_of_mpi_give_the_same_report(folder: Path, at_home: list[dict[str, Any]]) -> None:
    places = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    mpiexec = shutil.which("mpiexec", path=places)
    command = [mpiexec or "mpiexec", "-n", "3", sys.executable, "-m", "mpi4py.futures"]
    if mpiexec is None or subprocess.run([*command, "-c", ""], capture_output=True, timeout=60, check=False).returncode:
        pytest.skip("MPI does not start here")
    subprocess.run(
        [*command, "-m", "gradverify", "run", "s.yaml", "--executor", "mpi", "--executor-batch", "4",
         "--timeout", "2", "--no-cache", "--report", "json:mpi.json"],
        cwd=folder, env=environment({"PYTHONPATH": str(ROOT)}), capture_output=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert specs_of(folder / "mpi.json") == at_home
