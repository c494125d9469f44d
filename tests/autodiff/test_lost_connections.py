"""Ways to lose the connection between input and result: never a zero or partial gradient, always "does not apply"."""

import copy
import ctypes
import functools
import json
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import autograd.numpy as anp
import numpy as np
import pytest
from gradverify_autodiff.backend import AutodiffBackend
from gradverify_autodiff.checks import Agreement, agreement, require_agreement
from gradverify_autodiff.measure import Measured
from gradverify_autodiff.tape import StaleValueError, trace

from gradverify.plugin import DoesNotApply, Domain, Request
from tests.autodiff.support import callable_problem, from_callable, refusal

VECTOR = {"x": (3,)}
POINTS = [[0.5, -1.25, 2.0]]


def by_int(x: Any) -> Any:
    return x[0] * x[1] + int(x[2]) * x[2]


def by_out_argument(x: Any) -> Any:
    out = np.zeros(3)
    np.multiply(x, x, out=out)
    return out.sum()


def by_put(x: Any) -> Any:
    out = np.zeros(3)
    np.put(out, [0, 1, 2], x)
    return np.sum(out**2)


def by_text(x: Any) -> Any:
    return sum(float(part) ** 2 for part in " ".join(str(v) for v in x).split())


def by_json(x: Any) -> Any:
    return sum(json.loads(json.dumps([float(v) for v in x])))


def by_format(x: Any) -> Any:
    return float(f"{x[0]:.17g}") ** 2 + x[1]


def by_integer_array(x: Any) -> Any:
    return np.sum(np.asarray(x, dtype=int) * x)


def by_fromiter(x: Any) -> Any:
    return np.sum(np.fromiter((v**2 for v in x), dtype=float))


def by_ctypes(x: Any) -> Any:
    return ctypes.c_double(x[0]).value ** 2


def by_frompyfunc_to_float(x: Any) -> Any:
    return np.sum(np.frompyfunc(lambda v: v * v, 1, 1)(x).astype(float))


def by_object_array_to_float(x: Any) -> Any:
    parts = np.empty(3, dtype=object)
    parts[:] = list(x)
    return np.sum(parts.astype(float) ** 2)


def by_complex(x: Any) -> Any:
    return abs(complex(x[0], x[1])) ** 2


def by_deepcopy(x: Any) -> Any:
    return np.sum(copy.deepcopy(x) ** 2) + x[0]


def by_interp(x: Any) -> Any:
    return np.interp(x[0], [0, 1, 2], [0, 1, 4]) + x[1]


def by_median(x: Any) -> Any:
    return np.median(x) + x[0]


def by_assignment_twice_to_one_place(x: Any) -> Any:
    out = np.zeros(2)
    out[[0, 0, 1]] = x
    return np.sum(out**2)


def by_addition_twice_to_one_place(x: Any) -> Any:
    out = np.zeros(2)
    out[np.array([0, 0, 1])] += x
    return np.sum(out**2)


def by_an_array_of_whole_numbers(x: Any) -> Any:
    return np.sum(x.astype(int) * x)


def by_out_of_a_sum(x: Any) -> Any:
    total = np.array(0.0)
    np.sum(x**2, out=total)
    return total + x[0]


def by_the_diagonal_changed_in_place(x: Any) -> Any:
    table = np.outer(x, x)
    window = np.lib.stride_tricks.sliding_window_view(table, (2, 2))
    table *= 2
    return np.sum(window)


def by_a_function_of_math_without_a_rule(x: Any) -> Any:
    return math.remainder(x[2], 3.0) + x[0]


def by_a_whole_number_of_math(x: Any) -> Any:
    return math.floor(10 * x[2]) * x[0] + math.frexp(x[1])[0]


def by_catching_the_error_with_a_constant(x: Any) -> Any:
    try:
        return int(x[2]) * x[0] ** 2
    except TypeError:
        return 0.25


