"""The finite-difference backend's answers: bounds that hold over all scales, and difficulties called by their names."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from gradverify_finite_difference import FiniteDifference
from hypothesis import given, settings
from hypothesis import strategies as st

from gradverify.core.variables import Variables
from gradverify.functions.callables import function_from_callable
from gradverify.plugin import Derivative, Domain, Estimate, NoteKind, Problem, Request

Scalar = Callable[[float], float]


def problem_of(
    f: Callable[..., object], n: int, domain: Domain | None = None, derivative: Derivative = Derivative.GRADIENT
) -> Problem:
    variables = Variables.of([("p", (n,))])
    return Problem(
        name="test", derivative=derivative, variables=variables, function=function_from_callable(f, variables, {}, ()),
        domain=domain or Domain.everywhere(n),
    )  # fmt: skip


def at(f: Scalar, x: float, claimed: float | None = None, domain: Domain | None = None) -> Estimate:
    request = Request(np.array([[x]]), None if claimed is None else np.array([[claimed]]))
    problem = problem_of(lambda p: f(float(p[0])), 1, domain)
    found: Estimate = FiniteDifference().estimate(problem, request).points[0]
    return found


def evaluations(f: Scalar, x: float, claimed: float | None) -> int:
    request = Request(np.array([[x]]), None if claimed is None else np.array([[claimed]]))
    estimates = FiniteDifference().estimate(problem_of(lambda p: f(float(p[0])), 1), request)
    return int(estimates.evaluations)


FAMILIES: dict[str, tuple[Scalar, Scalar]] = {
    "sin": (math.sin, math.cos),
    "exp": (lambda u: math.exp(-(u**2)), lambda u: -2 * u * math.exp(-(u**2))),
    "cubic": (lambda u: u**3 - 2 * u, lambda u: 3 * u**2 - 2),
    "rational": (lambda u: 1 / (1 + u**2), lambda u: -2 * u / (1 + u**2) ** 2),
    "log": (lambda u: math.log(2 + math.sin(u)), lambda u: math.cos(u) / (2 + math.sin(u))),
}
exponents = st.floats(-8, 8)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(FAMILIES)), st.floats(0.05, 3), exponents, exponents, st.floats(-1, 1))
def test_the_bound_covers_the_error_over_all_scales(
    name: str, u: float, length: float, size: float, offset: float
) -> None:
    f, slope = FAMILIES[name]
    a, b = 10.0**size, 10.0**length
    estimate = at(lambda x: a * (f(x / b) + offset), u * b)
    # The truth itself is rounded: a few ulps of it, and of what the rounding of u·b does to it.
    slack = 16 * np.finfo(float).eps * a / b * (1 + u) * 4
    assert abs(estimate.value[0] - a / b * slope(u * b / b)) <= estimate.error_bound[0] + slack


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(sorted(FAMILIES)),
    st.floats(0.2, 3),
    st.sampled_from([-2.0, -1.0, -0.5, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5]),
)
def test_the_quick_look_never_takes_a_wrong_claim_for_right(name: str, u: float, fault: float) -> None:
    f, slope = FAMILIES[name]
    claimed = slope(u) * (1 + fault)
    estimate = at(f, u, claimed)
    assert not abs(estimate.value[0] - claimed) + estimate.error_bound[0] <= 1e-6 * abs(claimed)


def test_a_right_claim_costs_few_evaluations_and_a_wrong_one_more() -> None:
    assert evaluations(math.sin, 0.7, math.cos(0.7)) < evaluations(math.sin, 0.7, 2 * math.cos(0.7))
    assert evaluations(math.sin, 0.7, math.cos(0.7)) <= 7


def test_a_kink_has_no_value_and_both_slopes() -> None:
    estimate = at(abs, 0.0)
    assert np.isnan(estimate.value[0])
    assert (estimate.kinks[0].left, estimate.kinks[0].right) == pytest.approx((-1, 1))


def test_near_a_kink_the_slope_is_that_of_its_side() -> None:
    estimate = at(abs, 3e-8)
    assert abs(estimate.value[0] - 1) <= estimate.error_bound[0] <= 1e-6


def test_at_a_closed_end_differences_stay_inside() -> None:
    seen: list[float] = []

    def f(x: float) -> float:
        seen.append(x)
        return math.exp(x)

    domain = Domain(np.array([0.0]), np.array([1.0]), np.array([False]), np.array([False]))
    estimate = at(f, 0.0, domain=domain)
    assert min(seen) >= 0.0
    assert max(seen) <= 1.0
    assert abs(estimate.value[0] - 1) <= estimate.error_bound[0] <= 1e-6
    assert NoteKind.EDGE in {note.kind for note in estimate.notes}


def test_single_precision_inside_f_widens_the_bound_and_is_named() -> None:
    estimate = at(lambda x: float(np.sin(np.float32(x))), 0.7)
    assert abs(estimate.value[0] - math.cos(0.7)) <= estimate.error_bound[0]
    assert estimate.error_bound[0] > 1e-7
    assert NoteKind.SINGLE_PRECISION in {note.kind for note in estimate.notes}


def test_a_function_that_is_random_has_no_bound() -> None:
    rng = np.random.default_rng(0)
    estimate = at(lambda x: x + float(rng.normal()) * 1e-3, 1.0)
    assert np.isinf(estimate.error_bound[0])
    kinds = [note.kind for note in estimate.notes]
    assert kinds[0] is NoteKind.RANDOMNESS
    assert NoteKind.NOISE not in kinds


@pytest.mark.parametrize("x", [1e-300, 1e300, 0.0, -1e-8])
def test_extreme_points_raise_nothing(x: float) -> None:
    estimate = at(lambda u: u * 2.0, x)
    assert abs(estimate.value[0] - 2) <= estimate.error_bound[0] or np.isnan(estimate.value[0])


def test_a_function_that_raises_at_the_point_has_no_value() -> None:
    estimate = at(math.log, -1.0)
    assert np.isnan(estimate.value[0])
    assert np.isinf(estimate.error_bound[0])


def test_a_constant_is_zero_with_a_negligible_bound() -> None:
    estimate = at(lambda _x: 7.5, 2.0)
    assert estimate.value[0] == 0.0
    assert estimate.error_bound[0] <= 1e-20


def test_oscillation_faster_than_numbers_resolve_is_never_certain() -> None:
    estimate = at(lambda x: math.sin(1e15 * x), 1.0)
    assert not estimate.error_bound[0] <= 1e-3 * abs(estimate.value[0])


def test_hessians_come_from_the_function_alone_with_bounds_that_hold() -> None:
    def f(p: np.ndarray) -> float:
        return float(np.exp(p[0]) * p[1] ** 2 + p[0] * p[1])

    problem = problem_of(f, 2, derivative=Derivative.HESSIAN)
    estimate = FiniteDifference().estimate(problem, Request(np.array([[0.3, -1.2]]))).points[0]
    e, y = math.exp(0.3), -1.2
    truth = np.array([[e * y**2, 2 * e * y + 1], [2 * e * y + 1, 2 * e]])
    assert (np.abs(estimate.value - truth) <= estimate.error_bound).all()
    assert (estimate.error_bound <= 1e-6 * np.abs(truth)).all()
