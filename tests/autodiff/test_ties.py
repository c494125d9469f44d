"""Where branches meet: a derivative that does not exist is not claimed, one that does is."""

from typing import Any

import numpy as np
import pytest

from gradverify.plugin import Domain, Estimate, NoteKind
from tests.autodiff.support import covers, from_callable, from_text

SCALAR = {"x": ()}
PAIR = {"x": (), "y": ()}


def is_withheld(estimate: Estimate, component: int = 0) -> bool:
    return bool(np.isnan(estimate.value[component]) and np.isinf(estimate.error_bound[component])) and bool(
        estimate.notes
    )


@pytest.mark.parametrize(
    ("text", "shapes", "point"),
    [
        ("abs(x)", SCALAR, [0.0]),
        ("sqrt(x)", SCALAR, [0.0]),
        ("sqrt(x)**2", SCALAR, [0.0]),
        ("cbrt(x)", SCALAR, [0.0]),
        ("x**0.5", SCALAR, [0.0]),
        ("relu(x)", SCALAR, [0.0]),
        ("sign(x)", SCALAR, [0.0]),
        ("floor(x)", SCALAR, [2.0]),
        ("maximum(x, y)", PAIR, [1.0, 1.0]),
        ("minimum(x, y) + x", PAIR, [1.0, 1.0]),
        ("max(x)", {"x": (3,)}, [2.0, 2.0, 1.0]),
        ("norm(x)", {"x": (2,)}, [0.0, 0.0]),
        ("hypot(x, y)", PAIR, [0.0, 0.0]),
        ("clip(x, 0, 1)", SCALAR, [1.0]),
        ("where(x > 1, x, 2*x)", SCALAR, [1.0]),
        ("where(x > 0, x*log(x), 0)", SCALAR, [0.0]),
        ("std(x)", {"x": (3,)}, [1.0, 1.0, 1.0]),
        ("arctan2(y, x)", PAIR, [-1.0, 0.0]),
    ],
)
def test_a_point_without_a_derivative_gets_none(text: str, shapes: Any, point: list[float]) -> None:
    assert is_withheld(from_text(text, shapes, [point])[0])


@pytest.mark.parametrize(
    ("text", "shapes", "point", "truth"),
    [
        ("abs(x)", SCALAR, [-2.0], [-1]),
        ("relu(x)**2", SCALAR, [0.0], [0]),
        ("abs(x)**3", SCALAR, [0.0], [0]),
        ("x*abs(x)", SCALAR, [0.0], [0]),
        ("norm(x)**2", {"x": (2,)}, [0.0, 0.0], [0, 0]),
        ("logsumexp(x)", {"x": (3,)}, [0.0, 0.0, 0.0], [1 / 3] * 3),
        ("log(sum(exp(x - max(x)))) + max(x)", {"x": (3,)}, [1.0, 1.0, 1.0], [1 / 3] * 3),
        ("where(x > 0, x**2, -x**2)", SCALAR, [0.0], [0]),
        ("maximum(x, y) + minimum(x, y)", PAIR, [1.0, 1.0], [1, 1]),
        ("where(x >= 0, x, x)", SCALAR, [0.0], [1]),
        ("where(x > 0, sqrt(x), 0*x)", SCALAR, [-1.0], [0]),
        ("sum(where(x > 0, x*log(x), 0))", {"x": (2,)}, [-1.0, 1.0], [0, 1]),
        ("prod(x)", {"x": (3,)}, [0.0, 2.0, 3.0], [6, 0, 0]),
    ],
)
def test_a_point_where_branches_meet_smoothly_has_its_derivative(
    text: str, shapes: Any, point: list[float], truth: Any
) -> None:
    estimate = from_text(text, shapes, [point])[0]
    assert covers(estimate, truth)
    assert np.max(estimate.error_bound) < 1e-8


def test_a_patched_singularity_is_not_taken_for_the_constant_that_patches_it() -> None:
    estimate = from_text("where(x == 0, 1, (exp(x) - 1)/x)", SCALAR, [[0.0]])[0]
    assert is_withheld(estimate) or covers(estimate, [0.5])


def test_components_beside_a_kink_keep_their_values() -> None:
    estimate = from_text("abs(x) + y**2", PAIR, [[0.0, 3.0]])[0]
    assert is_withheld(estimate, 0)
    assert estimate.value[1] == 6
    assert estimate.notes[0].kind is NoteKind.KINK
    assert estimate.notes[0].components == (0,)


