"""Which condition in f separates the points where a claim is right from those where it is wrong?"""

from __future__ import annotations

import math
from collections.abc import Iterator

from gradverify.core.arrays import Mask
from gradverify.core.diagnosis.hypotheses import Column
from gradverify.core.diagnosis.terms import PartFunction, short
from gradverify.expression.nodes import Call, Compare, Comparison, Node, Number
from gradverify.expression.text import to_text
from gradverify.expression.walk import walk

MOST_CONDITIONS = 12
UNLIKELY = 1e-3  # that one of a condition's entries tells right from wrong by chance, for one of many components
MOST_ENTRIES = 12  # of an array of conditions


def side_of_a_condition(
    col: Column, right: Mask, function: Node | None, function_of: PartFunction
) -> tuple[str, str] | None:
    """`(where the claim is right, where it is wrong)`, by a condition of f that says so at all points."""
    if function is None:
        return None
    for condition in dict.fromkeys(_conditions(function)):
        values = function_of(condition).evaluate(col.points).values.reshape((col.points.shape[0], -1))[col.rows]
        text = short(to_text(condition))
        entries = min(values.shape[1], MOST_ENTRIES)
        # One of many entries tells the points apart by chance.
        if entries > 1 and not 2 * entries / math.comb(right.size, int(right.sum())) <= UNLIKELY:
            continue
        for entry in range(entries):
            holds = values[:, entry] != 0
            if (holds == right).all():
                return text, f"not ({text})"
            if (holds == ~right).all():
                return f"not ({text})", text
    return None


def _conditions(tree: Node) -> Iterator[Node]:
    """Comparisons in `tree`, and those that its piecewise functions make; at most MOST_CONDITIONS."""
    found = 0
    for node in walk(tree):
        for condition in _of(node):
            found += 1
            if found > MOST_CONDITIONS:
                return
            yield condition


def _of(node: Node) -> Iterator[Node]:
    if not isinstance(node, Call):
        return
    shape, zero = node.shape, Number(0.0, "0")

    def compare(operator: Comparison, left: Node, right: Node) -> Node:
        return Compare(operator, left, right, shape)

    match node.function:
        case "where":
            yield node.arguments[0]
        case "relu" | "abs" | "sign":
            yield compare(Comparison.GT, node.arguments[0], zero)
        case "maximum" | "minimum" if len(node.arguments) == 2:
            yield compare(Comparison.GT, node.arguments[0], node.arguments[1])
        case "clip":
            value, low, high = node.arguments
            above, below = compare(Comparison.GT, value, low), compare(Comparison.LT, value, high)
            yield Call("logical_and", (above, below), shape)
            yield above
            yield below
