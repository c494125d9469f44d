"""What is evaluated for figures: only where somebody looks, and at nobody's cost."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from gradverify.core.estimates import Estimates
from gradverify.core.problem import Problem, Request
from gradverify.core.report import SpecResult
from gradverify.core.verdicts import Verdict
from gradverify.plugins import Plugins, load_plugins
from gradverify.run.pictures import LONGEST
from gradverify.run.settings import VerifySettings
from gradverify.run.single import run_spec
from gradverify.spec.load import load_specs

FD = "finite-difference"
QUADRATIC = """
variables: [x, y, z]
function: x**2 + 3*x*y - z**2 + 2*z
gradient: [2*x + 3*y, %s, z - 2]
points: [[1, 2, 3], [0.5, -1, 2]]
"""
BOWL = """
variables: [x, y]
function: x**2 + 2*y**2
gradient: [2*x, 4*y]
points: [[4, 3]]
descent:
  - {start: [4, 3], learning_rate: 0.2, max_iterations: 99, expect: {behaviour: converges}}
"""


@pytest.fixture(scope="module")
def plugins() -> Plugins:
    return load_plugins()


def ran(folder: Path, text: str, plugins: Plugins, *, pictures: bool = True) -> SpecResult:
    (folder / "spec.yaml").write_text(text)
    found = load_specs([str(folder / "spec.yaml")], plugins.backend_options())
    assert not found.faults
    return run_spec(found.specs[0], plugins, VerifySettings(pictures=pictures))


def ladders(result: SpecResult) -> dict[str, list[dict[str, Any]]]:
    return {str(c.backend): c.details["ladder"] for c in result.checks if "ladder" in c.details}


def test_the_worst_wrong_components_are_shown_each_at_its_worst_point(tmp_path: Path, plugins: Plugins) -> None:
    (told,) = ladders(ran(tmp_path, QUADRATIC % "3*x + 1", plugins)).values()
    assert [(one["component"], one["point"], one["claimed"]) for one in told] == [("∂f/∂z", 0, 1.0), ("∂f/∂y", 1, 2.5)]
    assert all(len(one["steps"]) == len(one["values"]) == len(one["bounds"]) > 20 for one in told)
    assert told[0]["reference"] == -4.0


def test_a_claim_that_passes_shows_one_component(tmp_path: Path, plugins: Plugins) -> None:
    right = QUADRATIC.replace("z - 2]", "2 - 2*z]") % "3*x"
    (told,) = ladders(ran(tmp_path, right, plugins)).values()
    assert len(told) == 1


def test_only_a_backend_that_takes_steps_has_ladders(tmp_path: Path, plugins: Plugins) -> None:
    assert set(ladders(ran(tmp_path, QUADRATIC % "3*x", plugins))) == {FD}


def test_nothing_is_evaluated_for_figures_that_nobody_looks_at(tmp_path: Path, plugins: Plugins) -> None:
    assert ladders(ran(tmp_path, QUADRATIC % "3*x", plugins, pictures=False)) == {}
    (run,) = ran(tmp_path, BOWL, plugins, pictures=False).descent
    assert "contours" not in run.details


def test_a_descent_of_two_variables_has_f_on_a_grid(tmp_path: Path, plugins: Plugins) -> None:
    (run,) = ran(tmp_path, BOWL, plugins).descent
    grid = run.details["contours"]
    (x, y), f = (grid["x"][0], grid["y"][0]), grid["f"][0][0]
    assert f == pytest.approx(x**2 + 2 * y**2, rel=1e-5)
    assert (x, y) < (0, 0)


@dataclass
class Broken:
    """Finite differences whose ladders are bad."""

    inner: Any
    answer: Any
    name: str = FD

    def why_not(self, problem: Problem) -> str | None:
        why: str | None = self.inner.why_not(problem)
        return why

    def estimate(self, problem: Problem, request: Request) -> Estimates:
        found: Estimates = self.inner.estimate(problem, request)
        return found

    def ladders(self, *_: object) -> Any:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.mark.parametrize("answer", [RuntimeError("no"), None, [1, "x"], 7])
def test_a_backend_whose_ladders_are_rubbish_loses_its_figure_only(
    answer: Any, tmp_path: Path, plugins: Plugins, monkeypatch: pytest.MonkeyPatch
) -> None:
    registered = plugins.backends[FD]
    broken = replace(registered, value=Broken(registered.value, answer))
    monkeypatch.setattr(plugins, "backends", {**plugins.backends, FD: broken})
    result = ran(tmp_path, QUADRATIC % "3*x", plugins)
    assert ladders(result) == {}
    assert result.verdict is Verdict.FAIL


def test_a_slow_function_is_not_evaluated_for_figures(
    tmp_path: Path, plugins: Plugins, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gradverify.run.pictures.LONGEST", LONGEST * 1e-12)  # as if every function were slow
    result = ran(tmp_path, BOWL, plugins)
    assert ladders(result) == {}
    assert "contours" not in result.descent[0].details
