"""Cheats on the subject are found by evidence, and nobody honest is accused."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradverify.core.problem import Derivative
from gradverify.functions.build import load, points_of
from gradverify.grading.bench import BenchError, make_bench
from gradverify.grading.cheats import library_wanted
from gradverify.grading.model import Feedback, FlagKind, Kind, Question, QuestionResult, Status
from gradverify.spec.load import load_specs
from gradverify.spec.model import ReferenceSource, SampledPoints, Spec
from tests.grading.support import ROOT, SPEC, bench_in, graded, plugins

RIGHT_SPECS = [
    spec
    for spec in load_specs([ROOT / "specs"], plugins().backend_options(), kinds=tuple(plugins().loaders)).specs
    if spec.expect.verdict == "pass" and spec.variables.size <= 200
]
KINDS = {"gradient": Kind.GRADIENT, "jacobian": Kind.JACOBIAN, "hessian": Kind.HESSIAN}
CLAIMS = [
    (spec, name)
    for spec in RIGHT_SPECS
    for name in KINDS
    if getattr(spec, name) is not None and not isinstance(spec.function, ReferenceSource)
] + [
    (spec, name)
    for spec in RIGHT_SPECS
    for name in KINDS
    if isinstance(spec.function, ReferenceSource) and getattr(spec, name) is not None and spec.function.kind == "python"
]


def question_of(spec: Spec, name: str) -> Question:
    lone = dataclasses.replace(spec, backends={"autodiff": {}}) if spec.backends is None else spec
    return Question(
        name=spec.name, place=spec.place, points=1.0, entry="grad", kind=KINDS[name], spec=lone,
        hidden=SampledPoints(6, 0, "uniform", spec.place), feedback=Feedback.NONE,
        forbid=(FlagKind.NUMERICAL_DERIVATIVE, FlagKind.AUTODIFF),
    )  # fmt: skip


def claim_of(spec: Spec, name: str) -> Callable[..., Any]:
    """The spec's own claim, as a student would write it: arguments by variable, one array back."""
    loaded = load(spec, {k: r.value for k, r in plugins().loaders.items()}, points_of(spec)[0])
    claim = loaded.claims[Derivative(name)]
    count, shape = len(spec.variables), claim.output_shape

    def entry(*given: Any) -> Any:
        point = np.concatenate([np.ravel(g) for g in given[:count]])
        value = claim.evaluate(point[None, :]).values[0]
        only = spec.variables.items[0]
        natural = (*shape[:-1], *only.shape) if count == 1 and name != "hessian" else shape
        if count == 1 or name == "hessian" or all(v.shape == () for v in spec.variables):
            return value.reshape(natural)
        return tuple(value[..., v.components].reshape((*shape[:-1], *v.shape)) for v in spec.variables)

    return entry


@pytest.mark.parametrize(("spec", "name"), CLAIMS, ids=[f"{spec.name}-{name}" for spec, name in CLAIMS])
def test_a_right_formula_is_right_and_raises_no_flag(spec: Spec, name: str) -> None:
    try:
        bench = make_bench(question_of(spec, name), plugins())
    except BenchError:
        bench = make_bench(dataclasses.replace(question_of(spec, name), spec=spec), plugins())
    result = graded(bench, claim_of(spec, name))
    assert result.flags == (), result.staff
    assert result.status is Status.OK, result.staff


def test_the_kinds_of_derivatives_are_all_among_them() -> None:
    assert {name for _, name in CLAIMS} == set(KINDS)
    assert len(CLAIMS) > 50


def f(x: float, y: float) -> float:
    return float(x**2 + 3 * x * y + np.sin(y))


def right(x: float, y: float) -> Any:
    return np.array([2 * x + 3 * y, 3 * x + np.cos(y)])


def central(h: float) -> Callable[[float, float], Any]:
    return lambda x, y: np.array(
        [(f(x + h, y) - f(x - h, y)) / (2 * h), (f(x, y + h) - f(x, y - h)) / (2 * h)]
    )  # fmt: skip


def forward(h: float) -> Callable[[float, float], Any]:
    return lambda x, y: np.array([(f(x + h, y) - f(x, y)) / h, (f(x, y + h) - f(x, y)) / h])


def relative(x: float, y: float) -> Any:
    hx, hy = 6e-6 * max(1.0, abs(x)), 6e-6 * max(1.0, abs(y))
    return np.array([(f(x + hx, y) - f(x - hx, y)) / (2 * hx), (f(x, y + hy) - f(x, y - hy)) / (2 * hy)])


