"""Is a passage part of numbers that carry derivatives: dual numbers, or a tape?"""

from __future__ import annotations

import ast

from gradverify.grading.source.file import File
from gradverify.grading.source.model import Passage
from gradverify.grading.source.trees import factors, is_product, methods

ACCUMULATED = ("grad", "adj", "deriv", "bar", "tangent")  # parts of names under which a tape adds up derivatives


class Carried:
    """Automatic differentiation in one file."""

    def __init__(self, file: File) -> None:
        self._file = file

    def kind(self, node: ast.AST) -> Passage | None:
        """What a node is, if it is one."""
        match node:
            case ast.BinOp(op=ast.Add()) if self._is_product_rule(node):
                return Passage.DUAL
            case ast.AugAssign(target=ast.Attribute(attr=name), op=ast.Add(), value=ast.BinOp(op=ast.Mult())):
                return Passage.TAPE if any(a in name.lower() for a in ACCUMULATED) and self._has_numbers() else None
            case _:
                return None

    def _has_numbers(self) -> bool:
        """Whether the file has a class of numbers that can be added and multiplied."""
        return self._file.once(
            "numbers", self._file.tree,
            lambda whole: any(
                isinstance(n, ast.ClassDef) and {"__add__", "__mul__"} <= methods(n) for n in self._file.walk(whole)
            ),
        )  # fmt: skip

    def _is_product_rule(self, node: ast.BinOp) -> bool:
        """In `__mul__` of such a class: `a.value * b.slope + a.slope * b.value` beside `a.value * b.value`.

        The product of complex numbers has such a sum, too, and a difference of products beside it. A scalar product of
        vectors is no product rule: no factor of one of its products is multiplied by one of the other's.
        """
        if not (is_product(node.left) and is_product(node.right)):
            return False
        scope = self._file.scope(node)
        if not isinstance(scope, ast.FunctionDef) or scope.name not in ("__mul__", "__rmul__"):
            return False
        owner = self._file.parents[id(scope)]
        if not isinstance(owner, ast.ClassDef) or "__add__" not in methods(owner):
            return False
        left, right = ([ast.dump(f) for f in factors(side)] for side in (node.left, node.right))
        if len({*left, *right}) != len(left) + len(right):
            return False
        others = [
            n for n in self._file.walk(scope) if isinstance(n, ast.BinOp) and n not in (node, node.left, node.right)
        ]
        if any(isinstance(n.op, ast.Sub) and is_product(n.left) and is_product(n.right) for n in others):
            return False
        values = [{ast.dump(f) for f in factors(n)} for n in others if isinstance(n.op, ast.Mult)]
        return any({one, other} == value for one in left for other in right for value in values)