TRAPS = [value for name, value in list(globals().items()) if name.startswith("by_")]


@pytest.mark.parametrize("trap", TRAPS, ids=lambda f: f.__name__)
def test_a_lost_connection_does_not_apply(trap: Callable[..., Any]) -> None:
    assert refusal(trap, VECTOR, POINTS)


def test_the_reason_names_the_line_and_the_file() -> None:
    message = refusal(by_int, VECTOR, POINTS)
    assert "`return x[0] * x[1] + int(x[2]) * x[2]` at test_lost_connections.py:" in message
    assert "cuts the connection to the input" in message


def test_a_function_without_a_rule_is_named() -> None:
    assert "uses `median`, which has no derivative rule" in refusal(by_median, VECTOR, POINTS)


def test_a_value_kept_from_an_earlier_call_is_noticed() -> None:
    class Kept:
        __slots__ = ("x",)
        x: Any

    kept = Kept()

    def loss(x: Any) -> Any:
        if hasattr(x, "_value") and not hasattr(kept, "x"):
            kept.x = x
        return np.sum(getattr(kept, "x", x) * x)

    assert "keeps values from one call to the next" in refusal(loss, VECTOR, POINTS)


KEPT: dict[str, Any] = {"calls": [], "last": None}


def test_what_a_function_keeps_between_calls_is_plain_again_after_its_traces() -> None:
    def warm_started_root(x: Any) -> Any:
        y = KEPT.get("y", 1.0)
        for _ in range(40):
            y = y - (y * y - (1 + x[0] ** 2 + x[1] ** 2)) / (2 * y)
        KEPT["calls"].append(y)
        KEPT["y"] = KEPT["last"] = float(y)
        return float(y) + x[2] ** 2

    estimate = from_callable(warm_started_root, VECTOR, POINTS)[0]
    root = np.sqrt(1 + 0.5**2 + 1.25**2)
    assert np.allclose(estimate.value, [0.5 / root, -1.25 / root, 4.0], rtol=1e-12)
    assert all(isinstance(value, float) for value in [KEPT["y"], KEPT["last"], *KEPT["calls"]])


def test_a_function_of_very_many_steps_is_given_up_after_its_first_trace() -> None:
    steps = [0]

    def long(x: Any) -> Any:
        total = 0.0
        for i in range(6000):
            steps[0] += 1
            total = total + float(x[i % 3]) ** 2 * 1e-3
        return total

    message = refusal(long, VECTOR, [[0.1 * i, 0.2, 0.3] for i in range(25)])
    assert "steps to be recorded" in message


def test_a_value_of_another_trace_is_never_mixed_in() -> None:
    kept: list[Any] = []

    def function(x: Any) -> Any:
        kept.append(x)
        return anp.sum(kept[0] * x)

    assert np.array_equal(trace(function, np.ones(2)).pull_back(1.0), [2, 2])
    with pytest.raises(StaleValueError):
        trace(function, np.ones(2)).pull_back(1.0)


def test_an_elementwise_python_function_keeps_its_connection() -> None:
    loss = lambda x: np.sum(np.vectorize(lambda v: v**2 if v > 0 else -v)(x))  # noqa: E731
    assert np.allclose(from_callable(loss, VECTOR, POINTS)[0].value, [1.0, -1.0, 4.0], rtol=1e-14)


def test_a_function_of_random_numbers_is_noticed() -> None:
    generator = np.random.default_rng(0)
    assert "another value" in refusal(lambda x: np.sum(x) + generator.normal(), VECTOR, POINTS)


def test_a_function_that_counts_its_calls_is_noticed() -> None:
    calls = [0]

    def loss(x: Any) -> Any:
        calls[0] += 1
        return np.sum(x) * calls[0]

    assert refusal(loss, VECTOR, POINTS)