def kinds(result: QuestionResult) -> set[FlagKind]:
    return {flag.kind for flag in result.flags}


@pytest.mark.parametrize("h", [1e-4, 1e-5, 1e-6, 1e-7])
def test_a_central_difference_within_the_tolerance_is_found(h: float, tmp_path: Path) -> None:
    assert kinds(graded(bench_in(tmp_path), central(h))) == {FlagKind.NUMERICAL_DERIVATIVE}


@pytest.mark.parametrize("h", [1e-6, 1e-7, 1.5e-8])
def test_a_forward_difference_is_found_with_its_step(h: float, tmp_path: Path) -> None:
    result = graded(bench_in(tmp_path), forward(h))
    assert kinds(result) == {FlagKind.NUMERICAL_DERIVATIVE}
    evidence = result.flags[0].evidence
    assert "divided by a step of about" in evidence or f"forward difference of f with step {h:.0e}" in evidence


def test_a_difference_whose_step_follows_the_point_is_found(tmp_path: Path) -> None:
    assert kinds(graded(bench_in(tmp_path), relative)) == {FlagKind.NUMERICAL_DERIVATIVE}


def by_y(entry: Callable[[float, float], Any]) -> Callable[[float, float], Any]:
    """A formula for the first component, something else for the second."""
    return lambda x, y: np.array([right(x, y)[0], entry(x, y)[1]])


@pytest.mark.parametrize(
    ("entry", "scheme"),
    [
        (central(1e-3), "central difference of f with step 0.001"),
        (by_y(central(1e-3)), "central difference of f with step 0.001"),
        (by_y(central(1e-4)), "central difference of f with step 0.0001"),
        (by_y(forward(1e-6)), "forward difference of f with step 1e-06"),
        (by_y(forward(2e-3)), "forward difference of f with step 0.002"),
    ],
)  # fmt: skip
def test_the_error_of_a_difference_tells_its_step_without_any_text(
    entry: Callable[[float, float], Any], scheme: str, tmp_path: Path
) -> None:
    result = graded(bench_in(tmp_path, forbid="[numerical-derivative]"), entry)
    assert kinds(result) == {FlagKind.NUMERICAL_DERIVATIVE}
    assert f"∂f/∂y: the errors are those of a {scheme}" in result.flags[0].evidence


@pytest.mark.parametrize("off", [1 + 3e-8, 1 - 1e-9, 1 + 1e-7])
def test_a_factor_or_constant_that_a_difference_would_have_too_accuses_nobody(off: float, tmp_path: Path) -> None:
    spec = SPEC.replace("x**2 + 3*x*y + sin(y)", "exp(x) + sin(y)").replace(
        "[2*x + 3*y, 3*x + cos(y)]", "[exp(x), cos(y)]"
    )
    result = graded(bench_in(tmp_path, spec), lambda x, y: np.array([np.exp(x) * off, np.cos(y) * (2 - off)]))
    assert (kinds(result), result.status) == (set(), Status.OK)
    result = graded(bench_in(tmp_path), lambda x, y: right(x, y) + (off - 1))
    assert kinds(result) == set()


@pytest.mark.parametrize("eps", [1e-8, 1e-7, 1e-10])
def test_a_number_that_keeps_off_0_is_no_step(eps: float, tmp_path: Path) -> None:
    spec = SPEC.replace("x**2 + 3*x*y + sin(y)", "log(x**2 + 1) + y**4").replace(
        "[2*x + 3*y, 3*x + cos(y)]", "[2*x/(x**2 + 1), 4*y**3]"
    )
    shifted = graded(bench_in(tmp_path, spec), lambda x, y: np.array([2 * (x + eps) / ((x + eps) ** 2 + 1), 4 * y**3]))
    assert (kinds(shifted), shifted.status) == (set(), Status.OK)


@pytest.mark.parametrize("weight", [1e-2, 1e-4, 1e-9])
def test_a_penalty_that_is_too_large_is_no_difference(weight: float, tmp_path: Path) -> None:
    spec = SPEC.replace("x**2 + 3*x*y + sin(y)", "x**4 + y**4").replace("[2*x + 3*y, 3*x + cos(y)]", "[4*x**3, 4*y**3]")
    entry = lambda x, y: np.array([4 * x**3 + weight * x, 4 * y**3 + weight * y])  # noqa: E731
    assert kinds(graded(bench_in(tmp_path, spec), entry)) == set()


def test_a_forbidden_numerical_derivative_costs_the_question_and_says_why(tmp_path: Path) -> None:
    result = graded(bench_in(tmp_path, forbid="[numerical-derivative]"), central(1e-5))
    assert (result.status, result.score) == (Status.POLICY_VIOLATION, 0.0)
    assert "difference quotient" in result.student


