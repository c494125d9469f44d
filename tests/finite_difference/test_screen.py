"""The rough look at many points: its bounds hold, it stays in the domain, and a wrong claim never agrees with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from gradverify_finite_difference import FiniteDifference

from gradverify.core.arrays import Array
from gradverify.core.estimates import Screened
from gradverify.core.problem import Domain, Problem, Request
from tests.finite_difference.support import Rowwise, box, problem

POINTS = np.array([0.0, 1e-6, 1e-3, 0.1, 0.5, 1.0, 2.0, 3.0, 10.0, 25.0, -1.0, -2.0, -10.0])
FUNCTIONS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "sine": (np.sin, np.cos),
    "fast sine": (lambda x: np.sin(100 * x), lambda x: 100 * np.cos(100 * x)),
    "square": (lambda x: x**2, lambda x: 2 * x),
    "cube beside a large number": (lambda x: 1e6 + x**3, lambda x: 3 * x**2),
    "bell": (lambda x: np.exp(-(x**2)), lambda x: -2 * x * np.exp(-(x**2))),
    "saturating": (np.tanh, lambda x: 1 / np.cosh(x) ** 2),
}


def screened(asked: Problem, points: Array, claimed: Array | None) -> Screened:
    found: Screened = FiniteDifference().screen(asked, Request(points, claimed, screening=True))
    return found


def one_variable(f: Callable[[Any], Any], domain: Domain | None = None) -> Problem:
    return problem(Rowwise(lambda p: f(p[:, 0])), domain=domain)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("told", ["the truth", "nothing", "a lie"])
def test_the_bounds_cover_the_error_whatever_is_claimed(name: str, told: str) -> None:
    f, slope = FUNCTIONS[name]
    truth = slope(POINTS)[:, None]
    claimed = {"the truth": truth, "nothing": None, "a lie": 1.01 * truth + 1e-3}[told]
    found = screened(one_variable(f), POINTS[:, None], claimed)
    assert (np.abs(found.values - truth) <= found.error_bounds).all()
    assert (found.error_bounds <= 1e-5 * np.abs(slope(np.linspace(-3, 3, 50))).max()).all()


@pytest.mark.parametrize("fault", [1e-7, 1e-5, 1e-2])
def test_a_claim_that_is_off_by_a_small_constant_does_not_agree_where_the_truth_is_zero(fault: float) -> None:
    found = screened(one_variable(np.cos), np.zeros((1, 1)), np.full((1, 1), fault))
    assert np.abs(found.values[0, 0] - fault) > found.error_bounds[0, 0]


def test_no_point_outside_the_domain_is_evaluated() -> None:
    function = Rowwise(lambda p: np.log(p[:, 0]))
    asked = problem(function, domain=box(0.0, 2.0, low_open=True))
    points = np.array([[1e-6], [0.5], [2.0 - 1e-9]])
    found = screened(asked, points, 1 / points)
    everywhere = np.concatenate(function.asked)
    assert ((everywhere > 0) & (everywhere <= 2.0)).all()
    assert np.isfinite(found.error_bounds[:2]).all()


def test_where_f_is_not_finite_there_is_no_value() -> None:
    found = screened(one_variable(np.log), np.array([[-1.0], [1.0]]), np.array([[-1.0], [1.0]]))
    assert found.finite.tolist() == [False, True]
    assert np.isnan(found.values[0, 0])
    assert np.isinf(found.error_bounds[0, 0])


def test_it_costs_less_than_the_ladder_where_nothing_agrees() -> None:
    n = 6
    function = Rowwise(lambda p: np.sum(np.sin(p), axis=1))
    points = np.linspace(0.3, 1.7, 5 * n).reshape((5, n))
    found = screened(problem(function, n), points, np.zeros((5, n)))
    assert found.evaluations == sum(len(rows) for rows in function.asked) <= 5 * (1 + 12 * n)
