"""Is a denominator made of a small step by which an argument is moved somewhere?"""

from __future__ import annotations

import ast

from gradverify.grading.source.file import DEEP, File
from gradverify.grading.source.trees import called, is_multiple, number_of, roots

LARGEST_STEP = 0.5
SMALL_FACTOR = 1e-2  # that makes a step of whatever it multiplies, as in 1e-6 * max(1, abs(x))
LARGEST_LITERAL = 0.25  # denominator that is written out as a number
EPSILON_NAMES = frozenset(("eps", "epsilon"))
# Calls that hand their argument on; two of them on both sides of a difference say nothing.
WRAPPERS = frozenset(
    (
        "array", "asarray", "float", "float64", "abs", "sum", "squeeze", "ravel", "flatten", "item", "reshape", "copy",
        "atleast_1d", "len", "range", "zeros", "max", "min", "zeros_like", "ones", "eye", "arange", "linspace", "stack",
        "concatenate", "list", "tuple", "enumerate", "zip", "print", "round",
    )
)  # fmt: skip
ADDING = frozenset(("add", "subtract"))
SPACINGS = frozenset(("diff", "ediff1d"))  # calls whose values are the distances of their argument's neighbours
NEIGHBOURS = frozenset(("nextafter", "spacing", "ulp"))  # calls that are next to a number, or say how far that is
MANY = 100.0  # a number that what it divides is made small by
# Calls whose values are steps where their arguments are.
STEP_FUNCTIONS = (
    WRAPPERS | NEIGHBOURS | {"sqrt", "cbrt", "power", "maximum", "minimum", "full", "geomspace", "logspace"}
)


