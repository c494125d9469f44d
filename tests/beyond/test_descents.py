"""Descents of specs: what came true, what did not and in which words, and what no descent may do to a run."""

from __future__ import annotations

import math
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gradverify.core.verdicts import Verdict
from gradverify.report.json_report import spec_from_data, spec_to_data
from gradverify.run import descents
from tests.beyond.support import BOWL, QUICK, checks, descent, faults, run

FROM = "start: [4, 3]"
WORK = "learning rates between 0 and 2/L = 0.5 work for the largest curvature met, L = 4"
TRIED = "0.25 was tried: it converges after 23 iterations"

RIGHT = [
    "learning_rate: 0.2, expect: {behaviour: converges}",
    "learning_rate: 0.2, expect: {minimiser: [0, 0], value: 0}",
    "learning_rate: 0.2, expect: {iterations: {at_least: 20, at_most: 40}}",
    "learning_rate: 0.2, expect: {rate: {at_least: 0.599, at_most: 0.601}}",
    "learning_rate: 0.2, expect: {monotone: true, armijo: true}",
    "learning_rate: 0.001, max_iterations: 100, expect: {behaviour: slow, monotone: true}",
    "learning_rate: 0.5, max_iterations: 100, expect: {behaviour: oscillates}",
    "learning_rate: 0.6, max_iterations: 100, expect: {behaviour: diverges, monotone: false}",
    "learning_rate: 0.6, max_iterations: 10, expect: {behaviour: diverges}",
    "learning_rate: 0.1, method: momentum, options: {momentum: 0.5}, expect: {behaviour: converges}",
    "learning_rate: 0.1, method: nesterov, options: {momentum: 0.5}, expect: {behaviour: converges}",
    "method: backtracking, expect: {behaviour: converges, armijo: true}",
    "method: backtracking, options: {shrink: 0.7}, expect: {behaviour: converges, armijo: true}",
    'method: "scipy:L-BFGS-B", expect: {minimiser: [0, 0]}',
    'method: "scipy:BFGS", expect: {minimiser: [0, 0]}',
    'method: "scipy:CG", expect: {minimiser: [0, 0]}',
    'method: "scipy:TNC", expect: {minimiser: [0, 0]}',
    'method: "scipy:SLSQP", expect: {minimiser: [0, 0]}',
]
WRONG = [
    ("learning_rate: 0.2, expect: {behaviour: diverges}", "expected to diverge, but it converged after 32 iterations"),
    ("learning_rate: 0.2, expect: {behaviour: diverges}", "learning rates beyond 2/L = 0.5 diverge"),
    ("learning_rate: 0.2, expect: {behaviour: slow}", "expected to be slow, but it converged after 32 iterations"),
    ("learning_rate: 0.2, expect: {behaviour: oscillates}", "a learning rate of 2/L = 0.5 oscillates"),
    (
        "learning_rate: 0.001, max_iterations: 100, expect: {behaviour: converges}",
        "expected to converge, but it was still on its way after 100 iterations: f fell from 34 to 18.7958",
    ),
    ("learning_rate: 0.001, max_iterations: 100, expect: {behaviour: converges}", f"{WORK}; {TRIED}"),
    (
        "learning_rate: 0.5, max_iterations: 100, expect: {behaviour: converges}",
        "it went to and fro without coming clo",
    ),
    (
        "learning_rate: 0.5, max_iterations: 100, expect: {behaviour: converges}",
        f"{WORK}, and 0.5 is too large; {TRIED}",
    ),
    (
        "learning_rate: 0.6, max_iterations: 100, expect: {behaviour: converges}",
        "expected to converge, but it diverged: in iteration 83 it left every bound, with y = -4.03e+12",
    ),
    (
        "learning_rate: 0.6, max_iterations: 10, expect: {behaviour: converges}",
        "its steps grow by a factor of 1.4 each",
    ),
    ("learning_rate: 0.2, expect: {minimiser: [1, 0]}", "expected to end at (1, 0), but it ended at (3.18346e-07"),
    ("learning_rate: 0.2, expect: {minimiser: [1, 0]}", "1 away (tolerance 0.0001)"),
    ("learning_rate: 0.6, max_iterations: 100, expect: {minimiser: [0, 0]}", "0.6 is too large"),
    ("learning_rate: 0.2, expect: {value: 1}", "expected f = 1 at the end, but f = 1.01344e-13 (tolerance 0.0001)"),
    ("learning_rate: 0.2, expect: {iterations: {at_most: 20}}", "it took 32 iterations, expected at most 20"),
    ("learning_rate: 0.2, expect: {iterations: {at_least: 50}}", "it took 32 iterations, expected at least 50"),
    (
        "learning_rate: 0.001, max_iterations: 100, expect: {iterations: {at_most: 100}}",
        "expected to be there after at most 100 iterations, but it was still on its way",
    ),
    (
        "learning_rate: 0.2, expect: {rate: {at_most: 0.5}}",
        "the rate of convergence is 0.6 ± 2e-07 (theory: max |1 − ηλ| = 0.6), expected at most 0.5",
    ),
    ("learning_rate: 0.2, expect: {rate: {at_least: 0.7}}", "expected at least 0.7"),
    (
        "learning_rate: 0.6, max_iterations: 20, expect: {monotone: true}",
        "f was to fall in every iteration, but it rose in iteration 1, from 34 to 35.92",
    ),
    ("learning_rate: 0.2, expect: {monotone: false}", "f was to rise in some iteration, but it fell in all 32"),
    (
        "learning_rate: 0.5, max_iterations: 20, expect: {armijo: true}",
        "every step was to lower f by at least c₁·g·(−step) (Armijo, c₁ = 0.0001), but iteration 2 lowers it by 0,",
    ),
    (
        "learning_rate: 0.2, expect: {minimiser: [1, 0], value: 0}",
        "the expectation contradicts itself: f is 1 at the minimiser (1, 0), and 0 is expected as its value",
    ),
]


