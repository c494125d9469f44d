"""A claim that overflows where nobody listed a point is excused, on machines whose long doubles are doubles as well."""

from __future__ import annotations

import numpy as np
import pytest

from gradverify.core import overflow
from gradverify.core.verdicts import Verdict
from tests.core.fakes import function_of
from tests.in_process import verdict_of


def logistic(more: str = "") -> str:
    claim = f"100*exp(100*x)/(1 + exp(100*x)){more}"
    return f"variables: [x]\nfunction: softplus(100*x)\ngradient: [{claim}]\npoints: [0.03]\ndomain: {{x: [-10, 10]}}\n"


@pytest.mark.parametrize("wider", [True, False])
def test_a_textbook_logistic_gradient_is_right_though_it_overflows(
    monkeypatch: pytest.MonkeyPatch, wider: bool
) -> None:
    monkeypatch.setattr(overflow, "WIDER", wider and overflow.WIDER)
    assert verdict_of(logistic()) is Verdict.PASS


@pytest.mark.parametrize("wider", [True, False])
def test_a_claim_without_a_value_for_another_reason_is_wrong(monkeypatch: pytest.MonkeyPatch, wider: bool) -> None:
    monkeypatch.setattr(overflow, "WIDER", wider and overflow.WIDER)
    assert verdict_of(logistic("*(x - 2)/(x - 2)")) is Verdict.FAIL


@pytest.mark.parametrize(("more", "verdict"), [("", Verdict.PASS), ("*(x - 2)/(x - 2)", Verdict.FAIL)])
def test_a_claim_that_has_no_digits_left_on_the_way_is_excused_and_a_wrong_one_not(more: str, verdict: Verdict) -> None:
    if not overflow.WIDER:
        pytest.skip("long doubles are doubles here")
    s = "sigmoid(x**4)"  # 1 in double precision from 2.47 on, in long doubles from 2.6 on
    claim = f"1/sqrt(1 - {s}**2)*{s}*(1 - {s})*4*x**3{more}"
    spec = f"variables: [x]\nfunction: arcsin({s})\ngradient: ['{claim}']\npoints: [0.3, 1.2]\ndomain: {{x: [0, 20]}}\n"
    assert verdict_of(spec) is verdict


@pytest.mark.parametrize(
    ("claim", "excused"), [("-x/sqrt(18.5 - x**2)", False), ("exp(-x)/sqrt(1 - sigmoid(x)**2)", True)]
)
def test_a_root_whose_zero_rounds_to_one_has_no_more_digits_in_long_doubles(claim: str, excused: bool) -> None:
    if not overflow.WIDER:
        pytest.skip("long doubles are doubles here")
    points = np.linspace(40.0, 90.0, 101)[:, None]  # on some of whose ways the last x**2 is 18.5 but for the rounding
    found, _ = overflow.overflows(function_of(f"[{claim}]", {"x": ()}), points, np.array([[0.3]]), 101)
    assert found.all() if excused else not found.any()
