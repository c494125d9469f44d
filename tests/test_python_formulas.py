"""The likely mistake in a gradient that is Python code: what the formulas tell that the code spells."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradverify
from gradverify.core.report import Diagnosis
from gradverify.core.verdicts import Fault, Verdict

AT = [[1.3, 0.7], [0.4, 2.0]]


def diagnosed(f: Callable[..., Any], claim: Callable[..., Any], **options: Any) -> Diagnosis:
    found = gradverify.check(f, claim, at=AT, search=False, **options).result
    assert found.verdict is Verdict.FAIL
    assert len(found.diagnosis) == 1
    return found.diagnosis[0]


def quotient(p: Any) -> Any:
    x, y = p
    return (x + y**2) / (1 + x**2)


def right(p: Any) -> Any:
    x, y = p
    d = 1 + x**2
    return np.array([1 / d - (x + y**2) * 2 * x / d**2, 2 * y / d])


def without_one_part(p: Any) -> Any:
    x, y = p
    d = 1 + x**2
    return np.array([1 / d, 2 * y / d])


def with_a_wrong_sign(p: Any) -> Any:
    x, y = p
    d = 1 + x**2
    return np.array([1 / d + (x + y**2) * 2 * x / d**2, 2 * y / d])


def not_squared(p: Any) -> Any:
    x, y = p
    d = 1 + x**2
    return np.array([1 / d - (x + y**2) * 2 * x / d, 2 * y / d])


@pytest.mark.parametrize(
    ("claim", "fault", "words"),
    [
        (without_one_part, Fault.MISSING_TERM, "goes through 1 + p[0]**2 (quotient rule) is missing"),
        (with_a_wrong_sign, Fault.SIGN, "goes through 1 + p[0]**2 (quotient rule) has the wrong sign"),
        (not_squared, Fault.FACTOR, "1 + p[0]**2 stands where (1 + p[0]**2)**2 belongs"),
    ],
)
def test_a_slip_in_the_quotient_rule_is_told_of_code(claim: Callable[..., Any], fault: Fault, words: str) -> None:
    found = diagnosed(quotient, claim)
    assert found.fault is fault
    assert words in found.message


def test_the_right_code_passes() -> None:
    assert gradverify.check(quotient, right, at=AT).passed


def jacobian_off_by_a_percent(p: Any) -> Any:
    x, y = p
    return np.array([[np.exp(y), x * np.exp(y)], [2.02 * x / y, -(x**2) / y**2]])


INPUTS, TARGETS = np.array([[1.0, 2.0], [-0.5, 0.3], [0.7, -1.1]]), np.array([1.0, 0.0, 1.0])


def sigmoid(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


def network(p: Any) -> Any:
    return 0.5 * np.sum((sigmoid(INPUTS @ p) - TARGETS) ** 2) + np.sum(np.maximum(INPUTS @ p, 0) * TARGETS)


def without_an_activations_derivative(p: Any) -> Any:
    a = sigmoid(INPUTS @ p)
    return INPUTS.T @ (a - TARGETS) + INPUTS.T @ (TARGETS * (INPUTS @ p > 0))


def right_for_the_network(p: Any) -> Any:
    a = sigmoid(INPUTS @ p)
    return INPUTS.T @ ((a - TARGETS) * a * (1 - a)) + INPUTS.T @ (TARGETS * (INPUTS @ p > 0))


def test_an_activations_derivative_that_is_missing_on_the_way_back_is_named() -> None:
    found = diagnosed(network, without_an_activations_derivative)
    assert found.fault is Fault.MISSING_CHAIN_FACTOR
    assert "the derivative of 1/(1 + exp(-(INPUTS @ p))), is missing in 1/(1 + exp(" in found.message
    assert gradverify.check(network, right_for_the_network, at=AT).passed


@pytest.mark.parametrize("backends", [None, ["finite-difference"]])
def test_an_entry_of_a_jacobian_that_is_off_by_a_percent_has_a_factor(backends: list[str] | None) -> None:
    def f(p: Any) -> Any:
        x, y = p
        return np.array([x * np.exp(y), x**2 / y])

    found = diagnosed(f, jacobian_off_by_a_percent, derivative="jacobian", backends=backends)
    assert found.fault is Fault.FACTOR
    assert "2.02 stands where 2 belongs" in found.message


def test_code_that_computes_something_else_than_it_spells_is_not_taken_at_its_word() -> None:
    def f(p: Any) -> Any:
        a = 1.0 * p
        b = a
        b += 1.0  # and so is a
        return a @ a

    found = diagnosed(f, lambda p: np.array([4 * (p[0] + 1), 2 * (p[1] + 1)]))
    assert found.message == "∂f/∂p[0]: too large by a factor of 2"


def test_code_that_spells_no_formula_is_diagnosed_by_its_numbers() -> None:
    def f(p: Any) -> Any:
        total = 0.0
        while total < 1:
            total += 1.0
        return total * p[0] ** 2 * p[1]

    found = diagnosed(f, lambda p: np.array([-2 * p[0] * p[1], p[0] ** 2]))
    assert found.fault is Fault.SIGN
