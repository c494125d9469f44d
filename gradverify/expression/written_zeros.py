"""Where is a formula 0 because its text says so, as `where(x < 8, exp(-x**2), 0)` is beyond 8, and not by its numbers?

1 − tanh(x)² is 0 at x = 25 for want of digits. A 0 that is written has none to lose: what should be there is no
matter of round-off.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradverify.core.arrays import Mask
from gradverify.core.variables import Shape
from gradverify.expression.evaluate import evaluate_tree
from gradverify.expression.nodes import Call, Index, Node, Number, Stack
from gradverify.expression.numpy_arithmetic import NUMPY


def written_zeros(trees: Sequence[Node], values: Mapping[str, Any], rows: int, constants: Mapping[str, Any]) -> Mask:
    """Which entries of `trees` are a written 0, or a product with one; (rows, entries of all trees).

    values: the variables, each (rows, *its shape).
    """
    reader = _Reader(values, rows, constants)
    return np.concatenate([reader.zeros(tree).reshape(rows, -1) for tree in trees], axis=1)


@dataclass(frozen=True, slots=True)
class _Reader:
    values: Mapping[str, Any]
    rows: int
    constants: Mapping[str, Any]

    def zeros(self, node: Node) -> Mask:
        """For each entry of `node`, shape (rows, *node.shape)."""
        match node:
            case Number(value=value):
                return self.filled(value == 0, node.shape)
            case Index(value=value, parts=parts):
                whole = self.zeros(value)
                return np.asarray(whole[(slice(None), *(slice(*p) if isinstance(p, tuple) else p for p in parts))])
            case Stack(items=items):
                return np.stack([self.zeros(item) for item in items], axis=1)
            case Call(function="where", arguments=(condition, yes, no)):
                taken = np.asarray(evaluate_tree(condition, self.values, NUMPY, self.rows, self.constants), dtype=bool)
                taken = self.aligned(taken, condition.shape, node.shape)
                return np.where(taken, self.of(yes, node), self.of(no, node))
            case Call(function="multiply", arguments=factors):
                return np.asarray(np.any([self.of(factor, node) for factor in factors], axis=0))
            case Call(function="add" | "subtract", arguments=terms):
                return np.asarray(np.all([self.of(term, node) for term in terms], axis=0))
            case Call(function="negative" | "divide", arguments=(first, *_)):
                return self.of(first, node)
        return self.filled(False, node.shape)

    def filled(self, value: bool, shape: Shape) -> Mask:
        return np.full((self.rows, *shape), value, dtype=np.bool_)

    def of(self, part: Node, node: Node) -> Mask:
        """The zeros of an operand of `node`, in its shape."""
        return self.aligned(self.zeros(part), part.shape, node.shape)

    def aligned(self, mask: Mask, shape: Shape, wanted: Shape) -> Mask:
        missing = (1,) * (len(wanted) - len(shape))
        return np.broadcast_to(mask.reshape((self.rows, *missing, *shape)), (self.rows, *wanted))
