"""Every function of the expression language is differentiated, and its bound covers the truth."""

from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradverify.expression.vocabulary import FUNCTIONS
from tests.autodiff.support import covers, from_text, sharp

PAIR = {"x": (), "y": ()}
POINT = [0.35, 0.8]
VECTOR = {"x": (3,)}
VECTOR_POINT = [0.4, 1.3, -0.7]

# (expression, its gradient), at POINT or, where a vector is meant, at VECTOR_POINT.
SCALAR_CASES = [
    ("negative(x)", "[-1, 0]"),
    ("positive(x)", "[1, 0]"),
    ("abs(-x)", "[1, 0]"),
    ("sign(x)*y", "[0, 1]"),
    ("sqrt(x)", "[0.5/sqrt(x), 0]"),
    ("cbrt(x)", "[1/(3*cbrt(x)**2), 0]"),
    ("square(x)", "[2*x, 0]"),
    ("reciprocal(x)", "[-1/x**2, 0]"),
    ("exp(x)", "[exp(x), 0]"),
    ("exp2(x)", "[exp2(x)*log(2), 0]"),
    ("expm1(x)", "[exp(x), 0]"),
    ("log(x)", "[1/x, 0]"),
    ("log2(x)", "[1/(x*log(2)), 0]"),
    ("log10(x)", "[1/(x*log(10)), 0]"),
    ("log1p(x)", "[1/(1 + x), 0]"),
    ("sin(x)", "[cos(x), 0]"),
    ("cos(x)", "[-sin(x), 0]"),
    ("tan(x)", "[1/cos(x)**2, 0]"),
    ("arcsin(x)", "[1/sqrt(1 - x**2), 0]"),
    ("arccos(x)", "[-1/sqrt(1 - x**2), 0]"),
    ("arctan(x)", "[1/(1 + x**2), 0]"),
    ("sinh(x)", "[cosh(x), 0]"),
    ("cosh(x)", "[sinh(x), 0]"),
    ("tanh(x)", "[1/cosh(x)**2, 0]"),
    ("arcsinh(x)", "[1/sqrt(x**2 + 1), 0]"),
    ("arccosh(x + 2)", "[1/sqrt((x + 2)**2 - 1), 0]"),
    ("arctanh(x)", "[1/(1 - x**2), 0]"),
    ("floor(x) + ceil(x)*y", "[0, 1]"),
    ("sigmoid(x)", "[sigmoid(x)*sigmoid(-x), 0]"),
    ("relu(x) + relu(-y)", "[1, 0]"),
    ("softplus(x)", "[sigmoid(x), 0]"),
    ("erf(x)", "[2/sqrt(pi)*exp(-x**2), 0]"),
    ("erfc(x)", "[-2/sqrt(pi)*exp(-x**2), 0]"),
    ("gammaln(x)", "[digamma(x), 0]"),
    ("x - y", "[1, -1]"),
    ("x/y", "[1/y, -x/y**2]"),
    ("x**y", "[y*x**(y - 1), log(x)*x**y]"),
    ("remainder(x, y)", "[1, -floor(x/y)]"),
    ("arctan2(x, y)", "[y/(x**2 + y**2), -x/(x**2 + y**2)]"),
    ("hypot(x, y)", "[x/hypot(x, y), y/hypot(x, y)]"),
    ("logaddexp(x, y)", "[sigmoid(x - y), sigmoid(y - x)]"),
    ("add(x, y)*multiply(x, y)", "[2*x*y + y**2, x**2 + 2*x*y]"),
    ("subtract(x, y)*divide(x, y)", "[(2*x - y)/y, -x**2/y**2]"),
    ("power(x, 3)", "[3*x**2, 0]"),
    ("minimum(x, y) + 2*maximum(x, y)", "[1, 2]"),
    ("where(logical_and(x > 0, logical_not(y < 0)), x*y, x)", "[y, x]"),
    ("where(logical_or(x > 5, y < 0), x*y, x)", "[1, 0]"),
    ("clip(x, 0, 1)*y", "[y, x]"),
]
VECTOR_CASES = [
    ("sum(x**2)", "2*x"),
    ("prod(x)", "[x[1]*x[2], x[0]*x[2], x[0]*x[1]]"),
    ("mean(exp(x))", "exp(x)/3"),
    ("var(x)", "2*(x - mean(x))/3"),
    ("std(x)", "(x - mean(x))/(3*std(x))"),
    ("min(x) + 2*max(x)", "[0, 2, 1]"),
    ("norm(x)", "x/norm(x)"),
    ("logsumexp(x)", "exp(x)/sum(exp(x))"),
    ("cumsum(x)[1]**2", "[2*(x[0] + x[1]), 2*(x[0] + x[1]), 0]"),
    ("softmax(x)[0]", "softmax(x)[0]*([1, 0, 0] - softmax(x))"),
    ("log_softmax(x)[0]", "[1, 0, 0] - softmax(x)"),
    ("dot(x, x) + x @ x", "4*x"),
    ("sum(outer(x, x))", "2*sum(x)*ones(3)"),
    ("trace(outer(x, x))", "2*x"),
    ("sum(matmul(eye(3), x)*x) + sum(zeros(2))", "2*x"),
    ("sum(transpose(reshape(x, [1, 3]))**2)", "2*x"),
    ("sum(concatenate([x, ones(2), 2*x])**2)", "10*x"),
    ("sum([x, 3*x]) + x[-1]", "[4, 4, 5]"),
    ("sum(where(x > 0, x[0], x))", "[2, 0, 1]"),
    ("sum(x[::2]**3)", "[3*x[0]**2, 0, 3*x[2]**2]"),
]