@pytest.mark.parametrize("text", RIGHT)
def test_an_expectation_that_comes_true_passes(text: str) -> None:
    check = descent(f"{{{FROM}, {text}}}")
    assert (check.verdict, check.reason) == (Verdict.PASS, None)


@pytest.mark.parametrize(("text", "words"), WRONG)
def test_an_expectation_that_does_not_come_true_fails_and_says_what_happened(text: str, words: str) -> None:
    check = descent(f"{{{FROM}, {text}}}")
    assert check.verdict is Verdict.FAIL
    assert words in (check.reason or "")


def test_a_failed_descent_fails_its_spec_and_is_named() -> None:
    result = run(f"{BOWL}descent: [{{name: too far, {FROM}, learning_rate: 0.6, expect: {{behaviour: converges}}}}]\n")
    assert result.verdict is Verdict.FAIL
    assert (result.reason or "").startswith('descent "too far": expected to converge')


def test_a_rate_that_no_iterates_show_is_inconclusive() -> None:
    check = descent(f"{{{FROM}, learning_rate: 0.25, max_iterations: 2, expect: {{rate: {{at_most: 0.6}}}}}}")
    assert check.verdict is Verdict.INCONCLUSIVE
    assert "no linear rate shows in 2 steps" in (check.reason or "")


def test_the_report_keeps_the_descent() -> None:
    result = run(f"{BOWL}descent: [{{name: just right, {FROM}, learning_rate: 0.2}}]\n")
    (kept,) = result.descent
    assert (kept.name, kept.behaviour, kept.iterations) == ("just right", "converges", 32)
    assert kept.trajectory[0] == (4.0, 3.0)
    assert kept.trajectory[1] == pytest.approx((2.4, 0.6))
    assert kept.trajectory[-1] == kept.final_point
    assert (kept.values[0], kept.values[-1]) == (34.0, kept.final_value)
    assert kept.rate == pytest.approx(0.6, abs=kept.details["rate_error"])
    theory = kept.details["theory"]
    assert theory["rate"] == pytest.approx(0.6, abs=theory["error"])
    assert kept.details["heading"] == "right"
    assert 2 <= kept.details["curvature"] <= 4 + 1e-9
    assert spec_from_data(spec_to_data(result)) == result


def test_a_long_descent_is_kept_in_part_from_first_to_last() -> None:
    result = run(f"{BOWL}descent: [{{{FROM}, learning_rate: 1.0e-5, max_iterations: 3000}}]\n")
    (kept,) = result.descent
    for series, numbers in (("trajectory", "trajectory_iterations"), ("values", "value_iterations")):
        count = len(getattr(kept, series))
        assert count == len(kept.details[numbers]) <= descents.MOST_POINTS
        assert (kept.details[numbers][0], kept.details[numbers][-1]) == (0, 3000)


