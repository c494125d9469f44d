"""A mixed derivative of 0 by differences alone: right where f adds up its variables apart, and only there."""

from __future__ import annotations

import pytest

from gradverify.core.verdicts import Verdict
from tests.in_process import verdict_of


def verdict(function: str, diagonal: tuple[str, str], points: str = "[[1, 2], [0.3, -0.7]]") -> Verdict:
    text = f"""
variables: [x, y]
function: {function}
hessian: [["{diagonal[0]}", 0], [0, "{diagonal[1]}"]]
backends: [finite-difference]
points: {points}
"""
    return verdict_of(text)


def test_a_product_that_shows_away_from_the_points_only_is_seen() -> None:
    far = "x**2 + y**2 + 1e-3*exp(-20*((x + 0.9)**2 + (y + 0.6)**2))"
    assert verdict(far, ("2", "2"), "[[1, 2], [0.9, 0.6]]") is not Verdict.PASS


def test_a_sum_of_one_part_for_each_variable_has_no_mixed_derivative() -> None:
    assert verdict("exp(x) + y**4", ("exp(x)", "12*y**2")) is Verdict.PASS


@pytest.mark.parametrize("factor", ["1", "1e-6", "1e-9"])
def test_a_small_product_beside_it_fails(factor: str) -> None:
    assert verdict(f"exp(x) + y**4 + {factor}*x*y", ("exp(x)", "12*y**2")) is Verdict.FAIL


@pytest.mark.parametrize("function", ["1e16 + x**2 + y**2 + x*y/1000", "1e9 + x**2 + y**2", "x**2 + y**2 + 1e-12*x*y"])
def test_where_the_round_off_of_f_might_hide_a_product_nothing_passes(function: str) -> None:
    assert verdict(function, ("2", "2")) is not Verdict.PASS