def test_a_numerical_derivative_that_is_not_forbidden_keeps_its_points(tmp_path: Path) -> None:
    result = graded(bench_in(tmp_path), central(1e-5))
    assert (result.status, result.score) == (Status.OK, 10.0)


def test_single_precision_is_no_numerical_derivative(tmp_path: Path) -> None:
    result = graded(
        bench_in(tmp_path, forbid="[numerical-derivative]"),
        lambda x, y: right(np.float64(np.float32(x)), np.float64(np.float32(y))).astype(np.float32),
    )
    assert kinds(result) == set()


def test_a_constant_with_few_digits_is_no_numerical_derivative(tmp_path: Path) -> None:
    result = graded(bench_in(tmp_path, forbid="[numerical-derivative]"), lambda x, y: right(x, y) * (1 + 3e-8))
    assert kinds(result) == set()


def test_rounded_answers_are_no_numerical_derivative_and_not_copied(tmp_path: Path) -> None:
    assert kinds(graded(bench_in(tmp_path), lambda x, y: np.round(right(x, y), 8))) == set()
    assert kinds(graded(bench_in(tmp_path), lambda x, y: np.round(right(x, y), 2))) == set()


def test_a_formula_that_loses_digits_is_no_numerical_derivative(tmp_path: Path) -> None:
    def unstable(x: float, y: float) -> Any:
        return (right(x, y) + 1e5) - 1e5

    assert kinds(graded(bench_in(tmp_path), lambda x, y: unstable(x, y) if x > 0 else right(x, y))) == set()


def test_calling_f_beside_the_point_is_found_in_the_calls(tmp_path: Path) -> None:
    result = graded(bench_in(tmp_path, pass_function="true", forbid="[numerical-derivative]"), by_differences)
    assert kinds(result) == {FlagKind.NUMERICAL_DERIVATIVE}
    assert "called f" in result.flags[0].evidence
    assert result.status is Status.POLICY_VIOLATION


def by_differences(f: Callable[..., float], x: float, y: float) -> Any:
    h = 1e-4  # of fourth order: its error alone is that of a formula
    return np.array(
        [
            (8 * (f(x + h, y) - f(x - h, y)) - f(x + 2 * h, y) + f(x - 2 * h, y)) / (12 * h),
            (8 * (f(x, y + h) - f(x, y - h)) - f(x, y + 2 * h) + f(x, y - 2 * h)) / (12 * h),
        ]
    )


def test_checking_oneself_by_differences_is_no_numerical_derivative(tmp_path: Path) -> None:
    def entry(f: Callable[..., float], x: float, y: float) -> Any:
        answer = right(x, y)
        if not np.allclose(by_differences(f, x, y), answer, rtol=1e-4):
            raise AssertionError
        return answer

    result = graded(bench_in(tmp_path, pass_function="true", forbid="[numerical-derivative]"), entry)
    assert (kinds(result), result.status) == (set(), Status.OK)


def test_a_hessian_by_differences_is_found_in_the_calls(tmp_path: Path) -> None:
    spec = "variables: [x, y]\nfunction: x**3*y\nhessian: [[6*x*y, 3*x**2], [3*x**2, 0]]\npoints: [[1.5, 0.5]]\n"
    more = {"pass_function": "true", "forbid": "[numerical-derivative]"}
    bench = bench_in(tmp_path, spec + "tolerance: {relative: 1e-3, absolute: 1e-3}\n", **more)

    def entry(f: Callable[..., float], *p: float) -> Any:
        h, e, at = 1e-3, np.eye(2), np.array(p)
        return [
            [
                (f(at + h * (a + b)) - f(at + h * (a - b)) - f(at - h * (a - b)) + f(at - h * (a + b))) / (4 * h * h)
                for a in e
            ]
            for b in e
        ]

    assert FlagKind.NUMERICAL_DERIVATIVE in kinds(graded(bench, entry))
    exact = lambda f, x, y: [[6 * x * y + 0 * f(x + 1e-3, y), 3 * x**2], [3 * x**2, 0 * f(x, y + 1e-3)]]  # noqa: E731
    assert kinds(graded(bench, exact)) == set()


@pytest.mark.parametrize("h", [1e-4, 1e-5, 1e-6, 1e-7])
def test_a_difference_is_found_whatever_the_students_name(h: float, tmp_path: Path) -> None:
    bench = bench_in(tmp_path, forbid="[numerical-derivative]")
    for seed in range(15):
        assert kinds(graded(bench, central(h), seed)) == {FlagKind.NUMERICAL_DERIVATIVE}


