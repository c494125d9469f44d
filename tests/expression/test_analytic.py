from __future__ import annotations

import autograd
import autograd.numpy as anp
import numpy as np
import pytest

from gradverify.expression.analytic import ANALYTIC, analytic
from gradverify.expression.evaluate import evaluate_tree
from gradverify.expression.numpy_arithmetic import NUMPY
from gradverify.expression.parse import parse_expression

SHAPES = {"x": (), "y": ()}
H = 1e-30  # a complex step this small leaves no truncation error


def complex_step(text: str, x: float) -> float:
    tree = parse_expression(text, SHAPES)
    assert analytic(tree)
    values = {"x": np.array([x + H * 1j]), "y": np.array([0.75 + 0j])}
    return float(evaluate_tree(tree, values, NUMPY, 1)[0].imag / H)


@pytest.mark.parametrize("x", [-2.5, -0.3, 0.4, 0.9, 30.0])
@pytest.mark.parametrize(
    ("text", "slope"),
    [
        ("x**2", lambda x: 2 * x),
        ("x**3", lambda x: 3 * x**2),
        ("x**-3", lambda x: -3 * x**-4),
        ("y**x", lambda x: 0.75**x * np.log(0.75)),
        ("square(x)*x - x/y", lambda x: 3 * x**2 - 1 / 0.75),
        ("reciprocal(x)", lambda x: -1 / x**2),
        ("exp(x)", np.exp),
        ("exp2(x)", lambda x: 2**x * np.log(2)),
        ("expm1(x)", np.exp),
        ("sin(x) + cos(x)", lambda x: np.cos(x) - np.sin(x)),
        ("tan(x)", lambda x: 1 / np.cos(x) ** 2),
        ("arctan(x)", lambda x: 1 / (1 + x * x)),
        ("sinh(x)", np.cosh),
        ("cosh(x)", np.sinh),
        ("tanh(x)", lambda x: 1 / np.cosh(x) ** 2),
        ("arcsinh(x)", lambda x: 1 / np.sqrt(1 + x * x)),
        ("sigmoid(x)", lambda x: 1 / (1 + np.exp(x)) / (1 + np.exp(-x))),
        ("softplus(x)", lambda x: 1 / (1 + np.exp(-x))),
        ("logaddexp(x, y)", lambda x: 1 / (1 + np.exp(0.75 - x))),
        ("logsumexp([x, y])", lambda x: 1 / (1 + np.exp(0.75 - x))),
        ("softmax([x, y])[0]", lambda x: 1 / (1 + np.exp(0.75 - x)) / (1 + np.exp(x - 0.75))),
        ("log_softmax([x, y])[1]", lambda x: -1 / (1 + np.exp(0.75 - x))),
        ("prod([x, y, x])", lambda x: 2 * x * 0.75),
        ("sum([x, y] @ [[1, 2], [3, 4]])", lambda x: 3.0),
        ("var([x, y])", lambda x: (x - 0.75) / 2),
        ("trace(outer([x, y], [x, 1]))", lambda x: 2 * x),
        ("mean(cumsum([x, y]))", lambda x: 1.0),
    ],
)
def test_a_complex_step_gives_the_derivative_of_an_analytic_tree(text: str, slope: object, x: float) -> None:
    assert complex_step(text, x) == pytest.approx(slope(x), rel=2e-14)  # type: ignore[operator]


@pytest.mark.parametrize("x", [1e-9, 0.4, 0.9])
@pytest.mark.parametrize("name", ["sqrt", "log", "log2", "log10", "log1p", "arcsin", "arccos", "arctanh"])
def test_a_complex_step_gives_the_derivative_inside_a_limited_domain(name: str, x: float) -> None:
    expected = autograd.grad(getattr(anp, name))(x)
    assert complex_step(f"{name}(x)", x) == pytest.approx(expected, rel=1e-13)


def test_a_complex_step_gives_the_derivative_of_arccosh_and_std() -> None:
    assert complex_step("arccosh(x)", 3.0) == pytest.approx(1 / np.sqrt(8), rel=1e-15)
    assert complex_step("std([x, y])", 3.0) == pytest.approx(0.5, rel=1e-15)


@pytest.mark.parametrize(
    "text",
    [
        "abs(x)",
        "sign(x)",
        "maximum(x, y)",
        "max([x, y])",
        "norm([x, y])",
        "where(x > 0, x, y)",
        "x > 0",
        "floor(x)",
        "arctan2(x, y)",
        "clip(x, 0, 1)",
        "relu(x)",
        "x % y",
        "erf(x)",
        "gammaln(x)",
        "cbrt(x)",
        "sin(abs(x))",
    ],
)
def test_a_tree_with_a_function_of_another_kind_is_not_analytic(text: str) -> None:
    assert not analytic(parse_expression(text, SHAPES))


def test_no_branching_function_is_listed_as_analytic() -> None:
    branching = {"abs", "sign", "minimum", "maximum", "norm", "where", "clip", "relu", "floor", "ceil", "remainder"}
    assert not ANALYTIC & branching
