"""Names in a tree replaced by other trees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from gradverify.expression.nodes import Call, Compare, Index, Name, Node, Stack


def substitute(tree: Node, trees: Mapping[str, Node]) -> Node:
    """`tree` with every name in `trees` replaced by its tree, which has the name's shape."""
    match tree:
        case Name():
            return trees.get(tree.name, tree)
        case Call():
            return replace(tree, arguments=tuple(substitute(a, trees) for a in tree.arguments))
        case Compare():
            return replace(tree, left=substitute(tree.left, trees), right=substitute(tree.right, trees))
        case Index():
            return replace(tree, value=substitute(tree.value, trees))
        case Stack():
            return replace(tree, items=tuple(substitute(item, trees) for item in tree.items))
        case _:
            return tree
