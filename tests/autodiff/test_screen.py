"""The look at many points with one trace each: its bounds hold, and what cannot be traced is refused as ever."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from gradverify_autodiff.backend import AutodiffBackend

from gradverify.core.problem import Problem
from gradverify.plugin import Array, DoesNotApply, ExpressionFunction, Request, Screened
from tests.autodiff.support import callable_problem

SHAPES = {"x": (3,)}
POINTS = np.array([[0.5, -1.25, 2.0], [0.0, 0.0, 0.0], [1e3, -1e-3, 30.0], [2.0, 2.0, 2.0]])


def smooth(x: Any) -> Any:
    return np.sum(np.sin(x) * np.exp(-(x**2))) + x[0] * x[1] * x[2]


def smooth_gradient(x: Array) -> Array:
    slope = np.exp(-(x**2)) * (np.cos(x) - 2 * x * np.sin(x))
    return np.asarray(slope + np.array([x[1] * x[2], x[0] * x[2], x[0] * x[1]]))


def partly_by_float(x: Any) -> Any:
    return x[0] * x[1] + float(x[2])


def partly_copied(x: Any) -> Any:
    return x[0] * x[1] + np.sum(np.array([v + 0.0 for v in np.asarray(x, dtype=object)[2:].tolist()], dtype=object))


def screened(problem: Problem, points: Array) -> Screened:
    return AutodiffBackend().screen(problem, Request(points, screening=True))


def python(function: Callable[..., Any]) -> Problem:
    found: Problem = callable_problem(function, SHAPES, POINTS)
    return found


def test_the_bounds_cover_the_error() -> None:
    found = screened(python(smooth), POINTS)
    truth = np.array([smooth_gradient(x) for x in POINTS])
    assert found.finite.all()
    assert (np.abs(found.values - truth) <= found.error_bounds + 1e-15 * np.abs(truth).max(axis=1)[:, None]).all()
    assert (found.error_bounds <= 1e-8 * np.abs(truth) + 1e-14 * np.abs(truth).max(axis=1)[:, None]).all()


def cancelling(x: Any) -> Any:
    return (x[0] + 0.1) ** 3 - x[0] ** 3 - 0.3 * x[0] ** 2 - 0.03 * x[0] + x[1] * 7


def test_a_component_that_cancels_is_off_by_the_others_round_off_and_one_that_is_zero_by_nothing() -> None:
    found = screened(python(cancelling), POINTS)
    left = found.values[:, 0] != 0
    assert left.any()
    assert (found.error_bounds[left, 0] > 1e-15).all()  # round-off of the 7 beside it
    assert (found.values[:, 2] == 0).all()
    assert (found.error_bounds[:, 2] == 0).all()


def test_expressions_are_traced_at_all_points_at_once() -> None:
    from tests.core.fakes import problem_of

    problem = problem_of("sin(x)*y", {"x": "cos(x)*y", "y": "sin(x)"})
    assert isinstance(problem.function, ExpressionFunction)
    points = np.array([[0.5, 2.0], [0.0, 1.0], [-3.0, 0.25]])
    found = screened(problem, points)
    assert problem.claim is not None
    assert (np.abs(found.values - problem.claim.evaluate(points).values) <= found.error_bounds + 1e-16).all()
    assert found.evaluations == 3


def test_where_f_is_not_finite_there_is_no_value() -> None:
    points = np.array([[1.0, 1.0, 1.0], [-1.0, 1.0, 1.0]])
    found = screened(callable_problem(lambda x: np.sum(np.log(x)), SHAPES, points), points)
    assert found.finite.tolist() == [True, False]
    assert np.isinf(found.error_bounds[1]).all()


@pytest.mark.parametrize("function", [partly_by_float, partly_copied])
def test_a_lost_connection_is_refused_and_never_a_zero(function: Callable[..., Any]) -> None:
    problem = python(function)
    try:
        found = screened(problem, POINTS)
    except DoesNotApply:
        return
    assert np.abs(found.values[:, 2] - 1.0).max() < 1e-6
