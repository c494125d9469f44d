"""Backends that hang or crash cost their own results; workers that are started afresh do the same work."""

from __future__ import annotations

import heapq
import json
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from gradverify.core.verdicts import Verdict
from gradverify.plugins import Plugins, load_plugins
from gradverify.run import pool, wire
from gradverify.run.batch import run_task
from gradverify.run.capture import OutputSplitter
from gradverify.run.interrupt import Interrupts
from gradverify.run.launch import Inheritance, Worker
from gradverify.run.settings import VerifySettings
from gradverify.run.tasks import SpecStore, Task
from gradverify.spec.load import load_specs
from gradverify.spec.model import Spec
from tests.cli.support import PATIENCE, environment, expression_spec, write_specs

ROOT = Path(__file__).parents[2]
NAMES = ("hanging", "crashing", "leaving", "raising", "rubbish")


def scenario(method: str, *paths: Path) -> dict[str, Any]:
    process = subprocess.run(
        [sys.executable, "-m", "tests.run.scenario", method, *map(str, paths)],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    report: dict[str, Any] = json.loads(process.stdout)
    return report


@pytest.fixture(scope="module")
def specs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("backends")
    both = {name: ["finite-difference", name] for name in NAMES}
    documents = [expression_spec(name, backends=backends) for name, backends in both.items()]
    documents.append(expression_spec("two", backends=["crashing", "finite-difference", "leaving"]))
    documents.append(expression_spec("none"))
    report = scenario("fork", write_specs(folder / "s.yaml", *documents))
    assert [spec["name"] for spec in report["specs"]] == [*NAMES, "two", "none"]
    return {spec["name"]: spec for spec in report["specs"]}


def checks(spec: dict[str, Any]) -> dict[str, Any]:
    return {check["backend"]: check for check in spec["checks"] if check["kind"] == "gradient"}


@pytest.mark.parametrize("name", NAMES)
def test_a_backend_that_breaks_costs_its_own_check_only(specs: dict[str, Any], name: str) -> None:
    assert checks(specs[name])[name]["verdict"] == "error"
    assert checks(specs[name])["finite-difference"]["verdict"] == "pass"
    assert specs[name]["verdict"] == "pass"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("hanging", "time limit of 2 s exceeded"),
        ("crashing", "killed by SIGSEGV"),
        ("leaving", "exited with status 5"),
        ("raising", "ZeroDivisionError"),
        ("rubbish", "rubbish"),
    ],
)
def test_the_check_names_the_plugin_its_version_and_why(specs: dict[str, Any], name: str, words: str) -> None:
    reason = checks(specs[name])[name]["reason"]
    assert words in reason
    assert "plugin misbehaving (misbehaving 0)" in reason


def test_two_backends_that_crash_are_both_blamed(specs: dict[str, Any]) -> None:
    found = checks(specs["two"])
    assert "SIGSEGV" in found["crashing"]["reason"]
    assert "status 5" in found["leaving"]["reason"]
    assert found["finite-difference"]["verdict"] == "pass"


def test_a_spec_that_asks_for_none_of_them_passes(specs: dict[str, Any]) -> None:
    assert specs["none"]["verdict"] == "pass"


def test_spawned_workers_come_to_the_same_results(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text("import os\n\ndef f(x):\n    os._exit(3)\n")
    path = write_specs(
        tmp_path / "s.yaml",
        expression_spec("a"),
        expression_spec("b", gradient="x"),
        expression_spec("c", function={"python": "own.py:f"}),
        expression_spec("d"),
    )
    found = {s["name"]: s for s in scenario("spawn", path)["specs"]}
    assert [found[name]["verdict"] for name in "abcd"] == ["pass", "fail", "error", "pass"]
    assert "status 3" in found["c"]["reason"]


def test_workers_that_cannot_start_end_the_run_with_a_message(tmp_path: Path) -> None:
    path = write_specs(tmp_path / "s.yaml", expression_spec("a"))
    code = (
        "import sys\nfrom gradverify.run.limits import single_threaded\nsingle_threaded()\n"
        "from gradverify.run import launch\nfrom gradverify.cli.main import main\n"
        "launch.serve = lambda *a, **k: sys.exit(9)\n"
        f"main(['run', {str(path)!r}])"
    )
    process = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=PATIENCE, cwd=tmp_path
    )
    assert process.returncode == 3
    assert "worker processes do not start" in process.stderr


