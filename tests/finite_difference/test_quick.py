"""Two evaluations a component where the claim is right; a wrong claim is never taken for its own proof."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradverify.core.arrays import Array
from gradverify.core.estimates import DoesNotApply
from gradverify.core.problem import Evaluation
from tests.finite_difference.support import Rowwise, answer, problem, slope_at

TOLERANCE = 1e-6


def smooth(p: Array) -> Array:
    value: Array = np.sum(np.sin(p) * np.arange(1, p.shape[1] + 1) + p**2, axis=1)
    return value


def smooth_gradient(x: Array) -> Array:
    value: Array = np.cos(x) * np.arange(1, len(x) + 1) + 2 * x
    return value


def test_a_right_claim_costs_two_evaluations_a_component_and_five_more() -> None:
    x = np.linspace(0.3, 1.4, 8)
    function = Rowwise(smooth)
    found = answer(problem(function, 8), [x.tolist()], smooth_gradient(x)[None, :])
    assert found.evaluations == sum(len(rows) for rows in function.asked) == 2 * 8 + 5


def test_round_off_of_a_large_sum_costs_two_more() -> None:
    x = np.linspace(0.3, 1.4, 50)
    found = answer(problem(Rowwise(smooth), 50), [x.tolist()], smooth_gradient(x)[None, :])
    assert found.evaluations <= 4 * 50 + 5


def test_only_the_wrong_component_climbs_the_ladder() -> None:
    x = np.linspace(0.3, 1.4, 8)
    claimed = smooth_gradient(x)
    claimed[7] *= -1
    found = answer(problem(Rowwise(smooth), 8), [x.tolist()], claimed[None, :])
    assert found.evaluations <= 2 * 8 + 4 + 250
    assert found.points[0].value[7] == pytest.approx(-claimed[7], rel=1e-9)


FUNCTIONS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "sin": (np.sin, np.cos),
    "exp": (np.exp, np.exp),
    "cube": (lambda x: x**3, lambda x: 3 * x**2),
    "large offset": (lambda x: 1e6 + x**2, lambda x: 2 * x),
    "fast": (lambda x: np.sin(500 * x), lambda x: 500 * np.cos(500 * x)),
}


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    st.sampled_from(sorted(FUNCTIONS)),
    st.floats(0.1, 3),
    st.one_of(
        st.floats(-5, -1).map(lambda e: 1 + 10.0**e),
        st.floats(-5, -1).map(lambda e: 1 - 10.0**e),
        st.just(-1.0),
        st.just(0.0),
    ),
    st.integers(0, 1000),
)
def test_a_wrong_claim_is_never_confirmed(name: str, x: float, factor: float, seed: int) -> None:
    f, slope = FUNCTIONS[name]
    truth = float(slope(x))
    claimed = factor * truth
    if abs(truth) < 1e-3:
        return
    found = slope_at(f, x, claimed, seed=seed)
    gap = abs(claimed - float(found.value[0]))
    assert not gap + float(found.error_bound[0]) <= TOLERANCE * abs(float(found.value[0]))


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.sampled_from(sorted(FUNCTIONS)), st.floats(0.1, 3), st.integers(0, 1000))
def test_a_right_claim_is_never_refuted(name: str, x: float, seed: int) -> None:
    f, slope = FUNCTIONS[name]
    claimed = float(slope(x))
    found = slope_at(f, x, claimed, seed=seed)
    assert not abs(claimed - float(found.value[0])) > float(found.error_bound[0]) + 1e-14 * abs(claimed)


def test_a_claim_of_zero_is_confirmed_to_the_round_off_of_f_where_f_does_not_move() -> None:
    found = slope_at(lambda x: 3.7 + np.maximum(x, 0), -1.0, 0.0)
    assert float(found.value[0]) == 0.0
    assert float(found.error_bound[0]) <= 3.7 * 2.3e-16


@pytest.mark.parametrize(
    ("f", "slope"), [(lambda x: 1e16 + x, 1.0), (lambda x: 1e16 + 1e-10 * x, 1e-10), (lambda x: 1e8 + 1e-9 * x, 1e-9)]
)
def test_a_claim_of_zero_is_not_confirmed_where_f_is_too_coarse_to_show_its_slope(
    f: Callable[[Array], Array], slope: float
) -> None:
    found = slope_at(f, 1.0, 0.0)
    assert float(found.error_bound[0]) > 0
    assert abs(float(found.value[0]) - slope) <= float(found.error_bound[0])


def test_many_zero_components_stay_cheap() -> None:
    x = np.linspace(0.5, 1.5, 200)
    claimed = np.zeros((1, 200))
    claimed[0, 0] = 2 * x[0]
    found = answer(problem(Rowwise(lambda p: p[:, 0] ** 2), 200), [x.tolist()], claimed)
    assert found.evaluations <= 6 * 200 + 5
    assert (found.points[0].error_bound[1:] < 1e-15).all()


@pytest.mark.parametrize("claimed", [np.nan, np.inf, -np.inf])
def test_a_claim_that_is_not_finite_gets_a_full_reference(claimed: float) -> None:
    found = slope_at(np.sin, 1.0, claimed)
    assert float(found.value[0]) == pytest.approx(np.cos(1.0), rel=1e-9)


def test_the_same_seed_gives_the_same_answer() -> None:
    first, second = (slope_at(np.exp, 0.7, seed=3) for _ in range(2))
    assert first.value == second.value


def test_a_budget_that_cannot_suffice_is_said_before_it_is_spent() -> None:
    function = Rowwise(smooth)
    with pytest.raises(DoesNotApply, match="budget is 30"):
        answer(problem(function, 50, budget=30), [[1.0] * 50])
    assert not function.asked


def test_what_the_budget_leaves_out_has_no_bound_and_says_so() -> None:
    found = answer(problem(Rowwise(smooth), 20, budget=100), [[0.5] * 20]).points[0]
    assert np.isinf(found.error_bound).any()
    assert "cost" in {note.kind.value for note in found.notes}


class Forgetful(Rowwise):
    """Remembers no points."""

    def evaluate(self, points: Array) -> Evaluation:
        return Evaluation(np.asarray(self.rows(points)))


def test_many_components_of_one_point_share_it() -> None:
    n = 6000
    x = np.linspace(0.5, 2.0, n)
    function = Forgetful(lambda p: 0.5 * np.einsum("ij,ij->i", p, p))
    tracemalloc.start()
    found = answer(problem(function, n, budget=100_000), [x.tolist()], x[None, :])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert np.abs(found.points[0].value - x).max() < 1e-6
    assert peak < n * x.nbytes / 2  # a copy of the point for each component would take twice that
