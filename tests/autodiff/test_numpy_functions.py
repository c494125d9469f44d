import functools
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradverify.plugin import Evidence, Precision
from tests.autodiff import user_functions as users
from tests.autodiff.support import complex_step, covers, from_callable, refusal, sharp

POINTS = [[0.5, -1.25, 2.0], [1.0, 0.3, -0.7]]
VECTOR = {"x": (3,)}


@pytest.mark.parametrize("function", users.ANALYTIC, ids=lambda f: f.__qualname__)
def test_a_plain_numpy_function_is_differentiated_to_round_off(function: Callable[..., Any]) -> None:
    for point, estimate in zip(POINTS, from_callable(function, VECTOR, POINTS), strict=True):
        assert covers(estimate, complex_step(function, np.array(point)))
        assert sharp(estimate)
        assert estimate.evidence is Evidence.EXACT


CLOSED: list[tuple[Callable[..., Any], Callable[[Any], Any]]] = [
    (users.as_float_array_first, lambda x: 3 * x**2),
    (users.log_determinant, lambda x: 2 * x * np.diagonal(np.linalg.inv(users.A + np.diag(x**2)))),
    (users.cholesky_factor, lambda x: 2 * x * np.diagonal(np.linalg.inv(users.A + np.diag(x**2)))),
    (users.eigenvalues, lambda x: 2 * np.diagonal(users.A + np.diag(x))),
    (users.stacks, lambda x: 10 * x + 4 * x**3),
    (users.methods, lambda x: 2 * x.sum() / 3 + 4 * x + np.prod(x) / x),
    (users.float64_constructor, lambda x: np.array([x[1], x[0], 2 * x[2]])),
    (users.variance, lambda x: (2 / 3 + 0.5 / x.std(ddof=1)) * (x - x.mean())),
    (users.quadratic_in_a_matrix_norm, lambda x: 2 * (np.outer(x, users.Y) + users.A) @ users.Y),
]


@pytest.mark.parametrize(("function", "truth"), CLOSED, ids=lambda f: getattr(f, "__name__", ""))
def test_functions_that_are_not_analytic_agree_with_their_formulas(
    function: Callable[..., Any], truth: Callable[[Any], Any]
) -> None:
    for point, estimate in zip(POINTS, from_callable(function, VECTOR, POINTS), strict=True):
        assert np.allclose(estimate.value, truth(np.array(point)), rtol=1e-12, atol=1e-12)
        assert sharp(estimate)


@pytest.mark.parametrize("function", [users.model.loss, users.model, users.model.forward], ids=["method", "call", "m"])
def test_methods_and_callable_objects_are_differentiated(function: Callable[..., Any]) -> None:
    derivative = "jacobian" if function == users.model.forward else "gradient"
    for point, estimate in zip(POINTS, from_callable(function, VECTOR, POINTS, derivative), strict=True):
        hidden = np.tanh(users.A @ np.array(point))
        jacobian = (1 - hidden**2)[:, None] * users.A
        assert np.allclose(estimate.value, jacobian if derivative == "jacobian" else 4 * hidden @ jacobian, rtol=1e-12)


def test_a_partial_and_a_cached_function_are_differentiated() -> None:
    partial = functools.partial(users.default_function, activation=np.sin)
    assert covers(from_callable(partial, VECTOR, POINTS)[0], np.cos(POINTS[0]))
    cached = functools.lru_cache(lambda x: np.sin(x) * x)
    estimate = from_callable(cached, {"x": ()}, [[0.5]])[0]
    assert covers(estimate, [np.sin(0.5) + 0.5 * np.cos(0.5)])


def test_variables_come_in_order_and_constants_by_keyword() -> None:
    def loss(w: Any, b: Any, X: Any, k: Any) -> Any:  # noqa: N803
        return k * np.sum((X @ w + b) ** 2)

    data = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 7.0]])
    estimate = from_callable(loss, {"w": (2,), "b": ()}, [[0.5, -1, 2]], constants={"X": data, "k": 2.0})[0]
    residual = data @ [0.5, -1] + 2
    assert covers(estimate, [*(4 * data.T @ residual), 4 * residual.sum()])


def test_a_jacobian_has_one_row_an_output_however_the_outputs_are_returned() -> None:
    truth = [[np.cos(1.0), 0.0], [2.0, 1.0], [0.0, 2 * 2.0]]
    as_list = lambda x: [np.sin(x[0]), x[0] * x[1], x[1] ** 2]  # noqa: E731
    as_array = lambda x: np.array([np.sin(x[0]), x[0] * x[1], x[1] ** 2])  # noqa: E731
    for function in (as_list, as_array):
        assert covers(from_callable(function, {"x": (2,)}, [[1.0, 2.0]], "jacobian")[0], truth)


