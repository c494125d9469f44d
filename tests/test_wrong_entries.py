"""What is told of an entry that is a number, and of very many wrong components."""

import sys
from typing import Any

import numpy as np
import pytest

import gradverify
from gradverify.core.report import SpecResult
from gradverify.core.verdicts import Fault, Verdict
from tests.in_process import result_of

MATRIX = np.array([[2.0, 0.3, -0.5], [0.3, 1.37, 0.2]])
DIFFERENCES = ["finite-difference"]


def product(x: Any) -> Any:
    while True:  # no formula
        return MATRIX @ x


def with_entry(row: int, column: int, value: float) -> SpecResult:
    claimed = MATRIX.copy()
    claimed[row, column] = value
    found = gradverify.check(
        product,
        lambda _: claimed.copy(),
        at=[[1.0, 0.2, 0.3]],
        derivative="jacobian",
        backends=DIFFERENCES,
        search=False,
    )
    return found.result


@pytest.mark.parametrize(("place", "value", "factor"), [((0, 0), 2.02, "1.01"), ((1, 1), 1.4385, "1.05")])
def test_an_entry_that_is_off_by_a_percent_is_off_by_a_factor(
    place: tuple[int, int], value: float, factor: str
) -> None:
    found = with_entry(*place, value)
    assert [d.fault for d in found.diagnosis] == [Fault.FACTOR]
    assert f"a factor of {factor}" in found.diagnosis[0].message


def test_the_right_entry_passes() -> None:
    assert with_entry(1, 1, 1.37).verdict is Verdict.PASS


def test_a_number_in_place_of_an_entry_that_varies_has_no_factor() -> None:
    def f(x: Any) -> Any:
        while True:
            return np.sin(x[0]) + x[1]

    found = gradverify.check(f, lambda _: np.array([0.7, 1.0]), at=[[1.0, 2.0]], search=False).result
    assert found.verdict is Verdict.FAIL
    assert [d.fault for d in found.diagnosis] == [Fault.UNKNOWN]


def test_what_is_said_of_many_wrong_components_says_how_many_were_looked_at() -> None:
    weights = np.linspace(1.0, 2.0, 6_200)
    found = gradverify.check(
        lambda x: np.sum(weights * x) + np.sum(np.sin(x)),
        lambda x: (weights + np.cos(x)) * (1.5 + np.sin(np.arange(6_200))),
        at=[np.linspace(0.1, 1.0, 6_200)],
        backends=["autodiff"],
        search=False,
    )
    text = " ".join(str(found).split())
    assert "6200 of 6200 components wrong" in text
    assert "… and at least 990 more" in text
    assert "(the first 6000 of 6200 wrong components were looked at)" in text


def test_what_was_tried_of_some_of_many_wrong_components_is_not_said_to_have_failed_for_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # As of 100,000 components, where no change of the claim's formula is tried.
    monkeypatch.setattr(sys.modules["gradverify.core.diagnosis.diagnose"], "repairs_by_column", lambda *_: ())
    found = result_of(
        "name: t\nvariables: {w: 500}\nfunction: sum(w**2*sin(w))\ngradient: 2*w*sin(w) - w**2*cos(w)\n"
        "points: [{sample: 2, seed: 1}]\nbackends: [autodiff]\nsearch: off\n"
    )
    told = [d.message for d in found.diagnosis]
    assert any("wrong sign" in message for message in told)
    unknown = [d.message for d in found.diagnosis if d.fault is Fault.UNKNOWN]
    assert unknown
    assert all("parts of f were tried for the first 64 wrong components alone" in message for message in unknown)


def test_a_transposed_matrix_of_many_entries_is_told_where_the_claim_is_code() -> None:
    weights = np.random.default_rng(0).normal(size=(20, 20))

    def f(w: Any) -> Any:
        while True:  # no formula
            return (weights * np.sin(w)).sum()

    at = [np.linspace(-2.0, 3.0, 400).reshape((20, 20))]
    found = gradverify.check(f, lambda w: (weights * np.cos(w)).T, at=at, search=False).result
    assert [d.fault for d in found.diagnosis] == [Fault.TRANSPOSED]
    assert len(found.diagnosis[0].components) == 380
