"""Descents on quadratics, where theory says exactly what must happen."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradverify.core.arrays import Vector
from gradverify.core.descent.behaviour import (
    Behaviour,
    behaviour,
    curvature,
    is_monotone,
    linear_rate,
    satisfies_armijo,
    theoretical_rate,
)
from gradverify.core.descent.methods import BUNDLED, Backtracking, GradientDescent, Momentum
from gradverify.core.descent.run import (
    MOST_KEPT,
    DescentMethod,
    DescentTask,
    RateUse,
    Stepper,
    Stop,
    Trajectory,
    descend,
)


def bowl(p: Vector) -> float:
    return float(p[0] ** 2 + 2 * p[1] ** 2)


def bowl_gradient(p: Vector) -> Vector:
    return np.array([2 * p[0], 4 * p[1]])


def run(learning_rate: float, method: DescentMethod = GradientDescent(), iterations: int = 100) -> Trajectory:  # noqa: B008
    return descend(
        bowl,
        bowl_gradient,
        np.array([4.0, 3.0]),
        method,
        learning_rate,
        max_iterations=iterations,
        gradient_tolerance=1e-6,
    )


@pytest.mark.parametrize(
    ("learning_rate", "expected"),
    [
        (0.2, Behaviour.CONVERGES),
        (0.001, Behaviour.SLOW),
        (0.5, Behaviour.OSCILLATES),
        (0.6, Behaviour.DIVERGES),
    ],
)
def test_the_lessons_learning_rates_behave_as_the_lesson_says(learning_rate: float, expected: Behaviour) -> None:
    assert behaviour(run(learning_rate)) is expected


def test_the_rate_is_that_of_theory() -> None:
    rate = linear_rate(run(0.2))
    assert rate is not None
    assert abs(rate.value - 0.6) <= rate.error + 1e-6
    assert rate.error < 1e-3


@given(st.floats(0.02, 0.24))
def test_the_rate_estimate_covers_max_one_minus_eta_lambda(learning_rate: float) -> None:
    rate = linear_rate(run(learning_rate, iterations=500))
    assert rate is not None
    assert abs(rate.value - max(abs(1 - 2 * learning_rate), abs(1 - 4 * learning_rate))) <= rate.error


def test_the_curvature_met_is_the_largest_eigenvalue() -> None:
    assert curvature(run(0.5)) == pytest.approx(4.0, rel=1e-6)


def test_a_descent_that_overflows_stops_without_a_warning() -> None:
    def steep(p: Vector) -> Vector:
        return 1e200 * p

    trajectory = descend(
        bowl, steep, np.array([4.0, 3.0]), GradientDescent(), 1.0, max_iterations=9, gradient_tolerance=0
    )
    assert trajectory.stop in {Stop.FAR_OUT, Stop.NOT_FINITE}
    assert behaviour(trajectory) is Behaviour.DIVERGES


def test_a_step_without_overshoot_is_monotone_and_one_with_is_not() -> None:
    assert is_monotone(run(0.2).values)
    assert not is_monotone(run(0.6, iterations=10).values)


def test_backtracking_satisfies_the_armijo_condition_where_plain_descent_does_not() -> None:
    assert satisfies_armijo(run(10.0, Backtracking()), 1e-4)
    assert not satisfies_armijo(run(0.6, iterations=10), 1e-4)


@pytest.mark.parametrize("method", BUNDLED, ids=lambda m: m.name)
def test_every_bundled_method_converges_on_the_bowl(method: DescentMethod) -> None:
    assert behaviour(run(0.05, method, iterations=500)) is Behaviour.CONVERGES


def test_momentum_differs_from_plain_descent() -> None:
    assert not np.allclose(run(0.05, Momentum(), 5).points[-1], run(0.05, iterations=5).points[-1])


def test_a_gradient_with_the_wrong_sign_climbs() -> None:
    trajectory = descend(
        bowl,
        lambda p: -bowl_gradient(p),
        np.array([4.0, 3.0]),
        GradientDescent(),
        0.2,
        max_iterations=100,
        gradient_tolerance=1e-6,
    )
    assert behaviour(trajectory) is Behaviour.DIVERGES


# The rate's own law: on a quadratic whose modes are all excited it lies within its error of max |1 − ηλ|.


@given(
    st.lists(st.floats(0.2, 8.0), min_size=1, max_size=6),
    st.floats(0.02, 0.23),
    st.integers(0, 999),
    st.integers(12, 200),
)
@settings(max_examples=300)
def test_the_rate_lies_within_its_error_of_theory(
    eigenvalues: list[float], learning_rate: float, seed: int, iterations: int
) -> None:
    rng = np.random.default_rng(seed)
    n = len(eigenvalues)
    axes, _ = np.linalg.qr(rng.normal(size=(n, n)))
    hessian = axes @ np.diag(eigenvalues) @ axes.T
    start = axes @ rng.choice([-1.0, 1.0], size=n)  # each mode by the same amount
    trajectory = descend(
        lambda x: float(0.5 * x @ hessian @ x), lambda x: hessian @ x, start, GradientDescent(), learning_rate,
        max_iterations=iterations, gradient_tolerance=1e-11,
    )  # fmt: skip
    rate = linear_rate(trajectory)
    truth = theoretical_rate(learning_rate, np.array(eigenvalues), 1e-12)
    if rate is not None:
        assert abs(rate.value - truth.value) <= rate.error + truth.error


@given(st.floats(0.3, 0.95), st.floats(0.01, 0.2))
@settings(max_examples=50)
def test_the_rate_of_a_turning_descent_lies_within_its_error_too(momentum: float, learning_rate: float) -> None:
    trajectory = descend(
        bowl, bowl_gradient, np.array([4.0, 3.0]), Momentum(), learning_rate, max_iterations=400,
        gradient_tolerance=1e-8, options={"momentum": momentum},
    )  # fmt: skip
    rate = linear_rate(trajectory)
    roots = [np.roots([1, -(1 + momentum - learning_rate * value), momentum]) for value in (2.0, 4.0)]
    truth = float(max(np.max(np.abs(r)) for r in roots))
    if rate is not None and truth < 1:
        assert abs(rate.value - truth) <= rate.error + 1e-3


def test_what_is_kept_of_a_long_descent_is_bounded_and_ends_with_the_last_iterate() -> None:
    trajectory = run(1e-5, iterations=5000)
    assert len(trajectory.points) <= MOST_KEPT + 1
    assert (trajectory.kept[0], trajectory.kept[-1], trajectory.iterations) == (0, 5000, 5000)
    assert trajectory.values.size == 5001
    assert bowl(trajectory.last) == trajectory.values[-1]


def test_a_method_that_returns_another_shape_is_told_so() -> None:
    class Wrong:
        name = "wrong"
        learning_rate = RateUse.NONE

        def start(self, task: DescentTask) -> Stepper:
            return lambda x, g: np.zeros(3)

    with pytest.raises(TypeError, match=r"the method's step returned shape \(3,\), the point has shape \(2,\)"):
        run(0.1, Wrong())


@pytest.mark.parametrize("method", [m for m in BUNDLED if hasattr(m, "largest_learning_rate")], ids=lambda m: m.name)
def test_a_method_converges_just_below_its_largest_learning_rate_and_not_above(method: DescentMethod) -> None:
    largest = method.largest_learning_rate(4.0, {})  # type: ignore[attr-defined]
    assert behaviour(run(0.98 * largest, method, iterations=2000)) is Behaviour.CONVERGES
    assert behaviour(run(1.02 * largest, method, iterations=2000)) is Behaviour.DIVERGES


def test_a_small_rise_late_on_is_seen_behind_much_round_off_early_on() -> None:
    from dataclasses import replace

    from gradverify.core.descent.expect import Expectation, Ran, judge
    from gradverify.core.variables import Variables

    early = 1e10 + 1e-3 * (np.arange(60) % 2)  # up and down by round-off
    for late, count in ((1.0, 0), (1.0 + 1e-7, 1)):
        values = np.array([*early, 1.0, late, 0.5])
        ran = Ran(
            trajectory=replace(run(0.1), values=values), behaviour=Behaviour.SLOW, rate=None, gradient_tolerance=1e-6,
            variables=Variables.of([("x", (2,))]), noise=lambda k: 1e-2 if k < 60 else 1e-15,
        )  # fmt: skip
        assert len(judge(ran, Expectation(monotone=True))) == count