class Steps:
    """The steps of one file."""

    def __init__(self, file: File) -> None:
        self._file = file

    def divides(self, node: ast.AST, below: ast.expr, *, complex_step: bool) -> bool:
        """Whether a denominator is made of a small step by which an argument was moved."""
        scopes = list(self._file.scopes(node))
        whole: ast.AST = next((s for s in reversed(scopes) if not isinstance(s, ast.Module)), scopes[0])
        found = {ast.dump(root) for root in roots(below)}
        found |= {ast.dump(n) for n in ast.walk(below) if isinstance(n, ast.Call) and self._file.functions_of(n)}
        if not found:
            value = number_of(below)
            steps = {abs(c) for c in self._file.once("constants", self._file.tree, self._moved_by_constants)}
            return (
                value is not None
                and abs(value) <= LARGEST_LITERAL
                and any(step <= LARGEST_STEP and is_multiple(abs(value), step) for step in steps if step > 0)
            )
        if self._is_moved_difference(below):
            return True
        if not self._is_made_of_steps(below):
            return False  # `p * (1 - p) + eps`, which only keeps off 0
        moved = (
            self._file.once("complex", self._file.tree, self._moved_complex)
            if complex_step
            else self._file.once("moved", whole, self._moved) | self._file.once("handed", whole, self._handed)
        )
        return bool(found & moved)

    def _is_made_of_steps(self, node: ast.expr) -> bool:
        """Whether a denominator is a product of small steps and numbers."""
        match node:
            case ast.BinOp(left=left, op=ast.Mult(), right=right):
                parts = [left, right]
            case ast.BinOp(left=left, op=ast.Add(), right=right) if ast.dump(left) == ast.dump(right):
                parts = [left]
            case ast.BinOp(left=left, op=ast.Pow()):
                parts = [left]
            case ast.UnaryOp(operand=part):
                parts = [part]
            case _:
                return number_of(node) is not None or self.small(node)
        return all(self._is_made_of_steps(part) for part in parts)

    def _is_moved_difference(self, below: ast.expr, deep: int = 2) -> bool:
        """`(x + h) - x`, the difference of two names of which one was moved by a small step, or `np.diff` of a grid."""
        if isinstance(below, ast.Call) and called(below) in SPACINGS and below.args:
            return self.is_grid(below.args[0])
        if isinstance(below, ast.Subscript):
            return self._is_moved_difference(below.value, deep)
        if isinstance(below, ast.Name) and deep:
            return any(self._is_moved_difference(meaning, deep - 1) for meaning in self._file.meanings(below))
        if not (isinstance(below, ast.BinOp) and isinstance(below.op, ast.Sub)):
            return False
        sides = [side for part in (below.left, below.right) for side in (part, *self._file.meanings(part))]
        return any(
            isinstance(side, ast.BinOp)
            and isinstance(side.op, ast.Add | ast.Sub)
            and (self.small(side.left) or self.small(side.right))
            for side in sides
        )

    def is_grid(self, node: ast.expr, deep: int = DEEP) -> bool:
        """Whether an expression stands for a row of places: made by `linspace`, `arange` or a list of moved points."""
        self._file.spend(1)
        match node:
            case ast.Call(args=[first, *_]) if called(node) in ("array", "asarray"):
                return self.is_grid(first, deep)
            case ast.Call():
                return called(node) in ("linspace", "arange", "geomspace", "logspace")
            case ast.List(elts=parts) | ast.Tuple(elts=parts):
                moved = sum(isinstance(p, ast.BinOp) and isinstance(p.op, ast.Add | ast.Sub) for p in parts)
                return len(parts) > 1 and (moved > 0 or all(number_of(part) is not None for part in parts))
            case ast.BinOp(left=left, op=ast.Add() | ast.Sub() | ast.Mult(), right=right):
                return self.is_grid(left, deep) or self.is_grid(right, deep)
            case ast.BinOp(left=part, op=ast.Div()) | ast.UnaryOp(operand=part):
                return self.is_grid(part, deep)
            case ast.Name() if deep:
                return any(self.is_grid(meaning, deep - 1) for meaning in self._file.meanings(node))
            case _:
                return False

    def size(self, below: ast.expr) -> float | None:
        """The smallest constant that a denominator is made of; None where there is none."""
        value = number_of(below)
        if value is not None:
            return abs(value)
        meanings = [meaning for root in roots(below) for meaning in self._file.meanings(root)]
        return min((abs(v) for v in map(number_of, meanings) if v), default=None)

    def _moved(self, whole: ast.AST) -> set[str]:
        """What is added or subtracted somewhere in a function."""
        found: set[str] = set()
        for node in self._file.walk(whole):
            for side in _sides(node):
                found |= self._added(side)
            match node:
                case ast.Call(args=[left, right]) if called(node) in ADDING:
                    found |= self._added(left) | self._added(right)
                case ast.Call(args=[left, right, *_]) if called(node) == "linspace":  # from x - h to x + h
                    found |= self._added(left) | self._added(right)
                case ast.Call(func=ast.Name()) if self._file.functions_of(node):
                    found.add(ast.dump(node))  # `x + step(x)`
                case _:
                    pass
        return found

    def _handed(self, whole: ast.AST) -> set[str]:
        """What is handed to functions of the file that add it to something: a step, in `slope(g, h)` or `g(2 * h)`."""
        found: set[str] = set()
        for node in self._file.walk(whole):
            if not isinstance(node, ast.Call):
                continue
            functions = self._file.functions_of(node)
            if not functions and self._file.is_parameter(node.func):  # `slope(g, h)` of another file's g
                for argument in node.args:
                    found |= self._added(argument)
            for function in functions:
                names = [argument.arg for argument in function.args.args]
                if isinstance(self._file.parents[id(function)], ast.ClassDef):
                    names = names[1:]
                moved = self._file.once("moved", function, self._moved)
                for name, argument in zip(names, node.args, strict=False):
                    if any(f"id='{name}'" in each for each in moved):
                        found |= self._added(argument)
        return found

    def _added(self, node: ast.expr, deep: int = 2) -> set[str]:
        """The names by which something is moved where `node` is added to it: those of its factors, and those in what
        they stand for, as `e` of `for e in h * np.eye(2)` has h."""
        self._file.spend(1)
        match node:
            case ast.BinOp(left=left, op=ast.Mult(), right=right):
                return self._added(left, deep) | self._added(right, deep)
            case ast.BinOp(left=part, op=ast.Div()) | ast.UnaryOp(operand=part) | ast.Starred(value=part):
                return self._added(part, deep)
            case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Call(args=parts):
                found: set[str] = set()
                if not isinstance(node, ast.Call) or called(node) in WRAPPERS:
                    for part in parts:
                        found |= self._added(part, deep)
                return found
            case ast.Name() | ast.Attribute() | ast.Subscript():
                found = {ast.dump(root) for root in roots(node)}
                for meaning in self._file.meanings(node) if deep else ():
                    found |= self._added(meaning, deep - 1)
                return found
            case _:
                return set()

    def _moved_complex(self, whole: ast.AST) -> set[str]:
        """What is added with an imaginary unit, as in `x + 1j * h`, or made the imaginary part of a number."""
        found: set[str] = set()
        for node in self._file.walk(whole):
            match node:
                case ast.Call(func=ast.Name(id="complex"), args=[_, part]):
                    found |= {ast.dump(root) for root in roots(part)}
                case ast.Assign(targets=[ast.Attribute(attr="imag")], value=value):
                    found |= {ast.dump(root) for root in roots(value)}
                case _:
                    pass
            for side in _sides(node):
                if any(isinstance(c, ast.Constant) and isinstance(c.value, complex) for c in self._file.walk(side)):
                    found |= self._added(side)
        return found

    def _moved_by_constants(self, whole: ast.AST) -> set[float]:
        found: set[float] = set()
        for node in self._file.walk(whole):
            for side in _sides(node):
                for part in self._file.walk(side) if isinstance(side, ast.BinOp) else (side,):
                    if isinstance(part, ast.expr) and (number := number_of(part)) is not None:
                        found.add(number)
                    elif isinstance(part, ast.Constant) and isinstance(part.value, complex):
                        found.add(part.value.imag)
        return found

    def small(self, node: ast.expr, deep: int = DEEP) -> bool:
        """Whether an expression is a small constant, or a product, root or the like that one makes small."""
        self._file.spend(1)
        value = number_of(node)
        if value is not None:
            return 0 < abs(value) <= LARGEST_STEP
        match node:
            case ast.Attribute(attr=name) | ast.Name(id=name) if name in EPSILON_NAMES:
                return True
            case ast.BinOp(left=base, op=ast.Pow(), right=power):
                steep = isinstance(power, ast.UnaryOp) and isinstance(power.op, ast.USub)
                return self.small(base, deep) or (number_of(base) is not None and steep)
            case ast.BinOp(left=left, op=ast.Mult(), right=right):
                numbers = [abs(v) for v in (number_of(left), number_of(right)) if v is not None]
                if numbers:
                    other = right if number_of(left) is not None else left
                    return 0 < numbers[0] <= SMALL_FACTOR or self.small(other, deep)
                return self.small(left, deep) or self.small(right, deep)
            case ast.BinOp(left=part, op=ast.Div(), right=below):
                return self._is_many(below) or self.small(part, deep)
            case ast.BinOp(left=left, op=ast.Sub(), right=right):
                return any(isinstance(p, ast.Call) and called(p) in NEIGHBOURS for p in (left, right))
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return self.small(left, deep) and self.small(right, deep)
            case ast.UnaryOp(operand=part):
                return self.small(part, deep)
            case ast.IfExp(body=one, orelse=other):
                return self.small(one, deep) or self.small(other, deep)
            case ast.Call(args=parts) if called(node) in STEP_FUNCTIONS:
                return called(node) in NEIGHBOURS or any(self.small(part, deep) for part in parts)
            case ast.Call(func=ast.Name()) if deep:
                return any(self.small(value, deep - 1) for value in self._file.returned(node))
            case ast.List(elts=parts) | ast.Tuple(elts=parts):
                return any(self.small(part, deep) for part in parts)
            case ast.Dict(values=parts):
                return any(self.small(part, deep) for part in parts)
            case ast.Name() | ast.Attribute() | ast.Subscript() if deep:
                return self._is_shrunk(node) or any(
                    self.small(meaning, deep - 1) for meaning in self._file.meanings(node)
                )
            case _:
                return False

    def _is_many(self, node: ast.expr) -> bool:
        """Whether a denominator is a large number, by itself or by its name."""
        numbers = (number_of(meaning) for meaning in (node, *self._file.meanings(node)))
        return any(number is not None and abs(number) >= MANY for number in numbers)

    def _is_shrunk(self, node: ast.expr) -> bool:
        """Whether it is made smaller again and again: `h /= 2`, `h *= 0.1`."""
        for change in self._file.changes(node):
            by = number_of(change.value)
            if by is not None and (
                (isinstance(change.op, ast.Div) and abs(by) > 1)
                or (isinstance(change.op, ast.Mult) and 0 < abs(by) < 1)
            ):
                return True
        return False


def _sides(node: ast.AST) -> tuple[ast.expr, ...]:
    """What is added to or subtracted from something there, and what it is added to where that is an expression."""
    match node:
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub(), right=right):
            return left, right
        case ast.AugAssign(op=ast.Add() | ast.Sub(), value=value):
            return (value,)
        case _:
            return ()
