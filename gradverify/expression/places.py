"""Places in a tree: a path leads from the root to one occurrence of a part, by the positions of children."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gradverify.expression.nodes import Call, Compare, Index, Node, Stack
from gradverify.expression.walk import children

Path = tuple[int, ...]


def places(tree: Node) -> Iterator[tuple[Path, Node]]:
    """Every occurrence of every part with its path, those above before those below, from left to right."""
    pending: list[tuple[Path, Node]] = [((), tree)]
    while pending:
        path, node = pending.pop()
        yield path, node
        below = [((*path, k), child) for k, child in enumerate(children(node))]
        pending.extend(reversed(below))


def at(tree: Node, path: Path) -> Node:
    """The part at `path`."""
    for k in path:
        tree = children(tree)[k]
    return tree


def replaced(tree: Node, path: Path, part: Node) -> Node:
    """`tree` with `part`, which has the shape of what stands there, at `path`."""
    if not path:
        return part
    k, below = path[0], path[1:]
    match tree:
        case Call():
            return Call(tree.function, _with(tree.arguments, k, below, part), tree.shape, tree.axis)
        case Stack():
            return replace(tree, items=_with(tree.items, k, below, part))
        case Index():
            return replace(tree, value=replaced(tree.value, below, part))
        case Compare():
            left, right = _with((tree.left, tree.right), k, below, part)
            return replace(tree, left=left, right=right)
        case _:
            raise IndexError(path)


def _with(nodes: tuple[Node, ...], k: int, below: Path, part: Node) -> tuple[Node, ...]:
    return (*nodes[:k], replaced(nodes[k], below, part), *nodes[k + 1 :])
