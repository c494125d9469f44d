"""Each difficulty is named, never mistaken for a slope; each has a twin without it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from gradverify.core.arrays import Array
from gradverify.core.estimates import Estimate
from gradverify.core.problem import Domain, Precision
from tests.finite_difference.support import Raising, Rowwise, answer, box, covers, kinds, problem, slope_at


def hashed(x: Array) -> Array:
    """Deterministic noise of amplitude 1."""
    return np.modf(np.sin(x * 1e12) * 43758.5453)[0]


def undecided(estimate: Estimate) -> bool:
    return bool(np.isinf(estimate.error_bound).all())


# Kinks


@pytest.mark.parametrize(
    ("f", "x", "left", "right"),
    [
        (np.abs, 0.0, -1.0, 1.0),
        (lambda x: np.maximum(x, 0), 0.0, 0.0, 1.0),
        (lambda x: np.abs(x - 1) + x**2, 1.0, 1.0, 3.0),
        (lambda x: np.where(x > 2, 5 * x, x + 8), 2.0, 1.0, 5.0),
    ],
)
def test_a_kink_is_told_with_both_slopes(f: Callable[[Array], Array], x: float, left: float, right: float) -> None:
    found = slope_at(f, x)
    assert "kink" in kinds(found)
    assert undecided(found)
    assert (found.kinks[0].left, found.kinks[0].right) == pytest.approx((left, right), abs=1e-4)


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda x: np.sqrt(x * x + 1e-12), 0.0),
        (lambda x: x * np.abs(x), 0.0),
        (lambda x: np.log(np.cosh(1e5 * (x - 1))) / 1e5, 1.0),
        (lambda x: 1e6 * (x - 1) ** 2, 1.0),
    ],
)
def test_a_sharp_bend_is_no_kink(f: Callable[[Array], Array], x: float) -> None:
    found = slope_at(f, x)
    assert "kink" not in kinds(found)
    assert covers(found, 0.0)


@pytest.mark.parametrize("claimed", [0.0, 0.5, 1.0])
def test_a_claim_at_a_kink_is_not_confirmed_as_a_slope(claimed: float) -> None:
    assert undecided(slope_at(lambda x: np.maximum(x, 0), 0.0, claimed))


# Jumps and infinite slopes


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda x: np.where(x >= 1, x + 1, x), 1.0),
        (lambda x: np.where(x > 1, x + 1, x), 1.0),
        (lambda x: np.where(x == 0, 5.0, np.cos(x)), 0.0),
    ],
)
def test_a_jump_is_named_and_has_no_slope(f: Callable[[Array], Array], x: float) -> None:
    found = slope_at(f, x, 1.0)
    assert "jump" in kinds(found)
    assert undecided(found)


@pytest.mark.parametrize("f", [np.cbrt, lambda x: np.sqrt(np.abs(x)), lambda x: x * np.log(np.abs(x) + 1e-300)])
def test_an_infinite_slope_is_no_large_one(f: Callable[[Array], Array]) -> None:
    found = slope_at(f, 0.0)
    assert undecided(found)
    assert any("without bound" in note.message for note in found.notes)


def test_a_slope_that_settles_slowly_has_a_wide_bound() -> None:
    found = slope_at(lambda x: np.abs(x) ** 1.1 + x, 0.0)
    assert covers(found, 1.0)


@pytest.mark.parametrize("x", [1e-9, 1e-7, 1e-6, 1e-5, 1e-4])
def test_a_quotient_that_grows_like_h_is_not_extrapolated_like_h_squared(x: float) -> None:
    truth = x * x / (x**3 + 2) ** (2 / 3)
    for seed in range(8):
        assert covers(slope_at(lambda x: (np.abs(x) ** 3 + 2) ** (1 / 3), x, truth, seed=seed), truth)


def test_beside_the_same_point_a_smooth_f_still_has_a_sharp_slope() -> None:
    found = slope_at(lambda x: (x**2 + x**3 + 2) ** (1 / 3) + x, 1e-5)
    truth = 1 + (2e-5 + 3e-10) / 3 / (1e-10 + 1e-15 + 2) ** (2 / 3)
    assert covers(found, truth)
    assert float(found.error_bound[0]) < 1e-9


# Edges


def asked_at(f: Callable[[Array], Array], x: float, domain: Domain) -> tuple[Estimate, Array]:
    function = Rowwise(lambda p: f(p[:, 0]))
    found = answer(problem(function, domain=domain), [[x]]).points[0]
    return found, np.concatenate(function.asked)[:, 0]


@pytest.mark.parametrize(
    ("x", "low", "high"), [(1.0, 1.0, 2.0), (2.0, 1.0, 2.0), (0.0, 0.0, 1e-3), (1.0, 0.0, 1.0 + 1e-9)]
)
def test_at_an_edge_differences_stay_inside(x: float, low: float, high: float) -> None:
    found, points = asked_at(np.exp, x, box(low, high))
    assert covers(found, float(np.exp(x)))
    assert "edge" in kinds(found)
    assert ((points >= low) & (points <= high)).all()


def test_an_open_end_is_never_touched() -> None:
    found, points = asked_at(np.log, 1e-7, box(0.0, 1.0, low_open=True))
    assert covers(found, 1e7)
    assert (points > 0).all()


def test_away_from_the_edge_nothing_is_said_of_it() -> None:
    found, _ = asked_at(np.exp, 1.5, box(1.0, 2.0))
    assert "edge" not in kinds(found)


def test_a_domain_narrower_than_the_usual_step_still_gives_a_slope() -> None:
    found, points = asked_at(np.sin, 1.0, box(1 - 1e-9, 1 + 1e-9))
    assert covers(found, float(np.cos(1.0)))
    assert (np.abs(points - 1.0) <= 1.1e-9).all()


def test_a_side_without_values_is_left_alone() -> None:
    found = slope_at(lambda x: np.where(x < 1, np.nan, x**2), 1.0)
    assert covers(found, 2.0)
    assert "edge" in kinds(found)


def test_a_side_that_raises_is_left_alone() -> None:
    function = Raising(lambda p: p[:, 0] ** 2 + p[:, 0])
    found = answer(problem(function), [[0.0]]).points[0]
    assert covers(found, 1.0)


def test_a_square_root_at_its_edge_has_no_slope() -> None:
    assert undecided(slope_at(np.sqrt, 0.0, domain=box(0.0, 1.0)))


def test_a_power_of_three_halves_at_its_edge_is_covered() -> None:
    assert covers(slope_at(lambda x: 1 + x + x**1.5, 0.0, domain=box(0.0, 1.0)), 1.0)


# Noise, precision, randomness, oscillation


@pytest.mark.parametrize("level", [1e-10, 1e-7, 1e-4])
def test_noise_widens_the_bound_and_is_named(level: float) -> None:
    found = slope_at(lambda x: np.sin(x) + level * hashed(x), 1.0)
    assert covers(found, float(np.cos(1.0)))
    assert float(found.error_bound[0]) < 1e4 * level
    if level > 1e-9:
        assert "noise" in kinds(found)


def test_without_noise_nothing_is_said_of_it() -> None:
    assert kinds(slope_at(np.sin, 1.0)) == set()


def single(x: Array) -> Array:
    return np.asarray(np.sin(x.astype(np.float32)), dtype=np.float64)


def test_single_precision_inside_f_is_named() -> None:
    found = slope_at(single, 1.0)
    assert covers(found, float(np.cos(1.0)))
    assert "single-precision" in kinds(found)


def test_single_precision_that_was_declared_is_no_news() -> None:
    found = slope_at(single, 1.0, precision=Precision.FLOAT32)
    assert covers(found, float(np.cos(1.0)))
    assert "single-precision" not in kinds(found)


@pytest.mark.parametrize(
    ("f", "x", "truth"),
    [
        (lambda x: (x + 1e8) - 1e8, 1e-3, 1.0),
        (lambda x: (x + 1e8) * 1.1 - 1.1e8, 1e-3, 1.1),
        (lambda x: np.log(1 + x), 1e-18, 1.0),
        (lambda x: np.log(1 + np.exp(-x)), 30.0, -float(np.exp(-30.0))),
        (lambda x: np.log(1 + np.exp(-x)), 40.0, -float(np.exp(-40.0))),
        (lambda x: np.sqrt(1 + x) - 1, 1e-20, 0.5),
        (lambda x: 1 - np.cos(x), 1e-9, 1e-9),
    ],
)
def test_a_staircase_is_not_flat(f: Callable[[Array], Array], x: float, truth: float) -> None:
    found = slope_at(f, x)
    assert undecided(found) or covers(found, truth)


def test_random_f_has_no_bound() -> None:
    random = np.random.default_rng(0)
    found = slope_at(lambda x: np.sin(x) + 1e-9 * random.normal(size=x.shape), 1.0)
    assert undecided(found)
    assert "randomness" in kinds(found)


@pytest.mark.parametrize("f", [lambda x: np.sin(1e15 * x), lambda x: x + np.sin(3e15 * x)])
def test_oscillation_below_the_steps_is_not_averaged_away(f: Callable[[Array], Array]) -> None:
    found = slope_at(f, 1.0)
    assert undecided(found)
    assert "oscillation" in kinds(found)


@pytest.mark.parametrize("frequency", [1e3, 1e6, 1e9])
def test_oscillation_that_the_steps_resolve_is_followed(frequency: float) -> None:
    found = slope_at(lambda x: np.sin(frequency * x), 1.0)
    assert covers(found, frequency * float(np.cos(frequency)))
    assert abs(float(found.value[0])) > 0.3 * frequency


# Overflow and failures


def test_f_that_is_not_finite_at_the_point_has_no_slope() -> None:
    found = slope_at(lambda x: np.log(1 + np.exp(x)), 800.0)
    assert undecided(found)
    assert "overflow" in kinds(found)


def test_f_that_raises_at_the_point_says_what_it_raised() -> None:
    found = answer(problem(Raising(lambda p: p[:, 0])), [[-1.0]]).points[0]
    assert undecided(found)
    assert "ValueError: negative" in found.notes[0].message


def test_overflow_far_away_does_not_matter() -> None:
    assert covers(slope_at(np.exp, 700.0), float(np.exp(700.0)))


def test_one_bad_point_does_not_spoil_the_others() -> None:
    found = answer(problem(Rowwise(lambda p: np.sqrt(p[:, 0]))), [[4.0], [-1.0], [9.0]]).points
    assert covers(found[0], 0.25)
    assert undecided(found[1])
    assert covers(found[2], 1 / 6)
