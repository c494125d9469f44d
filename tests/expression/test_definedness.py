"""Where a formula is defined: every step that matters is finite, whatever a branch not taken computes."""

from __future__ import annotations

import numpy as np
import pytest

from gradverify.core.variables import Shape
from gradverify.expression.definedness import defined
from gradverify.expression.parse import parse_expression


def where(text: str, points: list[float]) -> list[bool]:
    tree = parse_expression(text, {"x": ()})
    return [bool(one) for one in defined((tree,), {"x": np.array(points)}, len(points), {})]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x**2 + 1", [True, True, True]),
        ("exp(-1/x**2)", [True, False, True]),
        ("arctan(1/x)", [True, False, True]),
        ("minimum(1/x, 5)", [True, False, True]),
        ("erf(log(x**2))", [True, False, True]),
        ("arctan2(x, x)", [True, False, True]),
        ("arctan2(0*x, abs(x) + 1)", [True, True, True]),
        ("where(x == 0, 1, sin(x)/x)", [True, True, True]),
        ("where(x >= 0, x, 1/x)", [True, True, True]),
        ("where(x == 0, 1/x, x) * 0", [True, False, True]),
        ("where(log(x**2) > 0, 1, 2)", [True, False, True]),
    ],
)
def test_a_formula_is_defined_where_its_steps_are_finite(text: str, expected: list[bool]) -> None:
    assert where(text, [-2.0, 0.0, 3.0]) == expected


@pytest.mark.parametrize(
    "text",
    [
        "sum(exp(-1/v))",
        "mean(exp(-1/v))",
        "exp(-1/v)[1] + v[0]",
        "cumsum(exp(-1/v))[2]",
        "dot(exp(-1/v), v)",
        "sum(A @ exp(-1/v))",
        "max(exp(-1/v))",
        "sum(outer(v, exp(-1/v)))",
        "sum(reshape(exp(-1/v), (3, 1)))",
        "sum(concatenate([v, exp(-1/v)]))",
    ],
)
def test_one_entry_that_is_not_defined_is_seen_through_arrays(text: str) -> None:
    shapes: dict[str, Shape] = {"v": (3,), "A": (3, 3)}
    tree = parse_expression(text, shapes)
    points = np.array([[1.0, 2.0, 3.0], [1.0, 0.0, 3.0]])
    found = defined((tree,), {"v": points}, 2, {"A": np.arange(9.0).reshape(3, 3)})
    assert found.tolist() == [True, False]


def test_an_entry_that_is_not_picked_does_not_matter() -> None:
    tree = parse_expression("exp(-1/v)[0]", {"v": (2,)})
    assert defined((tree,), {"v": np.array([[1.0, 0.0]])}, 1, {}).tolist() == [True]