def test_a_cached_inner_function_keeps_its_connection() -> None:
    @functools.cache
    def inner(v: Any) -> Any:
        return v**2

    estimate = from_callable(lambda x: inner(x[0]) + inner(x[1]) * x[2], VECTOR, POINTS)[0]
    assert np.allclose(estimate.value, [1.0, -5.0, 1.5625], rtol=1e-14)


def test_a_sequence_rebuilt_through_lists_keeps_its_connection() -> None:
    def loss(x: Any) -> Any:
        rows = [[x[0], 1.0], [x[1], x[2]]]
        return np.linalg.det(np.array([list(row) for row in rows]))

    assert np.allclose(from_callable(loss, VECTOR, POINTS)[0].value, [2.0, -1.0, 0.5], rtol=1e-13)


def test_an_object_array_keeps_its_connection() -> None:
    def loss(x: Any) -> Any:
        parts = np.empty(3, dtype=object)
        for i in range(3):
            parts[i] = x[i] ** 2
        return parts.sum()

    assert np.allclose(from_callable(loss, VECTOR, POINTS)[0].value, [1.0, -2.5, 4.0], rtol=1e-14)


def require(function: Callable[..., Any], derivative: Any, kind: str = "gradient") -> None:
    points = np.array(POINTS)
    problem = callable_problem(function, VECTOR, points, kind)
    values = problem.function.evaluate(points).values
    claimed = np.asarray(derivative, dtype=float)[None]
    found = Measured(values, claimed, np.zeros_like(claimed), np.zeros(1, dtype=np.bool_), 1)
    require_agreement(problem, problem.function, points, values, found)


GRADIENT = np.array([1.0, -2.5, 4.0])


def test_the_true_derivatives_pass_the_directional_check() -> None:
    require(lambda x: np.sum(x**2), GRADIENT)
    require(lambda x: x**2, np.diag(GRADIENT), "jacobian")
    require(lambda x: np.sum(x**2), 2 * np.eye(3), "hessian")


@pytest.mark.parametrize("component", range(3))
@pytest.mark.parametrize("factor", [0.0, 2.0, -1.0, 1.001])
def test_a_partly_wrong_derivative_does_not_pass_the_directional_check(component: int, factor: float) -> None:
    wrong = GRADIENT.copy()
    wrong[component] *= factor
    with pytest.raises(DoesNotApply):
        require(lambda x: np.sum(x**2), wrong)
    with pytest.raises(DoesNotApply):
        require(lambda x: x**2, np.diag(wrong), "jacobian")


def test_a_wrong_hessian_does_not_pass_the_directional_check() -> None:
    wrong = 2 * np.eye(3)
    wrong[1, 1] = 0
    with pytest.raises(DoesNotApply):
        require(lambda x: np.sum(x**2), wrong, "hessian")


def test_a_function_that_moves_in_steps_of_its_own_round_off_refutes_no_trace() -> None:
    small = 1e-6  # log(1 + |x|²) is 6e-12 here, and 1 + |x|² has steps of 2e-16

    def function(x: Any) -> Any:
        return np.log(1.0 + small**2 * np.sum(x**2)) / small**2

    require(function, GRADIENT)
    with pytest.raises(DoesNotApply):  # its wrong twin is further off than the steps account for
        require(function, -3 * GRADIENT)


def test_a_small_lost_part_beside_a_large_one_is_found_along_the_zeros() -> None:
    with pytest.raises(DoesNotApply, match="lacks a part"):
        require(lambda x: 1e5 * x[0] + 1e-3 * x[2], [1e5, 0.0, 0.0])


@pytest.mark.parametrize(
    ("function", "gradient"),
    [
        (lambda x: np.sum((x - np.array(POINTS[0])) ** 3), [0, 0, 0]),
        (lambda x: 5.0 + 0 * x[0], [0, 0, 0]),
        (lambda x: np.floor(x[0]) + x[1], [0, 1, 0]),
        (lambda x: np.exp(-1000 * x[0] ** 2) + x[1], [-1000 * np.exp(-250.0), 1, 0]),
        (lambda x: 1e10 + x[0] ** 2, [1, 0, 0]),
        (lambda x: abs(x[0] - 0.5000001) + x[1], [-1, 1, 0]),
        (lambda x: np.sin(1e6 * x[0]) + x[1], [1e6 * np.cos(5e5), 1, 0]),
    ],
)
def test_right_but_awkward_derivatives_pass_the_directional_check(function: Callable[..., Any], gradient: Any) -> None:
    require(function, gradient)


