"""Plain Python over numbers and arrays keeps its connection: `float`, `math`, `.item()`, assignment into arrays."""

from __future__ import annotations

import math
from collections.abc import Callable
from math import exp, tau
from types import FunctionType
from typing import Any

import numpy as np
import pytest

from gradverify.plugin import Evidence
from tests.autodiff.support import from_callable, refusal

VECTOR = {"x": (3,)}
POINTS = [[0.5, -1.25, 2.0], [1.0, 0.3, 0.7]]


def numbers(x: Any) -> Any:
    a, b, c = float(x[0]), float(x[1]), x[2].item()
    return float(a * b + c**2)


def parts_in_a_list(x: Any) -> Any:
    parts = [0.0] * 3
    for i, part in enumerate(x.tolist()):
        parts[i] = float(part) ** 3
    return sum(parts)


def scalar_functions(x: Any) -> Any:
    a, b, c = x
    value = exp(a) * math.sin(b) + math.hypot(a, b, c) + math.pow(c, 3) + math.log(c, 2) + tau * math.atan2(b, c)
    value += math.sqrt(math.fsum(v * v for v in x)) + math.erf(a) + math.dist([a, b], [0.0, c]) + math.exp(1)
    value += math.gamma(c) * math.lgamma(c + 1) + math.asin(a / 2) * math.acosh(c + 1) * math.atanh(b / 2)
    return value + math.degrees(math.acos(a / 3)) + math.prod([a, b, 2.0]) + math.cbrt(c)


def nearly_equal_numbers(x: Any) -> Any:
    return sum(math.exp(1e-6 * v) - 1 for v in x) + math.log(1 + 1e-7 * x[0])


def a_filled_array(x: Any) -> Any:
    out = np.zeros(3)
    for i in range(3):
        out[i] = x[i] ** 2
    return out.sum()


def a_filled_table(x: Any) -> Any:
    table = np.empty((3, 3), dtype=float)
    table[:] = 0
    table[0, :] = x
    table[:, 1] += 2 * x
    table[2, 2] *= x[0]
    table[1:, 0] = np.sin(x[:2])
    return np.sum(table**2) + np.linalg.norm(table)


def a_recursion_in_an_array(x: Any) -> Any:
    state = np.zeros_like(x)
    state[0] = x[0]
    for i in range(1, 3):
        state[i] = 0.9 * state[i - 1] ** 2 + x[i]
    return state[-1]


def a_matrix_of_entries(x: Any) -> Any:
    a = 4.0 * np.eye(3)
    a[0, 1] = a[1, 0] = x[0]
    a[2, 2] = x[2] ** 2 + 3
    np.fill_diagonal(a, np.diagonal(a) + x[1] ** 2)
    return np.linalg.slogdet(a)[1]


def changed_in_place(x: Any) -> Any:
    y = np.array(x)
    z = y
    y *= 2
    y[1] -= x[0]
    y **= 2
    return np.sum(y * z)


def summed_up_at_places(x: Any) -> Any:
    out = np.zeros(2)
    np.add.at(out, [0, 1, 1], x)
    copy = np.ones(2)
    np.copyto(copy, out**2)
    copy.fill(3 * out[0])
    return np.sum(out**3) + np.sum(copy)


def chosen_entries(x: Any) -> Any:
    out = np.full(3, 0.5)
    out[x > 0] = x[x > 0] ** 2
    out[[True, False, False]] = math.cos(x[0])
    return np.prod(out)


def parts_changed_in_place(x: Any) -> Any:
    y = np.array(x)
    part = y[1:]
    part *= y[0]
    inner = part[::-1][:1]
    inner += x[0]
    return np.sum(y**3)


def rows_changed_in_place(x: Any) -> Any:
    table = np.outer(x, x)
    for row in table:
        row += x  # noqa: PLW2901 - which changes the table
    first = table[0]
    first[:] = np.sin(x)
    table[1] -= table[2] * x[0]
    table[[0, 2]] = table[[2, 0]]
    return np.sum(table * np.arange(9.0).reshape((3, 3)))


def views_of_what_changes(x: Any) -> Any:
    table = np.zeros((2, 3))
    row, flat, turned = table[1], table.reshape(6), table.T
    table[1, 0] = x[0]
    flat[4] = x[1] * row[0]
    turned[2, 0] = x[2]
    table *= 2
    inner = row[:2]
    inner[0] += x[2]
    return np.sum(row**2) + np.sum(flat * np.arange(6.0)) + turned[0, 1] + table[0, 2] * np.ravel(table)[3]


def filled_with_one_value(x: Any) -> Any:
    ones = np.full(3, x[1]) * x + np.full_like(x, x[0] ** 2) + np.full((2, 3), x).sum()
    table = np.zeros((2, 3))
    table[0] = x[None] * 2
    table[1] = (np.tanh(table[0])[None, :] * 0.5) @ np.eye(3)
    return np.sum(ones) + np.sum(table * np.arange(6.0).reshape((2, 3)))


