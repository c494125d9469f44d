"""`check` and `assert_gradient`: what `at` may be, and the whole story when the claim is wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gradverify
from gradverify import python_api


def square(x: Any) -> Any:
    return np.sum(x**2)


def twice(x: Any) -> Any:
    return 2 * x


def product(x: Any, y: Any) -> Any:
    return x * y**2


def product_gradient(x: Any, y: Any) -> Any:
    return y**2, 2 * x * y


@pytest.mark.parametrize(
    ("at", "count"),
    [
        ([[1.0, 2.0, 3.0]], 1),
        ([1.0, 2.0, 3.0], 1),
        (np.array([1.0, 2.0, 3.0]), 1),
        (np.array([[1.0, 2.0], [3.0, 4.0]]), 1),
        ([np.array([1.0, 2.0]), np.array([3.0, 4.0])], 2),
        ([[1.0, 2.0], [3.0, 4.0]], 2),
        (1.5, 1),
        ({"x": 1.5}, 1),
    ],
)
def test_points_of_one_variable(at: Any, count: int) -> None:
    report = gradverify.check(square, twice, at, search=False)
    assert report.passed
    assert len(report.result.checks[0].points) == count


@pytest.mark.parametrize(
    ("at", "count"),
    [((1.0, 2.0), 1), ([1.0, 2.0], 1), ({"x": 1.0, "y": 2.0}, 1), ([(1.0, 2.0), (3.0, 4.0)], 2), ([[1, 2], [3, 4]], 2)],
)
def test_points_of_two_variables(at: Any, count: int) -> None:
    report = gradverify.check(product, product_gradient, at, search=False)
    assert report.passed
    assert len(report.result.checks[0].points) == count


def test_a_list_of_numbers_is_several_points_where_the_variable_is_known_to_be_a_scalar() -> None:
    report = gradverify.check(lambda x: x**2, twice, [1.0, 2.0, 3.0], variables={"x": ()}, search=False)
    assert len(report.result.checks[0].points) == 3


def test_variables_may_have_any_shape() -> None:
    def loss(w: Any, v: Any) -> Any:
        return np.sum((w @ v) ** 2)

    def gradient(w: Any, v: Any) -> Any:
        return 2 * np.outer(w @ v, v), 2 * w.T @ (w @ v)

    gradverify.assert_gradient(loss, gradient, (np.arange(6.0).reshape(2, 3) + 1, np.array([1.0, -1.0, 0.5])))


def test_a_function_of_several_values_gets_a_jacobian() -> None:
    report = gradverify.check(
        lambda x: np.array([x[0] * x[1], x[0] + x[1]]), lambda x: [[x[1], x[0]], [1, 1]], [2.0, 3.0]
    )
    assert report.passed
    assert report.result.checks[0].kind == "jacobian"


def test_a_hessian_is_checked_when_asked_for() -> None:
    report = gradverify.check(square, lambda x: 2 * np.eye(2), [1.0, 2.0], derivative="hessian")
    assert report.result.checks[0].kind == "hessian"


def test_constants_go_by_keyword() -> None:
    gradverify.assert_gradient(lambda x, a: a * x**2, lambda x, a: 2 * a * x, 1.5, constants={"a": 3.0})


def test_a_wrong_gradient_is_a_result_that_tells_the_whole_story() -> None:
    report = gradverify.check(product, lambda x, y: (y**2, -2 * x * y), (1.0, 2.0))
    assert not report.passed
    text = str(report)
    assert "∂f/∂y" in text
    assert "sign" in text
    assert "finite-difference" in text


def test_assert_gradient_raises_the_story() -> None:
    with pytest.raises(AssertionError, match=r"(?s)FAIL.*product.*∂f/∂y.*sign"):
        gradverify.assert_gradient(product, lambda x, y: (y**2, -2 * x * y), (1.0, 2.0))


def test_assert_gradient_is_silent_about_a_right_gradient() -> None:
    gradverify.assert_gradient(product, product_gradient, (1.0, 2.0))


def test_a_claim_that_holds_only_at_the_point_is_found_wrong_beyond_it() -> None:
    assert gradverify.check(product, lambda x, y: (y**2, 2 * x), (0.0, 2.0)).result.counterexample is not None


def test_without_the_search_a_claim_is_judged_at_the_point_alone() -> None:
    assert gradverify.check(product, lambda x, y: (y**2, 2 * x), (0.0, 2.0), search=False).passed


def test_what_cannot_be_decided_is_not_a_pass() -> None:
    def noisy(x: Any) -> Any:
        return np.sin(x) + 1e-4 * np.sin(1e9 * float(x))

    with pytest.raises(AssertionError):
        gradverify.assert_gradient(noisy, np.cos, 0.7, variables=["x"], search=False)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"at": []}, "no point|shape|point"),
        ({"at": (1.0,)}, "1 entries, but there are 2 variables"),
        ({"at": {"x": 1.0, "z": 2.0}}, "the variables are x, y"),
        ({"at": 3.0}, "one number, but there are 2 variables"),
        ({"at": (1.0, 2.0), "domain": {"z": (0, 1)}}, "names `z`"),
        ({"at": (1.0, 2.0), "backends": ["sympi"]}, "did you mean `sympy`"),
        ({"at": [(1.0, 2.0), ([1.0], 2.0)]}, "has shape"),
    ],
)
def test_arguments_that_make_no_sense_are_refused_with_the_reason(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        gradverify.check(product, product_gradient, **arguments)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.floats(-5, 5).filter(lambda v: abs(v) > 1e-3), min_size=1, max_size=4), st.floats(1.5, 3))
def test_a_scaled_gradient_never_passes(point: list[float], factor: float) -> None:
    assert not gradverify.check(square, lambda x: factor * 2 * x, [point], search=False).passed


def test_the_report_names_the_place_of_the_function() -> None:
    report = gradverify.check(square, twice, 1.0, search=False)
    assert report.result.file.endswith("test_python_api.py>")


def test_the_plugins_are_loaded_once() -> None:
    assert python_api._plugins() is python_api._plugins()