def agreed(function: Callable[..., Any], derivative: Any, point: list[float], kind: str = "gradient") -> Agreement:
    """What plain evaluations inside [0, 10] say of a derivative at a point."""
    points = np.array([point])
    everywhere = callable_problem(function, VECTOR, points, kind)
    domain = Domain(np.zeros(3), np.full(3, 10.0), np.zeros(3, dtype=np.bool_), np.zeros(3, dtype=np.bool_))
    problem = replace(everywhere, domain=domain)
    values = problem.function.evaluate(points).values
    claimed = np.asarray(derivative, dtype=float)[None]
    found = Measured(values, claimed, np.zeros_like(claimed), np.zeros(1, dtype=np.bool_), 1)
    return agreement(problem, problem.function, points, values, found)


@pytest.mark.parametrize("point", [[0.0, 1.0, 2.0], [10.0, 0.0, 2.0], [0.0, 0.0, 0.0]])
@pytest.mark.parametrize("kind", ["gradient", "hessian"])
def test_a_lost_part_is_seen_at_the_edge_of_the_domain_too(point: list[float], kind: str) -> None:
    def function(x: Any) -> Any:
        return np.sum((x + 1) ** 3)

    x = np.array(point)
    right = 3 * (x + 1) ** 2 if kind == "gradient" else np.diag(6 * (x + 1))
    wrong = right * np.array([1, 1, 0])
    assert not agreed(function, right, point, kind).refuted.any()
    assert not agreed(function, right, point, kind).unseen.any()
    assert agreed(function, wrong, point, kind).refuted.all()


def test_a_lost_part_is_seen_beside_a_component_without_a_value() -> None:
    def function(x: Any) -> Any:
        return np.sqrt(x[0]) + x[1] * x[2]

    assert agreed(function, [np.inf, 2.0, 0.0], [0.0, 1.0, 2.0]).refuted.all()
    assert not agreed(function, [np.inf, 2.0, 1.0], [0.0, 1.0, 2.0]).refuted.any()


def test_half_of_a_small_component_is_missed_beside_a_large_one_no_more() -> None:
    def function(x: Any) -> Any:
        return 1e7 * x[0] ** 2 + x[1] ** 2 + 6 * x[1]

    assert agreed(function, [2e7, 4.0, 0.0], [1.0, 2.0, 3.0]).refuted.all()
    assert not agreed(function, [2e7, 10.0, 0.0], [1.0, 2.0, 3.0]).refuted.any()


def test_where_nothing_can_be_compared_nothing_is_known() -> None:
    seen = agreed(lambda x: np.where(x[0] == 1, x[1], np.nan), [0.0, 1.0, 0.0], [1.0, 2.0, 3.0])
    assert seen.unseen.all()
    assert not seen.refuted.any()


def test_the_search_loses_the_points_that_a_trace_misses_and_keeps_the_others() -> None:
    def function(x: Any) -> Any:
        try:
            last = x[1] if x[0] < 3 else json.loads(json.dumps(x[1]))
        except TypeError:  # a traced number is no JSON
            last = 0.5
        return np.sum(x**2) + last

    points = np.array([[1.0, 2.0, 0.5], [2.0, 1.0, 0.3], [4.0, 1.0, 0.2]])
    found = AutodiffBackend().screen(callable_problem(function, VECTOR, points), Request(points, screening=True))
    assert np.isfinite(found.values).all(axis=1).tolist() == [True, True, False]
    assert refusal(function, VECTOR, points.tolist())