def a_dynamic_program(x: Any) -> Any:
    cost = np.full((4, 3), 1e10)
    cost[0, 0] = 0.0
    for i in range(1, 4):
        for j in range(1, 3):
            before = np.array([cost[i - 1, j], cost[i, j - 1], cost[i - 1, j - 1]])
            cost[i, j] = (x[i - 1] - 0.3 * j) ** 2 - np.logaddexp.reduce(-before)
    return cost[3, 2]


def its_own_argument(x: Any) -> Any:
    x[0] = 2 * x[1] * x[0]
    return np.sum(x**2)


class Model:
    """Holds its data, as hand-written models do; its arrays are NumPy's own, and so are their methods."""

    data = np.array([[1.0, 0.5, -0.2], [0.3, -1.0, 0.7]])
    labels = np.array([1, 0])

    def loss(self, x: Any) -> Any:
        scores = self.data.dot(x)
        h = 1 / (1 + np.exp(-scores))
        return -np.mean(self.labels * np.log(h) + (1 - self.labels) * np.log(1 - h)) + np.linalg.norm(scores)


def data_held_by_a_model(x: Any) -> Any:
    return Model().loss(x)


def float_as_a_type(x: Any) -> Any:
    weights = np.ones(3, dtype=float)
    assert isinstance(float(x[0]), float)
    assert isinstance(1.5, float)
    assert not isinstance(1, float)
    return np.asarray(x, dtype=float) @ weights * float("2.5") + 0.0 + np.finfo(float).eps


FUNCTIONS = [
    value for value in list(globals().values()) if isinstance(value, FunctionType) and value.__module__ == __name__
]


def complex_free_truth(function: Callable[..., Any], point: list[float]) -> Any:
    """A central difference with Richardson's extrapolation: good to about 1e-9."""

    def central(h: float) -> Any:
        rows = h * np.eye(3)
        return np.array([(function(np.array(point) + e) - function(np.array(point) - e)) / (2 * h) for e in rows])

    return (4 * central(5e-4) - central(1e-3)) / 3


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_plain_python_is_differentiated(function: Callable[..., Any]) -> None:
    for point, estimate in zip(POINTS, from_callable(function, VECTOR, POINTS), strict=True):
        truth = complex_free_truth(function, point)
        assert np.allclose(estimate.value, truth, rtol=1e-7, atol=1e-8)
        assert estimate.evidence is Evidence.EXACT
        assert (estimate.error_bound <= 1e-11 * (1 + np.abs(truth))).all()


def test_second_derivatives_go_through_assignments() -> None:
    hessian = from_callable(a_recursion_in_an_array, VECTOR, POINTS[:1], "hessian")[0].value
    a, b, _ = POINTS[0]
    inner = 0.9 * a**2 + b  # f = 0.9·inner² + c
    expected = np.zeros((3, 3))
    expected[0, 0] = 0.9 * (2 * (1.8 * a) ** 2 + 2 * inner * 1.8)
    expected[0, 1] = expected[1, 0] = 0.9 * 2 * 1.8 * a
    expected[1, 1] = 1.8
    assert np.allclose(hessian, expected, rtol=1e-12)


def test_jacobians_of_filled_arrays_are_differentiated() -> None:
    def outputs(x: Any) -> Any:
        out = np.zeros(2)
        out[0] = x[0] * x[1]
        out[1] = math.exp(x[2])
        return out

    found = from_callable(outputs, VECTOR, POINTS[:1], "jacobian")[0].value
    assert np.allclose(found, [[-1.25, 0.5, 0], [0, 0, math.exp(2.0)]], rtol=1e-13)


def test_a_slope_that_is_lost_on_the_way_to_an_array_is_not_taken_for_zero() -> None:
    def partly(x: Any) -> Any:
        out = np.zeros(3)
        out[0] = x[0]
        out[1] = int(1000 * x[1]) / 1000
        return out.sum()

    assert refusal(partly, VECTOR, POINTS)


def test_as_many_assignments_as_would_take_for_ever_are_refused() -> None:
    def many(x: Any) -> Any:
        out = np.zeros(1_000_000)
        for i in range(300):
            out[i] = x[0]
        return out.sum() + x[1]

    assert "too many assignments" in refusal(many, VECTOR, POINTS[:1])


def test_what_one_function_needs_changes_nothing_for_others() -> None:
    from_callable(a_filled_array, VECTOR, POINTS)
    assert type(np.zeros(2)) is np.ndarray
    assert type(np.array(POINTS)) is np.ndarray
    assert type(math.sin(1)) is float