def test_points_beside_a_kink_are_not_affected() -> None:
    estimates = from_text("abs(x)", SCALAR, [[0.0], [1.0], [-1e-12]])
    assert is_withheld(estimates[0])
    assert [float(e.value[0]) for e in estimates[1:]] == [1.0, -1.0]


def test_nothing_is_said_of_a_tie_at_the_edge_of_the_domain() -> None:
    edge = Domain(np.zeros(1), np.full(1, np.inf), np.zeros(1, dtype=np.bool_), np.zeros(1, dtype=np.bool_))
    assert is_withheld(from_text("abs(x)", SCALAR, [[0.0]], domain=edge)[0])


def test_a_python_branch_decided_by_equality_is_noticed() -> None:
    def special_case(x: Any) -> Any:
        return 1.0 + 0 * x if x == 0 else np.expm1(x) / x

    assert is_withheld(from_callable(special_case, SCALAR, [[0.0]])[0])
    assert covers(from_callable(special_case, SCALAR, [[1.0]])[0], [1.0])


def test_a_python_kink_is_noticed_and_its_neighbours_are_not_affected() -> None:
    def hinge(w: Any) -> Any:
        return max(0.0, 1 - w[0]) + np.maximum(0, w[1])

    estimates = from_callable(hinge, {"w": (2,)}, [[1.0, 2.0], [0.5, 2.0], [0.5, 0.0]])
    assert is_withheld(estimates[0], 0)
    assert np.array_equal(estimates[1].value, [-1, 1])
    assert is_withheld(estimates[2], 1)


def test_where_f_is_not_finite_nothing_is_said() -> None:
    estimates = from_text("log(x)", SCALAR, [[-1.0], [0.0], [2.0]])
    assert is_withheld(estimates[0])
    assert is_withheld(estimates[1])
    assert covers(estimates[2], [0.5])


def test_a_python_function_that_raises_at_a_point_says_nothing_there() -> None:
    def picky(x: Any) -> Any:
        if x < 0:
            raise ValueError("negative")
        return x**2

    estimates = from_callable(picky, SCALAR, [[-1.0], [3.0]])
    assert is_withheld(estimates[0])
    assert covers(estimates[1], [6.0])


def test_a_function_is_never_asked_outside_its_domain_not_even_by_round_off() -> None:
    inside = Domain(np.array([1.0]), np.array([2.0]), np.zeros(1, dtype=np.bool_), np.zeros(1, dtype=np.bool_))

    def guarded(x: Any) -> Any:
        if x < 1 or x > 2:
            asked_outside.append(x)
        return x**2

    asked_outside: list[Any] = []
    estimates = from_callable(guarded, SCALAR, [[1.0], [1.5], [2.0]], domain=inside)
    assert asked_outside == []
    assert covers(estimates[1], [3.0])


@pytest.mark.parametrize(("point", "truth"), [([1.0, 0.2], [0, 0]), ([2.0, 0.2], [1, 0]), ([3.0, 3.0], None)])
def test_the_initial_value_of_a_maximum_is_one_more_entry(point: list[float], truth: Any) -> None:
    estimate = from_callable(lambda x: np.max(x, initial=1.5), {"x": (2,)}, [point])[0]
    assert is_withheld(estimate) if truth is None else covers(estimate, truth)


def test_an_entry_that_equals_the_initial_value_is_a_tie() -> None:
    assert is_withheld(from_callable(lambda x: x.max(None, None, False, 1.5), {"x": (2,)}, [[1.5, 0.2]])[0], 0)


def test_entries_that_a_maximum_leaves_out_have_no_share_and_make_no_tie() -> None:
    left = np.array([[True, False], [True, True]])

    def least(x: Any) -> Any:
        return np.sum(np.amin(x, axis=1, initial=1.0, where=left) * np.array([2.0, 3.0]))

    estimate = from_callable(least, {"x": (2, 2)}, [[0.3, 0.3, 0.6, 0.4]])[0]
    assert np.array_equal(estimate.value, [2, 0, 0, 3])


def test_a_maximum_that_is_nan_has_no_slope() -> None:
    estimates = from_callable(lambda x: np.max(np.sqrt(x), initial=0.0), {"x": (2,)}, [[-1.0, 2.0], [1.0, 4.0]])
    assert is_withheld(estimates[0])
    assert covers(estimates[1], [0, 0.25])


def test_a_maximum_that_keeps_its_axes_is_differentiated() -> None:
    estimate = from_callable(lambda x: np.sum(x * np.max(x, axis=1, keepdims=True)), {"x": (1, 2)}, [[1.0, 3.0]])[0]
    assert covers(estimate, [3, 7])