@pytest.mark.parametrize("scale", [1.0, 3.0])
def test_digits_lost_everywhere_are_no_numerical_derivative(scale: float, tmp_path: Path) -> None:
    def cancels(x: float, y: float) -> Any:
        return ((right(x, y) * scale + 1e5) - 1e5) / scale

    for seed in range(5):
        assert kinds(graded(bench_in(tmp_path), cancels, seed)) == set()


@pytest.mark.parametrize("shift", [1e3, 3e4 / 7])
def test_a_formula_that_rounds_its_input_is_no_numerical_derivative(shift: float, tmp_path: Path) -> None:
    spec = next(spec for spec in RIGHT_SPECS if spec.name == "difficult-osc")
    entry = claim_of(spec, "gradient")
    result = graded(
        make_bench(question_of(spec, "gradient"), plugins()), lambda *x: entry(*[(v + shift) - shift for v in x])
    )
    assert kinds(result) == set(), result.staff


@pytest.mark.parametrize("h", [1e-5, 1e-7])
def test_a_difference_of_an_f_without_the_cancellation_of_the_specs_is_found(h: float, tmp_path: Path) -> None:
    spec = SPEC.replace("x**2 + 3*x*y + sin(y)", "(x**2 + 3*x*y + sin(y) + 1e6) - 1e6")
    assert kinds(graded(bench_in(tmp_path, spec), central(h))) == {FlagKind.NUMERICAL_DERIVATIVE}
    assert kinds(graded(bench_in(tmp_path, spec), right)) == set()


def test_calling_f_at_the_point_itself_is_nobodys_business(tmp_path: Path) -> None:
    def entry(f: Callable[..., float], x: float, y: float) -> Any:
        f(x, y)
        return right(x, y)

    assert kinds(graded(bench_in(tmp_path, pass_function="true"), entry)) == set()


VISIBLE = {(1.5, 2.25): right(1.5, 2.25), (-0.75, 0.5): right(-0.75, 0.5)}


def test_answers_at_known_points_alone_are_found(tmp_path: Path) -> None:
    result = graded(bench_in(tmp_path), lambda x, y: VISIBLE.get((x, y), np.zeros(2)))
    assert kinds(result) == {FlagKind.HARD_CODED}
    assert result.score == 0.0
    assert result.visible.right == 2
    assert "right at all the points that you can see" in result.student


def test_a_lookup_of_the_nearest_point_is_found(tmp_path: Path) -> None:
    def nearest(x: float, y: float) -> Any:
        return VISIBLE[min(VISIBLE, key=lambda p: (p[0] - x) ** 2 + (p[1] - y) ** 2)]

    assert kinds(graded(bench_in(tmp_path), nearest)) == {FlagKind.HARD_CODED}


def test_right_only_near_the_points_is_found(tmp_path: Path) -> None:
    def near(x: float, y: float) -> Any:
        inside = any((p[0] - x) ** 2 + (p[1] - y) ** 2 < 0.01 for p in VISIBLE)
        return right(x, y) if inside else np.array([7.0, 7.0])

    assert kinds(graded(bench_in(tmp_path), near)) == {FlagKind.HARD_CODED}


def test_a_wrong_formula_that_is_right_at_the_points_is_no_copy(tmp_path: Path) -> None:
    def lucky(x: float, y: float) -> Any:  # right wherever y = x + 0.75 or y = x + 1.25
        return right(x, y) + (y - x - 0.75) * (y - x - 1.25)

    result = graded(bench_in(tmp_path), lucky)
    assert (result.status, kinds(result)) == (Status.WRONG, set())


def test_a_wrong_branch_is_no_copy(tmp_path: Path) -> None:
    result = graded(bench_in(tmp_path), lambda x, y: right(x, y) if y > 0.4 else right(x, y) * [1, -1])
    assert FlagKind.HARD_CODED not in kinds(result)


def test_two_answers_at_one_point_are_found(tmp_path: Path) -> None:
    count = iter(range(10_000))
    result = graded(bench_in(tmp_path), lambda x, y: right(x, y) + next(count) % 2)
    assert kinds(result) == {FlagKind.NONDETERMINISTIC}
    assert result.score == 0.0


def test_a_library_that_differentiates_is_missed_by_name() -> None:
    assert library_wanted(["ModuleNotFoundError: No module named 'jax' (line 2)"]) == "jax"
    assert library_wanted(["ModuleNotFoundError: No module named 'pandas'"]) is None
