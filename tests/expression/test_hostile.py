"""Texts made to exhaust a parser: each is refused, or accepted, without a crash. (A hang would fail the whole run.)"""

from __future__ import annotations

import numpy as np
import pytest

from gradverify.expression.errors import ExpressionError
from gradverify.expression.evaluate import evaluate_tree
from gradverify.expression.numpy_arithmetic import NUMPY
from gradverify.expression.parse import parse_expression

SHAPES = {"x": (), "v": (3,), "W": (2, 3)}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("(" * 10**6, "too-long"),
        ("-" * 10**6, "too-long"),
        ("x" * 10**6, "too-long"),
        ("1+" * 10**5, "too-long"),
        ("(" * 10**5, "too-deep"),
        ("-" * 10**5, "too-deep"),
        ("[" * 10**5, "too-deep"),
        ("sin(" * 20_000, "too-deep"),
        ("not " * 20_000, "too-deep"),
        ("x**" * 30_000 + "x", "too-deep"),
        ("1/" * 49_000 + "x", "too-deep"),
        ("v" + "[0:]" * 20_000, "too-deep"),
        ("W" + ".T" * 20_000, "too-deep"),
        ("x if x>0 else " * 7_000 + "x", "too-deep"),
        ("(" * 49_000 + "x" + ")" * 49_000, "too-deep"),
        ("x" * 10**5, "unknown-name"),
        ("9" * 10**5, "too-large"),
        ("v[" + "9" * 5000 + "]", "index-out-of-range"),
        ("sum(v, axis=" + "9" * 5000 + ")", "index-out-of-range"),
        ("x\0", "expression-syntax"),
        ("x\ud800", "expression-syntax"),
        ("\u202ex", "expression-syntax"),
        ("1 " * 50_000, "expression-syntax"),
    ],
    ids=lambda value: value[:6].encode("ascii", "backslashreplace").decode(),
)
def test_a_hostile_text_is_refused(text: str, code: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse_expression(text, SHAPES)
    assert caught.value.code == code
    assert len(caught.value.message) < 300


@pytest.mark.parametrize("text", ["1+" * 49_000 + "x", "1*" * 49_000 + "x", "x<" * 9_000 + "x", "1." + "0" * 90_000])
def test_a_long_but_flat_text_is_accepted(text: str) -> None:
    assert parse_expression(text, SHAPES).shape == ()


def test_a_tower_of_powers_is_infinite_at_once() -> None:
    assert evaluate_tree(parse_expression("10**10**8", {}), {}, NUMPY, 1) == np.inf


def test_a_parser_called_deep_in_a_stack_refuses_rather_than_crashes() -> None:
    def descend(levels: int) -> str:
        if levels:
            return descend(levels - 1)
        try:
            parse_expression("(" * 55 + "x" + ")" * 55, SHAPES)
        except ExpressionError as error:
            return error.code
        return "accepted"

    assert {descend(levels) for levels in range(0, 800, 40)} <= {"accepted", "too-deep"}
