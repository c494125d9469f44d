"""Looking for counterexamples: what is found, what is left alone, and how simple the result is."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from gradverify.core.problem import Domain, Problem
from gradverify.core.search import Found, candidates, complexity, search
from gradverify.core.variables import Shape
from gradverify.core.verdicts import AtKinks, Verdict
from gradverify.core.verify import Verified, verdict_of
from tests.core.fakes import check, problem_of


def look(
    f: str,
    truth: Mapping[str, str],
    claim: Mapping[str, str],
    points: list[list[float]],
    *,
    literals: tuple[float, ...] = (),
    shapes: Mapping[str, Shape] | None = None,
    domain: Domain | None = None,
) -> tuple[Found, Verified]:
    problem = problem_of(f, claim, shapes, domain=domain)
    verified, ask = check(problem, truth, points)
    assert verdict_of(verified)[0] is Verdict.PASS
    found = search(
        problem,
        verified,
        ["truth"],
        ask,
        at_kinks=AtKinks.ACCEPT_SUBGRADIENT,
        literals=literals,
        evaluations=None,
        seed=0,
    )
    return found, verified


def test_a_fault_that_the_listed_point_hides_is_found_at_a_simple_point() -> None:
    found, _ = look("x**2*y", {"x": "2*x*y", "y": "x**2"}, {"x": "2*x*y", "y": "x"}, [[1, 1]])
    assert found.verified is not None
    assert complexity(found.verified.points[0]) <= 5


def test_a_wrong_branch_beyond_a_threshold_is_found() -> None:
    truth, claim = {"x": "where(x > 20, 1 + 0*x, 2*x)"}, {"x": "2*x"}
    found, _ = look("x", truth, claim, [[1.0]], literals=(20.0,))
    assert found.verified is not None
    assert found.verified.points[0, 0] > 20


def test_a_fault_at_one_isolated_point_is_found() -> None:
    truth, claim = {"x": "cos(x)"}, {"x": "where(x == 0, 0, cos(x))"}
    found, _ = look("sin(x)", truth, claim, [[1.0], [2.5]])
    assert found.verified is not None
    assert found.verified.points[0].tolist() == [0.0]


def test_a_right_claim_has_no_counterexample() -> None:
    truth = {"x": "2*x*y", "y": "x**2"}
    found, _ = look("x**2*y", truth, truth, [[1, 1]])
    assert found.verified is None
    assert found.candidates > 50


@pytest.mark.parametrize(
    ("truth", "claim"),
    [
        ("1/cosh(x)**2", "1 - tanh(x)**2"),  # all digits lost for large x
        ("exp(-x)/(1 + exp(-x))**2", "sigmoid(x)*(1 - sigmoid(x))"),
        ("sigmoid(x)", "1 - 1/(1 + exp(x))"),
        ("1/(1 + exp(-x))", "exp(x)/(1 + exp(x))"),  # overflows far out
    ],
)
def test_round_off_and_overflow_of_a_right_formula_are_no_counterexamples(truth: str, claim: str) -> None:
    found, _ = look("x", {"x": truth}, {"x": claim}, [[0.5]])
    assert found.verified is None


def test_a_claim_that_is_nan_at_zero_where_f_is_smooth_is_a_counterexample() -> None:
    found, _ = look("x", {"x": "-x/3 + x**3/30"}, {"x": "(-x/3 + x**3/30)*x/x"}, [[0.5]])
    assert found.verified is not None
    assert found.verified.points[0].tolist() == [0.0]


def test_nothing_is_looked_for_outside_the_domain() -> None:
    domain = Domain(np.array([0.5]), np.array([3.0]), np.array([True]), np.array([False]))
    problem: Problem = problem_of("x", {"x": "1 + 0*x"}, domain=domain)
    points = candidates(problem, np.array([[1.0]]), (0.5, 3.0, 7.0), 64, seed=0)
    assert points.shape[0] > 20
    assert ((points > 0.5) & (points <= 3.0)).all()


def test_the_same_seed_gives_the_same_candidates() -> None:
    problem = problem_of("x*y", {"x": "y", "y": "x"})
    first, second = (candidates(problem, np.ones((1, 2)), (7.0,), 64, seed=s) for s in (3, 3))
    assert np.array_equal(first, second)
