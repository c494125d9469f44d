"""Looking for counterexamples: what is found, what is left alone, and how simple the result is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from gradverify.core.candidates import candidates
from gradverify.core.estimates import Screened
from gradverify.core.pace import Pace
from gradverify.core.problem import Domain, Problem, Request
from gradverify.core.search import FEWEST_CANDIDATES, Found, alternating, complexity, is_generic, search
from gradverify.core.variables import Shape
from gradverify.core.verdicts import AtKinks, Verdict
from gradverify.core.verify import Answer, Ask, Verified, verdict_of
from tests.core.fakes import check, claim_of, problem_of


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
        ("1/(1 + exp(-30*x))", "exp(30*x)/(1 + exp(30*x))"),  # near by
        ("1/(1 + exp(-1e3*x))", "exp(1e3*x)/(1 + exp(1e3*x))"),  # and beyond what long doubles hold
        ("1/(1 + exp(-exp(x)))", "exp(exp(x))/(1 + exp(exp(x)))"),
    ],
)
def test_round_off_and_overflow_of_a_right_formula_are_no_counterexamples(truth: str, claim: str) -> None:
    found, _ = look("x", {"x": truth}, {"x": claim}, [[0.5]])
    assert found.verified is None


@pytest.mark.parametrize("claim", ["cos(x) + 0*log(x + 2)", "cos(x) + 0*arcsin(x/4)", "cos(x)*(x - 1)/(x - 1)"])
def test_a_claim_without_a_value_that_no_wider_range_would_give_is_a_counterexample(claim: str) -> None:
    found, _ = look("sin(x)", {"x": "cos(x)"}, {"x": claim}, [[0.5]])
    assert found.verified is not None
    assert not np.isfinite(found.verified.claim.values).all()


def test_overflows_near_the_listed_points_hide_no_fault_elsewhere() -> None:
    claim = "exp(30*x)/(1 + exp(30*x)) + where(x < -5, 1, 0)"
    found, _ = look("x", {"x": "1/(1 + exp(-30*x))"}, {"x": claim}, [[0.5]])
    assert found.verified is not None
    assert found.verified.points[0, 0] < -5


def test_a_claim_that_is_nan_at_zero_where_f_is_smooth_is_a_counterexample() -> None:
    found, _ = look("x", {"x": "-x/3 + x**3/30"}, {"x": "(-x/3 + x**3/30)*x/x"}, [[0.5]])
    assert found.verified is not None
    assert found.verified.points[0].tolist() == [0.0]


class Screening:
    """A backend with a rough look: `values` of the component at every point, with one bound for all."""

    def __init__(self, ask: Ask, truth: str, bound: float) -> None:
        self.ask, self.truth, self.bound = ask, claim_of({"x": truth}, {"x": ()}), bound
        self.asked_closely: list[float] = []

    def __call__(self, name: str, problem: Problem, request: Request) -> Answer:
        if not request.screening:
            self.asked_closely += request.points[:, 0].tolist()
            return self.ask(name, problem, request)
        values = self.truth.evaluate(request.points).values
        rows = np.ones(values.shape[0], dtype=np.bool_)
        rough = Screened(values=values, error_bounds=np.full_like(values, self.bound), finite=rows, evaluations=1)
        return Answer(name, screened=rough)


def screen(truth: str, claim: str, bound: float = 1e-9, pace: Pace | None = None) -> tuple[Found, Screening]:
    problem = problem_of("x", {"x": claim})
    verified, ask = check(problem, {"x": truth}, [[0.5]])
    backend = Screening(ask, truth, bound)
    found = search(
        problem, verified, ["truth"], backend, at_kinks=AtKinks.ACCEPT_SUBGRADIENT, literals=(), evaluations=None,
        seed=0, pace=pace,
    )  # fmt: skip
    return found, backend


def test_only_points_that_look_wrong_are_looked_at_closely() -> None:
    found, backend = screen("cos(x)", "cos(x)")
    assert found.verified is None
    assert not backend.asked_closely


def test_a_fault_that_shows_at_one_screened_point_is_found() -> None:
    found, _ = screen("cos(x)", "where(x == 3, 0, cos(x))")
    assert found.verified is not None
    assert found.verified.points[0].tolist() == [3.0]


@pytest.mark.parametrize(
    ("pace", "slow"),
    [(Pace(0.1, 0.0, 2.5), "the function takes 0.1 s"), (Pace(0.0, 0.1, 2.5), "the claim takes 0.1 s")],
)
def test_a_slow_function_is_searched_at_as_many_points_as_there_is_time_for(pace: Pace, slow: str) -> None:
    found, _ = screen("cos(x)", "cos(x)", pace=pace)
    assert slow in str(pace)
    assert FEWEST_CANDIDATES <= found.candidates <= 2.5 / 0.1 < found.planned
    assert found.skipped is None


def test_where_there_is_time_for_all_points_none_is_left_out() -> None:
    assert screen("cos(x)", "cos(x)", pace=Pace(0.001, 0.001, 20.0))[0].planned == 0


def test_a_function_too_slow_for_any_search_is_not_searched_and_says_how_slow_it_is() -> None:
    found, backend = screen("cos(x)", "sin(x)*cos(x)/sin(x)", bound=1e-2, pace=Pace(1.5, 0.1, 2.0))
    assert found.candidates == found.evaluations == 0
    assert "the function takes 1.5 s a call" in (found.skipped or "")
    assert not backend.asked_closely


def test_a_counterexample_is_kept_before_it_is_made_simpler() -> None:
    problem = problem_of("x", {"x": "where(x > 1.5, 0, cos(x))"})
    verified, ask = check(problem, {"x": "cos(x)"}, [[0.5]])
    kept: list[Verified] = []
    found = search(
        problem, verified, ["truth"], ask, at_kinks=AtKinks.ACCEPT_SUBGRADIENT, literals=(), evaluations=None, seed=0,
        keep=kept.append,
    )  # fmt: skip
    assert found.verified is not None
    assert [verdict_of(one)[0] for one in kept] == [Verdict.FAIL]


def test_a_component_that_is_zero_agrees_where_the_bound_is_small_beside_its_ordinary_size() -> None:
    assert not screen("sin(x)", "sin(x)")[1].asked_closely


def test_a_rough_look_with_a_wide_bound_settles_nothing() -> None:
    _, backend = screen("cos(x)", "cos(x)", bound=1e-2)
    assert len(backend.asked_closely) > 50


def test_a_value_that_is_missing_is_found_although_the_claim_is_proved() -> None:
    problem = problem_of("x**2", {"x": "2*x*x/x"})
    verified, ask = check(problem, {"x": "2*x"}, [[0.5]])
    found = search(
        problem, replace(verified, proof_backend="truth"), ["truth"], ask, at_kinks=AtKinks.ACCEPT_SUBGRADIENT,
        literals=(), evaluations=None, seed=0, smooth=True,
    )  # fmt: skip
    assert found.verified is not None
    assert found.verified.points[0].tolist() == [0.0]


def test_a_proved_claim_is_not_compared_again_unless_there_are_branches() -> None:
    problem = problem_of("sin(x)", {"x": "cos(x)"})
    verified, ask = check(problem, {"x": "cos(x)"}, [[0.5]])
    proved = replace(verified, proof_backend="truth")
    backend = Screening(ask, "cos(x)", 1e-2)
    for smooth in (True, False):
        found = search(
            problem, proved, ["truth"], backend, at_kinks=AtKinks.ACCEPT_SUBGRADIENT, literals=(), evaluations=None,
            seed=0, smooth=smooth,
        )  # fmt: skip
        assert found.verified is None
        assert (found.reason is None, len(backend.asked_closely) > 0) == (not smooth, not smooth)


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


def test_generic_points_have_no_zeros_and_no_ties() -> None:
    points = np.array([[1.0, 2.0], [0.0, 2.0], [2.0, 2.0], [-2.0, 2.0]])
    assert is_generic(points).tolist() == [True, False, False, True]
    assert is_generic(np.array([[3.0], [0.0]])).tolist() == [True, False]


def test_ties_and_generic_points_take_turns_and_none_is_lost() -> None:
    generic = np.array([False, False, False, True, True, False])
    assert alternating([0, 1, 2, 5, 3, 4], generic) == [0, 3, 1, 4, 2, 5]
    assert alternating([4, 0, 3], generic) == [4, 0, 3]
    assert alternating([2, 0], generic) == [2, 0]
    assert alternating([], generic) == []


def box(low: list[float], high: list[float]) -> Domain:
    closed = np.zeros(len(low), dtype=np.bool_)
    return Domain(np.array(low), np.array(high), closed, closed)


def test_each_component_alone_is_tried_at_the_ends_of_its_domain() -> None:
    problem = problem_of("x*y", {"x": "y", "y": "x"}, domain=box([-3.0, 0.001], [7.0, 0.05]))
    points = candidates(problem, np.array([[2.0, 0.01]]), (), 64, seed=0).tolist()
    assert [end for end in ([-3.0, 0.01], [7.0, 0.01], [2.0, 0.001], [2.0, 0.05]) if end not in points] == []


def test_special_values_that_a_domain_lacks_take_no_place_of_those_that_it_has() -> None:
    shapes = {"x": (20,)}
    problem = problem_of("sum(x)", {"x": "1 + 0*x"}, shapes, domain=box([0.4] * 20, [1.2] * 20))
    points = candidates(problem, np.full((1, 20), 0.7), (0.45,), 96, seed=0)
    assert points.shape[0] >= 80
    assert len({tuple(p) for p in points.tolist() if 1.0 in p or 0.5 in p or 0.45 in p}) >= 30


def test_a_small_threshold_is_looked_at_on_both_sides() -> None:
    problem = problem_of("x", {"x": "where(x < 5e-15, 2, 1)"}, domain=box([0.0], [1e-9]))
    x = candidates(problem, np.array([[1e-12]]), (5e-15,), 64, seed=0)[:, 0]
    assert ((x > 0) & (x < 5e-15)).any()
    assert ((x > 5e-15) & (x < 1e-14)).any()


@pytest.mark.parametrize("factor", ["where(x > 40, 1.01, 1)", "where(x > 70, -1, 1)"])
def test_a_fault_where_a_formula_is_tiny_is_no_round_off(factor: str) -> None:
    truth, domain = "exp(-x)*(1 - x)", box([0.0], [100.0])
    found, _ = look("exp(-x)*x", {"x": truth}, {"x": f"{truth}*{factor}"}, [[1.0]], domain=domain)
    assert found.verified is not None
    assert found.verified.points[0, 0] > 40
    found, _ = look("tanh(x)", {"x": "1/cosh(x)**2"}, {"x": "1 - tanh(x)**2"}, [[1.0]], domain=domain)
    assert found.verified is None


def patched(window: float, limit: str, elsewhere: str) -> str:
    inside = f"abs(x) < {window:g}"
    return f"where({inside}, {limit}, ({elsewhere.replace('X', f'where({inside}, 1, x)')}))"


@pytest.mark.parametrize(("near_0", "found"), [("0.5 + x/3", False), ("0.51 + x/3", True)])
@pytest.mark.parametrize("window", [1e-7, 1e-5])
def test_the_slope_around_a_point_where_f_is_patched_with_a_constant_is_right(
    window: float, near_0: str, found: bool
) -> None:
    slope = "(x*exp(x) - expm1(x))/X**2"
    truth = {"x": f"where(abs(x) < {window:g}, 0, {patched(1e-4, '0.5 + x/3', slope)})"}
    f, claim = patched(window, "1", "expm1(x)/X"), {"x": patched(1e-4, near_0, slope)}
    got, _ = look(f, truth, claim, [[1.0]], literals=(window, 1e-4))
    assert (got.verified is not None) is found
