from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from gradverify.expression.evaluate import evaluate_tree
from gradverify.expression.guards import guards, literals
from gradverify.expression.numpy_arithmetic import NUMPY
from gradverify.expression.parse import parse_expression
from gradverify.expression.text import to_text
from tests.expression.strategies import SHAPES, expressions


def listed(text: str) -> list[tuple[str, str]]:
    """Each guard's threshold and kind."""
    return [(to_text(guard.node), guard.kind.value) for guard in guards(parse_expression(text, SHAPES))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("abs(x - y)", [("x - y", "kink")]),
        ("sign(x)", [("x", "jump")]),
        ("relu(v)", [("v", "kink")]),
        ("norm(v)", [("norm(v)", "kink")]),
        ("maximum(x, y)", [("x - y", "kink")]),
        ("maximum(x, 0)", [("x", "kink")]),
        ("minimum(x, y, 1)", [("x - y", "kink"), ("minimum(x, y) - 1", "kink")]),
        ("max(v)", [("v[1:] - v[:2]", "kink"), ("v[2:] - v[:1]", "kink")]),
        ("min(W, axis=1)", [("W[:, 1:] - W[:, :2]", "kink"), ("W[:, 2:] - W[:, :1]", "kink")]),
        ("max([x, y])", [("x - y", "kink")]),
        ("where(x < 1, x, y)", [("x - 1", "jump")]),
        ("0 < x < y", [("0 - x", "jump"), ("x - y", "jump")]),
        ("clip(x, -1, y)", [("x - -1", "kink"), ("x - y", "kink")]),
        ("sqrt(x)", [("x", "edge")]),
        ("x**0.5", [("x", "edge")]),
        ("x**-1", [("x", "edge")]),
        ("x**y", [("x", "edge")]),
        ("x**2", []),
        ("x**2.0", []),
        ("1/y", [("y", "edge")]),
        ("x/2", []),
        ("sqrt(2)*x", []),
        ("log(x) + log(x)", [("x", "edge")]),
        ("log1p(x)", [("x + 1", "edge")]),
        ("arcsin(x)", [("1 - square(x)", "edge")]),
        ("tan(x)", [("cos(x)", "edge")]),
        ("sin(x) + exp(y)", []),
    ],
)
def test_a_formulas_thresholds_are_found(text: str, expected: list[tuple[str, str]]) -> None:
    assert listed(text) == expected


def test_a_guard_says_which_part_of_the_formula_it_is_about() -> None:
    (guard,) = guards(parse_expression("3*abs(x - y)", SHAPES))
    assert guard.text == "abs(x - y)"


@pytest.mark.parametrize(("text", "zeros"), [("floor(x)", [-1.0, 0.0, 2.0]), ("x % 3", [-3.0, 0.0, 6.0])])
def test_the_guard_of_a_step_function_is_zero_at_its_steps(text: str, zeros: list[float]) -> None:
    (guard,) = guards(parse_expression(text, SHAPES))
    assert not evaluate_tree(guard.node, {"x": np.array(zeros)}, NUMPY, len(zeros)).any()


@given(expressions())
def test_guards_have_the_shapes_that_their_texts_say(text: str) -> None:
    for guard in guards(parse_expression(text, SHAPES)):
        assert parse_expression(to_text(guard.node), SHAPES) == guard.node


def test_literals_are_listed_once_with_their_signs() -> None:
    assert literals(parse_expression("3*x - 0.5*y + 3 + sin(-2)", SHAPES)) == (3.0, 0.5, -2.0, 2.0)
