"""Where f's second derivative jumps, either side's value is a right Hessian, and what lies beyond both is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradverify.core.verdicts import Verdict
from tests.in_process import result_of, verdict_of


def one_variable(function: str, claim: str, point: float, backends: str) -> str:
    return f"""
variables: [x]
function: {function}
hessian: [["{claim}"]]
backends: [{backends}]
points: [[{point}]]
"""


@pytest.mark.parametrize("backends", ["finite-difference", "finite-difference, autodiff, sympy"])
@pytest.mark.parametrize(
    ("function", "point", "sides", "wrong"),
    [
        ("maximum(x, 0)**2", 0, ("0", "2"), "3"),
        ("maximum(1 - x, 0)**2 + 0.01*x**2", 1, ("0.02", "2.02"), "-2"),
        ("where(abs(x) <= 1, x**2/2, abs(x) - 0.5)", 1, ("0", "1"), "2"),
        ("maximum(x - 1, 0)**2 + 1000*sin(x)", 1, ("-1000*sin(x)", "2 - 1000*sin(x)"), "4 - 1000*sin(x)"),
    ],
)
def test_the_values_of_both_sides_are_never_called_wrong(
    function: str, point: float, sides: tuple[str, str], wrong: str, backends: str
) -> None:
    for claim in sides:
        assert verdict_of(one_variable(function, claim, point, backends)) is not Verdict.FAIL
    assert verdict_of(one_variable(function, wrong, point, backends)) is Verdict.FAIL


@pytest.mark.parametrize("point", ["1e-9", "1e-11", "1e-13", "-1e-10"])
def test_a_jump_very_near_a_small_point_turns_the_right_value_into_no_fault(point: str) -> None:
    function, right = "maximum(x, 0)**2 + 0.5*x", "where(x > 0, 2, 0)"
    assert verdict_of(one_variable(function, right, float(point), "finite-difference")) is not Verdict.FAIL
    assert verdict_of(one_variable(function, "3", float(point), "finite-difference")) is not Verdict.PASS


def test_what_lies_beyond_both_sides_of_a_jump_very_near_a_small_point_is_wrong() -> None:
    assert verdict_of(one_variable("maximum(x, 0)**2 + 0.5*x", "3", 1e-9, "finite-difference")) is Verdict.FAIL


@pytest.mark.parametrize("distance", ["0", "1e-13", "1e-11", "1e-9", "1e-7"])
def test_the_mean_of_both_sides_never_passes(distance: str) -> None:
    function = f"maximum(x - 1 - {distance}, 0)**2"
    assert verdict_of(one_variable(function, "1", 1, "finite-difference")) is not Verdict.PASS


def test_what_is_told_of_a_wrong_claim_there_names_no_mean() -> None:
    result = result_of(one_variable("maximum(x, 0)**2", "where(x == 0, 5, where(x > 0, 2, 0))", 0, "finite-difference"))
    (check,) = (c for c in result.checks if c.backend == "finite-difference" and c.kind == "hessian")
    assert check.points[0].reference == pytest.approx((2.0,))
    assert "the second derivatives are 0 and 2" in result.diagnosis[0].message


@pytest.mark.parametrize("point", [1e-6, 0.3])
def test_a_right_second_derivative_of_a_smooth_function_passes_near_zero(point: float) -> None:
    assert verdict_of(one_variable("exp(x) + x**3", "exp(x) + 6*x", point, "finite-difference")) is Verdict.PASS
    assert verdict_of(one_variable("exp(x) + x**3", "exp(x) + 6*x + 0.01", point, "finite-difference")) is Verdict.FAIL


def test_the_reason_names_both_sides() -> None:
    result = result_of(one_variable("maximum(x, 0)**2", "2", 0, "finite-difference"))
    assert result.reason is not None
    assert "the slope of f has a kink there, with second derivatives 0 and 2" in result.reason


@pytest.mark.parametrize("backends", ["finite-difference", "finite-difference, autodiff, sympy"])
@pytest.mark.parametrize("distance", ["1e-7", "1e-8", "1e-9"])
def test_a_jump_beside_the_point_lets_nothing_pass(distance: str, backends: str) -> None:
    assert verdict_of(one_variable(f"maximum(x - 1 - {distance}, 0)**2", "1.3", 1, backends)) is not Verdict.PASS


def test_beside_an_exact_value_no_difference_names_a_jump() -> None:
    every = "finite-difference, autodiff, sympy"
    assert verdict_of(one_variable("maximum(x - 1.0000001, 0)**2", "1.3", 1, every)) is Verdict.FAIL


@pytest.mark.parametrize("offset", ["1e5", "1e6"])
def test_an_offset_turns_neither_side_into_a_fault(offset: str) -> None:
    function = f"{offset} + maximum(x - 1, 0)**2"
    for claim in ("0", "2"):
        assert verdict_of(one_variable(function, claim, 1, "finite-difference")) is not Verdict.FAIL


@pytest.mark.parametrize(("mixed", "wrong"), [("where(x > y, -2, 0)", False), ("where(x > y, -2, 5)", True)])
def test_a_mixed_derivative_jumps_where_those_along_both_axes_do(mixed: str, wrong: bool) -> None:
    text = f"""
variables: [x, y]
function: maximum(x - y, 0)**2
hessian: [["where(x > y, 2, 0)", "{mixed}"], ["{mixed}", "where(x > y, 2, 0)"]]
backends: [finite-difference]
points: [[1, 1]]
"""
    assert (verdict_of(text) is Verdict.FAIL) is wrong


@pytest.mark.parametrize("factor", ["2", "-1", "1.001"])
def test_a_wrong_hessian_of_a_smooth_function_is_excused_by_no_jump(factor: str) -> None:
    text = f"""
variables: [x]
function: x**2*exp(3*x) + 1000
hessian: [["{factor}*(2 + 12*x + 9*x**2)*exp(3*x)"]]
backends: [finite-difference]
points: [[0.7], [-2]]
"""
    assert verdict_of(text) is Verdict.FAIL


CODE = """
import numpy as np


def logsumexp(x):
    largest = np.max(x)
    return largest + np.log(np.sum(np.exp(x - largest)))


def hessian(x):
    p = np.exp(x - np.max(x))
    p /= p.sum()
    return np.diag(p) - np.outer(p, p)


def wrong(x):
    p = np.exp(x - np.max(x))
    p /= p.sum()
    return np.diag(p) - 1.0001 * np.outer(p, p)


def relu(x):
    return np.sum(np.maximum(x, 0) ** 2)


def relu_hessian(x):
    return np.diag(2.0 * (x > 0))


def relu_wrong(x):
    return np.diag(1.0 * (x > 0))
"""


@pytest.mark.parametrize(
    ("function", "right", "wrong"), [("logsumexp", "hessian", "wrong"), ("relu", "relu_hessian", "relu_wrong")]
)
def test_what_max_and_maximum_choose_hides_no_second_derivative_from_autodiff(
    tmp_path: Path, function: str, right: str, wrong: str
) -> None:
    (tmp_path / "code.py").write_text(CODE)
    for claim, verdict in ((right, Verdict.PASS), (wrong, Verdict.FAIL)):
        text = f"""
variables: {{x: 4}}
function: {{python: "code.py:{function}"}}
hessian: {{python: "code.py:{claim}"}}
backends: [autodiff]
points: [[1, 2, 3, 4], [3, -1, 0.5, 2]]
"""
        assert verdict_of(text, tmp_path) is verdict
