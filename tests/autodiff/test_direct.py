"""Formulas are differentiated without a trace, with the very numbers that the trace gives."""

import itertools
import string
from typing import Any

import numpy as np
import pytest
from gradverify_autodiff.backend import AutodiffBackend
from gradverify_autodiff.direct import KEPT, Changes, DirectTracer
from gradverify_autodiff.measure import Measured, Tracer, measure
from gradverify_autodiff.schedule import schedule
from gradverify_autodiff.tape import Noise
from gradverify_autodiff.work import row_tracer, tracer_of
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gradverify.expression.parse import parse_expression
from gradverify.functions.expressions import function_from_expression
from gradverify.plugin import Array, Derivative, Domain, ExpressionFunction, Precision, Problem, Request, Variables
from tests.autodiff.support import problem_of
from tests.autodiff.test_expressions import SCALAR_CASES

VARIABLES = Variables.of([("x", ()), ("y", ()), ("unused", ())])
NAMES: dict[str, Any] = {"x": (), "y": (), "unused": (), "c": ()}
EPSILON = Precision.FLOAT64.epsilon
BOX = Domain(np.array([0.0, -1.0, -np.inf]), np.full(3, 1.0), np.zeros(3, dtype=bool), np.array([True, False, False]))

LEAVES = st.sampled_from(["x", "y", "c", "0", "1", "2", "0.5", "3.7", "pi"])
UNARY_FORMS = (
    "-%s|abs(%s)|sign(%s)|sqrt(%s)|cbrt(%s)|square(%s)|reciprocal(%s)|exp(%s)|exp2(%s)|expm1(%s)|log(%s)|log2(%s)|"
    "log10(%s)|log1p(%s)|sin(%s)|cos(%s)|tan(%s)|arcsin(%s)|arccos(%s)|arctan(%s)|sinh(%s)|cosh(%s)|tanh(%s)|arcsinh(%s)|"
    "arccosh(%s)|arctanh(%s)|floor(%s)|ceil(%s)|sigmoid(%s)|relu(%s)|softplus(%s)|erf(%s)|erfc(%s)|gammaln(%s)|%s**3|"
    "%s**0|%s**-1.5"
)
BINARY_FORMS = (
    "%s + %s|%s - %s|%s*%s|%s/%s|%s**%s|%s %% %s|arctan2(%s, %s)|hypot(%s, %s)|logaddexp(%s, %s)|minimum(%s, %s)|"
    "maximum(%s, %s)|where(x > 0, %s, %s)|where(logical_and(x <= y, logical_not(y == 1)), %s, %s)|clip(%s, 0, %s)"
)


def wrapped(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    one = st.tuples(st.sampled_from(UNARY_FORMS.split("|")), inner).map(lambda drawn: "(" + drawn[0] % drawn[1] + ")")
    two = st.tuples(st.sampled_from(BINARY_FORMS.split("|")), inner, inner).map(
        lambda drawn: "(" + drawn[0] % drawn[1:] + ")"
    )
    return one | two


FORMULAS = st.recursive(LEAVES, wrapped, max_leaves=12)
# Where branches meet, where functions end, and where numbers do.
NUMBERS = st.sampled_from([0.0, -0.0, 1.0, -1.0, 2.0, 0.5, 1e-160, 1e160, -1e300, 5e-324]) | st.floats(-4, 4)
POINTS = st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), min_size=1, max_size=4).map(np.array)


def function_of(text: str) -> ExpressionFunction:
    return function_from_expression(parse_expression(text, NAMES), VARIABLES, {"c": np.array(0.3)})


