"""Drawn points: the same for the same seed, and inside any domain."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradverify.core.variables import Variables
from gradverify.spec.model import Interval, Place, SampledPoints
from gradverify.spec.points import DISTRIBUTIONS
from gradverify.spec.sampling import draw
from gradverify.spec.variables import inside

XW = Variables.of([("x", ()), ("w", (2, 3))])
HERE = Place("s.yaml", 1, 1)


def sample(distribution: str = "uniform", count: int = 50, seed: int = 0) -> SampledPoints:
    return SampledPoints(count, seed, distribution, HERE)


numbers = st.floats(allow_nan=False, width=64)


@st.composite
def intervals(draw_: st.DrawFn) -> Interval:
    low, high = sorted((draw_(numbers), draw_(numbers)))
    open_low, open_high = draw_(st.booleans()), draw_(st.booleans())
    low_enough = math.nextafter(math.nextafter(low, math.inf), math.inf)
    return Interval(low, max(high, low_enough), open_low, open_high) if low < math.inf else Interval(0.0, math.inf)


@given(intervals(), st.sampled_from(sorted(DISTRIBUTIONS)), st.integers(0, 2**40))
def test_points_lie_inside_any_domain(interval: Interval, distribution: str, seed: int) -> None:
    drawn = draw(sample(distribution, 20, seed), XW, {"x": interval})
    assert drawn.shape == (20, 7)
    assert np.isfinite(drawn).all()
    assert all(inside(interval, value) for value in drawn[:, 0])


@pytest.mark.parametrize("distribution", sorted(DISTRIBUTIONS))
def test_the_same_seed_draws_the_same_points_and_another_one_others(distribution: str) -> None:
    first, again, other = (draw(sample(distribution, seed=seed), XW, {}) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.isin(first, other).any()


def test_the_points_of_a_seed_never_change() -> None:
    drawn = draw(sample(count=2, seed=1), Variables.of([("x", ())]), {})
    assert drawn[:, 0] == pytest.approx([0.0709297482, 2.7027821780], abs=1e-9)


def test_no_component_is_drawn_like_another() -> None:
    drawn = draw(sample(count=3), XW, {})
    assert len(np.unique(drawn)) == drawn.size


def test_uniform_points_fill_the_domain() -> None:
    drawn = draw(sample(count=2000), XW, {"w": Interval(10, 20)})[:, 1:]
    assert drawn.min() < 10.1
    assert drawn.max() > 19.9
    assert drawn.mean() == pytest.approx(15, abs=0.2)


def test_log_uniform_points_have_all_orders_of_magnitude() -> None:
    drawn = draw(sample("log-uniform", 2000), XW, {"x": Interval(1e-8, 1e4)})[:, 0]
    counts = np.histogram(np.log10(drawn), bins=12, range=(-8, 4))[0]
    assert counts.min() > 100


def test_log_uniform_points_have_both_signs_where_the_domain_has() -> None:
    both = draw(sample("log-uniform", 1000), XW, {"x": Interval(-5, math.inf)})[:, 0]
    assert 0.4 < (both > 0).mean() < 0.6
    negative = draw(sample("log-uniform", 100), XW, {"x": Interval(-math.inf, -2)})[:, 0]
    assert negative.max() < -2
    assert negative.min() < -100


def test_normal_points_gather_around_the_middle() -> None:
    drawn = draw(sample("normal", 2000), XW, {"x": Interval(0, 8)})[:, 0]
    assert drawn.mean() == pytest.approx(4, abs=0.2)
    assert 1.5 < drawn.std() < 2.0