# A wrong gradient.

HALF = BOWL.replace("[2*x, 4*y]", "[2*x, 2*y]")
TURNED = BOWL.replace("[2*x, 4*y]", "[-2*x, -4*y]")


def test_a_wrong_gradient_that_descends_all_the_same_is_told_so() -> None:
    check = descent(f"{{{FROM}, learning_rate: 0.2, expect: {{behaviour: converges}}}}", HALF)
    assert check.verdict is Verdict.FAIL
    assert "wrong (at the start, (4, 3)) but still descends: up to 19.4° off" in (check.reason or "")
    assert check.details["heading"] == "wrong-but-descends"


def test_a_wrong_gradient_that_does_not_descend_is_told_so() -> None:
    check = descent(f"{{{FROM}, learning_rate: 0.2, expect: {{behaviour: converges}}}}", TURNED)
    assert check.verdict is Verdict.FAIL
    assert "wrong and does not descend: at the start, (4, 3), −g does not lead down, 180° from" in (check.reason or "")
    assert check.details["heading"] == "wrong-and-does-not-descend"
    assert "learning rates between" not in (check.reason or "")


def test_a_gradient_that_is_wrong_on_the_way_only_fails_though_all_points_pass() -> None:
    spec = "variables: [x]\nfunction: x**2\ngradient: ['where(x < 1, x, 2*x)']\npoints: [[3]]\n"
    result = run(f"{spec}descent: [{{start: [4], learning_rate: 0.2}}]\n")
    (check,) = checks(result, "descent").values()
    assert [c.verdict for c in result.checks if c.kind == "gradient"] == [Verdict.PASS] * 2
    assert check.verdict is Verdict.FAIL
    assert "still descends" in (check.reason or "")
    assert check.points[0].at[0] < 1


def test_a_gradient_that_is_proved_right_needs_no_look_on_the_way() -> None:
    result = run(
        f"{BOWL}descent: [{{{FROM}, learning_rate: 0.2}}]\n", settings=replace(QUICK, backends=("sympy", "autodiff"))
    )
    assert result.verdict is Verdict.PASS


# Bad input.


@pytest.mark.parametrize("rate", ["0", "-0.1", "1.0e-400"])
def test_a_learning_rate_that_is_not_positive_is_a_fault_with_its_place(rate: str) -> None:
    (fault,) = faults(f"{BOWL}descent: [{{start: [4, 3], learning_rate: {rate}}}]\n")
    assert (fault.code, fault.place.line, fault.place.column) == ("out-of-range", 5, 42)


def test_a_start_outside_the_domain_is_a_fault_with_its_place() -> None:
    (fault,) = faults(
        f"{BOWL}domain: {{x: [0, 1]}}\ndescent: [{{start: [4, 3], learning_rate: 1}}]\n".replace("[[4, 3]]", "[[1, 3]]")
    )
    assert (fault.code, fault.place.line, fault.place.column) == ("point-outside-domain", 6, 20)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("learning_rate: 1, expect: {behaviour: diverges, minimiser: [0, 0]}", "minimiser"),
        ("learning_rate: 1, expect: {behaviour: oscillates, value: 0}", "value"),
        ("learning_rate: 1, expect: {behaviour: diverges, rate: {at_most: 0.9}}", "rate"),
        ("learning_rate: 1, expect: {behaviour: oscillates, armijo: true}", "armijo"),
        ("learning_rate: 1, expect: {armijo: true, monotone: false}", "monotone"),
        ("learning_rate: 1, max_iterations: 9, expect: {iterations: {at_least: 10}}", "iterations"),
        ("learning_rate: 1, expect: {behaviour: slow, iterations: {at_most: 10}}", "iterations"),
    ],
)
def test_expectations_that_exclude_one_another_are_a_fault_at_the_key(text: str, key: str) -> None:
    spec = f"{BOWL}descent: [{{start: [4, 3], {text}}}]\n"
    (fault,) = faults(spec)
    assert fault.code == "contradiction"
    assert spec.splitlines()[fault.place.line - 1][fault.place.column - 1 :].startswith(key)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("method: momentun, learning_rate: 1", "unknown-method"),
        ("method: momentum", "missing-key"),
        ('method: "scipy:BFGS", learning_rate: 1', "conflicting-keys"),
    ],
)
def test_a_method_that_cannot_be_used_so_is_a_fault(text: str, code: str) -> None:
    assert [fault.code for fault in faults(f"{BOWL}descent: [{{start: [4, 3], {text}}}]\n")] == [code]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("method: momentum, learning_rate: 0.1, options: {mu: 0.5}", "no option `mu`; it takes `momentum`"),
        ("method: momentum, learning_rate: 0.1, options: {momentum: 2}", "a number between 0 and 1, not 2"),
        ("learning_rate: 0.1, options: {momentum: 0.5}", "`gradient-descent` has no option `momentum`; it takes none"),
        ('method: "scipy:BFGS", options: {maxiter: 3}', "`maxiter` is not an option here"),
    ],
)
def test_options_that_do_not_fit_the_method_are_an_error_in_words(text: str, words: str) -> None:
    check = descent(f"{{{FROM}, {text}}}")
    assert check.verdict is Verdict.ERROR
    assert words in (check.reason or "")


