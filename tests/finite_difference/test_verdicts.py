"""What differences alone decide of functions that are hard to difference; each right claim has wrong twins."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradverify
from gradverify.core.arrays import Array
from gradverify.core.verdicts import Verdict

Claim = Callable[[Any], Any]


def verdict(f: Claim, claimed: Claim, at: Any, **options: Any) -> Verdict:
    """By finite differences alone; at the listed point alone unless `search` says otherwise."""
    chosen = {"search": False, **options}
    return gradverify.check(f, claimed, at=at, backends=["finite-difference"], **chosen).result.verdict


# A component that is lost beside a huge one

FAR_APART = [1e-8, 1.0, 1e8]


def squares(p: Array) -> float:
    return float(p[0] ** 2 + p[1] ** 2 + p[2] ** 2)


@pytest.mark.parametrize("factor", [0.0, -1.0, 2.0])
def test_a_component_that_f_cannot_show_passes_with_no_value(factor: float) -> None:
    assert verdict(squares, lambda p: 2 * p * [factor, 1, 1], [FAR_APART]) is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("factor", [0.0, -1.0, 2.0])
def test_the_search_finds_the_fault_in_it_where_f_shows_it(factor: float) -> None:
    assert verdict(squares, lambda p: 2 * p * [factor, 1, 1], [FAR_APART], search=True) is Verdict.FAIL


def test_the_search_leaves_a_right_claim_undecided_there() -> None:
    assert verdict(squares, lambda p: 2 * p, [FAR_APART], search=True) is Verdict.INCONCLUSIVE


def test_a_variable_that_f_does_not_have_has_the_slope_0() -> None:
    def f(p: Array) -> float:
        return float((p[0] ** 2 + p[2]) + (p[1] - p[1]))

    assert verdict(f, lambda p: np.array([2 * p[0], 0 * p[1], 1.0]), [[3.0, 1e-8, 2.0]]) is Verdict.PASS
    assert verdict(f, lambda p: np.array([2 * p[0], 1e-9, 1.0]), [[3.0, 1e-8, 2.0]]) is Verdict.FAIL


def test_a_domain_shorter_than_long_steps_does_not_hide_that_f_depends_on_a_variable() -> None:
    near = {"x": (-0.1, 0.1)}
    assert verdict(lambda x: 1e10 + x * x, lambda x: 0.0 * x, 1e-8, domain=near) is Verdict.INCONCLUSIVE
    assert verdict(lambda x: 1e10 + 0.0 * x, lambda x: 0.0 * x, 1e-8, domain=near) is Verdict.PASS


def test_an_f_that_has_no_value_over_long_steps_is_not_independent_of_its_variable() -> None:
    def f(x: float) -> float:
        return 1e12 + math.sqrt(0.01 - x * x) if abs(x) < 0.1 else math.nan

    assert verdict(f, lambda x: 0.0 * x, 1e-8) is Verdict.INCONCLUSIVE


# Rounding that holds a part of f still over small steps, where f has no value at the first far step


def half_hidden(x: float) -> float:
    if abs(x - 1.1e-4) > 2e-6:
        raise ValueError("out of reach")
    return x + ((1e8 + 5 * x) - 1e8)


def test_a_part_of_f_that_small_steps_miss_is_seen_although_the_first_far_step_has_no_value() -> None:
    assert verdict(half_hidden, lambda _: 1.0, 1.1e-4) is not Verdict.PASS
    assert verdict(half_hidden, lambda _: 6.0, 1.1e-4) is not Verdict.FAIL


def test_a_narrow_range_of_values_is_no_fault() -> None:
    def narrow(x: float) -> float:
        return math.exp(x) if abs(x - 1e-4) <= 2e-6 else math.nan

    assert verdict(narrow, math.exp, 1e-4) is Verdict.PASS
    assert verdict(narrow, lambda x: -math.exp(x), 1e-4) is Verdict.FAIL


# A smooth f under a noise that is itself smooth, so that f has two slopes


def shaking(x: float) -> float:
    return math.sin(x) + 1e-9 * math.sin(1e12 * x)


@pytest.mark.parametrize("x", [0.7, 1.0, 2.0, 30.0])
def test_neither_the_slope_of_the_noise_nor_that_beneath_it_fails(x: float) -> None:
    assert verdict(shaking, math.cos, x) is not Verdict.FAIL
    assert verdict(shaking, lambda x: math.cos(x) + 1e3 * math.cos(1e12 * x), 0.7) is not Verdict.FAIL


@pytest.mark.parametrize("x", [0.7, 1.0, 2.0, 30.0])
@pytest.mark.parametrize("factor", [-1.0, 2.0, 0.5])
def test_what_is_neither_of_them_fails(factor: float, x: float) -> None:
    assert verdict(shaking, lambda x: factor * math.cos(x), x) is Verdict.FAIL


def test_a_sign_error_under_noise_fails_among_several_variables() -> None:
    def f(p: Array) -> float:
        return float(np.sin(p).sum() + 1e-9 * np.sin(1e12 * p).sum())

    at = [[0.7, 1.0, 2.0]]
    assert verdict(f, np.cos, at) is Verdict.INCONCLUSIVE
    assert verdict(f, lambda p: np.cos(p) * [1, -1, 1], at) is Verdict.FAIL


def test_where_f_has_no_gradient_no_slope_along_the_axes_stands_in_for_one() -> None:
    def f(p: Array) -> float:
        return float(np.median(p))

    assert verdict(f, lambda _: np.array([0.0, 1.0, 0.0, 0.0]), [[0.0, 0.0, 0.0, 0.0]]) is Verdict.INCONCLUSIVE


# A solver that stops at a tolerance, and the derivative of what it would converge to


def solved(tolerance: float) -> Callable[[float], float]:
    """y = cos(y)/2 + 0.3 x, iterated until y moves by less than `tolerance`."""

    def f(x: float) -> float:
        y, before = 1.0, math.inf
        while abs(y - before) >= tolerance:
            y, before = math.cos(y) / 2 + 0.3 * x, y
        return y

    return f


def implicit(x: float) -> float:
    return 0.3 / (1 + math.sin(solved(1e-15)(x)) / 2)


@pytest.mark.parametrize("x", [0.5, 1.0, 2.0, -1.3])
@pytest.mark.parametrize("tolerance", [1e-4, 1e-6])
def test_the_derivative_by_the_implicit_function_theorem_does_not_fail(tolerance: float, x: float) -> None:
    assert verdict(solved(tolerance), implicit, x) is not Verdict.FAIL


def test_nor_does_the_search_fail_it_elsewhere() -> None:
    assert verdict(solved(1e-6), implicit, 2.0, search=True) is not Verdict.FAIL


def test_the_reason_is_named() -> None:
    result = gradverify.check(solved(1e-4), implicit, at=1.0, backends=["finite-difference"]).result
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "f moves in small jumps" in str(result.reason)


@pytest.mark.parametrize("factor", [-1.0, 0.5, 2.0, 1.1])
@pytest.mark.parametrize("tolerance", [1e-4, 1e-6])
def test_a_wrong_derivative_of_a_solver_fails(tolerance: float, factor: float) -> None:
    assert verdict(solved(tolerance), lambda x: factor * implicit(x), 1.0) is Verdict.FAIL


@pytest.mark.parametrize("wrong", [2.002, 2.00002])
def test_a_branch_or_two_excuse_no_claim(wrong: float) -> None:
    def f(x: float) -> float:
        return x * x + (1e-3 if x > 1.3 else 0.0) - (1e-3 if x < 0.6 else 0.0)

    assert verdict(f, lambda x: 2 * x, 1.0) is Verdict.PASS
    assert verdict(f, lambda x: wrong * x, 1.0) is Verdict.FAIL


# Beside a zero of the derivative, where f shows only that it is small


def cubed(x: float) -> float:
    return abs(x - 1) ** 3


def cubed_slope(x: float) -> float:
    return 3 * (x - 1) * abs(x - 1)


@pytest.mark.parametrize("distance", [1e-9, 1e-8, 1e-7, 1e-5, -1e-8])
def test_a_small_component_passes_where_the_claim_is_right_nearby(distance: float) -> None:
    assert verdict(cubed, cubed_slope, 1 + distance) is Verdict.PASS


@pytest.mark.parametrize("distance", [1e-9, 1e-8, 1e-7, 1e-5, -1e-8])
@pytest.mark.parametrize("factor", [-1.0, 0.0, 2.0, 1.1, 1.001])
def test_it_does_not_pass_where_the_claim_is_wrong_nearby(factor: float, distance: float) -> None:
    assert verdict(cubed, lambda x: factor * cubed_slope(x), 1 + distance) is not Verdict.PASS


def test_a_small_component_is_wrong_with_every_backend() -> None:
    result = gradverify.check(cubed, lambda x: 2 * cubed_slope(x), at=1 + 1e-9, search=False).result
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "nearby the claim is wrong" in str(result.reason)


# Second differences beside a kink of f″


@pytest.mark.parametrize("x", [1e-8, 1e-6, 10**-4.5, 1e-4])
@pytest.mark.parametrize("offset", [0.0, 1.0])
def test_the_hessian_of_a_cubed_absolute_value_does_not_fail(offset: float, x: float) -> None:
    def f(p: Array) -> float:
        return float(np.abs(p[0]) ** 3 + offset)

    for seed in range(6):
        options = {"derivative": "hessian", "seed": seed}
        assert verdict(f, lambda p: np.array([[6 * abs(p[0])]]), [[x]], **options) is not Verdict.FAIL
        assert verdict(f, lambda p: np.array([[1.0]]), [[x]], **options) is Verdict.FAIL


@pytest.mark.parametrize("digits", [2, 3, 4])
def test_rounding_of_a_result_fails_no_right_claim(digits: int) -> None:
    def f(p: Array) -> float:
        return float(np.round(np.sin(p[0]) + p[1] ** 2, digits))

    assert verdict(f, lambda p: np.array([np.cos(p[0]), 2 * p[1]]), [[0.7, 1.3]]) is not Verdict.FAIL


def bursting(p: Array) -> float:
    """Smooth near the point; from p[0] = 4 on it blows up, and jumps from step to step; p[1] has a solver's jumps."""
    burst = math.floor(7 * p[0]) * math.exp(3 * p[0]) if p[0] > 4 else 0.0
    return float(math.sin(p[0]) + burst + solved(1e-4)(p[1]))


def test_jumps_of_another_kind_far_off_leave_a_slope_as_it_is() -> None:
    def gradient(p: Array) -> Array:
        return np.array([math.cos(p[0]), implicit(p[1])])

    at = [[0.7, 1.0]]
    assert verdict(bursting, gradient, at) is Verdict.INCONCLUSIVE
    assert verdict(bursting, lambda p: gradient(p) * [-1, 1], at) is Verdict.FAIL
    assert verdict(bursting, lambda p: gradient(p) * [1, 2], at) is Verdict.FAIL
