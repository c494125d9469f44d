"""A right formula that has lost its digits is undecided; a wrong one has no such excuse."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradverify
from gradverify.core.answers import Answer
from gradverify.core.estimates import Screened
from gradverify.core.problem import Problem, Request
from gradverify.core.verdicts import Verdict
from gradverify.core.withdrawn import scattered
from tests.core.fakes import check, problem_of

Scalar = Callable[[Any], Any]


def verdict(f: Scalar, claimed: Scalar, x: float, **options: Any) -> Verdict:
    return gradverify.check(f, claimed, at=x, search=False, **options).result.verdict


@pytest.mark.parametrize("x", [18.0, 18.7, 20.0, 25.0, -20.0])
def test_one_minus_tanh_squared_is_not_failed_where_it_has_no_digits(x: float) -> None:
    assert verdict(np.tanh, lambda x: 1 - np.tanh(x) ** 2, x) is not Verdict.FAIL


@pytest.mark.parametrize("x", [18.0, -20.0])
@pytest.mark.parametrize("factor", [-1.0, 2.0, 1.001])
def test_a_fault_at_the_same_place_that_has_all_its_digits_is_failed(x: float, factor: float) -> None:
    assert verdict(np.tanh, lambda x: factor / np.cosh(x) ** 2, x) is Verdict.FAIL


def test_a_tail_that_is_on_no_grid_has_no_excuse() -> None:
    def f(x: float) -> float:
        return math.exp(-x * x / 2)

    assert verdict(f, lambda x: -x * f(x), 20.0) is Verdict.PASS
    assert verdict(f, lambda x: -2 * x * f(x), 20.0) is Verdict.FAIL
    assert verdict(f, lambda x: -x * f(x) * (1 + 1e-5), 20.0) is Verdict.FAIL


def versine(x: float) -> float:
    return (1 - math.cos(x)) / x**2


def as_it_comes(x: float) -> float:
    return math.sin(x) / x**2 - 2 * (1 - math.cos(x)) / x**3


@pytest.mark.parametrize("x", [1e-3, 1e-4, 1e-5, 1e-6])
def test_a_formula_that_jumps_by_more_than_its_value_is_not_failed(x: float) -> None:
    assert verdict(versine, as_it_comes, x) is not Verdict.FAIL
    assert verdict(np.cos, lambda x: as_it_comes(x) - as_it_comes(x) - np.sin(x), 1.0) is not Verdict.FAIL


@pytest.mark.parametrize("x", [5e-9, 1e-8, 1.2e-8, 2e-8, 3e-8])
@pytest.mark.parametrize("claimed", [lambda x: -x / 12, lambda x: -2 * versine(x) / x, lambda x: 0 * x])
def test_where_f_is_left_with_one_or_two_quanta_nothing_is_known(x: float, claimed: Scalar) -> None:
    for seed in range(3):
        assert verdict(versine, claimed, x, seed=seed) is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("x", [3e-9, 2e-8])
def test_a_narrow_peak_is_no_quantum(x: float) -> None:
    def peak(x: float) -> float:
        return 0.5 + 1 / (1 + 1e16 * x * x)

    def slope(x: float) -> float:
        return -2e16 * x / (1 + 1e16 * x * x) ** 2

    assert verdict(peak, slope, x) is Verdict.PASS
    assert verdict(peak, lambda x: -slope(x), x) is Verdict.FAIL
    assert verdict(peak, lambda x: slope(x) * (1 + 1e-5), x) is Verdict.FAIL


def test_a_claim_that_is_rounded_everywhere_is_failed() -> None:
    assert verdict(lambda x: x**3, lambda x: round(3 * x**2, 3), 0.7312345) is Verdict.FAIL
    assert verdict(np.sin, lambda x: float(np.float16(np.cos(x))), 0.7312345) is Verdict.FAIL


def test_a_wrong_claim_that_oscillates_is_failed() -> None:
    assert verdict(lambda x: math.sin(1e6 * x), lambda x: 2e6 * math.cos(1e6 * x), 1.0) is Verdict.FAIL


def test_a_pole_of_a_smooth_tail_is_no_zero_of_the_gradient() -> None:
    def f(x: float) -> float:
        return math.exp(-1 / (1 - x * x))

    def slope(x: float) -> float:
        return -2 * x / (1 - x * x) ** 2 * f(x)

    assert verdict(f, slope, 0.99) is Verdict.PASS
    assert verdict(f, lambda x: -slope(x), 0.99) is Verdict.FAIL


@pytest.mark.parametrize(("bound", "asked"), [(1e-9, 0), (1e-4, 6), (math.inf, 6)])
def test_whether_a_gap_scatters_is_asked_closely_only_where_a_quick_look_is_not_sharp(bound: float, asked: int) -> None:
    problem = problem_of("sin(x)", {"x": "cos(x)*1.0001"})
    verified, truth = check(problem, {"x": "cos(x)"}, [[0.5]])
    closely: list[int] = []

    def ask(name: str, problem: Problem, request: Request) -> Answer:
        if not request.screening:
            closely.append(len(request.points))
            return truth(name, problem, request)
        values = np.cos(request.points)
        known = np.ones(len(values), dtype=np.bool_)
        rough = Screened(values=values, error_bounds=bound * np.abs(values), finite=known, evaluations=len(values))
        return Answer(name, screened=rough)

    points, claimed = verified.points, verified.claim.values
    found = scattered(problem, points, verified.codes, verified.judged, claimed, ask)
    assert not found.any()  # it is the same all around
    assert sum(closely) == asked