def test_a_hessian_of_a_numpy_function_is_exact() -> None:
    estimate = from_callable(users.rosenbrock_slices, VECTOR, [[0.5, -1.25, 2.0]], "hessian")[0]
    a, b, c = 0.5, -1.25, 2.0
    truth = [
        [1200 * a**2 - 400 * b + 2, -400 * a, 0],
        [-400 * a, 202 + 1200 * b**2 - 400 * c, -400 * b],
        [0, -400 * b, 200],
    ]
    assert covers(estimate, truth)
    assert sharp(estimate)


def test_the_value_of_a_pair_is_what_is_differentiated() -> None:
    from dataclasses import replace

    from gradverify_autodiff.backend import AutodiffBackend

    from gradverify.functions.callables import function_from_callable
    from gradverify.plugin import Request
    from tests.autodiff.support import callable_problem

    def pair(x: Any) -> Any:
        return np.sum(x**2), 3 * x

    points = np.array(POINTS)
    problem = callable_problem(users.as_float_array_first, VECTOR, points)
    function = function_from_callable(pair, problem.variables, {}, (), value_of_pair=True)
    estimates = AutodiffBackend().estimate(replace(problem, function=function), Request(points))
    assert covers(estimates.points[0], 2 * points[0])


def test_a_constant_function_has_gradient_zero() -> None:
    estimate = from_callable(lambda x: 3.0, VECTOR, POINTS)[0]
    assert np.array_equal(estimate.value, [0, 0, 0])


def test_single_precision_inside_the_function_widens_the_bound() -> None:
    def rough(x: Any) -> Any:
        return np.sum(np.asarray(x, dtype=np.float32) ** 3)

    estimate = from_callable(rough, VECTOR, POINTS, precision=Precision.FLOAT32)[0]
    assert covers(estimate, 3 * np.array(POINTS[0]) ** 2)
    assert np.all(estimate.error_bound > 1e-8)


def test_where_keeps_the_branch_not_taken_out_of_the_gradient() -> None:
    def entropy(x: Any) -> Any:
        return np.sum(np.where(x > 0, x * np.log(x), 0.0))

    with np.errstate(all="ignore"):
        estimate = from_callable(entropy, VECTOR, [[-1.0, 1.0, 2.0]])[0]
    assert covers(estimate, [0, 1, 1 + np.log(2)])


def test_tracing_leaves_numpy_and_the_users_modules_as_they_were() -> None:
    before = dict(vars(users))
    modules = set(sys.modules)
    from_callable(users.calls_helpers, VECTOR, POINTS)
    assert dict(vars(users)) == before
    assert sys.modules["numpy"] is np
    assert not {name for name in set(sys.modules) - modules if "user" in name}


def test_tracing_leaves_autograds_arrays_as_they_were() -> None:
    from autograd.numpy.numpy_boxes import ArrayBox

    before = dict(vars(ArrayBox))
    from_callable(users.methods, VECTOR, POINTS)
    refusal(lambda x: int(x[0]), VECTOR, POINTS)
    assert dict(vars(ArrayBox)) == before


def test_scipys_special_functions_are_differentiated() -> None:
    special = pytest.importorskip("scipy.special")

    def by_module(x: Any) -> Any:
        return np.sum(special.expit(x) + special.erf(x)) + special.logsumexp(x)

    x = np.array(POINTS[0])
    s = special.expit(x)
    truth = s * (1 - s) + 2 / np.sqrt(np.pi) * np.exp(-(x**2)) + np.exp(x) / np.exp(x).sum()
    assert np.allclose(from_callable(by_module, VECTOR, POINTS)[0].value, truth, rtol=1e-12)


def test_a_network_with_thousands_of_weights_is_differentiated() -> None:
    generator = np.random.default_rng(1)
    inputs, labels = generator.normal(size=(20, 100)), generator.normal(size=20)

    def loss(W: Any, b: Any, v: Any) -> Any:  # noqa: N803
        return np.mean((np.maximum(inputs @ W + b, 0) @ v - labels) ** 2)

    point = generator.normal(size=100 * 50 + 50 + 50)
    estimate = from_callable(loss, {"W": (100, 50), "b": (50,), "v": (50,)}, [point])[0]
    hidden = np.maximum(inputs @ point[:5000].reshape(100, 50) + point[5000:5050], 0)
    residual = hidden @ point[5050:] - labels
    assert np.allclose(estimate.value[5050:], 2 * hidden.T @ residual / 20, rtol=1e-10)
    assert sharp(estimate)
