"""Is a passage a quotient of differences: one function's values, subtracted and divided by a small step?"""

from __future__ import annotations

import ast

from gradverify.grading.source.file import DEEP, File
from gradverify.grading.source.model import Passage
from gradverify.grading.source.steps import LARGEST_STEP, SPACINGS, WRAPPERS, Steps
from gradverify.grading.source.trees import bare, called, has_both_signs, number_of, terms

MOST_TERMS = 24  # of one sum
DIVIDING = frozenset(("divide", "true_divide", "truediv"))
SUBTRACTING = frozenset(("subtract", "sub"))
DIFFERENCING = frozenset(("approx_fprime", "approx_derivative", "approx_jacobian", "approx_hess"))


class Quotients:
    """Numerical derivatives in one file."""

    def __init__(self, file: File, steps: Steps) -> None:
        self._file, self._steps = file, steps

    def kind(self, node: ast.AST) -> Passage | None:
        """What a node is, if it is one."""
        match node:
            case ast.Call(args=[values, *_]) if self._is_numpys(node, "gradient") and self._is_sampled(values):
                spacing = node.args[1:]
                return Passage.SAMPLED if any(map(self._is_spacing, spacing)) else None
            case ast.Call(args=[places, values, *_]) if self._is_numpys(node, "polyfit") and self._is_sampled(values):
                return Passage.FITTED if self._steps.is_grid(places) else None
            case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name)) if name in DIFFERENCING:
                return Passage.LIBRARY
            case ast.BinOp(left=left, op=ast.Sub(), right=right):
                return self._each_divided(node, left, right)
            case _:
                for above, below in self._fractions(node):
                    found = self._quotient(node, above, below)
                    if found is not None:
                        return found
                return None

    def step(self, node: ast.AST) -> float | None:
        """The smallest constant that a passage is divided by; None where there is none."""
        sizes = [self._steps.size(below) for _, below in self._fractions(node)]
        return min((size for size in sizes if size is not None), default=None)

    def _fractions(self, node: ast.AST) -> list[tuple[ast.expr, ast.expr]]:
        """What is divided by what: `a / b`, `a *= b` and `np.divide(a, b)`, and products with an inverse."""
        match node:
            case (
                ast.BinOp(left=above, op=ast.Div(), right=below)
                | ast.AugAssign(target=above, op=ast.Div(), value=below)
            ):
                return [(above, below)]
            case ast.Call(args=[above, below]) if called(node) in DIVIDING:
                return [(above, below)]
            case ast.BinOp(left=left, op=ast.Mult(), right=right):
                factors = (left, right)
            case ast.Call(args=[left, right]) if called(node) == "multiply":
                factors = (left, right)
            case _:
                return []
        left, right = factors
        pairs = ((left, right), (right, left))
        return [(above, below) for above, factor in pairs for below in self._inverses(factor)]

    def _inverses(self, factor: ast.expr) -> list[ast.expr]:
        """What a factor is the inverse of: h of `1 / h`, `h**-1`, `np.reciprocal(h)`, also by a name; 0.01 of 100."""
        found: list[ast.expr] = []
        for meaning in (factor, *self._file.meanings(factor)):
            match meaning:
                case ast.BinOp(left=above, op=ast.Div(), right=below) if number_of(above) is not None:
                    found.append(below)
                case ast.BinOp(left=base, op=ast.Pow(), right=power) if (number_of(power) or 0.0) < 0:
                    found.append(base)
                case ast.Call(args=[below]) if called(meaning) == "reciprocal":
                    found.append(below)
                case _:
                    pass
        value = number_of(factor)
        if value is not None and abs(value) >= 1 / LARGEST_STEP:
            found.append(ast.Constant(1 / value))
        return found

    def _quotient(self, node: ast.AST, above: ast.expr, below: ast.expr) -> Passage | None:
        if self._has_imaginary_part(above) and self._steps.divides(node, below, complex_step=True):
            return Passage.COMPLEX_STEP
        if self._is_difference(above, DEEP) and self._steps.divides(node, below, complex_step=False):
            return Passage.QUOTIENT
        return None

    def _each_divided(self, node: ast.AST, left: ast.expr, right: ast.expr) -> Passage | None:
        """`f(x + h) / h - f(x) / h`."""
        for one, below in self._fractions(left):
            for other, same in self._fractions(right):
                if (
                    ast.dump(below) == ast.dump(same)
                    and self._callees(one) & self._callees(other)
                    and self._steps.divides(node, below, complex_step=False)
                ):
                    return Passage.QUOTIENT
        return None

    def _is_numpys(self, node: ast.Call, name: str) -> bool:
        """Whether NumPy's function of that name is called: the file has none of its own."""
        return called(node) == name and not self._file.functions_of(node)

    def _is_sampled(self, values: ast.expr) -> bool:
        """Whether values are a function's, or a formula's on a grid of places."""
        if self._callees(values):
            return True
        meanings = (values, *self._file.meanings(values))
        parts = [part for meaning in meanings for part in self._file.walk(meaning)]
        return any(isinstance(p, ast.Name | ast.Call) and self._steps.is_grid(p) for p in parts)

    def _is_spacing(self, node: ast.expr) -> bool:
        return self._steps.small(node) or self._steps.is_grid(node)

    def _is_difference(self, node: ast.expr, deep: int) -> bool:
        """Whether one function's values are subtracted from one another, or added up with weights of both signs."""
        if self._is_weighted(node):
            return True
        if isinstance(node, ast.Call) and self._is_difference_call(node, deep):
            return True
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

    def _is_difference_call(self, node: ast.Call, deep: int) -> bool:
        """`np.subtract(f(x + h), f(x))`, `np.diff` of values, or a function of the file that returns a difference."""
        match node.args:
            case [one, other] if called(node) in SUBTRACTING:
                return bool(self._callees(one) & self._callees(other))
            case [values, *_] if called(node) in SPACINGS or self._is_numpys(node, "gradient"):
                return self._is_sampled(values)
            case _:
                return bool(deep) and any(self._is_difference(v, deep - 1) for v in self._file.returned(node))

    def _is_weighted(self, node: ast.expr) -> bool:
        """`sum(w * f(x + k * h) for k, w in …)`, `weights @ f(places)`, or a total to which such terms are added."""
        match node:
            case ast.Call(args=[ast.GeneratorExp() | ast.ListComp() as terms_]) if called(node) in ("sum", "fsum"):
                loops = [loop.iter for loop in terms_.generators]
                return self._is_term(terms_.elt) and any(has_both_signs(self._numbers(loop)) for loop in loops)
            case ast.BinOp(left=left, op=ast.MatMult(), right=right):
                sides = (left, right)
            case ast.Call(args=[left, right]) if called(node) in ("dot", "inner", "vdot"):
                sides = (left, right)
            case ast.Name() | ast.Subscript():
                return any(self._is_signed_term(change) for change in self._file.changes(node))
            case _:
                return False
        one, other = sides
        return (has_both_signs(self._numbers(one)) and bool(self._callees(other))) or (
            has_both_signs(self._numbers(other)) and bool(self._callees(one))
        )

    def _is_term(self, node: ast.expr) -> bool:
        return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult) and bool(
            self._callees(node.left) | self._callees(node.right)
        )  # fmt: skip

    def _is_signed_term(self, change: ast.AugAssign) -> bool:
        """`total += sign * f(x + sign * h)`, where the sign takes both signs."""
        if not isinstance(change.op, ast.Add) or not self._is_term(change.value):
            return False
        assert isinstance(change.value, ast.BinOp)
        factors = (change.value.left, change.value.right)
        return any(
            has_both_signs(self._numbers(part)) for part in factors if isinstance(part, ast.Name | ast.Subscript)
        )

    def _numbers(self, node: ast.expr, deep: int = DEEP) -> list[float]:
        """The numbers that a list, a table or a name's values hold."""
        self._file.spend(1)
        value = number_of(node)
        if value is not None:
            return [value]
        parts: list[ast.expr] = []
        match node:
            case ast.List(elts=elts) | ast.Tuple(elts=elts):
                parts = elts
            case ast.Dict(keys=keys, values=values):
                parts = [*(key for key in keys if key is not None), *values]
            case ast.BinOp(left=left, op=ast.Mult() | ast.Div(), right=right):
                parts = [left, right]
            case ast.Call(args=args) if called(node) in WRAPPERS or called(node) in ("items", "values"):
                parts = [*args, *([node.func.value] if isinstance(node.func, ast.Attribute) else [])]
            case ast.Name() | ast.Subscript() if deep:
                parts, deep = self._file.meanings(node), deep - 1
            case _:
                pass
        return [number for part in parts[:MOST_TERMS] for number in self._numbers(part, deep)][: 4 * MOST_TERMS]

    def _callees(self, node: ast.expr, deep: int = DEEP) -> frozenset[str]:
        """The functions whose values an expression holds, through names and lists."""
        found: set[str] = set()
        match node:
            case ast.Call(func=function, args=arguments):
                if called(node) in WRAPPERS:
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
