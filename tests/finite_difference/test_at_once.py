"""What one evaluation settles is what one look after the other says; all else is left to that."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from gradverify_finite_difference.at_once import estimate_at_once
from gradverify_finite_difference.backend import budget_of, estimate_in_turn
from gradverify_finite_difference.sampling import Sampler

from gradverify.core.estimates import Estimates
from gradverify.core.problem import Derivative, Domain, Precision, Problem, Request
from gradverify.testing.problems import box, problem_from_expression

SCALARS: dict[str, tuple[int, ...]] = {"x": (), "y": ()}
ROSENBROCK = "(1 - x)**2 + 100*(y - x**2)**2"
ITS_GRADIENT = {"x": "-2*(1 - x) - 400*x*(y - x**2)", "y": "200*(y - x**2)"}
POINTS = [[0.4, -1.3], [-0.7, 0.2], [0.3, 2.5]]


def asked(problem: Problem, points: list[list[float]]) -> Request:
    at = np.array(points)
    assert problem.claim is not None
    return Request(at, problem.claim.evaluate(at).values)


def at_once(problem: Problem, points: list[list[float]]) -> Estimates | None:
    with np.errstate(all="ignore"):
        found: Estimates | None = estimate_at_once(
            problem, asked(problem, points), Sampler(problem, budget_of(problem))
        )
    return found


def in_turn(problem: Problem, points: list[list[float]]) -> Estimates:
    with np.errstate(all="ignore"):
        found: Estimates = estimate_in_turn(problem, asked(problem, points))
    return found


@pytest.mark.parametrize(
    ("function", "claim", "domain"),
    [
        (ROSENBROCK, ITS_GRADIENT, None),
        (ROSENBROCK, ITS_GRADIENT, box((-1.0, 0.5), (-2.0, 60.0))),
        ("sin(3*x) + x*exp(y)", {"x": "3*cos(3*x) + exp(y)", "y": "x*exp(y)"}, None),
        ("log(3 + x) + y", {"x": "1/(3 + x)", "y": "1"}, box((-2.9, 40.0), (-9.0, 9.0))),
    ],
)
def test_what_is_settled_at_once_is_what_is_found_in_turn(
    function: str, claim: Mapping[str, str], domain: Domain | None
) -> None:
    problem = problem_from_expression(function, claim, SCALARS, domain=domain)
    once, turn = at_once(problem, POINTS), in_turn(problem, POINTS)
    assert once is not None
    assert once.evaluations == turn.evaluations
    for quick, slow in zip(once.points, turn.points, strict=True):
        assert (quick.value == slow.value).all()
        assert (quick.error_bound == slow.error_bound).all()
        assert (quick.notes, quick.kinks, quick.evidence) == (slow.notes, slow.kinks, slow.evidence)


def test_a_jacobian_settled_at_once_has_its_rows_and_columns_in_order() -> None:
    claim = "[[y, x], [1, 2], [exp(x)*y, exp(x)]]"
    problem = problem_from_expression("[x*y, x + 2*y, exp(x)*y]", claim, SCALARS, derivative=Derivative.JACOBIAN)
    once, turn = at_once(problem, POINTS), in_turn(problem, POINTS)
    assert once is not None
    assert all((a.value == b.value).all() for a, b in zip(once.points, turn.points, strict=True))
    wanted = np.array([[-1.3, 0.4], [1, 2], [-1.3 * np.exp(0.4), np.exp(0.4)]])
    assert np.allclose(once.points[0].value, wanted)


def _changed(name: str, text: str) -> Mapping[str, str]:
    return {**ITS_GRADIENT, name: text}


@pytest.mark.parametrize(
    "claim",
    [
        _changed("y", "200*(y - x**2)*(1 + 1e-6)"),
        _changed("x", "2*(1 - x) - 400*x*(y - x**2)"),
        _changed("y", "0*y"),
        _changed("x", "1/(x - x)"),
    ],
    ids=["a millionth too large", "a flipped sign", "0", "infinite"],
)
def test_a_wrong_claim_is_never_settled_at_once(claim: Mapping[str, str]) -> None:
    assert at_once(problem_from_expression(ROSENBROCK, claim, SCALARS), POINTS) is None


def test_what_rounding_hides_from_small_steps_is_not_settled_at_once() -> None:
    problem = problem_from_expression("(1e10 + x) - 1e10 + 5*x", {"x": "5"}, {"x": ()})  # whose slope is 6
    assert at_once(problem, [[1e-2]]) is None


def test_no_value_and_no_claim_at_a_point_are_not_settled_at_once() -> None:
    problem = problem_from_expression("log(x) + y", {"x": "1/x", "y": "1"}, SCALARS)
    assert at_once(problem, [[0.0, 1.0]]) is None
    assert at_once(problem, [[-1.0, 1.0]]) is None


def test_single_precision_hessians_and_counted_evaluations_are_asked_in_turn() -> None:
    single = problem_from_expression(ROSENBROCK, ITS_GRADIENT, SCALARS, precision=Precision.FLOAT32)
    assert at_once(single, POINTS) is None
    counted = problem_from_expression(ROSENBROCK, ITS_GRADIENT, SCALARS, options={"max_evaluations": 1000})
    assert at_once(counted, POINTS) is None
    second = problem_from_expression("x**2*y", "[[2*y, 2*x], [2*x, 0]]", SCALARS, derivative=Derivative.HESSIAN)
    assert at_once(second, POINTS) is None
