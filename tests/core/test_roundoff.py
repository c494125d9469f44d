"""The measurement of a claim's own round-off."""

import numpy as np

from gradverify.core.arrays import Array, Tensor
from gradverify.core.roundoff import measure

EPSILON = float(np.finfo(float).eps)


def test_a_well_conditioned_claim_has_round_off_of_a_few_ulps() -> None:
    assert measure(np.cos, np.array([0.7]), EPSILON, 1)[0] < 20 * EPSILON


def test_cancellation_shows_as_round_off() -> None:
    def cancelling(p: Array) -> Tensor:
        return np.asarray((1 - np.cos(p)) / p**2)

    x = 0.01
    true_error = abs((1 - np.cos(x)) / x**2 - 2 * np.sin(x / 2) ** 2 / x**2)
    assert measure(cancelling, np.array([x]), EPSILON, 1)[0] >= true_error


def test_a_value_rounded_to_a_grid_shows_the_grid() -> None:
    def quantised(p: Array) -> Tensor:
        return np.asarray((p + 1e3) - 1e3)

    assert measure(quantised, np.array([0.3]), EPSILON, 1)[0] >= 1e-13


def test_a_jump_of_the_claim_is_not_mistaken_for_round_off() -> None:
    def step(p: Array) -> Tensor:
        return np.asarray(np.where(p > 1.0, 1.0, 0.0))

    assert measure(step, np.array([1.0]), EPSILON, 1)[0] == 0.0


def test_a_steep_but_smooth_claim_is_charged_its_conditioning_only() -> None:
    def steep(p: Array) -> Tensor:
        return np.asarray(np.sin(1e6 * p))

    assert measure(steep, np.array([1.0]), EPSILON, 1)[0] < 1e-8


def test_a_smooth_claim_in_single_precision_has_round_off_of_a_few_ulps_too() -> None:
    def single(p: Array) -> Tensor:
        return np.asarray(np.cos(p.astype(np.float32)), dtype=np.float64)

    epsilon = float(np.finfo(np.float32).eps)
    assert measure(single, np.array([0.7]), epsilon, 1)[0] < 20 * epsilon
