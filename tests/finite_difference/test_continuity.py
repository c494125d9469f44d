"""A slope that small steps show is not believed where f breaks beside it; each right claim has a wrong twin."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradverify
from gradverify.core.verdicts import Verdict
from tests.finite_difference.support import covers, kinds, slope_at

Scalar = Callable[[Any], Any]


def verdict(f: Scalar, claimed: Scalar, x: float) -> Verdict:
    """By finite differences alone, at the listed point alone."""
    return gradverify.check(f, claimed, at=x, search=False, backends=["finite-difference"]).result.verdict


def versine(x: float) -> float:
    return (1 - math.cos(x)) / x**2


def growth(x: float) -> float:
    return (math.exp(x) - 1) / x


def square(x: float) -> float:
    return (x + 1e8) ** 2 - 1e16 - 2e8 * x


def softplus(x: float) -> float:
    return math.log(1 + math.exp(x))


def logistic(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def ridge(x: float) -> float:
    return -0.2 * math.log(1 - logistic(x)) + 0.1 * x * x


# f, its derivative, what all small steps show instead, points
ROUNDED: list[tuple[Scalar, Scalar, Scalar, list[float]]] = [
    (versine, lambda x: -x / 12 + x**3 / 180, lambda x: -2 * versine(x) / x, [1e-3, 1e-4, 1e-5, 1e-6]),
    (growth, lambda x: 0.5 + x / 3 + x * x / 8, lambda x: -growth(x) / x, [1e-4, 1e-6, 1e-8, 1e-10]),
    (square, lambda x: 2 * x, lambda _: -2e8, [1.0, 3.0, 1e3]),
    (softplus, logistic, lambda _: 0.0, [-40.0, -36.5, -36.0]),
]
CASES = [(f, right, wrong, x) for f, right, wrong, points in ROUNDED for x in points]


@pytest.mark.parametrize(("f", "right", "wrong", "x"), CASES)
def test_rounding_inside_f_fails_no_right_claim(f: Scalar, right: Scalar, wrong: Scalar, x: float) -> None:
    assert verdict(f, right, x) is not Verdict.FAIL


@pytest.mark.parametrize("x", [33.0, 34.2, 35.1, 35.6])
def test_few_jumps_on_a_bend_that_is_higher_are_rounding_as_well(x: float) -> None:
    assert verdict(ridge, lambda x: 0.2 * (logistic(x) + x), x) is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("x", [2.0, 12.0])
def test_where_they_have_not_begun_a_missing_term_is_found(x: float) -> None:
    assert verdict(ridge, lambda x: 0.2 * x, x) is Verdict.FAIL


@pytest.mark.parametrize(("f", "right", "wrong", "x"), CASES)
def test_the_slope_between_two_roundings_passes_nowhere(f: Scalar, right: Scalar, wrong: Scalar, x: float) -> None:
    assert verdict(f, wrong, x) is not Verdict.PASS


@pytest.mark.parametrize("x", [1e-4, 1e-6, 1e-8])
def test_a_sign_error_is_found_in_spite_of_rounding(x: float) -> None:
    assert verdict(growth, lambda x: -(0.5 + x / 3), x) is Verdict.FAIL


STEPS: list[Scalar] = [
    math.floor,
    math.ceil,
    round,
    int,
    np.sign,
    lambda x: np.heaviside(x, 0.5),
    lambda x: float(math.floor(4 * x)),
]


@pytest.mark.parametrize("f", STEPS)
@pytest.mark.parametrize("x", [0.3, 0.7, -2.3, 36.6, 1000.7])
def test_a_step_function_has_the_slope_0_between_its_steps(f: Scalar, x: float) -> None:
    assert verdict(f, lambda _: 0.0, x) is Verdict.PASS


@pytest.mark.parametrize("f", STEPS)
@pytest.mark.parametrize("x", [0.3, 0.7, -2.3, 36.6, 1000.7])
def test_the_slope_of_its_trend_is_wrong(f: Scalar, x: float) -> None:
    assert verdict(f, lambda _: 1.0, x) is Verdict.FAIL


@pytest.mark.parametrize("x", [0.3, 17.3, -2.6])
def test_a_sawtooth_has_the_slope_of_its_teeth(x: float) -> None:
    assert verdict(lambda x: x % 1.0, lambda _: 1.0, x) is Verdict.PASS
    assert verdict(lambda x: x % 1.0, lambda _: 0.0, x) is Verdict.FAIL


def test_one_jump_beside_the_point_leaves_the_slope_as_it_is() -> None:
    found = slope_at(lambda x: np.where(x > 1 + 1e-9, x + 1e-3, x), 1.0)
    assert covers(found, 1.0)
    assert kinds(found) == set()


def test_steps_that_may_be_rounding_or_meant_have_no_bound_and_are_named() -> None:
    found = slope_at(lambda x: np.round(x, 4), 1.00003)
    assert np.isinf(found.error_bound[0])
    assert "jumps" in found.notes[0].message


def test_rounding_is_named_with_its_height() -> None:
    report = gradverify.check(versine, lambda x: -x / 12, at=1e-4, search=False)
    assert "f is rounded to steps of 1e-08" in str(report)


def test_a_kink_far_off_is_no_jump() -> None:
    assert verdict(lambda x: max(0.0, 1.0 - x), lambda _: 0.0, 3.0) is Verdict.PASS
    assert verdict(lambda x: max(0.0, 1.0 - x), lambda _: -1.0, 3.0) is Verdict.FAIL


def bump(x: float) -> float:
    return math.exp(-1 / (1 - x * x)) if abs(x) < 1 else 0.0


FLAT: list[tuple[Scalar, float]] = [
    (lambda x: max(0.0, x), -3.0),
    (lambda x: 1 + max(0.0, x - 2), 1.0),
    (lambda x: max(0.0, x) ** 2, -3.0),
    (lambda x: min(max(x, 0.0), 1.0), 2.0),
    (lambda x: sum(1 for i in range(10) if x > i), 3.5),
    (bump, 2.0),
    (lambda _: 3.0, 0.5),
    (lambda x: math.exp(-x * x), 40.0),
]


@pytest.mark.parametrize(("f", "x"), FLAT)
def test_a_flat_part_with_an_edge_has_the_slope_0(f: Scalar, x: float) -> None:
    assert verdict(f, lambda _: 0.0, x) is Verdict.PASS
    assert verdict(f, lambda _: 1e-3, x) is Verdict.FAIL


SATURATED: list[tuple[Scalar, float]] = [
    (math.tanh, 25.0),
    (math.erf, 7.0),
    (logistic, 40.0),
    (softplus, -60.0),
]


@pytest.mark.parametrize(("f", "x"), SATURATED)
def test_a_saturated_function_only_seems_to_be_flat(f: Scalar, x: float) -> None:
    assert verdict(f, lambda _: 0.0, x) is Verdict.INCONCLUSIVE


def test_a_claim_of_0_is_not_taken_from_a_saturated_function() -> None:
    assert verdict(lambda x: math.log(1 + math.exp(x)), lambda _: 0.0, -45.0) is Verdict.INCONCLUSIVE


def test_a_slope_below_the_round_off_of_a_bounded_function_is_not_0() -> None:
    assert verdict(lambda x: 1e8 + 1e-8 * math.sin(x), lambda x: 1e-8 * math.cos(x), 1.0) is Verdict.INCONCLUSIVE
    assert verdict(lambda x: 1e8 + 1e-8 * math.sin(x), lambda _: 1e-3, 1.0) is Verdict.FAIL
    assert verdict(lambda x: 1e8 + 1e-9 * x, lambda _: 1e-9, 1.0) is Verdict.PASS


def test_a_function_that_never_moves_refutes_no_slope_below_its_round_off() -> None:
    assert verdict(lambda x: 1e8 + 1e-9 * math.sin(x), lambda x: 1e-9 * math.cos(x), 1.0) is Verdict.INCONCLUSIVE
    assert verdict(lambda x: 1e8 + 1e-9 * math.sin(x), lambda _: 1e-3, 1.0) is Verdict.FAIL
    assert verdict(lambda _: 1e8, lambda _: 0.0, 1.0) is Verdict.PASS


@pytest.mark.parametrize(("low", "high"), [(0.0, 35.103), (35.098, 40.0)])
def test_jumps_are_not_looked_for_outside_of_the_domain(low: float, high: float) -> None:
    asked: list[float] = []

    def watched(x: float) -> float:
        asked.append(float(x))
        return ridge(x)

    gradverify.check(
        watched, lambda x: 0.2 * (logistic(x) + x), at=35.1, search=False, backends=["finite-difference"],
        domain={"x": (low, high)},
    )  # fmt: skip
    assert low <= min(asked) <= max(asked) <= high