@pytest.mark.parametrize(("text", "gradient"), SCALAR_CASES)
def test_a_function_of_numbers_has_its_derivative(text: str, gradient: str) -> None:
    check(text, gradient, PAIR, POINT)


@pytest.mark.parametrize(("text", "gradient"), VECTOR_CASES)
def test_a_function_of_a_vector_has_its_derivative(text: str, gradient: str) -> None:
    check(text, gradient, VECTOR, VECTOR_POINT)


def check(text: str, gradient: str, shapes: Any, point: list[float]) -> None:
    from gradverify.expression.evaluate import evaluate_tree
    from gradverify.expression.numpy_arithmetic import NUMPY
    from gradverify.expression.parse import parse_expression
    from gradverify.plugin import Variables

    values = Variables.of(list(shapes.items())).split(np.array([point]))
    truth = evaluate_tree(parse_expression(gradient, shapes), values, NUMPY, 1)[0]
    estimate = from_text(text, shapes, [point])[0]
    assert np.allclose(estimate.value, truth, rtol=1e-13, atol=1e-14)
    assert sharp(estimate, 1e-11)


def test_every_function_of_the_language_is_among_the_cases() -> None:
    text = " ".join(case for case, _ in SCALAR_CASES + VECTOR_CASES)
    by_operator = {"add", "subtract", "multiply", "divide", "power", "matmul"}
    missing = [name for name in FUNCTIONS - by_operator if f"{name}(" not in text]
    assert missing == ["digamma"]  # whose derivative the language has no name for: below


def test_digamma_and_its_derivatives_are_polygammas() -> None:
    for x in (0.1, 0.35, 3.0, 50.0):
        assert np.allclose(from_text("digamma(x)", {"x": ()}, [[x]])[0].value, float(mp.polygamma(1, x)), rtol=1e-14)
        second = from_text("digamma(x)", {"x": ()}, [[x]], "hessian")[0].value
        assert np.allclose(second, float(mp.polygamma(2, x)), rtol=1e-13)


