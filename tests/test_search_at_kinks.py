"""The search at kinks and singular points, through the real road: what it calls wrong there, and what not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import gradverify
from gradverify.core import search
from gradverify.core.report import SpecResult
from gradverify.core.verdicts import Verdict
from gradverify.plugins import load_plugins
from gradverify.run import single
from gradverify.spec.load import load_text


def result_of(text: str) -> SpecResult:
    plugins = load_plugins(())
    found = load_text(text, str(Path("kinks.yaml")), plugins.backend_options())
    assert not found.faults
    return single.run_spec(found.specs[0], plugins)


@pytest.mark.parametrize(
    ("function", "wrong", "right", "points"),
    [
        (
            "relu(x)",
            "[where(x > 0, 1, where(x < 0, 0, -0.5))]",
            "[where(x > 0, 1, where(x < 0, 0, 0.5))]",
            "[[1], [-1]]",
        ),
        (
            "maximum(x, y)",
            '["where(x >= y, 1, 0)", "where(y >= x, 1, 0)"]',
            '["where(x >= y, 1, 0)", "where(y > x, 1, 0)"]',
            "[[1, 2], [2, 1]]",
        ),
        ("abs(x)**2", "[2*x*abs(x)/abs(x) + 0*x]", "[2*x]", "[[1], [-1]]"),
    ],
)
def test_a_fault_at_a_kink_beyond_the_listed_points_is_found_and_a_right_claim_passes(
    function: str, wrong: str, right: str, points: str
) -> None:
    variables = "[x, y]" if "y" in function else "[x]"
    for claim, verdict in ((wrong, Verdict.FAIL), (right, Verdict.PASS)):
        quoted = claim if '"' in claim else claim.replace("[", '["').replace("]", '"]')
        text = f"variables: {variables}\nfunction: {function}\ngradient: {quoted}\npoints: {points}\n"
        assert result_of(text).verdict is verdict, claim


@pytest.mark.parametrize(
    ("function", "gradient", "variables"),
    [
        ("arctan2(y, x)", "[-y/(x**2 + y**2), x/(x**2 + y**2)]", "[x, y]"),  # no derivative at the origin
        ("norm(x)", "x/norm(x)", "{x: 2}"),
        # Two parts tied at once at 0: relu'(0) = 0 is everybody's convention, and no subgradient of this f.
        ("relu(x) - relu(-2*x)", '["where(x > 0, 1, 0) + 2*where(-2*x > 0, 1, 0)"]', "[x]"),
        # The same where both parts look at the same x.
        ("relu(x) - 0.25*abs(x)", '["where(x > 0, 1, 0) - 0.25*sign(x)"]', "[x]"),
    ],
)
def test_a_right_claim_without_a_value_where_f_has_no_derivative_passes(
    function: str, gradient: str, variables: str
) -> None:
    point = "[[1]]" if variables == "[x]" else "[[1, 2]]"
    text = f"variables: {variables}\nfunction: {function}\ngradient: {gradient}\npoints: {point}\n"
    assert result_of(text).verdict is Verdict.PASS


def test_a_formula_without_a_value_at_singular_matrices_is_right_elsewhere_and_its_wrong_twin_is_not() -> None:
    def right(A: np.ndarray) -> np.ndarray:  # noqa: N803 - as everybody writes it
        return np.asarray(np.linalg.det(A) * np.linalg.inv(A).T)

    point = np.array([[2.0, 1.0], [-1.0, 3.0]])
    assert gradverify.check(np.linalg.det, right, at=[point]).passed
    assert not gradverify.check(np.linalg.det, lambda a: right(a).T, at=[point]).passed


def test_a_root_finder_s_own_steps_are_no_counterexample_and_a_wrong_sign_is_one() -> None:
    optimize = pytest.importorskip("scipy.optimize")

    def root(p: np.ndarray) -> float:
        return float(optimize.brentq(lambda u: u**3 + p[0] * u - p[1], -10, 10, xtol=1e-12))

    def gradient(p: np.ndarray) -> np.ndarray:
        u = root(p)
        slopes: np.ndarray = np.array([-u, 1.0]) / (3 * u**2 + p[0])
        return slopes

    at = [[1.0, 2.0], [0.5, 1.0]]
    assert gradverify.check(root, gradient, at=at).passed
    assert not gradverify.check(root, lambda p: gradient(p) * np.array([-1.0, 1.0]), at=at).passed


def test_the_median_has_no_gradient_where_all_entries_are_equal() -> None:
    def gradient(p: np.ndarray) -> np.ndarray:
        return np.asarray(np.isin(p, np.sort(p)[1:3]) * 0.5)

    at = [[0.3, -1.2, 0.7, 2.0]]
    assert gradverify.check(np.median, gradient, at=at).passed
    assert not gradverify.check(np.median, lambda p: 2 * gradient(p), at=at).passed


def at_zero(value: float, otherwise: Callable[[np.ndarray], np.ndarray]) -> Callable[[np.ndarray], np.ndarray]:
    return lambda p: np.where(p == 0, value, otherwise(p))


@pytest.mark.parametrize("n", [1, 3])
def test_code_that_is_wrong_only_at_the_minimum_of_an_even_function_is_found_there(n: int) -> None:
    def f(p: np.ndarray) -> float:
        return float((p**2).sum())  # cut off from automatic differentiation

    at = [np.arange(1.0, n + 1).tolist()]
    assert gradverify.check(f, lambda p: 2 * p, at=at).passed
    assert not gradverify.check(f, at_zero(1.0, lambda p: 2 * p), at=at).passed


@pytest.mark.parametrize(("value", "passes"), [(0.0, True), (0.5, True), (5.0, False), (-5.0, False)])
def test_code_with_a_value_at_its_kink_that_no_convention_gives_is_found(value: float, passes: bool) -> None:
    def f(p: np.ndarray) -> float:
        return sum(max(0.0, float(x)) for x in p)

    assert gradverify.check(f, at_zero(value, lambda p: (p > 0) * 1.0), at=[[1.0, -2.0]]).passed is passes


def test_code_with_several_parts_tied_may_use_the_usual_conventions() -> None:
    def f(p: np.ndarray) -> float:
        return sum(max(0.0, float(x)) - max(0.0, -2 * float(x)) for x in p)

    assert gradverify.check(f, lambda p: (p > 0) * 1.0 + (p < 0) * 2.0, at=[[1.0, -2.0]]).passed


@pytest.mark.parametrize(
    ("function", "gradient", "point", "words"),
    [
        ("relu(x) + 0*y", '["where(x > 0, 1, where(x == 0, 5, 0))", 0]', "[0, 1]", "does not lie between them"),
        (
            "maximum(x, y)",
            '["where(x >= y, 1, 0)", "where(x <= y, 1, 0)"]',
            "[1, 1]",
            "together they are no subgradient",
        ),
    ],
)
def test_a_claim_that_is_wrong_at_a_kink_is_told_the_slopes_there(
    function: str, gradient: str, point: str, words: str
) -> None:
    result = result_of(f"variables: [x, y]\nfunction: {function}\ngradient: {gradient}\npoints: [{point}]\n")
    assert result.verdict is Verdict.FAIL
    assert "f has a kink there, with slopes 0 and 1" in (result.reason or "")
    assert words in (result.reason or "")
    assert all(c.verdict is Verdict.FAIL for c in result.checks if c.kind == "gradient")


def clipped(x: float, y: float) -> float:
    return float(np.clip(x, 0.0, 1.0) * y)


def clipped_gradient(x: float, y: float) -> tuple[float, float]:
    return (y if 0 < x < 1 else 0.0), float(np.clip(x, 0.0, 1.0))


def clipped_gradient_wrong_near_the_end(x: float, y: float) -> tuple[float, float]:
    return (y if 0 < x < 0.9 else 0.0), float(np.clip(x, 0.0, 1.0))


UNIT = {"x": (0.0, 1.0), "y": (1.0, 3.0)}


def test_a_slope_from_beyond_the_domains_end_is_no_counterexample() -> None:
    assert gradverify.check(clipped, clipped_gradient, at=[[0.3, 2.0]], domain=UNIT).passed


def test_a_branch_that_ends_before_the_domain_does_is_one() -> None:
    assert not gradverify.check(clipped, clipped_gradient_wrong_near_the_end, at=[[0.3, 2.0]], domain=UNIT).passed


@pytest.mark.parametrize(("slope", "fails"), [(0.0, False), (-2e-6, False), (1e-6, True), (-4e-6, True)])
def test_differences_that_miss_a_kink_accuse_only_what_is_beside_its_slopes(slope: float, fails: bool) -> None:
    """At 20 the slope drops from −2.06e-6 to 0, which is lost in the noise of differences; tracing sees the tie."""

    def f(t: float) -> object:
        s = 1 / (1 + np.exp(-np.clip(t, -20.0, 20.0)))
        return np.log(1 - s + 1e-3)

    found = gradverify.check(f, lambda _: slope, at=[[20.0]], search=False).specs[0]
    assert (found.verdict is Verdict.FAIL) is fails


def far_up(t: float) -> float:
    return float(1e6 + 1e-3 * max(0.0, float(t) - 3.0))


@pytest.mark.parametrize(("slope", "fails"), [(0.0, False), (1e-3, False), (2e-3, True), (-1e-3, True)])
def test_slopes_that_differ_down_to_the_noise_accuse_only_what_is_beside_them(slope: float, fails: bool) -> None:
    found = gradverify.check(far_up, lambda _: slope, at=[3.0], variables={"t": ()}, search=False).specs[0]
    assert (found.verdict is Verdict.FAIL) is fails
    assert fails or "f seems to have a kink" in (found.reason or "")


def squared_hinge(w: np.ndarray) -> object:
    return np.sum(np.maximum(0.0, 1.0 - w) ** 2)


def test_a_claim_of_zero_at_the_end_of_a_flat_part_is_certified() -> None:
    at = [[1.0, 0.5, 2.0]]
    assert gradverify.check(squared_hinge, lambda w: -2 * np.maximum(0.0, 1.0 - w), at=at).passed
    cubed = gradverify.check(
        lambda t: max(0.0, 1 - t) ** 3, lambda t: -3 * max(0.0, 1 - t) ** 2, at=[1.0, 0.3], variables={"t": ()}
    )
    assert cubed.passed


def test_a_slope_that_goes_on_past_the_end_of_the_claims_flat_part_is_not_zero() -> None:
    at = [[1.0, 0.5, 2.0]]
    found = gradverify.check(
        lambda w: squared_hinge(w) + 1e-9 * np.sum(w), lambda w: -2 * np.maximum(0.0, 1.0 - w), at=at
    )
    assert not found.passed


def log_density(m: float, s: float) -> float:
    if s <= 0:
        return -1e10
    return float(-0.5 * ((m - 1.0) / s) ** 2 - np.log(s))


def log_density_gradient(m: float, s: float) -> tuple[float, float]:
    return -(m - 1.0) / s**2, (m - 1.0) ** 2 / s**3 - 1 / s


def test_points_that_code_answers_with_a_huge_constant_are_no_counterexamples() -> None:
    assert gradverify.check(log_density, log_density_gradient, at=[[0.5, 1.5], [2.0, 0.7]]).passed


def test_a_plateau_of_an_ordinary_height_is_one() -> None:
    def capped(m: float, s: float) -> float:
        return max(log_density(m, abs(s)), -30.0)

    def gradient(m: float, s: float) -> tuple[float, float]:
        by_m, by_s = log_density_gradient(m, abs(s))
        return by_m, float(np.sign(s)) * by_s

    assert not gradverify.check(capped, gradient, at=[[0.5, 1.5], [2.0, 0.7]]).passed


WEIGHTS = np.array([0.1, 0.2, 0.3, 0.4])
ORDERS = [[1.0, 2.0, 3.0, 4.0], [4.0, 3.0, 2.0, 1.0], [2.0, 1.0, 4.0, 3.0]]  # each is its own inverse


def weighted_order(p: np.ndarray) -> object:
    return np.sort(p) @ WEIGHTS


def by_rank(p: np.ndarray) -> np.ndarray:
    return WEIGHTS[np.argsort(np.argsort(p))]


def by_order(p: np.ndarray) -> np.ndarray:
    return WEIGHTS[np.argsort(p)]


@pytest.mark.parametrize("at", [ORDERS, ORDERS[:1]])
def test_ties_do_not_eat_the_budget_that_shows_a_wrong_order_between_them(at: list[list[float]]) -> None:
    assert gradverify.check(weighted_order, by_rank, at=at).passed
    assert not gradverify.check(weighted_order, by_order, at=at).passed


def test_points_that_look_wrong_and_stay_unconfirmed_are_told_of_and_only_for_the_wrong_claim(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(search._Hunt, "confirm", lambda *_: None)
    wrong, right = (gradverify.check(weighted_order, g, at=ORDERS).specs[0] for g in (by_order, by_rank))
    assert "disagrees with the claim, and could not confirm or clear them within its budget" in " ".join(wrong.notes)
    assert "could not confirm" not in " ".join(right.notes)


LOGISTIC = """
import numpy as np


