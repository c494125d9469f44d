"""A single value of f in a formula: the slope there is that of what surrounds it, wherever it is met."""

from __future__ import annotations

import pytest

from gradverify.core.verdicts import Verdict
from tests.in_process import result_of, verdict_of

PATCHES = [
    ("where(x == 0, 1, (exp(x) - 1)/x)", "(exp(x)*(x - 1) + 1)/x**2", "0.5", 0),
    ("where(x == 0, 1, sin(x)/x)", "(x*cos(x) - sin(x))/x**2", "0", 0),
    ("where(x == 1, 1, x**2)", "2*x", "2", 1),
    ("where(x != 1, x**2, 1)", "2*x", "2", 1),
]


@pytest.mark.parametrize("points", ["[[3]]", "[[3], [{at}]]"])
@pytest.mark.parametrize(("function", "slope", "there", "at"), PATCHES)
def test_a_single_value_of_f_has_the_slope_of_what_surrounds_it(
    function: str, slope: str, there: str, at: int, points: str
) -> None:
    def verdict(claimed: str) -> Verdict:
        text = f"""
variables: [x]
function: {function}
gradient: ["where(x == {at}, {claimed}, {slope})"]
points: {points.format(at=at)}
"""
        return verdict_of(text)

    assert verdict(there) is Verdict.PASS
    wrong = "0" if there != "0" else "1"  # 0 is the slope of the value itself, which automatic differentiation gives
    assert verdict(wrong) is Verdict.FAIL


@pytest.mark.parametrize("points", ["[[1], [-1]]", "[[1], [-1], [0]]"])
@pytest.mark.parametrize(("there", "verdict"), [("0.5", Verdict.PASS), ("0", Verdict.FAIL)])
def test_nor_has_it_another_slope_where_two_formulas_meet_smoothly(there: str, verdict: Verdict, points: str) -> None:
    text = f"""
variables: [x]
function: where(x == 0, 1, where(x > 0, exp(x/2), 1 + x/2))
gradient: ["where(x == 0, {there}, where(x > 0, exp(x/2)/2, 0.5))"]
points: {points}
"""
    assert verdict_of(text) is verdict


def test_the_formula_that_is_told_is_not_that_of_the_single_value() -> None:
    text = """
variables: [x]
function: where(x == 1, 1, x**2)
gradient: ["where(x == 1, 0, 2*x)"]
points: [[1], [3]]
"""
    told = [formula["right"] for check in result_of(text).checks for formula in check.details.get("formulas", ())]
    assert told == ["2*x"]
