"""docs/PLUGINS.md runs: its backend is installed as a distribution, conforms, and verifies; every hook is in it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from gradverify import hookspecs, plugin
from tests.plugins.distributions import ROOT, install, python

GUIDE = (ROOT / "docs" / "PLUGINS.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"`([\w.]+)`[^`\n]*:\n\n```\w+\n(.*?)```", GUIDE, re.DOTALL))
HOOKS = [name for name in vars(hookspecs) if name.startswith("gradverify_")]

CHECK = """
import gradverify
from gradverify.plugins import load_plugins
from gradverify.run.settings import VerifySettings
from gradverify.testing import outcome_of, CASES, trials
plugins = load_plugins()
backend = plugins.backends["complex-step"]
print(backend.origin, [o.name for o in plugins.backend_options()["complex-step"]])
for trial in trials(CASES[0]):
    outcome = outcome_of(backend.value, trial)
    print(trial.name, outcome.faults, outcome.declined, outcome.useful)
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the guide's distribution installed, and its test beside it."""
    folder = tmp_path_factory.mktemp("guide")
    project = tomllib.loads(FILES["pyproject.toml"])["project"]
    ((entry, target),) = project["entry-points"]["gradverify"].items()
    code = FILES["gradverify_complex_step.py"]
    install(folder, project["name"], code, version=project["version"], entry=entry, target=target)
    (folder / "test_complex_step.py").write_text(FILES["test_complex_step.py"])
    return folder


def test_the_guides_backend_is_found_with_its_version_and_options(site: Path) -> None:
    assert "plugin complex-step (gradverify-complex-step 0.1.0) ['step']" in python(site, "-c", CHECK).stdout


def test_the_guides_backend_gives_a_useful_answer(site: Path) -> None:
    assert "smooth-expression () None True" in python(site, "-c", CHECK).stdout


def test_the_guides_own_test_passes(site: Path) -> None:
    finished = python(site, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error", "test_complex_step.py")
    assert finished.returncode == 0, finished.stdout
    assert "failed" not in finished.stdout


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_has_its_section_in_the_guide(hook: str) -> None:
    assert f"### `{hook}(" in GUIDE


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_has_an_example_in_the_guide(hook: str) -> None:
    assert f"@hookimpl\ndef {hook}(" in GUIDE


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_has_an_example_in_its_docstring(hook: str) -> None:
    assert "Example:" in (vars(hookspecs)[hook].__doc__ or "")


@pytest.mark.parametrize("block", re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL))
def test_every_python_block_of_the_guide_is_python(block: str) -> None:
    compile(block, "docs/PLUGINS.md", "exec")


@pytest.mark.parametrize("name", plugin.__all__)
def test_everything_that_plugins_may_import_exists(name: str) -> None:
    assert getattr(plugin, name) is not None


@pytest.mark.parametrize("backends", ["[complex-step]", "{complex-step: {step: 1e-50}}"])
def test_the_guides_backend_decides_a_run(backends: str, site: Path) -> None:
    spec = (
        "variables: [x, y]\nfunction: x**2*y + sin(y)\ngradient: {x: 2*x*y, y: x**2 + cos(y)}\npoints: [[1, 2]]\n"
        f"backends: {backends}\n"
    )
    (site / "bowl.yaml").write_text(spec)
    finished = python(site, "-m", "gradverify", "run", "bowl.yaml", "--report", "json:-")
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert '"backend": "complex-step"' in finished.stdout


def test_a_misspelt_option_of_the_guides_backend_is_a_fault_of_the_spec(site: Path) -> None:
    spec = "variables: [x]\nfunction: x**2\ngradient: [2*x]\npoints: [[1]]\nbackends: {complex-step: {stap: 1e-50}}\n"
    (site / "typo.yaml").write_text(spec)
    finished = python(site, "-m", "gradverify", "run", "typo.yaml")
    assert finished.returncode == 2
    assert "did you mean `step`?" in finished.stdout + finished.stderr


METHOD = re.search(r"```python\n(class HeavyBall:.*?)```", GUIDE, re.DOTALL)


@pytest.fixture(scope="module")
def method_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the guide's descent method installed."""
    assert METHOD is not None
    folder = tmp_path_factory.mktemp("method")
    code = f"import numpy as np\nfrom gradverify.plugin import BadOption, RateUse, hookimpl\n\n\n{METHOD[1]}"
    install(folder, "gradverify-heavy-ball", code, version="0.1.0", entry="heavy-ball", target="gradverify_heavy_ball")
    return folder


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        ("{friction: 0.5}", 0, "1 passed"),
        ("{friction: 7}", 1, "`friction` lies between 0 and 1, not at 7"),
    ],
)
def test_the_guides_descent_method_runs_in_a_spec(options: str, code: int, words: str, method_site: Path) -> None:
    spec = (
        "variables: [x]\nfunction: x**2\ngradient: [2*x]\npoints: [[1]]\ndescent:\n"
        f"  - {{start: [1], method: heavy-ball, learning_rate: 0.2, options: {options}, expect: {{minimiser: [0]}}}}\n"
    )
    (method_site / "ball.yaml").write_text(spec)
    finished = python(method_site, "-m", "gradverify", "run", "ball.yaml")
    assert finished.returncode == code, finished.stdout + finished.stderr
    assert words in finished.stdout
