"""What the points could not have revealed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradverify.core.blind_spots import _all_caught, _caught, mutants, score
from gradverify.core.verdicts import Fault
from tests.core.fakes import check, problem_of
from tests.in_process import of_code, result_of

TRUTH = {"x": "2*x*y", "y": "x**2"}


def spots(points: list[list[float]]) -> dict[tuple[Fault, int], tuple[float, ...] | None]:
    verified, _ = check(problem_of("x**2*y", TRUTH), TRUTH, points)
    return {(s.fault, s.components[0].index): s.better_point for s in score(verified, 0).spots}


def test_at_one_a_factor_of_the_variable_is_invisible() -> None:
    assert (Fault.LOG_PARAMETER, 0) in spots([[1, 3]])
    assert (Fault.LOG_PARAMETER, 0) not in spots([[2, 3]])


def test_where_a_component_is_zero_its_sign_and_factor_are_invisible() -> None:
    found = spots([[0, 3]])
    assert {(Fault.SIGN, 0), (Fault.FACTOR, 0), (Fault.ZEROED_COMPONENT, 0)} <= set(found)


def test_where_two_components_are_equal_a_swap_is_invisible() -> None:
    assert (Fault.SWAPPED_COMPONENTS, 0) in spots([[2, 1]])
    assert (Fault.SWAPPED_COMPONENTS, 0) not in spots([[2, 3]])


def test_the_better_point_reveals_the_mistake() -> None:
    for (fault, index), better in spots([[0, 3]]).items():
        assert better is not None
        assert (fault, index) not in spots([list(better)])


def test_good_points_have_no_blind_spot() -> None:
    verified, _ = check(problem_of("x**2*y", TRUTH), TRUTH, [[2, 3], [-0.5, 0.7]])
    assert score(verified, 0).share == 1.0


def test_a_component_that_is_zero_everywhere_is_no_blind_spot() -> None:
    truth = {"x": "2*x", "y": "0*y"}
    verified, _ = check(problem_of("x**2 + 0*y", truth), truth, [[2, 3]])
    assert all(s.components[0].index == 0 for s in score(verified, 0).spots if s.fault is not Fault.SWAPPED_COMPONENTS)


COORDINATES = st.sampled_from([0.0, 1.0, -1.0, 2.0, 0.5, -0.7])


@given(st.lists(st.tuples(COORDINATES, COORDINATES), min_size=1, max_size=3))
def test_mutants_judged_together_are_those_judged_one_by_one(points: list[tuple[float, float]]) -> None:
    verified, _ = check(problem_of("x**2*y", TRUTH), TRUTH, [list(point) for point in points])
    claimed, at = verified.claim.values, verified.points
    enough = 2e-6 * np.abs(claimed)
    every = list(mutants(verified))
    together = _all_caught(verified.problem, claimed, at, enough)
    assert together == (len(every) if all(_caught(m, claimed, at, enough) for m in every) else None)


def spots_of(text: str) -> list[tuple[float, ...]]:
    return [s.better_point for s in result_of(text).blind_spots if s.better_point is not None]


@pytest.mark.parametrize(
    ("function", "claim"),
    [("abs(x) + y", "[sign(x), 1]"), ("maximum(x, y)", '["where(x > y, 1, 0)", "where(x > y, 0, 1)"]')],
)
def test_a_point_that_is_recommended_for_a_formula_reveals_what_it_is_recommended_for(
    function: str, claim: str
) -> None:
    spec = f'variables: [x, y]\nfunction: "{function}"\ngradient: {claim}\npoints: '
    found = spots_of(spec + "[[1, 0.5]]")
    assert found
    assert not spots_of(spec + str([[1, 0.5], *map(list, found)]))


SORTED = """
def f(x):
    return float(np.sort(x) @ np.arange(1.0, 5.0))
def g(x):
    out = np.zeros(4)
    out[np.argsort(x)] = np.arange(1.0, 5.0)
    return out
"""


def test_nor_is_it_a_tie_where_f_is_code(tmp_path: Path) -> None:
    found = of_code(tmp_path, SORTED, "[[1, 3, 2, 0.5]]", "{x: 4}")
    spots = [s.better_point for s in found.blind_spots if s.better_point is not None]
    assert spots
    assert all(len(set(point)) == 4 for point in spots)
    assert not of_code(tmp_path, SORTED, str([[1, 3, 2, 0.5], *map(list, spots)]), "{x: 4}").blind_spots
