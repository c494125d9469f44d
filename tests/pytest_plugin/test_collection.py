"""What pytest collects from spec files, what it imports for it, and how each item comes out."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from gradverify.explanation import explain
from gradverify.plugins import load_plugins
from gradverify.run.single import run_spec
from gradverify.spec.load import load_text

RIGHT = """
name: bowl
tags: [textbook]
variables: [x, y]
function: x**2 + 3*y**2
gradient: {x: 2*x, y: 6*y}
points: [[1, 2], [0.5, -1]]
"""
WRONG = RIGHT.replace("bowl", "tilted").replace("6*y", "-6*y")
HEAVY = ("numpy", "sympy", "autograd", "yaml", "click", "rich")

# pytester puts sys.modules back after each run in this process; what runs need must be imported before the first, as
# NumPy cannot be imported twice, and SymPy takes seconds.
for spec in load_text(WRONG, "warm-up.yaml").specs:
    explain(run_spec(spec, load_plugins()))

Run = Callable[..., pytest.RunResult]


@pytest.fixture
def run(pytester: pytest.Pytester) -> Run:
    """Run pytest without a cache: in this process, but for runs that need workers or another set of plugins."""

    def run(*arguments: str) -> pytest.RunResult:
        own = {"-n", "no:gradverify"} & set(arguments)
        start = pytester.runpytest_subprocess if own else pytester.runpytest_inprocess
        # Hypothesis takes a second to import at the end of a run, and has no part in these.
        return start("-p", "no:cacheprovider", "-p", "no:hypothesispytest", *arguments)

    return run


def write(pytester: pytest.Pytester, name: str, text: str) -> Path:
    path = pytester.path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text).lstrip(), encoding="utf-8")
    return path


@pytest.mark.parametrize("arguments", [["--version"], ["--version", "--version"], ["-q"], ["--collect-only", "-q"]])
def test_nothing_heavy_is_imported_where_there_are_no_specs(arguments: list[str], tmp_path: Path) -> None:
    (tmp_path / "test_nothing.py").write_text("def test_nothing():\n    pass\n")
    (tmp_path / "other.yaml").write_text("function: of another tool\n")
    # xdist and hypothesis are others' plugins, whose imports are not ours.
    code = (
        "import sys, pytest\n"
        f"code = pytest.main(['-p', 'no:cacheprovider', '-p', 'no:xdist', *{arguments!r}])\n"
        f"print('HEAVY', [m for m in {HEAVY!r} if m in sys.modules], 'gradverify.pytest_plugin' in sys.modules)\n"
        "sys.exit(code)\n"
    )
    finished = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120
    )
    assert "HEAVY []" in finished.stdout, finished.stdout
    assert finished.returncode == 0


def test_one_item_a_check_with_a_stable_name(pytester: pytest.Pytester, run: Run) -> None:
    write(pytester, "specs/bowl.grad.yaml", RIGHT)
    result = run("--collect-only", "-q")
    listed = [line for line in result.outlines if "::" in line]
    assert listed == [
        "specs/bowl.grad.yaml::bowl::gradient[autodiff]",
        "specs/bowl.grad.yaml::bowl::gradient[finite-difference]",
        "specs/bowl.grad.yaml::bowl::gradient[sympy]",
        "specs/bowl.grad.yaml::bowl::search",
    ]


def test_a_right_gradient_passes_every_item(pytester: pytest.Pytester, run: Run) -> None:
    write(pytester, "bowl.grad.yaml", RIGHT)
    run().assert_outcomes(passed=4)


def test_a_wrong_gradient_fails_with_the_readable_story_and_no_traceback(pytester: pytest.Pytester, run: Run) -> None:
    write(pytester, "tilted.grad.yaml", WRONG)
    result = run()
    result.assert_outcomes(failed=3, skipped=1)
    result.stdout.fnmatch_lines(["*FAIL*tilted*", "*component*claimed*reference*", "*∂f/∂y*", "*sign:*"])
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*pytest_plugin.py*")


def test_an_item_can_be_selected_by_its_node_id(pytester: pytest.Pytester, run: Run) -> None:
    write(pytester, "bowl.grad.yaml", RIGHT)
    run("bowl.grad.yaml::bowl::gradient[sympy]").assert_outcomes(passed=1)


def test_an_item_can_be_selected_by_a_tag_and_by_the_marker(pytester: pytest.Pytester, run: Run) -> None:
    write(pytester, "bowl.grad.yaml", RIGHT)
    run("-k", "textbook").assert_outcomes(passed=4)
    run("-m", "gradverify", "--strict-markers").assert_outcomes(passed=4)


def test_the_option_chooses_the_backends(pytester: pytest.Pytester, run: Run) -> None:
    write(pytester, "bowl.grad.yaml", RIGHT)
    run("--gradverify-backend", "sympy").assert_outcomes(passed=2)


def test_a_failure_points_at_the_line_of_the_claim(pytester: pytest.Pytester, run: Run) -> None:
    write(pytester, "tilted.grad.yaml", WRONG)
    run("--junitxml=report.xml", "-o", "junit_family=xunit1")
    report = (pytester.path / "report.xml").read_text()
    line = WRONG.lstrip().splitlines().index("gradient: {x: 2*x, y: -6*y}")
    assert f'line="{line}"' in report


def test_a_spec_that_cannot_be_read_is_a_collection_error_with_place_and_caret(
    pytester: pytest.Pytester, run: Run
) -> None:
    write(pytester, "bowl.grad.yaml", RIGHT + "tolerence: 1e-3\n")
    result = run()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*bowl.grad.yaml:7:1*", "*tolerence: 1e-3*", "*^^^*", "*did you mean `tolerance`?*"])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_a_function_that_cannot_be_loaded_fails_and_says_why(pytester: pytest.Pytester, run: Run) -> None:
    text = RIGHT.replace("function: x**2 + 3*y**2", 'function: {python: "nowhere.py:f"}')
    write(pytester, "bowl.grad.yaml", text)
    result = run()
    assert result.parseoutcomes()["failed"] >= 1
    result.stdout.fnmatch_lines(["*nowhere.py*"])


def test_a_wrong_twin_passes_where_it_is_expected_to_fail(pytester: pytest.Pytester, run: Run) -> None:
    write(pytester, "tilted.grad.yaml", WRONG + "expect: {fail: sign}\n")
    result = run()
    result.assert_outcomes(passed=3, skipped=1)


def test_a_right_gradient_that_is_expected_to_be_wrong_fails(pytester: pytest.Pytester, run: Run) -> None:
    write(pytester, "bowl.grad.yaml", RIGHT + "expect: fail\n")
    result = run()
    assert result.parseoutcomes()["failed"] >= 1
    result.stdout.fnmatch_lines(["*expected to fail, but the claim was found right*"])


def test_a_backend_that_does_not_apply_is_skipped_with_its_reason(pytester: pytest.Pytester, run: Run) -> None:
    write(pytester, "losses.py", "def f(x, y):\n    return x**2 + 3*y**2\n")
    text = RIGHT.replace("function: x**2 + 3*y**2", 'function: {python: "losses.py:f"}')
    write(pytester, "bowl.grad.yaml", text)
    result = run("-rs")
    result.assert_outcomes(passed=3, skipped=1)
    result.stdout.fnmatch_lines(["*needs the function as an expression*"])


def test_the_ini_value_names_folders_and_globs_beyond_testpaths(pytester: pytest.Pytester, run: Run) -> None:
    write(pytester, "specs/bowl.yaml", RIGHT)
    write(pytester, "specs/other.yaml", "key: of another tool\n")
    write(pytester, "more/tilted.yaml", WRONG)
    write(pytester, "tests/test_one.py", "def test_one():\n    pass\n")
    pytester.makeini("[pytest]\ntestpaths = tests\ngradverify_specs = specs more/*.yaml\n")
    run().assert_outcomes(passed=5, failed=3, skipped=1)


def test_yaml_that_nobody_named_is_left_alone(pytester: pytest.Pytester, run: Run) -> None:
    write(pytester, "specs/bowl.yaml", RIGHT)
    assert run().ret == pytest.ExitCode.NO_TESTS_COLLECTED


def test_two_workers_run_the_same_items(pytester: pytest.Pytester, run: Run) -> None:
    write(pytester, "bowl.grad.yaml", RIGHT)
    write(pytester, "tilted.grad.yaml", WRONG)
    run("-n", "2").assert_outcomes(passed=4, failed=3, skipped=1)
    run("-n", "2", "--dist", "loadgroup").assert_outcomes(passed=4, failed=3, skipped=1)


def test_the_plugin_can_be_switched_off(pytester: pytest.Pytester, run: Run) -> None:
    write(pytester, "bowl.grad.yaml", RIGHT)
    assert run("-p", "no:gradverify").ret == pytest.ExitCode.NO_TESTS_COLLECTED


def test_the_fixture_checks_and_asserts(pytester: pytest.Pytester, run: Run) -> None:
    write(pytester, "specs/tilted.yaml", WRONG)
    write(
        pytester,
        "test_gradients.py",
        """
        import pytest

        def test_right(gradverify):
            assert gradverify.check(lambda x: x**2, lambda x: 2*x, at=3.0).passed

        def test_wrong(gradverify):
            gradverify.assert_gradient(lambda x: x**2, lambda x: -2*x, at=3.0)

        def test_spec(gradverify):
            gradverify.spec("specs/tilted.yaml")
        """,
    )
    result = run()
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(["*sign:*"])
    result.stdout.no_fnmatch_line("*python_api.py*")


def test_the_plugin_shows_in_pytests_own_list(pytester: pytest.Pytester) -> None:
    finished = subprocess.run(
        [sys.executable, "-m", "pytest", "--trace-config", "--collect-only"],
        cwd=pytester.path, env=os.environ, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert "gradverify" in finished.stdout


def test_a_name_in_the_ini_that_fits_nothing_is_a_usage_error(pytester: pytest.Pytester, run: Run) -> None:
    pytester.makeini("[pytest]\ngradverify_specs = nodir\n")
    write(pytester, "test_it.py", "def test_it():\n    pass\n")
    result = run()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*gradverify_specs names 'nodir', but there is no such file or folder*"])
