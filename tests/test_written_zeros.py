"""A claim of 0 in code: written, it has no digits to lose, and a tail is no 0; computed, it may have lost them."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradverify.core.verdicts import Verdict
from tests.in_process import of_code, result_of

CODE = """
def f(x):
    return {function}
def g(x):
    return {claim}
"""


@pytest.mark.parametrize(
    ("function", "claim", "points", "verdict"),
    [
        ("math.erfc(x)", "-2/math.sqrt(math.pi)*math.exp(-x*x)", "[0.3, 9]", Verdict.PASS),
        ("math.erfc(x)", "-2/math.sqrt(math.pi)*math.exp(-x*x) if x < 8 else 0.0", "[0.3, 2.9]", Verdict.FAIL),
        ("math.erfc(x)", "-2/math.sqrt(math.pi)*math.exp(-x*x) if x < 8 else 0.0", "[0.3, 9]", Verdict.FAIL),
        ("np.exp(-x*x/2)", "-x*np.exp(-x*x/2)", "[0.3, 2.9]", Verdict.PASS),
        ("np.exp(-x*x/2)", "np.where(abs(x) < 9, -x*np.exp(-x*x/2), 0.0)", "[0.3, 2.9]", Verdict.FAIL),
        ("np.logaddexp(0, x)", "1/(1 + math.exp(-x)) if x > -700 else 0.0", "[0.3, -2.9]", Verdict.PASS),
        ("np.logaddexp(0, x)", "1/(1 + math.exp(-x)) if x > -30 else 0.0", "[0.3, -2.9]", Verdict.FAIL),
        ("np.maximum(x, 0)**2", "2*x if x > 0 else 0.0", "[0.3, -2.9]", Verdict.PASS),
        ("np.tanh(x)", "1 - np.tanh(x)**2", "[0.3, 2.9]", Verdict.PASS),
        ("np.tanh(x)", "1 - np.tanh(x)**2", "[0.3, 25]", Verdict.INCONCLUSIVE),
    ],
)
def test_only_a_computed_zero_may_have_lost_its_digits(
    tmp_path: Path, function: str, claim: str, points: str, verdict: Verdict
) -> None:
    result = of_code(tmp_path, CODE.format(function=function, claim=claim), points)
    assert result.verdict is verdict


@pytest.mark.parametrize(
    ("function", "claim", "said"),
    [
        ("erfc(x)", "where(x < 8, -2/sqrt(pi)*exp(-x**2), 0)", "the branch for not (x < 8) does not belong"),
        ("x**2", "where(x > -1, 2*x, 1)", "the branch for not (x > -1) does not belong"),
        ("where(x > 1, x**2, x)", "where(x > 2, 2*x, 1)", "the number 2 stands where 1 belongs"),
        ("maximum(x, 0)**2", "where(x > 0.5, 2*x, 0)", "the number 0.5 stands where 0 belongs"),
    ],
)
def test_a_border_is_called_wrong_only_where_points_lie_on_both_of_its_sides(
    function: str, claim: str, said: str
) -> None:
    result = result_of(f"variables: [x]\nfunction: '{function}'\ngradient: ['{claim}']\npoints: [[0.3], [2.9]]\n")
    assert result.verdict is Verdict.FAIL
    assert [said in one.message for one in result.diagnosis] == [True]