def test_without_scipy_its_methods_are_inconclusive_and_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy.optimize", None)
    check = descent(f'{{{FROM}, method: "scipy:BFGS"}}')
    assert check.verdict is Verdict.INCONCLUSIVE
    assert "pip install gradverify[scipy]" in (check.reason or "")


def test_a_descent_that_overflows_diverges_without_a_warning() -> None:
    spec = "variables: [x]\nfunction: exp(x)\ngradient: [exp(x)]\npoints: [[1]]\n"
    check = descent("{start: [1], learning_rate: 1.0e+300, expect: {behaviour: diverges}}", spec)
    assert check.verdict is Verdict.PASS
    check = descent(
        "{start: [-1], learning_rate: 1.0e+308, expect: {behaviour: converges}}",
        spec.replace("exp(x)", "exp(-x)").replace("[exp", "[-exp"),
    )
    assert check.verdict is Verdict.FAIL


def test_a_descent_that_leaves_the_domain_says_where() -> None:
    spec = 'variables: [x]\nfunction: x - log(x)\ngradient: [1 - 1/x]\ndomain: {x: "(0, inf)"}\npoints: [[2]]\n'
    check = descent("{start: [4], learning_rate: 10, expect: {behaviour: converges}}", spec)
    assert check.verdict is Verdict.FAIL
    assert "in iteration 1 it left the domain, at (-3.5)" in (check.reason or "")


PYTHON = 'variables: [x]\nfunction: {{python: "{file}:f"}}\ngradient: {{python: "{file}:g"}}\npoints: [[1]]\n'


def python_spec(tmp_path: Path, code: str) -> str:
    file = tmp_path / "user.py"
    file.write_text(code)
    return PYTHON.format(file=file)


def test_a_function_that_raises_on_the_way_ends_the_descent_and_is_quoted(tmp_path: Path) -> None:
    spec = python_spec(tmp_path, "import math\ndef f(x): return math.sqrt(x)\ndef g(x): return 0.5/math.sqrt(x)\n")
    check = descent("{start: [1], learning_rate: 10, expect: {behaviour: converges}}", spec)
    assert check.verdict is Verdict.FAIL
    assert "f stopped being finite in iteration 1 (ValueError:" in (check.reason or "")


def test_a_gradient_that_raises_where_f_has_a_value_fails_with_its_message(tmp_path: Path) -> None:
    code = "def f(x): return x**2\ndef g(x):\n    if x < 0.5: raise KeyError('lost')\n    return 2*x\n"
    check = descent("{start: [1], learning_rate: 0.2}", python_spec(tmp_path, code))
    assert check.verdict is Verdict.FAIL
    assert "the claimed gradient raised KeyError: 'lost'" in (check.reason or "")


def test_a_function_that_fails_at_the_start_is_an_error(tmp_path: Path) -> None:
    code = "def f(x):\n    if x == 2: raise RuntimeError('no')\n    return x**2\ndef g(x): return 2*x\n"
    check = descent("{start: [2], learning_rate: 0.2}", python_spec(tmp_path, code))
    assert check.verdict is Verdict.ERROR
    assert check.reason is not None
    assert check.reason.startswith("the function failed at the start: RuntimeError: no")


