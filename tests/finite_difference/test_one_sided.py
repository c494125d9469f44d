"""Which one-sided ladders are rough, and which only look so for uneven steps or rounding."""

from __future__ import annotations

import numpy as np
import pytest
from gradverify_finite_difference.one_sided import rough

STEPS = np.array([1e-16, 1e-15, 1e-14, 1e-12, 3e-11, 2e-9, 7e-8, 4e-6, 1.5e-4, 9e-3, 0.37, 1.5])[None]
NOISE = np.full_like(STEPS, 7e-17)


@pytest.mark.parametrize("power", [0.5, 0.6])
def test_quotients_that_move_like_a_root_of_the_step_are_rough(power: float) -> None:
    found, value, bound = rough(STEPS, 2.0 + STEPS**power, NOISE)
    assert found[0]
    assert abs(value[0] - 2.0) <= bound[0]


@pytest.mark.parametrize("power", [1.0, 2.0])
def test_quotients_of_a_smooth_function_are_not_rough_however_uneven_the_steps(power: float) -> None:
    assert not rough(STEPS, 2.0 + STEPS**power, NOISE)[0][0]


def test_quotients_that_are_off_by_a_few_units_in_their_last_place_are_not_rough() -> None:
    ulps = np.array([0, 9, -7, 8, 0, -9, 6, 0, 0, 0, 0, 0])
    quotients = 1 / 3 - STEPS**2 / 30 + ulps * 2.0**-54
    assert not rough(STEPS, quotients, NOISE)[0][0]