TRUTHS: dict[str, Callable[[Any], Any]] = {
    "(1 - cos(x))/x**2": lambda x: (x * mp.sin(x) - 2 * (1 - mp.cos(x))) / x**3,
    "((x + 1e8) - 1e8)**2": lambda x: 2 * x,
    "log(1 + exp(x))": lambda x: 1 / (1 + mp.exp(-x)),
    "sigmoid(x)": lambda x: mp.exp(-x) / (1 + mp.exp(-x)) ** 2,
    "expm1(x)/x": lambda x: mp.exp(x) / x - mp.expm1(x) / x**2,
    "x**5 - 5*x**4 + 10*x**3 - 10*x**2 + 5*x - 1": lambda x: 5 * (x - 1) ** 4,
    "sqrt(x**2 + 1) - abs(x)": lambda x: x / mp.sqrt(x**2 + 1) - mp.sign(x),
    "x*1e8 - sin(x)*1e8": lambda x: 10**8 * (1 - mp.cos(x)),
    "sin(1000*x)": lambda x: 1000 * mp.cos(1000 * x),
    "erf(x)": lambda x: 2 / mp.sqrt(mp.pi) * mp.exp(-(x**2)),
    "x/(x + 1e-3) - 1": lambda x: mp.mpf(1e-3) / (x + mp.mpf(1e-3)) ** 2,
}


@pytest.mark.parametrize("text", TRUTHS)
def test_the_bound_covers_the_round_off_in_999_cases_of_1000(text: str) -> None:
    generator = np.random.default_rng(7)
    xs = generator.choice([-1, 1], 250) * 10 ** generator.uniform(-5, 1.3, 250)
    estimates = from_text(text, {"x": ()}, xs[:, None].tolist())
    with mp.workdps(60):
        truths = [TRUTHS[text](mp.mpf(float(x))) for x in xs]
        gaps = [abs(mp.mpf(float(e.value[0])) - t) for e, t in zip(estimates, truths, strict=True)]
    missed = [x for x, e, gap in zip(xs, estimates, gaps, strict=True) if not gap <= float(e.error_bound[0])]
    assert missed == []


@settings(max_examples=50, deadline=None)
@given(st.floats(-50, 50), st.floats(-50, 50))
def test_bounds_of_well_conditioned_functions_are_a_few_units_in_the_last_place(x: float, y: float) -> None:
    estimate = from_text("x**2 + 3*x*y + exp(y/10)", PAIR, [[x, y]])[0]
    scale = 2 * abs(x) + 3 * abs(y) + 3 * abs(x) + np.exp(y / 10)
    assert np.max(estimate.error_bound) <= 100 * 2.3e-16 * scale + 1e-300


def test_all_points_are_independent_of_one_another() -> None:
    points = np.random.default_rng(3).normal(size=(40, 2))
    together = from_text("sin(x*y) + x**3", PAIR, points.tolist())
    for point, estimate in zip(points, together, strict=True):
        alone = from_text("sin(x*y) + x**3", PAIR, [point])[0]
        assert np.allclose(estimate.value, alone.value, rtol=1e-15)


def test_a_jacobian_of_an_expression_is_exact() -> None:
    estimate = from_text("[x**2*y, sin(y)]", PAIR, [[2.0, 3.0]], "jacobian")[0]
    assert covers(estimate, [[12, 4], [0, float(mp.cos(3))]])


def test_a_hessian_of_an_expression_is_exact() -> None:
    estimate = from_text("x**3*y + exp(x)*y**2", PAIR, [[1.0, 2.0]], "hessian")[0]
    e = float(mp.e)
    assert covers(estimate, [[12 + 4 * e, 3 + 4 * e], [3 + 4 * e, 2 * e]])
    assert sharp(estimate)


def test_constants_take_part() -> None:
    estimate = from_text("sum((A @ x)**2)", {"x": (2,)}, [[1.0, 2.0]], constants={"A": [[1, 2], [3, 4]]})[0]
    assert covers(estimate, [76, 108])


def test_tiny_and_huge_quotients_keep_their_digits() -> None:
    assert covers(from_text("x/y", PAIR, [[1e-200, 1e-160]])[0], [1e160, -1e120])
    assert sharp(from_text("x/y", PAIR, [[1e-200, 1e-160]])[0])