ARRAYS = Variables.of([("v", (3,)), ("x", ()), ("M", (2, 3))])
HELD = {
    "c": np.array(0.3),
    "k": np.array([1.0, -2.0, 0.0]),
    "A": np.array([[0.5, -1.0, 2.0], [3.0, 0.1, 0.7]]),
    "B": np.array([[1.0, 0.3, -2.0], [0.0, 2.5, 0.2], [-1.1, 0.0, 0.6]]),
}
ARRAY_NAMES: dict[str, Any] = {"v": (3,), "x": (), "M": (2, 3), "c": (), "k": (3,), "A": (2, 3), "B": (3, 3)}
VECTOR_LEAVES = st.sampled_from(
    ["v", "v[::-1]", "M[0]", "(M[:, 1:][1, 0]*v)", "k", "ones(3)", "reshape(M, [3, 2])[:, 1]"]
)
OF_VECTORS = (
    "-%s|abs(%s)|exp(%s)|sqrt(%s)|tanh(%s)|%s**2|%s**3|cumsum(%s)|softmax(%s)|log_softmax(%s)|x*%s|%s/c|%s + k|"
    "where(%s > 0, x, v)|clip(%s, 0, x)|relu(%s)|%s**k"
)
OF_TWO_VECTORS = "%s + %s|%s - %s|%s*%s|%s/%s|maximum(%s, %s)|where(%s > k, %s, 2)|arctan2(%s, %s)"
TO_NUMBERS = (
    "sum(%s)|mean(%s)|max(%s)|min(%s)|norm(%s)|var(%s)|logsumexp(%s)|dot(%s, v)|sum(M*%s)|max(transpose(M)[:, 0]*%s)|"
    "trace(outer(%s, v))|x*sum(%s)|sum(M + x, axis=0)[1]*sum(%s)|sum(max(M, axis=0)*%s)|sum(%s)*sum(eye(2)*x)|"
    "sum((A @ %s - x)**2)|sum(%s @ transpose(A))|v @ B @ %s|sum(M @ transpose(M) @ A)*sum(%s)|"
    "sum(A @ transpose(M))*max(%s)"
)


