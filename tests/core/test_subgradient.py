"""Kinks in several components at once."""

from __future__ import annotations

import numpy as np
import pytest

from gradverify.core.arrays import Matrix
from gradverify.core.estimates import Kink
from gradverify.core.subgradient import SAMPLES, apart

UNIT = {0: Kink(0, 0.0, 1.0, 1e-9), 1: Kink(1, 0.0, 1.0, 1e-9)}
BOTH = {0: Kink(0, -1.0, 1.0, 1e-9), 1: Kink(1, -1.0, 1.0, 1e-9)}


def of_max() -> Matrix:
    return np.array([[1.0, 0.0], [0.0, 1.0]] * (SAMPLES // 2))


def of_independent_absolutes() -> Matrix:
    return np.random.default_rng(0).choice((-1.0, 1.0), size=(SAMPLES, 2))


@pytest.mark.parametrize("claim", [[1, 0], [0, 1], [0.5, 0.5], [0.3, 0.7]])
def test_a_convex_combination_of_the_sides_of_a_tie_is_accepted(claim: list[float]) -> None:
    assert not apart(np.array(claim), UNIT, of_max())


@pytest.mark.parametrize("claim", [[1, 1], [0, 0], [0.2, 0.3]])
def test_a_mixture_that_no_side_of_a_tie_has_is_excluded(claim: list[float]) -> None:
    assert list(apart(np.array(claim), UNIT, of_max())) == [(0, 1)]


@pytest.mark.parametrize("claim", [[1, 1], [0, 0], [-1, 1], [0.2, -0.3]])
def test_independent_kinks_exclude_nothing_between_their_slopes(claim: list[float]) -> None:
    assert not apart(np.array(claim), BOTH, of_independent_absolutes())


def test_gradients_that_are_not_finite_exclude_nothing() -> None:
    assert not apart(np.array([1.0, 1.0]), UNIT, np.full((SAMPLES, 2), np.nan))