def test_specs_run_in_this_process_when_no_workers_are_wanted(tmp_path: Path) -> None:
    from gradverify.plugins import load_plugins
    from gradverify.run.session import RunSettings, run_specs
    from gradverify.spec.load import load_specs

    path = write_specs(tmp_path / "s.yaml", expression_spec("a"), expression_spec("b", gradient="x"))
    seen: list[str] = []
    report = run_specs(
        load_specs([path]).specs, load_plugins(), RunSettings(processes=0), on_ordered=lambda r: seen.append(r.name)
    )
    assert report.isolation == "none"
    assert seen == ["a", "b"]
    assert [result.verdict.value for result in report.specs] == ["pass", "fail"]


def test_an_interrupt_without_workers_leaves_what_was_finished(tmp_path: Path) -> None:
    from gradverify.core.report import SpecResult
    from gradverify.plugins import load_plugins
    from gradverify.run.session import RunSettings, run_specs
    from gradverify.spec.load import load_specs

    def interrupt(_result: SpecResult) -> None:
        raise KeyboardInterrupt

    path = write_specs(tmp_path / "s.yaml", expression_spec("a"), expression_spec("b"))
    report = run_specs(load_specs([path]).specs, load_plugins(), RunSettings(processes=0), on_finished=interrupt)
    assert report.interrupted
    assert [result.name for result in report.specs] == ["a"]
    assert report.not_run == ("b",)


def test_a_worker_that_cannot_be_forked_leaves_no_descriptor_open(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    from gradverify.plugins import load_plugins
    from gradverify.run.launch import Inheritance, start_worker
    from gradverify.run.tasks import SpecStore

    def refuse() -> int:
        raise OSError("no more processes")

    inherit = Inheritance(plugins=load_plugins(), store=SpecStore(()), memory_mb=None, method="fork")
    before = len(os.listdir("/proc/self/fd"))
    monkeypatch.setattr(os, "fork", refuse)
    with pytest.raises(OSError, match="no more processes"):
        start_worker(inherit)
    assert len(os.listdir("/proc/self/fd")) == before


def ended_worker(specs: Sequence[Spec], plugins: Plugins) -> Worker:
    """A worker that answered everything and ended before its parent looked."""
    ours, theirs = socket.socketpair()
    output, output_end = os.pipe()
    store = SpecStore(tuple(plugins.backends))
    store.add(specs)
    theirs.sendall(wire.encode({"ready": 1}))
    for number, spec in enumerate(specs):
        result = run_task(Task.of(spec, None), store, plugins, VerifySettings())
        theirs.sendall(wire.encode({"number": number, "result": result, "trace": None}))
    theirs.close()
    os.write(output_end, b"its last words")
    os.close(output_end)
    os.set_blocking(output, False)
    ours.setblocking(False)
    process = subprocess.Popen(["true"])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    return Worker(process.pid, ours, output, wire.StatusPage.create(), OutputSplitter("token"), None, process)


def test_answers_sent_before_the_worker_ended_count_also_where_its_output_is_seen_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugins = load_plugins()
    specs = load_specs([write_specs(tmp_path / "s.yaml", expression_spec("a"), expression_spec("b"))]).specs
    monkeypatch.setattr(pool, "start_worker", lambda _inherit: ended_worker(specs, plugins))
    inheritance = Inheritance(plugins=plugins, store=SpecStore(), memory_mb=None, method="fork")
    with (
        Interrupts() as interrupts,
        pool.Pool(
            specs, inheritance, VerifySettings(), processes=1, seconds=None, interrupts=interrupts,
            on_tick=lambda: None,
        ) as runs,
    ):  # fmt: skip
        runs._start()
        (desk,) = runs._desks
        runs._send(desk, [heapq.heappop(runs._waiting)[1] for _ in specs])
        answers = dict(runs._attend(desk, "output"))
    assert [answers[number].verdict for number in (0, 1)] == [Verdict.PASS, Verdict.PASS]