def f(x):
    return float(np.sum(np.logaddexp(0, 10 * x)))


def right(x):
    z = np.asarray(x, dtype=np.float64) * 10
    return 10 * np.exp(z) / (1 + np.exp(z))


def wrong(x):
    return right(x) * np.where(x < -0.5, 2.0, 1.0)


def undefined(x):
    return right(x) + 0 * np.log(x + 2)
"""


def test_code_that_overflows_in_doubles_is_right_there_and_hides_no_fault_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text(LOGISTIC)
    found = {}
    for claim in ("right", "wrong", "undefined"):
        text = (
            f'variables: {{x: 3}}\nfunction: {{python: "{tmp_path}/module.py:f"}}\n'
            f'gradient: {{python: "{tmp_path}/module.py:{claim}"}}\npoints: [[0.7, 1.3, -0.4], [1.2, 0.3, 0.5]]\n'
        )
        found[claim] = result_of(text)
    assert found["right"].verdict is Verdict.PASS
    assert any("overflows, or" in (check.reason or "") for check in found["right"].checks)
    assert [found[claim].verdict for claim in ("wrong", "undefined")] == [Verdict.FAIL] * 2


def test_a_claim_whose_digits_end_is_not_said_to_overflow_alone() -> None:
    claim = "sigmoid(x)*(1 - sigmoid(x))/sqrt(1 - sigmoid(x)**2)"  # inf · 0 at 37
    found = result_of(f"variables: [x]\nfunction: arcsin(sigmoid(x))\ngradient: ['{claim}']\npoints: [[0.3]]\n")
    assert found.verdict is Verdict.PASS
    reasons = [check.reason or "" for check in found.checks if check.kind == "search"]
    assert any("has no digits left, at 1 point" in reason for reason in reasons)
