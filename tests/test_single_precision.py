"""Functions that compute in single precision, through the real road: whether the spec says so or not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import gradverify
from gradverify.core.arrays import Array
from gradverify.core.verdicts import Fault, Verdict
from tests.in_process import of_code

WEIGHTS = np.random.default_rng(5).normal(size=(4, 3)).astype(np.float32)
POINTS = [[0.1, 0.2, 0.3], [1.0, -1.0, 0.5]]


def layer(x: Array) -> object:
    return np.sum(np.tanh(WEIGHTS @ np.asarray(x, dtype=np.float32)))


def gradient(x: Array) -> Array:
    h = np.tanh(WEIGHTS @ np.asarray(x, dtype=np.float32))
    return np.asarray(WEIGHTS.T @ (1 - h**2))


def without_a_square(x: Array) -> Array:
    return np.asarray(WEIGHTS.T @ (1 - np.tanh(WEIGHTS @ np.asarray(x, dtype=np.float32))))


def verdict(claim: Callable[..., object], precision: str) -> Verdict:
    return gradverify.check(layer, claim, at=POINTS, precision=precision).specs[0].verdict


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_a_wrong_claim_fails(precision: str) -> None:
    assert verdict(without_a_square, precision) is Verdict.FAIL
    assert verdict(lambda x: -gradient(x), precision) is Verdict.FAIL


def test_a_right_claim_passes_where_the_spec_says_so() -> None:
    assert verdict(gradient, "float32") is Verdict.PASS


def test_a_right_claim_is_not_called_wrong_where_the_spec_does_not_say_so() -> None:
    result = gradverify.check(layer, gradient, at=POINTS).specs[0]
    assert result.verdict is not Verdict.FAIL
    assert "precision: float32" in str([check.reason for check in result.checks])


def story_of(function: Callable[..., object], claim: Callable[..., object], precision: str = "float64") -> str:
    """Reason and notes of a check at the points."""
    result = gradverify.check(function, claim, at=POINTS, precision=precision).specs[0]
    return " ".join([result.reason or "", *result.notes])


def rounded_inside(x: Array) -> object:
    return np.sum(np.tanh(np.asarray(x, dtype=np.float32)).astype(np.float64) ** 2)


def coarse(x: Array) -> float:
    a, b, c = (np.float32(f"{part:.17g}") for part in x)  # by a text, so that nothing but differences sees inside
    return float(np.float32(1e4) + a * b + c)


@pytest.mark.parametrize(
    ("function", "claim"),
    [
        (layer, without_a_square),
        (rounded_inside, lambda x: 2 * np.tanh(x) * (1 - np.tanh(x) ** 2)),
        (coarse, lambda x: np.array([x[1], x[0], 1.0])),
    ],
)
def test_what_does_not_pass_for_single_precision_inside_f_names_the_way_out(
    function: Callable[..., object], claim: Callable[..., object]
) -> None:
    assert "`precision: float32`" in story_of(function, claim)


def test_nobody_is_sent_to_single_precision_for_nothing() -> None:
    assert "float32" not in story_of(lambda x: np.sum(x**2), lambda x: 3 * x)
    assert "float32`" not in story_of(layer, without_a_square, precision="float32")
    assert "float32" not in story_of(lambda x: np.sum(np.round(x, 2)), lambda x: np.ones(3))
    assert "returns single precision" not in story_of(layer, gradient, precision="float32")


def test_a_sign_is_told_in_single_precision_too() -> None:
    result = gradverify.check(layer, lambda x: -gradient(x), at=POINTS, precision="float32").specs[0]
    assert [d.fault for d in result.diagnosis] == [Fault.SIGN]


SINGLE = """
def f(x):
    x = x.astype(np.float32)
    return np.float32(np.sum(np.sin(x) * x))

def g(x):
    x = x.astype(np.float32)
    return np.cos(x) * x + {}np.sin(x)
"""


@pytest.mark.parametrize(("factor", "verdict"), [("", Verdict.PASS), ("1.01*", Verdict.FAIL)])
def test_a_number_made_single_by_its_type_keeps_its_trace(tmp_path: Path, factor: str, verdict: Verdict) -> None:
    points = "[[0.063, -0.461, -1.448]]"
    result = of_code(tmp_path, SINGLE.format(factor), points, "{x: 3}", "precision: float32\n")
    assert result.verdict is verdict
    assert all(check.verdict is verdict for check in result.checks if check.backend == "autodiff")
