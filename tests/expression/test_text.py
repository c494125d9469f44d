from __future__ import annotations

import pytest
from hypothesis import given

from gradverify.expression.parse import MAX_HEIGHT, parse_expression
from gradverify.expression.text import to_text
from tests.expression.strategies import SHAPES, expressions


@given(expressions(max_leaves=15))
def test_the_text_of_a_tree_parses_to_an_equal_tree(text: str) -> None:
    tree = parse_expression(text, SHAPES)
    assert parse_expression(to_text(tree), SHAPES) == tree


@pytest.mark.parametrize(
    "text",
    [
        "-x**2",
        "(-x)**2",
        "x**-y",
        "(x**y)**2",
        "x - (y - x)",
        "x - y + x - y",
        "x + -y",
        "(x + y) + x",
        "x*(y*x)",
        "x/(y*x)",
        "x*y/x*y",
        "-(x + y)",
        "W.T @ W @ v",
        "(W + 1).T[0, ::2]",
        "where((0 < x) & ~(x > 1) | (y == 2), x, -y)",
        "sum(W, axis=0) % 2",
        "ones((2, 3))*x + zeros(3)",
        "eye(2) @ W",
        "reshape(v, (3, 1))",
        "concatenate([W, W], axis=1)",
        "[[x, y], [1e-3, 2]]",
        "ones(())",
    ],
)
def test_a_formula_without_needless_parentheses_is_written_as_it_was_read(text: str) -> None:
    assert to_text(parse_expression(text, SHAPES)) == text


@pytest.mark.parametrize(
    ("head", "tail"),
    [("1/", "x"), ("x if x > 0 else ", "x"), ("not ", "x > 0"), ("-", "x"), ("2**", "x")],
)
def test_the_highest_trees_can_be_read_again(head: str, tail: str) -> None:
    tree = parse_expression(head * (MAX_HEIGHT - 4) + tail, SHAPES)
    assert parse_expression(to_text(tree), SHAPES) == tree


def test_deeply_nested_calls_of_operators_can_be_read_again() -> None:
    tree = parse_expression("subtract(x, " * (MAX_HEIGHT - 2) + "x" + ")" * (MAX_HEIGHT - 2), SHAPES)
    assert parse_expression(to_text(tree), SHAPES) == tree
