"""A tree as text, with as few parentheses as will do: parsing the text gives an equal tree."""

from __future__ import annotations

from collections.abc import Sequence

from gradverify.core.variables import Shape
from gradverify.expression.nodes import Call, Compare, Index, Name, Node, Number, Stack
from gradverify.expression.shapes import IndexPart

_COMPARE, _OR, _AND, _SUM, _PRODUCT, _UNARY, _POWER, _ATOM = range(8)  # how tightly a text holds together
_SYMBOLS = {"multiply": "*", "divide": "/", "remainder": " % ", "matmul": " @ "}


def to_text(node: Node) -> str:
    """`node` in the expression language."""
    return _text(node)[0]


def _at(node: Node, level: int) -> str:
    """The text of `node`, in parentheses if it holds together less tightly than `level`."""
    text, own = _text(node)
    return text if own >= level else f"({text})"


def _text(node: Node) -> tuple[str, int]:
    """The text and how tightly it holds together."""
    match node:
        case Number(text=text):
            return text, _UNARY if text.startswith("-") else _ATOM
        case Name(name=name):
            return name, _ATOM
        case Compare(operator=operator, left=left, right=right):
            return f"{_at(left, _SUM)} {operator.value} {_at(right, _SUM)}", _COMPARE
        case Index(value=value, parts=parts):
            return f"{_at(value, _ATOM)}[{', '.join(map(_part, parts))}]", _ATOM
        case Stack(items=items):
            return f"[{_list(items)}]", _ATOM
        case Call():
            return _call(node)


def _call(node: Call) -> tuple[str, int]:
    first, *others = node.arguments or (node,)
    match node.function:
        case "add":
            return _sum(first, others), _SUM
        case "subtract":
            return f"{_at(first, _PRODUCT)} - {_at(others[0], _PRODUCT)}", _SUM
        case "multiply" | "divide" | "remainder" | "matmul":
            return _product(node.function, first, others), _PRODUCT
        case "negative":
            return f"-{_at(first, _UNARY)}", _UNARY
        case "logical_not":
            return f"~{_at(first, _UNARY)}", _UNARY
        case "power":
            return f"{_at(first, _ATOM)}**{_at(others[0], _UNARY)}", _POWER
        case "logical_and":
            return " & ".join(_at(item, _SUM) for item in node.arguments), _AND
        case "logical_or":
            return " | ".join(_at(item, _AND) for item in node.arguments), _OR
        case "transpose":
            return f"{_at(first, _ATOM)}.T", _ATOM
        case _:
            return f"{node.function}({_arguments(node)})", _ATOM


def _sum(first: Node, others: Sequence[Node]) -> str:
    """In a sum of three or more, `- b` is how the parser says add(…, negative(b), …)."""
    pieces = [_at(first, _PRODUCT)]
    for term in others:
        if len(others) > 1 and isinstance(term, Call) and term.function == "negative":
            pieces.append(f" - {_at(term.arguments[0], _PRODUCT)}")
        else:
            pieces.append(f" + {_at(term, _PRODUCT)}")
    return "".join(pieces)


def _product(function: str, first: Node, others: Sequence[Node]) -> str:
    """Left to right; a product inside a product keeps its parentheses, since a run of `*` is one node."""
    nested = function == "multiply" and isinstance(first, Call) and first.function == "multiply"
    symbol = _SYMBOLS[function]
    return symbol.join([_at(first, _UNARY if nested else _PRODUCT), *(_at(item, _UNARY) for item in others)])


def _arguments(node: Call) -> str:
    match node.function:
        case "eye":
            return str(node.shape[0])
        case "ones" | "zeros":
            return _shape(node.shape)
        case "reshape":
            return f"{to_text(node.arguments[0])}, {_shape(node.shape)}"
        case "concatenate":
            return f"[{_list(node.arguments)}]" + (f", axis={node.axis}" if node.axis else "")
        case _:
            return _list(node.arguments) + ("" if node.axis is None else f", axis={node.axis}")


def _list(items: Sequence[Node]) -> str:
    return ", ".join(to_text(item) for item in items)


def _shape(shape: Shape) -> str:
    return str(shape[0]) if len(shape) == 1 else f"({', '.join(map(str, shape))})"


def _part(part: IndexPart) -> str:
    if isinstance(part, int):
        return str(part)
    start, stop, step = ("" if bound is None else str(bound) for bound in part)
    return f"{start}:{stop}:{step}" if step else f"{start}:{stop}"