def vectors_of(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    one = st.tuples(st.sampled_from(OF_VECTORS.split("|")), inner).map(lambda drawn: "(" + drawn[0] % drawn[1] + ")")
    two = st.tuples(st.sampled_from(OF_TWO_VECTORS.split("|")), inner, inner)
    return one | two.map(lambda drawn: "(" + drawn[0] % drawn[1:] + ")")


VECTORS = st.recursive(VECTOR_LEAVES, vectors_of, max_leaves=6)
ARRAY_FORMULAS = st.tuples(st.sampled_from(TO_NUMBERS.split("|")), VECTORS).map(lambda drawn: drawn[0] % drawn[1])
ARRAY_POINTS = st.lists(st.lists(NUMBERS, min_size=10, max_size=10), min_size=1, max_size=3).map(np.array)


def problem(text: str, domain: Domain | None = None) -> tuple[Problem, ExpressionFunction]:
    function = function_of(text)
    return problem_of(function, VARIABLES, "gradient", domain, Precision.FLOAT64), function


def bits(measured: Measured) -> tuple[Any, ...]:
    parts = (measured.values, measured.derivatives, measured.bounds, measured.tied)
    return (*(np.asarray(part).tobytes() for part in parts), measured.evaluations)


def both(text: str, domain: Domain | None = None) -> tuple[Tracer, Tracer]:
    asked, function = problem(text, domain)
    direct = tracer_of(asked, function)
    assert isinstance(direct, DirectTracer)
    return direct, row_tracer(asked, function)


@settings(max_examples=250)
@given(FORMULAS.filter(lambda text: "x" in text or "y" in text), POINTS)
@example("x", np.array([[0.0, 1.0, 2.0]]))
@example("where(x > 0, x*y, x) + abs(y)", np.array([[0.0, 0.0, 2.0], [1.0, 0.0, 2.0]]))
@example("(x - y)*(x + y)*exp(x)*exp(x)/(x*x)", np.array([[0.0, 1.0, 2.0], [710.0, 1.0, 2.0]]))
def test_numbers_and_bounds_are_those_of_the_trace(text: str, points: Array) -> None:
    asked, function = problem(text)
    direct, traced = tracer_of(asked, function), row_tracer(asked, function)
    mine = measure(direct, points, Derivative.GRADIENT, asked.domain, EPSILON)
    assert bits(mine) == bits(measure(traced, points, Derivative.GRADIENT, asked.domain, EPSILON))
    for ours, others in zip(
        direct.plain(points, Derivative.GRADIENT), traced.plain(points, Derivative.GRADIENT), strict=True
    ):
        assert ours.tobytes() == others.tobytes()


@settings(max_examples=250)
@given(ARRAY_FORMULAS, ARRAY_POINTS)
@example("sum(where(v > 0, x, v))", np.arange(10.0)[None])
def test_so_they_are_with_arrays(text: str, points: Array) -> None:
    function = function_from_expression(parse_expression(text, ARRAY_NAMES), ARRAYS, HELD)
    asked = problem_of(function, ARRAYS, "gradient", None, Precision.FLOAT64)
    direct, traced = tracer_of(asked, function), row_tracer(asked, function)
    mine = measure(direct, points, Derivative.GRADIENT, asked.domain, EPSILON)
    assert bits(mine) == bits(measure(traced, points, Derivative.GRADIENT, asked.domain, EPSILON))
    for ours, others in zip(
        direct.plain(points, Derivative.GRADIENT), traced.plain(points, Derivative.GRADIENT), strict=True
    ):
        assert np.array_equal(ours, others, equal_nan=True)


@pytest.mark.parametrize("text", [case for case, _ in SCALAR_CASES])
def test_no_function_of_numbers_needs_a_trace(text: str) -> None:
    direct, traced = both(text)
    points = np.array([[0.35, 0.8, 0.0], [0.0, 1.0, 0.0]])
    mine = measure(direct, points, Derivative.GRADIENT, Domain.everywhere(3), EPSILON)
    assert bits(mine) == bits(measure(traced, points, Derivative.GRADIENT, Domain.everywhere(3), EPSILON))


@given(st.lists(st.tuples(st.sampled_from([0.0, 0.5, 1.0 - 2**-53]), st.sampled_from([-1.0, 1.0])), min_size=1))
def test_points_at_the_edge_of_the_domain_are_moved_as_in_the_trace(edges: list[tuple[float, float]]) -> None:
    points = np.array([[x, y, 0.0] for x, y in edges])
    direct, traced = both("sqrt(x)*arcsin(y) + x*abs(y)", BOX)
    mine = measure(direct, points, Derivative.GRADIENT, BOX, EPSILON)
    assert bits(mine) == bits(measure(traced, points, Derivative.GRADIENT, BOX, EPSILON))


def test_the_kept_changes_are_those_that_noise_draws() -> None:
    changes, noise = Changes(7, EPSILON), Noise(EPSILON, np.random.default_rng(7))
    for count in (5, KEPT - 10, 20, 3, KEPT):
        assert np.array_equal(1 + changes.take(count), noise(np.ones(count)))


def test_what_was_taken_can_be_changed_without_harm() -> None:
    Changes(8, EPSILON).take(4)[:] = 0
    assert np.all(Changes(8, EPSILON).take(4) != 0)


@pytest.mark.parametrize(
    ("text", "shapes"),
    [
        ("2 + c", {"x": ()}),  # no variable
        ("sum(outer(v, v) @ v)", {"v": (3,)}),
        ("prod(v)", {"v": (3,)}),
        ("sum([x, x**2])", {"x": ()}),
        ("[x, x**2]", {"x": ()}),  # a vector
    ],
)
def test_what_is_more_than_one_function_of_autograds_is_traced(text: str, shapes: dict[str, Any]) -> None:
    tree = parse_expression(text, {**shapes, "c": ()})
    function = function_from_expression(tree, Variables.of(list(shapes.items())), {"c": np.array(2.0)})
    assert schedule(function) is None


@pytest.mark.parametrize(
    "text", ["sum(v**2)", "v[0]*x", "x*sum(k)", "x*sum(ones(3))", "sum(M, axis=0)[1]", "v @ B @ v"]
)
def test_a_formula_with_arrays_needs_no_trace(text: str) -> None:
    assert schedule(function_from_expression(parse_expression(text, ARRAY_NAMES), ARRAYS, HELD)) is not None


def test_hundreds_of_variables_and_points_are_measured_as_in_the_trace() -> None:
    names = [a + b for a in string.ascii_lowercase[:10] for b in "klmnopqrst"]  # more numbers than are kept
    text = " + ".join(f"{name}**2*sin({other})" for name, other in itertools.pairwise(names))
    variables = Variables.of([(name, ()) for name in names])
    function = function_from_expression(parse_expression(text, dict.fromkeys(names, ())), variables, {})
    asked = problem_of(function, variables, "gradient", None, Precision.FLOAT64)
    points = np.random.default_rng(0).uniform(-2, 2, (30, len(names)))
    direct, traced = tracer_of(asked, function), row_tracer(asked, function)
    assert isinstance(direct, DirectTracer)
    mine = measure(direct, points, Derivative.GRADIENT, asked.domain, EPSILON)
    assert bits(mine) == bits(measure(traced, points, Derivative.GRADIENT, asked.domain, EPSILON))


def test_a_look_at_many_points_needs_no_trace_either() -> None:
    asked, _ = problem("where(x > 1, x*y, exp(y)) + x**2")
    points = np.array([[1.0, 2.0, 0.0], [2.0, -1.0, 0.0]])
    screened = AutodiffBackend().screen(asked, Request(points, screening=True))
    assert screened.values.tolist() == [[2.0, np.exp(2.0), 0.0], [3.0, 2.0, 0.0]]
