"""Kinks in several components at once."""

from __future__ import annotations

import numpy as np
import pytest

from gradverify.core.answers import Answer
from gradverify.core.arrays import Matrix
from gradverify.core.estimates import Kink, Screened
from gradverify.core.judge import FAIL, PASS
from gradverify.core.mixtures import exclude_mixtures
from gradverify.core.problem import Problem, Request
from gradverify.core.subgradient import SAMPLES, apart
from tests.core.fakes import check, problem_of

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


@pytest.mark.parametrize(("bound", "closely"), [(1e-9, False), (1e-3, True)])
@pytest.mark.parametrize(("claim", "code"), [((1.0, 1.0), FAIL), ((0.5, 0.5), PASS)])
def test_the_sides_of_a_tie_are_asked_closely_only_where_a_quick_look_is_not_sharp(
    bound: float, closely: bool, claim: tuple[float, float], code: int
) -> None:
    slopes = {"x": "where(x > y, 1, 0)", "y": "where(x > y, 0, 1)"}
    problem = problem_of("maximum(x, y)", slopes)
    verified, truth = check(problem, slopes, [[1.0, 1.0]])
    asked: list[bool] = []

    def ask(name: str, problem: Problem, request: Request) -> Answer:
        asked.append(request.screening)
        answer = truth(name, problem, request)
        if not request.screening or answer.estimates is None:
            return answer
        values = np.array([estimate.value for estimate in answer.estimates.points])
        known = np.ones(len(values), dtype=np.bool_)
        return Answer(
            name, screened=Screened(values=values, error_bounds=bound + 0 * values, finite=known, evaluations=1)
        )

    codes = np.full((1, 2), PASS)
    claimed = np.array([claim])
    exclude_mixtures(problem, verified.points, codes, verified.judged, [UNIT], claimed, ask, np.ones(2))
    assert (codes == code).all()
    assert (False in asked) is closely
