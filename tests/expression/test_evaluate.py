from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradverify.core.arrays import Array
from gradverify.expression.evaluate import Arithmetic, UnsupportedFunctionError, evaluate_tree
from gradverify.expression.numpy_arithmetic import NUMPY, NUMPY_SINGLE
from gradverify.expression.parse import parse_expression
from tests.expression.strategies import SHAPES, expressions

_NUMPY_NAMES = ("sin", "cos", "tanh", "arctan", "abs", "minimum", "maximum", "where", "sum", "mean", "max", "min")
_ARRAY_NAMES = ("outer", "cumsum", "array", "float64")
_NAMESPACE: dict[str, Any] = {name: getattr(np, name) for name in (*_NUMPY_NAMES, *_ARRAY_NAMES)} | {
    "norm": np.linalg.norm
}


def draw(rows: int, seed: int, shapes: Mapping[str, tuple[int, ...]] = SHAPES) -> dict[str, Array]:
    """Values with few digits, zeros and ties among them."""
    rng = np.random.default_rng(seed)
    return {name: rng.integers(-6, 7, size=(rows, *shape)) / 4 for name, shape in shapes.items()}


def evaluate(text: str, values: Mapping[str, Array], rows: int, constants: Mapping[str, Array] | None = None) -> Array:
    constants = constants or {}
    shapes = {name: value.shape[1:] for name, value in values.items()} | {n: c.shape for n, c in constants.items()}
    tree = parse_expression(text, shapes)
    result = np.asarray(evaluate_tree(tree, values, NUMPY, rows, constants))
    assert result.shape == (rows, *tree.shape)
    return result


class _NumpyLiterals(ast.NodeTransformer):
    """Lists as arrays and floats as NumPy's, so that Python computes as NumPy does."""

    def visit_List(self, node: ast.List) -> ast.AST:
        self.generic_visit(node)
        return ast.Call(ast.Name("array", ast.Load()), [node], [])

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        return ast.Call(ast.Name("float64", ast.Load()), [node], []) if isinstance(node.value, float) else node


def in_python(text: str, point: Mapping[str, Any]) -> Any:
    """What Python and NumPy make of `text` at one point; the texts are the tests' own."""
    tree = ast.fix_missing_locations(_NumpyLiterals().visit(ast.parse(text, mode="eval")))
    return eval(compile(tree, "test", "eval"), _NAMESPACE | dict(point))


@given(expressions(), st.integers(0, 100))
def test_a_random_expression_has_the_value_that_python_and_numpy_give_it_at_each_point(text: str, seed: int) -> None:
    values = draw(3, seed)
    found = evaluate(text, values, 3)
    for i in range(3):
        expected = in_python(text, {name: value[i] for name, value in values.items()})
        assert found[i] == pytest.approx(expected, rel=1e-9, abs=1e-9 * (1 + abs(found[i])))


@given(expressions(), st.integers(0, 100))
def test_many_points_at_once_give_what_each_gives_alone(text: str, seed: int) -> None:
    values = draw(4, seed)
    alone = [evaluate(text, {n: v[i : i + 1] for n, v in values.items()}, 1)[0] for i in range(4)]
    assert evaluate(text, values, 4) == pytest.approx(np.array(alone), rel=1e-9, abs=1e-9)


_V = np.array([1.0, 2.0, 4.0])
_W = np.array([[1.0, 2.0, 3.0], [-4.0, 5.0, 6.0]])
_T = np.arange(24.0).reshape(4, 2, 3)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("W @ v", _W @ _V),
        ("v @ W.T", _V @ _W.T),
        ("v @ v", _V @ _V),
        ("W @ W.T", _W @ _W.T),
        ("T @ v", _T @ _V),
        ("T @ W.T", _T @ _W.T),
        ("[1, 2] @ T", np.array([1, 2]) @ _T),
        ("T.T", _T.T),
        ("T + v", _T + _V),
        ("W*[[2], [3]]", _W * [[2], [3]]),
        ("outer(v, [1, 2])", np.outer(_V, [1, 2])),
        ("trace(W)", np.trace(_W)),
        ("sum(T, axis=1)", _T.sum(axis=1)),
        ("mean(W, axis=0)", _W.mean(axis=0)),
        ("prod(W)", _W.prod()),
        ("var(W, axis=1)", _W.var(axis=1)),
        ("std(v)", _V.std()),
        ("min(T, axis=-1)", _T.min(axis=-1)),
        ("norm(W)", np.linalg.norm(_W)),
        ("norm(W, axis=0)", np.linalg.norm(_W, axis=0)),
        ("logsumexp(W, axis=0)", np.log(np.exp(_W).sum(axis=0))),
        ("softmax(W, axis=1)", np.exp(_W) / np.exp(_W).sum(axis=1, keepdims=True)),
        ("log_softmax(v)", np.log(np.exp(_V) / np.exp(_V).sum())),
        ("cumsum(W, axis=1)", np.cumsum(_W, axis=1)),
        ("concatenate([v, [1, 2]])", [1, 2, 4, 1, 2]),
        ("concatenate([W, W], axis=1)", np.hstack([_W, _W])),
        ("reshape(W, (3, 2))", _W.reshape(3, 2)),
        ("eye(2) @ W", _W),
        ("ones((2, 3)) - zeros(3)", np.ones((2, 3))),
        ("T[1, ::-1, 1:]", _T[1, ::-1, 1:]),
        ("where(v > 1, v, -v)", [-1, 2, 4]),
        ("clip(v, 2, 3)", [2, 2, 3]),
        ("relu(W)", np.maximum(_W, 0)),
        ("reciprocal(v) + square(v)", 1 / _V + _V**2),
        ("(v > 1)*v", [0, 2, 4]),
        ("sum(1 < v <= 4)", 2),
        ("v % 3", [1, 2, 1]),
        ("-7 % 3", 2),
        ("floor(v/4) + ceil(v/4)", [1, 1, 2]),
        ("minimum(v, 3, [5, 1, 5])", [1, 1, 3]),
        ("v**-1.5", _V**-1.5),
        ("arctan2(v, -1) + hypot(v, 3)", np.arctan2(_V, -1) + np.hypot(_V, 3)),
        ("[v[0], 2, pi]", [1, 2, np.pi]),
        ("log(e)", 1),
        ("3", 3),
        ("sum(3) + mean(3) + std(3) + norm(-3)", 9),
        ("softmax(3) + max(v[1])", 3),
        ("sum(v[3:])", 0),
        ("~(v > 1) | (v == 4)", [1, 0, 1]),
    ],
)
def test_a_function_has_numpys_value_at_every_point(text: str, expected: Any) -> None:
    values = {name: np.stack([array, array]) for name, array in (("v", _V), ("W", _W), ("T", _T))}
    assert evaluate(text, values, 2) == pytest.approx(np.stack([expected, expected]), rel=1e-13, abs=1e-13)


