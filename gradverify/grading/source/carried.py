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
            case ast.BinOp(op=ast.Add()) if self._is_product_rule(node) or self._is_rule_of_pairs(node):
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

    # --- numbers that are kept as pairs ------------------------------------------------------------------------------

    def _is_rule_of_pairs(self, node: ast.BinOp) -> bool:
        """`a[0] * b[1] + a[1] * b[0]` beside `a[0] * b[0]`, where a and b are what the function is given.

        Fractions are added up like that, and complex numbers have half of it. So the file has to have another such
        rule as well, for sums or for a function of one pair, and no product part by part, as fractions have.
        """
        if not (is_product(node.left) and is_product(node.right)):
            return False
        scope = self._file.scope(node)
        if isinstance(scope, ast.Module) or self._product_of_pairs(node, scope) is None:
            return False
        return self._file.once("pairs", self._file.tree, self._has_rules_of_pairs)

    def _product_of_pairs(self, node: ast.BinOp, scope: ast.AST) -> ast.BinOp | None:
        """The product `a[0] * b[0]` in the same function, if `node` is the slope of it."""
        products = [n for n in self._file.walk(scope) if isinstance(n, ast.BinOp) and is_product(n)]
        operations = [n for n in self._file.walk(scope) if isinstance(n, ast.BinOp) and isinstance(n.op, ast.Sub)]
        if any(is_product(n.left) and is_product(n.right) for n in operations):
            return None  # complex numbers
        for one, slope_of_other in _both_ways(node.left):
            for other, slope_of_one in _both_ways(node.right):
                if not (self._are_parts(one, slope_of_one) and self._are_parts(other, slope_of_other)):
                    continue
                wanted = {ast.dump(one), ast.dump(other)}
                for product in products:
                    if product not in (node.left, node.right) and {ast.dump(f) for f in factors(product)} == wanted:
                        return product
        return None

    def _has_rules_of_pairs(self, tree: ast.AST) -> bool:
        """Whether some function has the rule for sums of pairs, or the chain rule, and none multiplies part by part."""
        functions = [n for n in self._file.walk(tree) if isinstance(n, ast.FunctionDef | ast.Lambda)]
        if any(self._is_part_by_part(function, ast.Mult) for function in functions):
            return False
        return any(self._is_part_by_part(function, ast.Add) or self._has_chain_rule(function) for function in functions)

    def _is_part_by_part(self, function: ast.AST, operation: type[ast.operator]) -> bool:
        """`a[0] + b[0]` and `a[1] + b[1]` in one function."""
        found = [n for n in self._file.walk(function) if isinstance(n, ast.BinOp) and isinstance(n.op, operation)]
        found = [n for n in found if not isinstance(self._file.parents[id(n)], ast.BinOp)]  # parts of a sum are none
        return any(
            self._are_parts(one.left, other.left) and self._are_parts(one.right, other.right)
            for one in found
            for other in found
            if one is not other and self._base(one.left) != self._base(one.right)
        )

    def _has_chain_rule(self, function: ast.AST) -> bool:
        """`cos(a[0]) * a[1]` in a function of a."""
        for node in self._file.walk(function):
            if isinstance(node, ast.BinOp) and is_product(node):
                for outer, slope in _both_ways(node):
                    parts = [
                        part for call in self._file.walk(outer) if isinstance(call, ast.Call) for part in call.args
                    ]
                    if any(self._are_parts(part, slope) for part in parts):
                        return True
        return False

    def _are_parts(self, one: ast.expr, other: ast.expr) -> bool:
        """Whether they are different parts of one thing that the function is given: `a[0]` and `a[1]`."""
        self._file.spend(1)
        base = self._base(one)
        return base is not None and base == self._base(other) and ast.dump(one) != ast.dump(other)

    def _base(self, node: ast.expr) -> str | None:
        """The parameter that something is a part of."""
        match node:
            case ast.Subscript(value=ast.Name() as whole) | ast.Attribute(value=ast.Name() as whole):
                return whole.id if self._file.is_given(whole) else None
            case ast.Name() if not self._file.is_given(node):
                meanings = self._file.meanings(node)
                if len(meanings) != 1:
                    return None
                if isinstance(meanings[0], ast.Name):  # `u, du = a`
                    return meanings[0].id if self._file.is_given(meanings[0]) else None
                return self._base(meanings[0])
            case _:
                return None


def _both_ways(product: ast.expr) -> tuple[tuple[ast.expr, ast.expr], tuple[ast.expr, ast.expr]]:
    left, right = factors(product)
    return (left, right), (right, left)
