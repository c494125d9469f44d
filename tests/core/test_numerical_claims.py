"""A claim is only called a finite difference where it changes from point to point as that difference does."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import gradverify
from gradverify.core.verdicts import Fault, Verdict


def nearly_linear(x: float) -> float:
    return x + 0.01 * x**3


def faults(claimed: Callable[[float], float], at: float) -> set[Fault]:
    result = gradverify.check(nearly_linear, claimed, at=at, backends=["finite-difference"]).result
    assert result.verdict is Verdict.FAIL
    return {found.fault for found in result.diagnosis}


@pytest.mark.parametrize("at", [0.3, 1.0])
def test_a_constant_claim_on_a_nearly_linear_function_is_no_finite_difference(at: float) -> None:
    assert Fault.NUMERICAL_DERIVATIVE not in faults(lambda _: 1.0, at)


def test_a_forward_difference_with_a_large_step_is_one() -> None:
    assert Fault.NUMERICAL_DERIVATIVE in faults(lambda x: (nearly_linear(x + 0.1) - nearly_linear(x)) / 0.1, 0.3)
