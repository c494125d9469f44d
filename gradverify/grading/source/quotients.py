"""Is a passage a quotient of differences: one function's values, subtracted and divided by a small step?"""

from __future__ import annotations

import ast

from gradverify.grading.source.file import DEEP, File
from gradverify.grading.source.model import Passage
from gradverify.grading.source.steps import LARGEST_STEP, WRAPPERS, Steps
from gradverify.grading.source.trees import bare, number_of, terms

MOST_TERMS = 24  # of one sum
DIFFERENCING = frozenset(("approx_fprime", "approx_derivative", "approx_jacobian", "approx_hess"))


class Quotients:
    """Numerical derivatives in one file."""

    def __init__(self, file: File, steps: Steps) -> None:
        self._file, self._steps = file, steps

    def kind(self, node: ast.AST) -> Passage | None:
        """What a node is, if it is one."""
        match node:
            case ast.BinOp(left=above, op=ast.Div(), right=below):
                return self._quotient(node, above, below)
            case ast.BinOp(left=left, op=ast.Mult(), right=right):
                return self._by_inverse(node, left, right) or self._by_inverse(node, right, left)
            case ast.AugAssign(target=above, op=ast.Div(), value=below):
                return self._quotient(node, above, below)
            case ast.Call(func=ast.Attribute(attr="divide" | "true_divide"), args=[above, below]):
                return self._quotient(node, above, below)
            case ast.Call(func=ast.Attribute(attr="gradient"), args=[values, step, *_]) if self._callees(values):
                return Passage.SAMPLED if self._steps.small(step) else None
            case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name)) if name in DIFFERENCING:
                return Passage.LIBRARY
            case _:
                return None

    def _by_inverse(self, node: ast.expr, above: ast.expr, factor: ast.expr) -> Passage | None:
        """`(f(x + h) - f(x)) * (1 / h)`, also where the inverse has a name."""
        for meaning in (factor, *self._file.meanings(factor)):
            if (
                isinstance(meaning, ast.BinOp)
                and isinstance(meaning.op, ast.Div)
                and number_of(meaning.left) is not None
            ):
                return self._quotient(node, above, meaning.right)
        value = number_of(factor)
        if value is not None and abs(value) >= 1 / LARGEST_STEP:
            return self._quotient(node, above, ast.Constant(1 / value))
        return None

    def _quotient(self, node: ast.AST, above: ast.expr, below: ast.expr) -> Passage | None:
        if self._has_imaginary_part(above) and self._steps.divides(node, below, complex_step=True):
            return Passage.COMPLEX_STEP
        if self._is_difference(above, DEEP) and self._steps.divides(node, below, complex_step=False):
            return Passage.QUOTIENT
        return None

    def _is_difference(self, node: ast.expr, deep: int) -> bool:
        """Whether one function's values are subtracted from one another."""
        plus: list[ast.expr] = []
        minus: list[ast.expr] = []
        terms(node, 1, plus, minus)
        if len(plus) + len(minus) > MOST_TERMS:
            return False
        for one in plus:
            for other in minus:
                if self._file.once("bare", one, bare) == self._file.once("bare", other, bare) or self._callees(
                    one
                ) & self._callees(other):
                    return True
        if deep and not minus:
            for one in plus:
                inner = list(one.args[:1]) if isinstance(one, ast.Call) else []
                for meaning in (*self._file.meanings(one), *inner):
                    if meaning is not one and self._is_difference(meaning, deep - 1):
                        return True
        return False

    def _callees(self, node: ast.expr, deep: int = DEEP) -> frozenset[str]:
        """The functions whose values an expression holds, through names and lists."""
        found: set[str] = set()
        match node:
            case ast.Call(func=function, args=arguments):
                name = function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
                if name in WRAPPERS:
                    for argument in arguments[:1]:
                        found |= self._callees(argument, deep)
                else:
                    found.add(ast.dump(function))
            case ast.List(elts=parts) | ast.Tuple(elts=parts):
                for part in parts:
                    found |= self._callees(part, deep)
            case ast.ListComp(elt=part) | ast.GeneratorExp(elt=part):
                found |= self._callees(part, deep)
            case ast.Name() | ast.Subscript() | ast.Attribute() if deep:
                for meaning in self._file.meanings(node):
                    found |= self._callees(meaning, deep - 1)
            case _:
                pass
        return frozenset(found)

    def _has_imaginary_part(self, node: ast.expr, deep: int = DEEP) -> bool:
        match node:
            case ast.Attribute(attr="imag") | ast.Call(func=ast.Attribute(attr="imag") | ast.Name(id="imag")):
                return True
            case ast.List(elts=parts) | ast.Call(args=parts):
                return any(self._has_imaginary_part(part, deep) for part in parts)
            case ast.ListComp(elt=part) | ast.UnaryOp(operand=part):
                return self._has_imaginary_part(part, deep)
            case ast.Name() | ast.Subscript() if deep:
                return any(self._has_imaginary_part(meaning, deep - 1) for meaning in self._file.meanings(node))
            case _:
                return False
