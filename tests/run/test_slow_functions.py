"""What is said of functions that are slow beside their time limit, and how much of a spec they cost."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest

from gradverify.core import search
from gradverify.core.verdicts import Verdict
from gradverify.plugins import load_plugins
from gradverify.run.patience import OutOfPatience
from gradverify.run.phases import backend_of, backend_phase, during, seconds_a_call
from gradverify.run.settings import VerifySettings
from gradverify.run.single import run_spec
from gradverify.spec.load import load_specs
from gradverify.spec.model import Spec
from tests.cli.support import gradverify


@pytest.mark.parametrize("name", ["autodiff", "finite-difference", "a backend (of mine)"])
@pytest.mark.parametrize("seconds", [0.0, 1e-5, 0.25, 12.0])
def test_a_phase_tells_the_backend_and_how_slow_the_function_is(name: str, seconds: float) -> None:
    phase = backend_phase(name, seconds)
    assert (backend_of(phase), seconds_a_call(phase)) == (name, seconds if seconds > 1e-3 else 0.0)
    assert during(phase).startswith(f"while running backend {name}")


def test_no_backend_is_asked_while_the_function_is_loaded() -> None:
    assert (backend_of("loading"), seconds_a_call("loading")) == (None, 0.0)


SLOW = """import time


def f(x):
    time.sleep(SECONDS)
    return x**3


def g(x):
    return 3 * x * WRONG
"""


def slow_spec(folder: Path, seconds: float, *, wrong: bool = False) -> Path:
    text = SLOW.replace("SECONDS", str(seconds)).replace("WRONG", "abs(x)" if wrong else "x")
    (folder / "slow.py").write_text(text)
    spec = 'variables: [x]\nfunction: {python: "slow.py:f"}\ngradient: {python: "slow.py:g"}\npoints: [1.5]\n'
    (folder / "s.yaml").write_text("name: slow\n" + spec)
    return folder / "s.yaml"


def test_a_function_too_slow_for_its_time_limit_is_blamed_at_once_and_no_backend_is(tmp_path: Path) -> None:
    done = gradverify("run", slow_spec(tmp_path, 0.3).name, "--no-cache", "--timeout", "1", cwd=tmp_path)
    assert done.returncode == 1
    said = " ".join(done.stdout.split())
    assert re.search(r"time limit of 1 s exceeded: the function takes 0\.\d+ s a call", said)
    assert "a longer limit (`--timeout`)" in said
    assert "autodiff" not in said
    assert "sympy" not in said


def loaded(path: Path) -> Spec:
    return load_specs([path]).specs[0]


@pytest.mark.parametrize(("wrong", "verdict"), [(False, Verdict.PASS), (True, Verdict.FAIL)])
def test_the_search_of_a_slow_function_is_cut_to_its_time_says_so_and_still_finds(
    tmp_path: Path, wrong: bool, verdict: Verdict
) -> None:
    spec = loaded(slow_spec(tmp_path, 0.01, wrong=wrong))
    result = run_spec(spec, load_plugins(), VerifySettings(seconds=8.0))
    assert result.verdict is verdict
    (search,) = (check for check in result.checks if check.kind == "search")
    assert 0 < search.details["candidates"] < 96
    cut = [note for note in result.notes if note.startswith("given up: ") and "points of the search" in note]
    assert len(cut) == (not wrong)
    assert all("a longer limit (`--timeout`)" in note for note in cut)


def test_a_counterexample_survives_a_search_that_runs_out_of_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*arguments: Any, keep: Any, **more: Any) -> Any:
        real(*arguments, keep=keep, **more)
        raise OutOfPatience

    real = search.search
    monkeypatch.setattr(search, "search", interrupted)
    plugins = load_plugins()
    assert run_spec(loaded(slow_spec(tmp_path, 0, wrong=True)), plugins).verdict is Verdict.FAIL
    (tmp_path / "right").mkdir()
    right = run_spec(loaded(slow_spec(tmp_path / "right", 0)), plugins)
    assert right.verdict is Verdict.PASS
    assert any(note.startswith("given up: the search") for note in right.notes)


def test_an_explanation_without_time_left_costs_itself_and_not_the_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gradverify.run import formulas

    def endless(*_: object) -> None:
        while True:
            time.sleep(0.01)

    monkeypatch.setattr(formulas, "diagnosed", endless)
    (tmp_path / "s.yaml").write_text("name: s\nvariables: [x]\nfunction: x**2\ngradient: [x]\npoints: [[3]]\n")
    result = run_spec(loaded(tmp_path / "s.yaml"), load_plugins(), VerifySettings(seconds=0.01))
    assert result.verdict is Verdict.FAIL
    assert "given up: the explanation; there was no time left for it" in result.notes
