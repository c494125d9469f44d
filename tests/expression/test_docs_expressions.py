"""The reference is true: its examples run, its refusals are refused, and nothing is missing from it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from gradverify.expression.errors import ExpressionError
from gradverify.expression.evaluate import evaluate_tree
from gradverify.expression.numpy_arithmetic import NUMPY
from gradverify.expression.parse import parse_expression
from gradverify.expression.vocabulary import ALIASES, FUNCTIONS

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "expressions.md").read_text(encoding="utf-8")
# Other spellings that the reference need not list.
UNLISTED = {"absolute", "fabs", "amin", "amax"}


def rows(header: str) -> list[list[str]]:
    """The cells of every table that starts with `header`."""
    found: list[list[str]] = []
    for table in re.findall(rf"^\| {header} \|.*\n\|[-|]+\n((?:\|.*\n)+)", TEXT, re.MULTILINE):
        found += [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in table.splitlines()]
    assert found
    return found


def named_values(text: str) -> dict[str, np.ndarray]:
    """`x = 1, v = [2, 3]`."""
    pieces = re.split(r",\s*(?=\w+ = )", text) if text else []
    return {n: np.array(json.loads(v), dtype=float) for n, v in (piece.split(" = ") for piece in pieces)}


@pytest.mark.parametrize(("expression", "values", "result"), rows("expression"))
def test_an_example_has_the_result_that_the_reference_shows(expression: str, values: str, result: str) -> None:
    points = {name: value[None] for name, value in named_values(values).items()}
    tree = parse_expression(expression.strip("`"), {name: value.shape[1:] for name, value in points.items()})
    assert evaluate_tree(tree, points, NUMPY, 1)[0] == pytest.approx(np.array(json.loads(result)), rel=1e-14)


@pytest.mark.parametrize(("expression", "code", "why"), rows("refused"))
def test_a_refused_example_is_refused_with_the_code_shown(expression: str, code: str, why: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse_expression(expression.strip("`"), {"x": (), "y": (), "v": (3,)})
    assert caught.value.code == code.strip("`")


def test_every_function_is_in_the_reference() -> None:
    listed = set(re.findall(r"`(\w+)[`(]", TEXT))
    assert (FUNCTIONS | set(ALIASES)) - UNLISTED <= listed


def test_every_code_that_the_parser_can_give_is_explained() -> None:
    kinds = {"unknown-name", "unknown-function"}  # put together at run time
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "gradverify" / "expression").glob("*.py"))
    given = set(re.findall(r'(?:error|ExpressionError)\(\s*"([a-z]+(?:-[a-z]+)+)"', source)) | kinds
    given |= set(re.findall(r': \("([a-z]+(?:-[a-z]+)+)"', source))
    assert given == {cell[0].strip("`") for cell in rows("code")}
