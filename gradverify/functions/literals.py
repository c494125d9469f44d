"""Numbers that occur in a Python function's source: thresholds where its branches may switch."""

from __future__ import annotations

import ast
import inspect

from gradverify.core.problem import CallableFunction, Function
from gradverify.functions.sources import tree_of

MOST_LITERALS = 32  # a table of coefficients in the source is no list of thresholds


def literals_in_source(function: Function) -> list[float]:
    """The distinct numeric constants in the source of `function`'s callable; none where there is no source."""
    if not isinstance(function, CallableFunction):
        return []
    tree = tree_of(inspect.unwrap(function.callable))
    if tree is None:
        return []
    found: dict[float, None] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)) and not isinstance(node.value, bool):
            try:
                found[float(node.value)] = None
            except OverflowError:
                continue
    return list(found)[:MOST_LITERALS]
