"""Constant arithmetic and the shapes of expressions: what can be told of a piece of a tree by itself."""

from __future__ import annotations

import ast
import functools
import math

# Functions whose values at constants are constants.
FUNCTIONS = {name: getattr(math, name) for name in ("sqrt", "exp", "log", "sin", "cos", "tan", "tanh")}
MOST_DIGITS = 40  # of a number in quotes
# A stencil's denominator in its steps: 2h, 12h for five points, h² and 4h² for second derivatives, and the like.
MULTIPLES = (1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 24.0, 60.0)


def number_of(node: ast.expr) -> float | None:
    """What constant arithmetic comes to."""
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return float(value) if abs(value) < 1e300 else None
        case ast.UnaryOp(op=ast.USub() | ast.UAdd() as op, operand=inner):
            of = number_of(inner)
            return None if of is None else (-of if isinstance(op, ast.USub) else of)
        case ast.BinOp(left=left, op=op, right=right):
            one, other = number_of(left), number_of(right)
            return None if one is None or other is None else _combined(one, op, other)
        case ast.Call(func=ast.Name(id="float"), args=[ast.Constant(value=str() as text)]):
            return _read(text)
        case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name), args=[inner]) if name in FUNCTIONS:
            of = number_of(inner)
            try:
                return None if of is None else FUNCTIONS[name](of)
            except (ArithmeticError, ValueError):
                return None
        case _:
            return None


def _read(text: str) -> float | None:
    try:
        value = float(text[:MOST_DIGITS])
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _combined(one: float, op: ast.operator, other: float) -> float | None:
    try:
        match op:
            case ast.Add():
                value = one + other
            case ast.Sub():
                value = one - other
            case ast.Mult():
                value = one * other
            case ast.Div():
                value = one / other
            case ast.Pow():
                value = math.pow(one, other)
            case ast.LShift():
                value = math.ldexp(one, int(other))
            case _:
                return None
    except (ArithmeticError, ValueError):
        return None
    return value if math.isfinite(value) else None


def is_multiple(value: float, step: float) -> bool:
    """Whether a number is one of the denominators that stencils with this step have."""
    close = functools.partial(math.isclose, rel_tol=1e-6)  # 2e-4 and 2 · 1e-4 are rounded each
    return any(close(value, m * step) or close(value, m * step * step) for m in MULTIPLES)


def called(node: ast.Call) -> str:
    """The last part of the name of what is called: `subtract` of `np.subtract(a, b)`."""
    function = node.func
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")


def has_both_signs(numbers: list[float]) -> bool:
    """Whether some of the numbers are positive and others negative."""
    return any(number > 0 for number in numbers) and any(number < 0 for number in numbers)


def terms(node: ast.expr, sign: int, plus: list[ast.expr], minus: list[ast.expr]) -> None:
    """The terms of a sum by their signs, without their constant factors."""
    match node:
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() as op, right=right):
            terms(left, sign, plus, minus)
            terms(right, sign if isinstance(op, ast.Add) else -sign, plus, minus)
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            terms(inner, -sign, plus, minus)
        case ast.BinOp(left=left, op=ast.Mult(), right=right) if (number := number_of(left)) is not None:
            terms(right, sign if number >= 0 else -sign, plus, minus)
        case ast.BinOp(left=left, op=ast.Mult(), right=right) if (number := number_of(right)) is not None:
            terms(left, sign if number >= 0 else -sign, plus, minus)
        case _:
            (plus if sign > 0 else minus).append(node)


def bare(node: ast.AST) -> str:
    """An expression without what is added to or subtracted from its parts; of less than a call or an operation, no two
    are the same."""
    if not isinstance(node, ast.Call | ast.BinOp):
        return f"{id(node)}"
    tree = _Bare().visit(ast.parse(ast.unparse(node), mode="eval").body)
    return ast.dump(tree)


class _Bare(ast.NodeTransformer):
    """`x + h` and `x - h` become `x`."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        return node.left if isinstance(node.op, ast.Add | ast.Sub) else node


def roots(node: ast.expr) -> list[ast.expr]:
    """The names in an expression, without those of functions that are called: `4 * h * h` has h."""
    found: dict[str, ast.expr] = {}
    called = {id(part.func) for part in ast.walk(node) if isinstance(part, ast.Call)}
    called |= {id(inner) for part in ast.walk(node) if id(part) in called for inner in ast.walk(part)}
    inside: set[int] = set()
    for part in ast.walk(node):  # an attribute comes before its object
        if isinstance(part, ast.Attribute) and id(part) not in called:
            inside |= {id(inner) for inner in ast.walk(part.value)}
        if isinstance(part, ast.Name | ast.Attribute) and id(part) not in called | inside:
            found.setdefault(ast.dump(part), part)
    return list(found.values())


def arguments(call: ast.Call) -> list[ast.expr]:
    """What a call is given, by place and by name."""
    return [*call.args, *(keyword.value for keyword in call.keywords)]


def is_product(node: ast.expr) -> bool:
    """Whether it is a product."""
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult)


def factors(node: ast.expr) -> tuple[ast.expr, ...]:
    """Both factors of a product."""
    assert isinstance(node, ast.BinOp)
    return node.left, node.right


def methods(node: ast.ClassDef) -> set[str]:
    """The names of what a class defines."""
    return {part.name for part in node.body if isinstance(part, ast.FunctionDef)}
