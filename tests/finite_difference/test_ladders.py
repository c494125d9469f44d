"""Error against step size, as figures show it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from gradverify_finite_difference import FiniteDifference

from gradverify.core.arrays import Array
from gradverify.core.estimates import Ladder
from gradverify.core.problem import Derivative, Domain
from tests.finite_difference.support import Rowwise, box, problem


def cube(points: Array) -> Array:
    return np.asarray(points[:, 0] ** 3)


def ladder_of(x: float, domain: Domain | None = None) -> Ladder:
    found: Sequence[Ladder] = FiniteDifference().ladders(problem(Rowwise(cube), domain=domain), np.array([x]), (0,))
    assert len(found) == 1
    return found[0]


def errors(found: Ladder, truth: float) -> Array:
    return np.abs(np.array(found.values) - truth)


def test_steps_rise_from_round_off_to_truncation_with_the_least_error_between() -> None:
    found = ladder_of(1.3)
    off = errors(found, 3 * 1.3**2)
    assert list(found.steps) == sorted(found.steps)
    assert found.steps[0] < 1e-12
    assert found.steps[-1] > 1
    assert off[0] > 1e3 * off.min()
    assert off[-1] > 1e3 * off.min()


def test_truncation_falls_with_the_square_of_the_step() -> None:
    found = ladder_of(1.3)
    h, off = np.array(found.steps), errors(found, 3 * 1.3**2)
    large = h > 1e-2
    assert off[large] == pytest.approx(h[large] ** 2, rel=1e-6)  # of x³: exactly h²


def test_round_off_explains_the_error_at_small_steps() -> None:
    found = ladder_of(1.3)
    small = np.array(found.steps) < 1e-8
    assert (errors(found, 3 * 1.3**2)[small] <= np.array(found.bounds)[small] + 1e-15).all()


def test_no_step_leaves_the_domain() -> None:
    function = Rowwise(cube)
    FiniteDifference().ladders(problem(function, domain=box(1.0, 2.0)), np.array([1.2]), (0,))
    assert all(((p >= 1.0) & (p <= 2.0)).all() for p in function.asked)


def test_at_an_edge_differences_are_taken_on_one_side() -> None:
    found = ladder_of(1.0, box(1.0, 2.0))
    assert errors(found, 3.0).min() < 1e-6
    assert len(found.steps) > 10


def test_a_row_of_a_jacobian_has_its_own_ladder() -> None:
    function = Rowwise(lambda p: np.stack([p[:, 0] * 2, p[:, 0] + 5 * p[:, 1]], axis=1), output_shape=(2,))
    found = FiniteDifference().ladders(problem(function, n=2), np.array([1.0, 1.0]), (3,))
    assert [ladder.component for ladder in found] == [3]
    assert errors(found[0], 5.0).min() < 1e-9


def test_a_hessian_and_a_function_that_is_nowhere_finite_have_none() -> None:
    nowhere = Rowwise(lambda p: np.full(len(p), np.nan))
    assert FiniteDifference().ladders(problem(nowhere), np.array([1.0]), (0,)) == ()
    asked = problem(Rowwise(cube), derivative=Derivative.HESSIAN)
    assert FiniteDifference().ladders(asked, np.array([1.0]), (0,)) == ()