@pytest.mark.parametrize(
    "text", ["W @ v", "v @ W.T", "T @ v", "W*v", "[v, W[0]]", "concatenate([v, W[1]])", "W", "norm(W)"]
)
def test_a_constant_counts_as_if_it_were_given_at_every_point(text: str) -> None:
    v = np.random.default_rng(1).normal(size=(5, 3))
    repeated = {"W": np.stack([_W] * 5), "T": np.stack([_T] * 5)}
    found = evaluate(text, {"v": v}, 5, {"W": _W, "T": _T})
    assert found == pytest.approx(evaluate(text, {"v": v} | repeated, 5), rel=1e-14)


def test_a_constant_of_the_spec_wins_over_a_built_in_one() -> None:
    assert evaluate("e", {}, 1, {"e": np.array(2.0)}) == 2


def test_what_does_not_depend_on_the_points_is_a_fresh_array() -> None:
    found = evaluate("pi", {}, 3)
    found[0] = 0
    assert evaluate("pi", {}, 3)[0] == np.pi


def test_overflow_and_invalid_operations_give_numbers_not_warnings() -> None:
    found = evaluate("[log(-1), 1/zero, -exp(1e4), 0/zero]", {"zero": np.zeros(1)}, 1)
    assert np.array_equal(found, [[np.nan, np.inf, -np.inf, np.nan]], equal_nan=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sigmoid(x)", [0, 0.5, 1]),
        ("softplus(x)", [0, np.log(2), 1e4]),
        ("logaddexp(x, x)", [-1e4 + np.log(2), np.log(2), 1e4 + np.log(2)]),
        ("logsumexp([x, x])", [-1e4 + np.log(2), np.log(2), 1e4 + np.log(2)]),
        ("sum(softmax([x, 0]))", [1, 1, 1]),
    ],
)
def test_the_functions_of_losses_are_stable_for_huge_arguments(text: str, expected: list[float]) -> None:
    assert evaluate(text, {"x": np.array([-1e4, 0.0, 1e4])}, 3) == pytest.approx(expected, rel=1e-15)


def test_a_log_sum_exp_of_minus_infinity_alone_is_minus_infinity() -> None:
    assert evaluate("logsumexp([x, x])", {"x": np.array([-np.inf])}, 1) == -np.inf


def test_a_sum_of_five_thousand_terms_is_evaluated() -> None:
    text = "+".join(f"{i}*x" for i in range(5000))
    assert evaluate(text, {"x": np.array([1.0, 2.0])}, 2).tolist() == [12497500, 24995000]


def test_what_occurs_twice_is_computed_once() -> None:
    calls: list[int] = []

    def counted(x: Array) -> Array:
        calls.append(1)
        return np.asarray(np.sin(x))

    arithmetic = Arithmetic(
        functions={**NUMPY.functions, "sin": counted}, number=NUMPY.number, constant=NUMPY.constant, names=NUMPY.names
    )
    tree = parse_expression("sin(x)*sin(x) + sin(x)", {"x": ()})
    evaluate_tree(tree, {"x": np.ones(1)}, arithmetic, 1)
    assert len(calls) == 1


def test_a_function_that_the_arithmetic_lacks_is_named() -> None:
    functions = {name: f for name, f in NUMPY.functions.items() if name != "erf"}
    arithmetic = Arithmetic(functions=functions, number=NUMPY.number, constant=NUMPY.constant, names=NUMPY.names)
    with pytest.raises(UnsupportedFunctionError, match="erf"):
        evaluate_tree(parse_expression("erf(x)", {"x": ()}), {"x": np.ones(1)}, arithmetic, 1)


@given(expressions())
def test_single_precision_stays_single(text: str) -> None:
    values = {name: value.astype(np.float32) for name, value in draw(2, 0).items()}
    assert evaluate_tree(parse_expression(text, SHAPES), values, NUMPY_SINGLE, 2).dtype == np.float32


def test_numbers_reach_the_arithmetic_as_they_were_written() -> None:
    seen: list[str] = []

    def number(literal: Any) -> Array:
        seen.append(literal.text)
        return NUMPY.number(literal)  # type: ignore[no-any-return]

    arithmetic = Arithmetic(functions=NUMPY.functions, number=number, constant=NUMPY.constant, names=NUMPY.names)
    evaluate_tree(parse_expression("0.10*x + 1e-3", {"x": ()}), {"x": np.ones(1)}, arithmetic, 1)
    assert seen == ["0.10", "1e-3"]
