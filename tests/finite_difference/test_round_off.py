"""Bounds cover the round-off of values that are sums or exponentials inside, at each of many points."""

from __future__ import annotations

import numpy as np

from gradverify.core.arrays import Array
from gradverify.core.problem import Derivative
from tests.finite_difference.support import Rowwise, answer, problem

SEED = 2  # of points among which six slopes came out as 0, with bounds below them


def bell(rows: Array) -> Array:
    """exp(−x·x): its exponent, near 18, is rounded, so that its values are multiples of some 32 ulps."""
    value: Array = np.exp(-np.sum(rows * rows, axis=1))
    return value


def log_sum_exp(rows: Array) -> Array:
    top = rows.max(axis=1, keepdims=True)
    value: Array = top[:, 0] + np.log(np.sum(np.exp(rows - top), axis=1))
    return value


def slopes_of_bell(seed: int) -> tuple[Array, Array, Array]:
    """The truth, and values and bounds for it, at 400 points with a small first coordinate each."""
    random = np.random.default_rng(seed)
    points = random.uniform(-3.0, 3.0, (400, 6))
    points[:, 0] *= 10.0 ** random.uniform(-4.0, 0.0, 400)
    truth = -2.0 * points * bell(points)[:, None]
    asked = problem(Rowwise(bell, kind="expression"), 6, seed=seed)
    found = answer(asked, points.tolist(), truth).points
    return truth, np.array([p.value for p in found]), np.array([p.error_bound for p in found])


def mixed_of_log_sum_exp(n: int, count: int) -> tuple[Array, Array, Array]:
    """The truth, and values and bounds for it, of all mixed second derivatives at `count` points."""
    points = np.random.default_rng(5).uniform(-3.0, 3.0, (count, n))
    weights = np.exp(points - points.max(axis=1, keepdims=True))
    weights /= weights.sum(axis=1, keepdims=True)
    asked = problem(Rowwise(log_sum_exp, kind="expression"), n, derivative=Derivative.HESSIAN)
    found = answer(asked, points.tolist()).points
    i, j = np.triu_indices(n, 1)
    value, bound = np.array([p.value[i, j] for p in found]), np.array([p.error_bound[i, j] for p in found])
    return -weights[:, i] * weights[:, j], value, bound


def test_steps_too_short_to_move_f_are_no_proof_of_a_slope_of_0() -> None:
    truth, value, bound = slopes_of_bell(SEED)
    assert (np.abs(value - truth) <= bound + 4e-16 * np.abs(truth)).all()


def test_wrong_twins_of_small_slopes_are_outside_their_bounds() -> None:
    truth, value, bound = slopes_of_bell(SEED)
    for factor in (1.001, -1.0, 2.0):
        assert (np.abs(value - factor * truth) > bound).all()


def test_bounds_of_mixed_derivatives_of_log_sum_exp_cover() -> None:
    truth, value, bound = mixed_of_log_sum_exp(8, 60)
    assert (np.abs(value - truth) <= bound + 4e-16 * np.abs(truth)).all()


def test_wrong_twins_of_mixed_derivatives_are_outside_their_bounds() -> None:
    truth, value, bound = mixed_of_log_sum_exp(8, 60)
    for factor in (1.001, -1.0, 2.0):
        assert (np.abs(value - factor * truth) > bound).mean() > 0.99
    assert np.median(bound / np.abs(truth)) < 1e-6
