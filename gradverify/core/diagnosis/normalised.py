"""Changes of a claimed formula that bring back what a softmax's sum adds to the derivative.

What goes back through s = softmax(z) is s·(g − Σ g·s). People stop at s·g, where the sum is held still, or at
s·(1 − s)·g, the diagonal of the softmax's Jacobian.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gradverify.core.diagnosis.changes import Change
from gradverify.core.diagnosis.terms import short
from gradverify.core.verdicts import Fault
from gradverify.expression.nodes import Call, Node, Number
from gradverify.expression.places import Path, at
from gradverify.expression.text import to_text
from gradverify.expression.walk import walk

MOST_NORMALISED = 3  # of f and the claim
COST = 2.35


def without_their_sum(tree: Node, nodes: Sequence[tuple[Path, Node]], formulas: Sequence[Node]) -> Iterator[Change]:
    """All such changes of `tree`, whose parts are `nodes`; formulas: of f."""
    normalised = _normalised((*formulas, tree))
    for path, node in nodes:
        parent = at(tree, path[:-1]) if path else None
        if isinstance(node, Number) or not (parent is None or _passes_on(parent)):
            continue
        for s in normalised:
            if s.shape == node.shape:
                yield from _brought_back(path, node, s)


def _passes_on(parent: Node) -> bool:
    return isinstance(parent, Call) and parent.function in ("matmul", "outer", "multiply", "divide", "negative", "sum")


def _brought_back(path: Path, node: Node, s: Call) -> Iterator[Change]:
    part = short(to_text(s))
    yield Change(
        path, _centred(node, s), Fault.MISSING_TERM,
        f"the part of the derivative that goes through the sum in {part} is missing", COST,
    )  # fmt: skip
    rest = Call("subtract", (Number(1.0, "1"), s), s.shape)
    off = Call("divide", (node, rest), node.shape)
    yield Change(
        path, _centred(off, s), Fault.MISSING_TERM,
        f"only the diagonal of the Jacobian of {part} is used: what its entries do to one another is missing", COST,
    )  # fmt: skip


def _centred(node: Node, s: Call) -> Node:
    """node − s·Σ node."""
    total = Call("sum", (node,), ())
    return Call("subtract", (node, Call("multiply", (s, total), s.shape)), node.shape)


def _normalised(trees: Sequence[Node]) -> list[Call]:
    found = {node: None for tree in trees for node in walk(tree) if isinstance(node, Call) and _is_normalised(node)}
    return list(found)[:MOST_NORMALISED]


def _is_normalised(node: Call) -> bool:
    """Whether a vector's entries are shares of their sum: a softmax, or what spells one."""
    if len(node.shape) != 1:
        return False
    if node.function == "softmax":
        return True
    match node:
        case Call(function="divide", arguments=(above, Call(function="sum", arguments=(inner,)))):
            return above == inner
    return False
