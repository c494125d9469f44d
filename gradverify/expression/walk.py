"""Ways through a tree."""

from __future__ import annotations

from collections.abc import Iterator

from gradverify.expression.nodes import Call, Compare, Index, Node, Stack


def children(node: Node) -> tuple[Node, ...]:
    """The nodes directly below `node`."""
    if isinstance(node, Call):
        return node.arguments
    if isinstance(node, Compare):
        return node.left, node.right
    if isinstance(node, Index):
        return (node.value,)
    return node.items if isinstance(node, Stack) else ()


def walk(node: Node) -> Iterator[Node]:
    """Every node, those above before those below, from left to right."""
    pending = [node]
    while pending:
        found = pending.pop()
        yield found
        pending.extend(reversed(children(found)))
