"""Claims of 0: where f does not depend on a variable, where that only seems so, and where its round-off hides which."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradverify
from gradverify.core.verdicts import Verdict

Array = Any  # a point, or values there
AT = [[1.3, 2.7], [0.5, -1.5]]
DIFFERENCES, TRACING = ["finite-difference"], ["autodiff"]


def verdict(f: Callable[[Array], object], claimed: Array, backends: list[str] | None, **options: Any) -> Verdict:
    found = gradverify.check(f, lambda _: claimed, at=AT, backends=backends, search=False, **options)
    return found.result.verdict


def cancelling(p: Array) -> Array:
    return (p[0] + p[1]) - p[0]


def circle(p: Array) -> Array:
    return np.sin(p[0]) ** 2 + np.cos(p[0]) ** 2 + p[1]


@pytest.mark.parametrize("backends", [DIFFERENCES, TRACING])
@pytest.mark.parametrize("f", [cancelling, circle])
def test_a_component_that_cancels_is_0(f: Callable[[Array], Array], backends: list[str]) -> None:
    assert verdict(f, np.array([0.0, 1.0]), backends) is Verdict.PASS


@pytest.mark.parametrize("backends", [DIFFERENCES, TRACING])
@pytest.mark.parametrize("left", [1e-3, 1e-10])
def test_what_is_left_after_cancelling_is_not_0(left: float, backends: list[str]) -> None:
    assert verdict(lambda p: cancelling(p) + left * p[0], np.array([0.0, 1.0]), backends) is Verdict.FAIL


@pytest.mark.parametrize("claimed", [1e-3, 1e-10])
def test_another_claim_than_0_for_what_cancels_is_wrong(claimed: float) -> None:
    assert verdict(cancelling, np.array([claimed, 1.0]), None) is Verdict.FAIL


@pytest.mark.parametrize("backends", [DIFFERENCES, TRACING])
def test_an_entry_of_a_jacobian_that_cancels_is_0(backends: list[str]) -> None:
    def f(p: Array) -> Array:
        return np.array([cancelling(p), 3 * p[0] - p[1]])

    right, wrong = np.array([[0.0, 1.0], [3.0, -1.0]]), np.array([[0.0, 1.0], [3.0, 0.0]])
    assert verdict(f, right, backends, derivative="jacobian") is Verdict.PASS
    assert verdict(f, wrong, backends, derivative="jacobian") is Verdict.FAIL


def test_a_constant_whose_parts_cancel_has_the_slope_0() -> None:
    def share(p: Array) -> Array:
        return np.sum(np.exp(p) / np.sum(np.exp(p)))

    assert verdict(share, np.zeros(2), None) is Verdict.PASS
    assert verdict(lambda p: share(p) + 1e-9 * p[1], np.zeros(2), None) is Verdict.FAIL


# By differences alone


def around_25(f: Callable[[Array], Array], backends: list[str] = DIFFERENCES, **options: Any) -> Verdict:
    found = gradverify.check(f, lambda x: 0.0 * x, at=25.0, backends=backends, search=False, **options)
    return found.result.verdict


def test_a_constant_by_cancelling_has_the_slope_0_by_differences_alone() -> None:
    assert around_25(lambda x: np.sin(x) ** 2 + np.cos(x) ** 2) is Verdict.PASS
    assert around_25(lambda x: np.sin(x) ** 2 + np.cos(x) ** 2 + 1e-15 * x) is not Verdict.PASS


def test_a_flat_part_is_left_at_an_edge_or_only_seems_to_be_flat() -> None:
    assert around_25(lambda x: 3.0 + np.maximum(x - 40, 0)) is Verdict.PASS
    assert around_25(np.tanh, domain={"x": (15, 30)}) is Verdict.INCONCLUSIVE


def test_what_only_longer_steps_show_is_not_0() -> None:
    assert verdict(lambda p: 1e8 + 2.7 * p[1] + 1e-9 * p[0] ** 2, np.array([0.0, 2.7]), DIFFERENCES) is not Verdict.PASS
    assert verdict(lambda p: 1e10 * p[1] + 1e-10 * p[0] ** 3, np.array([0.0, 1e10]), DIFFERENCES) is not Verdict.PASS


def test_what_may_hide_in_the_round_off_of_a_huge_offset_is_said() -> None:
    found = gradverify.check(
        lambda p: 1e8 + p[1] + 1e-9 * np.sin(p[0]),
        lambda _: np.array([0.0, 1.0]),
        at=AT, backends=DIFFERENCES, search=False,
    )  # fmt: skip
    assert found.result.verdict is Verdict.INCONCLUSIVE
    assert "may hide a slope of" in str(found)


def test_a_variable_that_f_does_not_have_has_the_slope_0_without_the_offset() -> None:
    assert verdict(lambda p: 40 + p[1], np.array([0.0, 1.0]), DIFFERENCES) is Verdict.PASS


@pytest.mark.parametrize(("inside", "expected"), [(-3.0, Verdict.PASS), (1.0, Verdict.FAIL)])
def test_a_unit_that_is_not_active_here_has_the_slope_0(inside: float, expected: Verdict) -> None:
    def f(p: Array) -> float:
        return float(np.maximum(p[0] + inside, 0) + p[1])

    assert verdict(f, np.array([0.0, 1.0]), DIFFERENCES) is expected


@pytest.mark.parametrize("far", [40.0, 200.0, 400.0, 650.0])
def test_a_tail_that_fades_away_slowly_is_not_taken_for_0(far: float) -> None:
    def f(p: Array) -> Array:
        return 1 / (1 + np.exp(-(p[0] + far))) + p[1]

    assert verdict(f, np.array([0.0, 1.0]), DIFFERENCES) is not Verdict.PASS


def test_many_inactive_units_are_all_right() -> None:
    claimed = np.concatenate([np.zeros(120), [2.0]])
    found = gradverify.check(
        lambda p: float(np.sum(np.maximum(p[:120] - 5.0, 0)) + p[120] ** 2), lambda _: claimed,
        at=[np.ones(121)], backends=DIFFERENCES, search=False,
    )  # fmt: skip
    assert found.passed


def test_a_unit_that_saturates_is_not_known_to_have_the_slope_0() -> None:
    assert verdict(lambda p: np.tanh(p[0] + 20) + p[1], np.array([0.0, 1.0]), DIFFERENCES) is Verdict.INCONCLUSIVE


def test_what_f_rounds_on_its_way_hides_a_slope_though_f_itself_is_small() -> None:
    def f(p: Array) -> Array:
        return -0.02 * p[0] ** 2 + 1.4 * p[2] + ((p[0] + p[1]) - p[0]) - p[1]

    at = [[-4.8e-11, 0.65, 3.9e-7]]
    for claim, wrong in (
        (lambda p: np.array([-0.04 * p[0], 0, 1.4]), Verdict.FAIL),
        (lambda _: np.array([0, 0, 1.4]), Verdict.PASS),
    ):
        found = gradverify.check(f, claim, at=at, backends=DIFFERENCES, search=False)
        assert found.result.verdict is not wrong


@pytest.mark.parametrize("x", [1.5e-7, -6.8e-5, 4e-11])
def test_a_slope_beside_a_kink_that_noise_hides_is_no_fault(x: float) -> None:
    def f(x: Array) -> Array:
        return 1e6 + 4e-3 * np.maximum(x, 0)

    for claimed in (4e-3 if x > 0 else 0.0, 1.0):
        found = gradverify.check(f, lambda _: claimed, at=x, backends=DIFFERENCES, search=False)  # noqa: B023
        assert (found.result.verdict is Verdict.FAIL) is (claimed == 1.0)


# Beside an exact backend


def test_an_exact_slope_that_differences_cannot_see_makes_a_claim_of_0_wrong() -> None:
    found = gradverify.check(
        lambda p: 1e12 * p[1] + 1e-12 * np.sin(p[0]), lambda _: np.array([0.0, 1e12]), at=AT, search=False
    )
    assert found.result.verdict is Verdict.FAIL
    assert "contradict" not in str(found)


def test_the_right_slope_there_passes() -> None:
    found = gradverify.check(
        lambda p: 1e12 * p[1] + 1e-12 * np.sin(p[0]), lambda p: np.array([1e-12 * np.cos(p[0]), 1e12]), at=AT
    )
    assert found.result.verdict is Verdict.PASS
