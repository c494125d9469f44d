"""Single mistakes in code over typical losses are called what they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradverify import check
from gradverify.core.report import Diagnosis
from gradverify.core.verdicts import Verdict
from tests.in_process import result_of

A = np.random.default_rng(5).normal(size=(6, 3))
TARGET = np.array([1.0, -0.5, 0.3, 2.0, -1.2, 0.4])
CLASS = np.array([0.0, 1, 1, 0, 1, 0])
MATRIX = np.random.default_rng(6).normal(size=(4, 3))
POINTS = [[1.3, -1.2, 0.9], [0.1, -0.2, -0.4], [-1.1, 0.7, 0.5]]


def huber(w: Any) -> Any:
    r = A @ w - TARGET
    return np.sum(np.where(np.abs(r) <= 0.5, 0.5 * r**2, 0.5 * (np.abs(r) - 0.25)))


def huber_squared_everywhere(w: Any) -> Any:
    return A.T @ (A @ w - TARGET)


def hinge(w: Any) -> Any:
    return np.mean(np.maximum(0, 1 - (2 * CLASS - 1) * (A @ w))) + 0.05 * (w @ w)


def hinge_active_everywhere(w: Any) -> Any:
    return -A.T @ (2 * CLASS - 1) / 6 + 0.1 * w


def logistic(w: Any) -> Any:
    z = A @ w
    return np.mean(np.log(1 + np.exp(z)) - CLASS * z)


def logistic_with_the_slope_of_the_sigmoid(w: Any) -> Any:
    p = 1 / (1 + np.exp(-(A @ w)))
    return A.T @ ((p - CLASS) * p * (1 - p)) / 6


def diagnoses(f: Callable[..., Any], gradient: Callable[..., Any], points: Any) -> list[Diagnosis]:
    (result,) = check(f, gradient, at=points).specs
    assert result.verdict is Verdict.FAIL
    return list(result.diagnosis)


@pytest.mark.parametrize(
    ("f", "gradient", "fault", "words"),
    [
        (huber, huber_squared_everywhere, "wrong-branch", "with 0.5*(A @ w - TARGET)**2 everywhere in place of where("),
        (hinge, hinge_active_everywhere, "wrong-branch", "everywhere in place of maximum(0, 1 - "),
        (logistic, logistic_with_the_slope_of_the_sigmoid, "factor", "*(1 - 1/(1 + exp(-(A @ w)))) does not belong in"),
    ],
)
def test_a_mistake_that_all_components_share_is_told_once_and_by_its_name(
    f: Callable[..., Any], gradient: Callable[..., Any], fault: str, words: str
) -> None:
    (found,) = diagnoses(f, gradient, POINTS)
    assert found.fault.value == fault
    assert words in found.message
    assert len(found.components) == 3


def factorisation(u: Any) -> Any:
    return 0.5 * np.sum((np.outer(u, u[:3]) - MATRIX) ** 2)


def factorisation_times_four(u: Any) -> Any:
    e = np.outer(u, u[:3]) - MATRIX
    g = e @ u[:3]
    g[:3] += e.T @ u
    return 4 * g


def test_a_factor_of_four_is_no_mean_over_four_things_where_f_sums() -> None:
    (found,) = diagnoses(factorisation, factorisation_times_four, [[0.3, -1.2, 0.7, 0.9], [1.1, 0.4, -0.6, 0.2]])
    assert found.fault.value == "factor"
    assert found.message.endswith("too large by a factor of 4")


def triplet(a: Any, p: Any) -> Any:
    return np.maximum(0, np.sum((a - p) ** 2) - np.sum((a - GOAL[0]) ** 2) + 1)


def triplet_always_active(a: Any, p: Any) -> Any:
    return [2 * (a - p) - 2 * (a - GOAL[0]), 2 * (p - a)]


def test_the_condition_of_f_is_named_and_not_a_variable_that_parts_the_points_by_chance() -> None:
    rng = np.random.default_rng(4)
    points = [rng.uniform(-1.5, 1.5, size=(2, 3)).tolist() for _ in range(6)]
    assert {bool(triplet(*np.array(point)) > 0) for point in points} == {True, False}
    for found in diagnoses(triplet, triplet_always_active, points):
        assert found.fault.value == "wrong-branch"
        assert "wrong where 0 > sum((a - p)**2)" in found.message


SCALE, GOALS = np.array([0.3, -1.2, 0.7, 2.0]), np.array([0.5, -0.4, 1.0, 0.2])


def layer_norm(x: Any) -> Any:
    normed = (x - np.mean(x)) / np.sqrt(np.var(x) + 1e-5)
    return np.sum((SCALE * normed - GOALS) ** 2)


def layer_norm_without_its_scale(x: Any) -> Any:
    deviation = np.sqrt(np.var(x) + 1e-5)
    normed = (x - np.mean(x)) / deviation
    d = 2 * (SCALE * normed - GOALS)
    return (d - np.mean(d) - normed * np.mean(normed * d)) / deviation


def test_a_slip_in_a_line_that_is_used_three_times_is_one_slip() -> None:
    points = np.random.default_rng(3).uniform(-1.5, 1.5, size=(3, 4))
    (found,) = diagnoses(layer_norm, layer_norm_without_its_scale, points.tolist())
    assert found.fault.value == "factor"
    assert "lacks the factor SCALE, in all 3 places where it stands" in found.message


X_IN, H_IN, C_IN, GOAL = (np.array(pair) for pair in ([0.5, -1.0], [0.3, 0.2], [-0.4, 0.9], [0.1, -0.3]))


def lstm(b: Any) -> Any:
    i = 1 / (1 + np.exp(-(b[:2] + X_IN)))
    f = 1 / (1 + np.exp(-(b[2:4] + H_IN)))
    o = 1 / (1 + np.exp(-(b[4:6] - X_IN)))
    g = np.tanh(b[6:])
    h = o * np.tanh(f * C_IN + i * g)
    return 0.5 * np.sum((h - GOAL) ** 2)


def lstm_without_the_slope_of_its_input(b: Any) -> Any:
    i = 1 / (1 + np.exp(-(b[:2] + X_IN)))
    f = 1 / (1 + np.exp(-(b[2:4] + H_IN)))
    o = 1 / (1 + np.exp(-(b[4:6] - X_IN)))
    g = np.tanh(b[6:])
    t = np.tanh(f * C_IN + i * g)
    dh = o * t - GOAL
    dc = dh * o * (1 - t**2)
    return np.concatenate([dc * g * i * (1 - i), dc * C_IN * f * (1 - f), dh * t * o * (1 - o), dc * i])


def test_one_forgotten_slope_among_the_ten_of_an_lstm_cell_is_found() -> None:
    points = np.random.default_rng(2).uniform(-1.5, 1.5, size=(3, 8))
    (found,) = diagnoses(lstm, lstm_without_the_slope_of_its_input, points.tolist())
    assert found.fault.value == "missing-chain-factor"
    assert "the derivative of tanh in tanh(b[6:])" in found.message
    assert [component.index for component in found.components] == [6, 7]


def test_a_border_that_is_moved_away_from_a_wrong_branch_is_no_repair() -> None:
    found = result_of(
        "name: t\nvariables: [x, y]\nfunction: x**2*y\npoints: [[0.3, 0.4]]\n"
        'gradient: ["where(abs(x - 1) > 1e-12, 2*x*y, 4*x*y)", "x**2"]\n'
    )
    assert found.verdict is Verdict.FAIL
    assert not any("abs(-x - 1)" in diagnosis.message for diagnosis in found.diagnosis)