def test_work_without_end_is_stopped_and_inconclusive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(descents, "SECONDS", 0.05)
    for method in ("gradient-descent, learning_rate: 1.0e-9", '"scipy:CG"'):
        check = descent(f"{{{FROM}, method: {method}, max_iterations: 10000000, gradient_tolerance: 1.0e-300}}")
        if check.verdict is not Verdict.PASS:  # SciPy may see that it is there before
            assert check.verdict is Verdict.INCONCLUSIVE
            assert "the time allowed was spent after" in (check.reason or "")


def test_f_without_a_minimum_gets_no_advice_that_would_not_help() -> None:
    spec = "variables: [x]\nfunction: -(x**2)\ngradient: [-2*x]\npoints: [[1]]\n"
    check = descent("{start: [1], learning_rate: 0.1, max_iterations: 50, expect: {behaviour: converges}}", spec)
    assert check.verdict is Verdict.FAIL
    assert "f seems to have no minimum this way" in (check.reason or "")
    assert "learning rates" not in (check.reason or "")


def test_a_gradient_tolerance_is_met_in_the_euclidean_norm() -> None:
    result = run(f"{BOWL}descent: [{{{FROM}, learning_rate: 0.2, gradient_tolerance: 0.01}}]\n")
    assert result.descent[0].details["gradient_norm"] <= 0.01 < result.descent[0].details["gradient_norms"][-2]
    assert math.isfinite(result.descent[0].final_value)


# The bowl multiplied out: near the minimum its value is what is left of terms of size 200, and so mostly round-off.
def test_what_the_gradient_tolerance_leaves_is_not_held_against_the_minimiser() -> None:
    text = "start: [4, 3], learning_rate: 0.2, gradient_tolerance: 0.1, expect: {minimiser: [0, 0], value: 0}"
    assert descent(f"{{{text}}}").verdict is Verdict.PASS


@pytest.mark.parametrize("wrong", ["minimiser: [0, 0.01]", "minimiser: [0.01, 0]", "value: 0.001", "value: -0.001"])
def test_a_loose_gradient_tolerance_excuses_no_other_minimiser(wrong: str) -> None:
    text = f"start: [4, 3], learning_rate: 0.2, gradient_tolerance: 0.1, expect: {{{wrong}}}"
    assert descent(f"{{{text}}}").verdict is Verdict.FAIL


FAR_BOWL = (
    "variables: [x, y]\nfunction: x**2 - 200*x + 10000 + 2*(y**2 - 20*y + 100)\n"
    "gradient: [2*x - 200, 4*y - 40]\npoints: [[4, 3]]\n"
)


def test_the_round_off_of_f_is_no_rise() -> None:
    text = "start: [4, 3], learning_rate: 0.2, gradient_tolerance: 1.0e-12, expect: {monotone: true, armijo: true}"
    result = run(f"{FAR_BOWL}descent: [{{{text}}}]\n")
    (check,) = checks(result, "descent").values()
    assert (np.diff(result.descent[0].values) > 0).any()  # it does rise, by its round-off
    assert check.verdict is Verdict.PASS


def test_a_real_rise_is_seen_beside_the_round_off() -> None:
    text = "start: [4, 3], learning_rate: 0.505, max_iterations: 20, expect: {monotone: true}"
    check = descent(f"{{{text}}}", FAR_BOWL)
    assert check.verdict is Verdict.FAIL


def test_a_column_gradient_descends_like_a_flat_one(tmp_path: Path) -> None:
    file = tmp_path / "column.py"
    file.write_text("def f(w): return float(w @ w)\ndef g(w): return (2*w).reshape(-1, 1)\n")
    spec = (
        f'variables: {{w: 2}}\nfunction: {{python: "{file}:f"}}\ngradient: {{python: "{file}:g"}}\npoints: [[4, 3]]\n'
    )
    result = run(f"{spec}descent: [{{start: [4, 3], learning_rate: 0.2, expect: {{minimiser: [0, 0]}}}}]\n")
    assert result.verdict is Verdict.PASS
    assert any("shape (2, 1), accepted for (2,) (row or column convention)" in note for note in result.notes)
