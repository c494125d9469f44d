"""The rule for one component."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradverify.core.estimates import Kink
from gradverify.core.judge import Code, Scales, judge, judge_kink, judge_with_scales
from gradverify.core.problem import Tolerance

TOLERANCE = Tolerance(1e-6, 0.0)
EPSILON = float(np.finfo(float).eps)
sizes = st.floats(1e-290, 1e290)


def one(claimed: float, reference: float, bound: float, tolerance: Tolerance = TOLERANCE) -> Code:
    return Code(int(judge(np.array([claimed]), np.array([reference]), np.array([bound]), tolerance)[0]))


def scaled(claimed: float, reference: float, bound: float, round_off: float, nearby: float) -> Code:
    scales = Scales(np.array([round_off]), np.array([nearby]))
    codes = judge_with_scales(np.array([claimed]), np.array([reference]), np.array([bound]), TOLERANCE, scales, EPSILON)
    return Code(int(codes[0]))


@given(sizes)
def test_a_claim_equal_to_an_exact_reference_passes_on_any_scale(size: float) -> None:
    assert one(size, size, 0.0) is Code.PASS


@given(sizes, st.sampled_from([-1.0, 0.0, 2.0, 0.5, 1 + 1e-5]))
def test_a_factor_fails_on_any_scale(size: float, factor: float) -> None:
    assert one(factor * size, size, 1e-9 * size) is Code.FAIL


@given(sizes)
def test_a_bound_wider_than_the_tolerance_decides_nothing(size: float) -> None:
    assert one(size, size, 1e-3 * size) is Code.INCONCLUSIVE
    assert one(1.0005 * size, size, 1e-3 * size) is Code.INCONCLUSIVE


@pytest.mark.parametrize("claimed", [np.nan, np.inf, -np.inf])
def test_a_claim_that_is_not_finite_fails_where_the_reference_is(claimed: float) -> None:
    assert one(claimed, 1.0, 0.0) is Code.FAIL
    assert one(claimed, 1.0, 10.0) is Code.FAIL


@pytest.mark.parametrize(("reference", "bound"), [(np.nan, 0.0), (1.0, np.nan), (1.0, np.inf), (np.nan, np.inf)])
def test_a_reference_or_bound_that_is_not_finite_decides_nothing(reference: float, bound: float) -> None:
    assert one(1.0, reference, bound) is Code.INCONCLUSIVE


def test_an_absolute_tolerance_excuses_and_never_certifies() -> None:
    assert one(2e-9, 1e-9, 0.0, Tolerance(1e-6, 1e-8)) is Code.EXCUSED
    assert one(2e-9, 1e-9, 0.0, Tolerance(1e-6, 0.0)) is Code.FAIL
    assert one(1.0, 1.0, 1e-3, Tolerance(1e-6, 1.0)) is Code.INCONCLUSIVE


def test_a_fault_just_above_the_tolerance_fails_and_one_just_below_passes() -> None:
    assert one(1 + 1.1e-6, 1.0, 1e-12) is Code.FAIL
    assert one(1 + 0.9e-6, 1.0, 1e-12) is Code.PASS


def test_the_claims_own_round_off_is_allowed_for_and_a_fault_beyond_it_is_not() -> None:
    assert scaled(1 + 3e-6, 1.0, 0.0, 4e-6, 1.0) is Code.PASS
    assert scaled(1 + 3e-5, 1.0, 0.0, 4e-6, 1.0) is Code.FAIL


def test_a_claim_drowned_in_its_own_round_off_is_not_certified() -> None:
    assert scaled(1 + 3e-4, 1.0, 0.0, 1e-3, 1.0) is Code.INCONCLUSIVE


def test_at_a_zero_of_the_gradient_the_size_nearby_is_the_scale() -> None:
    assert scaled(0.0, 1e-11, 2e-11, 0.0, 0.3) is Code.PASS
    assert scaled(1e-3, 1e-11, 2e-11, 0.0, 0.3) is Code.FAIL


def test_a_component_zeroed_everywhere_has_no_size_nearby_to_hide_behind() -> None:
    assert scaled(0.0, 1e-11, 2e-11, 0.0, 0.0) is Code.INCONCLUSIVE


@given(st.floats(-1, 1))
def test_any_slope_between_the_one_sided_ones_is_accepted_at_a_kink(slope: float) -> None:
    assert judge_kink(slope, Kink(0, -1.0, 1.0, 1e-9), TOLERANCE) is Code.PASS


@pytest.mark.parametrize("slope", [-1.1, 1.001, np.nan, np.inf])
def test_a_slope_outside_the_one_sided_ones_is_wrong_at_a_kink(slope: float) -> None:
    assert judge_kink(slope, Kink(0, -1.0, 1.0, 1e-9), TOLERANCE) is Code.FAIL


def test_at_a_kink_an_absolute_tolerance_excuses_and_never_certifies() -> None:
    loose = Tolerance(1e-6, 1e-2)
    assert judge_kink(1.005, Kink(0, -1.0, 1.0, 1e-9), loose) is Code.EXCUSED
    assert judge_kink(1.05, Kink(0, -1.0, 1.0, 1e-9), loose) is Code.FAIL


def test_slopes_that_are_hardly_known_certify_only_what_is_surely_between_them() -> None:
    blurred = Kink(0, -1.0, 1.0, 0.5)
    slopes = {0.0: Code.PASS, 1.0: Code.INCONCLUSIVE, 1.4: Code.INCONCLUSIVE, 1.6: Code.FAIL}
    assert {slope: judge_kink(slope, blurred, TOLERANCE) for slope in slopes} == slopes
