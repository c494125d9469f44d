"""Checked nodes: each function here makes one kind of node, infers its shape, and refuses what does not fit."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache

from gradverify.core.variables import Shape
from gradverify.expression import shapes
from gradverify.expression.errors import ExpressionError
from gradverify.expression.nodes import Call, Compare, Comparison, Index, Node, Number, Stack
from gradverify.expression.tokens import Token
from gradverify.expression.vocabulary import ALONG_AXIS, BINARY, FOLDS, REDUCTIONS, UNARY

# Elements of any array that an expression may make at one point: 80 MB, so that a spec from anyone is safe to run.
MAX_SIZE = 10_000_000

_CONDITIONS = frozenset(("logical_and", "logical_or", "logical_not"))
_ARITY = {"logical_not": 1, "where": 3, "clip": 3, "transpose": 1, "outer": 2, "trace": 1, "matmul": 2, "dot": 2}
_VALUELESS_IF_EMPTY = frozenset(("min", "max", "mean", "var", "std", "logsumexp"))
_LESS_OF_TWO = {"min": "minimum", "max": "maximum"}


def is_condition(node: Node) -> bool:
    """Whether `node` is true or false rather than a number."""
    return node.function in _CONDITIONS if isinstance(node, Call) else isinstance(node, Compare)


def as_number(node: Node) -> Node:
    """A condition used as a number is 1 where true, else 0, as in NumPy."""
    if not is_condition(node):
        return node
    return Call("where", (node, Number(1.0, "1"), Number(0.0, "0")), node.shape)


def as_condition(node: Node, token: Token) -> Node:
    """`node`, which has to be a condition."""
    if is_condition(node):
        return node
    advice = "compare first, in parentheses: `(a > 0) & (b > 0)`" if token.text in "&|~" else "write `x != 0`, say"
    raise error("condition-expected", f"`{token.text}` needs a condition such as `x > 0`, not a number", token, advice)


def error(code: str, message: str, token: Token, advice: str = "") -> ExpressionError:
    """An error at `token`."""
    return ExpressionError(code, message, token.offset, max(1, len(token.text)), advice)


def number(token: Token) -> Number:
    """A literal, which must be a finite float."""
    node = _literal(token.text.replace("_", ""))
    if math.isinf(node.value):
        raise error("too-large", "the number is larger than any float", token)
    return node


@lru_cache(maxsize=1024)
def _literal(text: str) -> Number:
    return Number(float(text), text)


def negated(node: Node) -> Node:
    """−node."""
    node = as_number(node)
    return Call("negative", (node,), node.shape)


def elementwise(function: str, operands: Sequence[Node], token: Token) -> Node:
    """A function of numbers that broadcasts."""
    for node in operands:
        if node.shape or is_condition(node):
            break
    else:  # scalars, as they stand
        return Call(function, tuple(operands), ())
    numbers = tuple([as_number(node) for node in operands])
    return Call(function, numbers, _shape(lambda: shapes.broadcast([n.shape for n in numbers]), token))


def logical(function: str, operands: Sequence[Node], token: Token) -> Node:
    """And, or, not."""
    conditions = tuple(as_condition(node, token) for node in operands)
    return Call(function, conditions, _shape(lambda: shapes.broadcast([c.shape for c in conditions]), token))


def compare(token: Token, left: Node, right: Node) -> Node:
    """One comparison."""
    left, right = as_number(left), as_number(right)
    shape = _shape(lambda: shapes.broadcast([left.shape, right.shape]), token)
    return Compare(Comparison(token.text), left, right, shape)


def where(condition: Node, yes: Node, no: Node, token: Token) -> Node:
    """`yes` where `condition`, else `no`."""
    condition = as_condition(condition, token)
    yes, no = as_number(yes), as_number(no)
    shape = _shape(lambda: shapes.broadcast([condition.shape, yes.shape, no.shape]), token)
    return Call("where", (condition, yes, no), shape)


def matmul(function: str, left: Node, right: Node, token: Token) -> Node:
    """`left @ right`, or dot, which is the same for vectors and matrices."""
    left, right = as_number(left), as_number(right)
    if function == "dot" and max(len(left.shape), len(right.shape)) > 2:
        raise error("shape-mismatch", "`dot` takes vectors and matrices", token, "use `@` for stacks of matrices")
    return Call("matmul", (left, right), _shape(lambda: shapes.matmul(left.shape, right.shape), token))


def transpose(node: Node) -> Node:
    """All axes in reverse order; a scalar or vector stays what it is."""
    node = as_number(node)
    return Call("transpose", (node,), node.shape[::-1]) if len(node.shape) > 1 else node


def index(node: Node, parts: tuple[shapes.IndexPart, ...], token: Token) -> Node:
    """`node[parts]`."""
    node = as_number(node)
    if not node.shape:
        raise error("index-out-of-range", "a scalar cannot be indexed", token)
    return Index(node, parts, _shape(lambda: shapes.indexed(node.shape, parts), token))


def stack(items: Sequence[Node], token: Token) -> Node:
    """A list: an array with a new first axis."""
    numbers = tuple(as_number(item) for item in items)
    found = dict.fromkeys(n.shape for n in numbers)
    if len(found) > 1:
        listed = " and ".join(map(str, found))
        raise error("shape-mismatch", f"the items of a list must have one shape, these have {listed}", token)
    return Stack(numbers, _shape(lambda: (len(numbers), *numbers[0].shape), token))


def filled(function: str, shape: Shape, token: Token) -> Node:
    """`ones`, `zeros`, `eye`."""
    if function == "eye":
        if len(shape) != 1:
            raise error("wrong-arity", "`eye` takes one number of rows", token)
        shape = shape * 2
    return Call(function, (), _shape(lambda: shape, token))


def reshape(node: Node, shape: Shape, token: Token) -> Node:
    """`node` in another shape of the same size, in C order."""
    node = as_number(node)
    if shapes.size(node.shape) != shapes.size(shape):
        raise error("shape-mismatch", f"shape {node.shape} cannot be reshaped to {shape}", token)
    return Call("reshape", (node,), shape)


def concatenate(items: Sequence[Node], axis: int, token: Token) -> Node:
    """Arrays joined along an axis that they have."""
    numbers = tuple(as_number(item) for item in items)
    first = numbers[0].shape
    if not first:
        raise error("shape-mismatch", "scalars cannot be concatenated", token, "a list `[a, b]` makes a vector")
    at = _axis(axis, first, token)
    if any(len(n.shape) != len(first) or shapes.reduced(n.shape, at) != shapes.reduced(first, at) for n in numbers):
        listed = " and ".join(map(str, dict.fromkeys(n.shape for n in numbers)))
        raise error("shape-mismatch", f"shapes {listed} cannot be concatenated along axis {at}", token)
    length = sum(n.shape[at] for n in numbers)
    shape = _shape(lambda: (*first[:at], length, *first[at + 1 :]), token)
    return Call("concatenate", numbers, shape, at)


def call(function: str, arguments: Sequence[Node], axis: int | None, token: Token) -> Node:
    """Any function of plain arguments, by its canonical name."""
    if function in REDUCTIONS or function in ALONG_AXIS:
        return _along(function, arguments, axis, token)
    if axis is not None:
        raise error("not-allowed", f"`{token.text}` takes no axis", token)
    if function in UNARY:
        _arity(arguments, 1, token)
        return elementwise(function, arguments, token) if function != "positive" else as_number(arguments[0])
    if function in BINARY:
        _arity(arguments, 2, token)
        return elementwise(function, arguments, token)
    if function in FOLDS:
        if len(arguments) < 2:
            raise error("wrong-arity", f"`{token.text}` takes two or more arguments, not {len(arguments)}", token)
        return elementwise(function, arguments, token)
    return _special(function, arguments, token)


def _special(function: str, arguments: Sequence[Node], token: Token) -> Node:
    """The functions that have a rule of their own."""
    if function in ("logical_and", "logical_or"):
        if len(arguments) < 2:
            raise error("wrong-arity", f"`{token.text}` takes two or more arguments, not {len(arguments)}", token)
        return logical(function, arguments, token)
    _arity(arguments, _ARITY[function], token)
    match function:
        case "logical_not":
            return logical(function, arguments, token)
        case "where":
            return where(arguments[0], arguments[1], arguments[2], token)
        case "clip":
            return elementwise(function, arguments, token)
        case "transpose":
            return transpose(arguments[0])
        case "outer":
            return _outer(arguments[0], arguments[1], token)
        case "trace":
            return _trace(arguments[0], token)
        case _:
            return matmul(function, arguments[0], arguments[1], token)


def _outer(left: Node, right: Node, token: Token) -> Node:
    left, right = as_number(left), as_number(right)
    if len(left.shape) != 1 or len(right.shape) != 1:
        raise error("shape-mismatch", f"`outer` takes two vectors, not {left.shape} and {right.shape}", token)
    return Call("outer", (left, right), _shape(lambda: left.shape + right.shape, token))


def _trace(value: Node, token: Token) -> Node:
    value = as_number(value)
    if len(value.shape) != 2:
        raise error("shape-mismatch", f"`trace` takes a matrix, not shape {value.shape}", token)
    return Call("trace", (value,), ())


def _along(function: str, arguments: Sequence[Node], axis: int | None, token: Token) -> Node:
    """Functions that take an axis."""
    if len(arguments) != 1:
        raise error(
            "wrong-arity", f"`{token.text}` takes one array, not {len(arguments)} arguments", token, _many(function)
        )
    value = as_number(arguments[0])
    if axis is not None:
        axis = _axis(axis, value.shape, token)
    if 0 in value.shape and function in _VALUELESS_IF_EMPTY:
        raise error("shape-mismatch", f"`{token.text}` of an empty array (shape {value.shape}) has no value", token)
    if function in REDUCTIONS:
        return Call(function, (value,), shapes.reduced(value.shape, axis), axis)
    if function == "cumsum" and axis is None:
        if len(value.shape) != 1:
            raise error("wrong-arity", f"`cumsum` of shape {value.shape} needs an axis", token, "add `axis=0`")
        axis = 0
    return Call(function, (value,), value.shape, axis)


def _many(function: str) -> str:
    """Advice for several arguments given to a reduction: NumPy and Python read `max(a, b)` differently."""
    if function == "norm":
        return "`norm` is Euclidean; the 1-norm is `sum(abs(v))`, the largest entry `max(abs(v))`, of rows `axis=1`"
    if function in _LESS_OF_TWO:
        return f"elementwise: `{_LESS_OF_TWO[function]}(a, b)`; along an axis: `{function}(a, axis=0)`"
    return f"several values go in a list: `{function}([a, b])`; an axis is written `axis=0`"


def _axis(axis: int, shape: Shape, token: Token) -> int:
    try:
        return shapes.normalized_axis(axis, shape)
    except shapes.IndexRangeError as problem:
        raise error("index-out-of-range", str(problem), token) from None


def _arity(arguments: Sequence[Node], wanted: int, token: Token) -> None:
    if len(arguments) == wanted:
        return
    takes = f"{wanted} argument{'s' if wanted > 1 else ''}"
    advice = "for base 2 write `log2(x)`, for another `log(x)/log(b)`" if token.text == "log" else ""
    raise error("wrong-arity", f"`{token.text}` takes {takes}, not {len(arguments)}", token, advice)


def _shape(rule: Callable[[], Shape], token: Token) -> Shape:
    """The shape that `rule` finds; its complaints are put at `token`."""
    try:
        shape = rule()
    except shapes.ShapeError as problem:
        raise error("shape-mismatch", str(problem), token) from None
    except shapes.IndexRangeError as problem:
        raise error("index-out-of-range", str(problem), token) from None
    if shapes.size(shape) > MAX_SIZE:
        raise error("too-large", f"an array of shape {shape} has more than {MAX_SIZE:,} elements", token)
    return shape
