"""Where a tree switches branch, or is not differentiable: the places at which gradients are wrong most often."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass

from gradverify.expression.nodes import Call, Compare, Index, Name, Node, Number, Stack
from gradverify.expression.shapes import broadcast, indexed, size
from gradverify.expression.text import to_text
from gradverify.expression.walk import children, walk

# Up to this length of an axis all pairs of entries are compared for ties of min and max; beyond, neighbours only.
_MAX_PAIRED = 16
_ONE = Number(1.0, "1")
_HALF = Number(0.5, "0.5")


class GuardKind(enum.StrEnum):
    """What may happen where a guard is zero."""

    KINK = "kink"  # continuous, but the slope may jump
    JUMP = "jump"  # the value may jump
    EDGE = "edge"  # the domain ends, the slope or the value is infinite


@dataclass(frozen=True, slots=True)
class Guard:
    """`node` is zero (in any component) where `text`, a part of the formula, is not smooth.

    Usually `node` changes sign there; for `norm`, `hypot` and `std` it is at least 0 and touches it. A guard may be
    inactive: a tie that is not at the maximum is none of the function's.
    """

    node: Node
    kind: GuardKind
    text: str


def guards(node: Node) -> tuple[Guard, ...]:
    """The guards of all parts of `node` that contain a name, each once."""
    found: dict[tuple[Node, GuardKind], Guard] = {}
    for part in walk(node):
        for threshold, kind in _thresholds(part):
            if (threshold, kind) not in found and _depends(threshold):
                found[threshold, kind] = Guard(threshold, kind, to_text(part))
    return tuple(found.values())


def decisions(node: Node) -> tuple[tuple[Node, Node], ...]:
    """Each part of `node` that is not smooth, with each of its guards' nodes: relu(x) and abs(x) share a guard, and
    decide by themselves."""
    found = ((part, threshold) for part in walk(node) for threshold, _ in _thresholds(part) if _depends(threshold))
    return tuple(dict.fromkeys(found))


def _depends(node: Node) -> bool:
    return any(isinstance(part, Name) for part in walk(node))


def literals(node: Node) -> tuple[float, ...]:
    """The numbers in the tree, with their signs, each once, in order of appearance."""
    found: dict[float, None] = {}
    pending = [node]
    while pending:  # as `walk` goes
        part = pending.pop()
        if type(part) is Number:
            found[part.value] = None
        elif type(part) is Call:
            arguments = part.arguments
            if part.function == "negative" and type(arguments[0]) is Number:
                found[-arguments[0].value] = None
            pending += arguments[::-1]
        elif type(part) is not Name:
            pending += children(part)[::-1]
    return tuple(found)


_AT_ZERO_OF_ARGUMENT = {
    "abs": GuardKind.KINK,
    "relu": GuardKind.KINK,
    "sign": GuardKind.JUMP,
    "sqrt": GuardKind.EDGE,
    "cbrt": GuardKind.EDGE,
    "log": GuardKind.EDGE,
    "log2": GuardKind.EDGE,
    "log10": GuardKind.EDGE,
    "reciprocal": GuardKind.EDGE,
    "gammaln": GuardKind.EDGE,
    "digamma": GuardKind.EDGE,
    "arctan2": GuardKind.JUMP,  # across the negative half of the second argument's axis
}
_AT_ITS_OWN_ZERO = frozenset(("norm", "hypot", "std"))


def _thresholds(node: Node) -> Iterator[tuple[Node, GuardKind]]:
    """The thresholds of `node` itself."""
    if isinstance(node, Compare):
        yield _difference(node.left, node.right), GuardKind.JUMP
    elif isinstance(node, Call):
        if node.function in _AT_ZERO_OF_ARGUMENT:
            yield node.arguments[0], _AT_ZERO_OF_ARGUMENT[node.function]
        elif node.function in _AT_ITS_OWN_ZERO:
            yield node, GuardKind.KINK
        else:
            yield from _special_thresholds(node)


def _special_thresholds(node: Call) -> Iterator[tuple[Node, GuardKind]]:
    arguments = node.arguments
    match node.function:
        case "minimum" | "maximum":
            yield from ((threshold, GuardKind.KINK) for threshold in _fold_ties(node))
        case "min" | "max":
            yield from ((threshold, GuardKind.KINK) for threshold in _entry_ties(arguments[0], node.axis))
        case "clip":
            yield _difference(arguments[0], arguments[1]), GuardKind.KINK
            yield _difference(arguments[0], arguments[2]), GuardKind.KINK
        case "floor" | "ceil":
            yield _distance_to_integer(arguments[0]), GuardKind.JUMP
        case "remainder":
            yield _distance_to_integer(_call("divide", *arguments)), GuardKind.JUMP
        case "divide":
            yield arguments[1], GuardKind.EDGE
        case "tan":
            yield _call("cos", arguments[0]), GuardKind.EDGE
        case "log1p":
            yield _call("add", arguments[0], _ONE), GuardKind.EDGE
        case "arccosh":
            yield _difference(arguments[0], _ONE), GuardKind.EDGE
        case "arcsin" | "arccos" | "arctanh":
            yield _difference(_ONE, _call("square", arguments[0])), GuardKind.EDGE
        case "power" if not _is_natural(arguments[1]):
            yield arguments[0], GuardKind.EDGE
        case _:
            return


def _call(function: str, *arguments: Node) -> Node:
    """An elementwise call."""
    return Call(function, arguments, broadcast([argument.shape for argument in arguments]))


def _difference(left: Node, right: Node) -> Node:
    """left − right; a comparison with 0 is told by the other side alone."""
    if isinstance(right, Number) and right.value == 0:
        return left
    return _call("subtract", left, right)


def _distance_to_integer(node: Node) -> Node:
    """From −½ to ½."""
    return _call("subtract", node, _call("floor", _call("add", node, _HALF)))


def _is_natural(exponent: Node) -> bool:
    """Whether a power with this exponent is smooth at 0."""
    return isinstance(exponent, Number) and exponent.value == int(exponent.value)


def _fold_ties(node: Call) -> Iterator[Node]:
    """Each argument against the extreme of those before it."""
    before = node.arguments[0]
    for argument in node.arguments[1:]:
        yield _difference(before, argument)
        before = _call(node.function, before, argument)


def _entry_ties(value: Node, axis: int | None) -> Iterator[Node]:
    """Each entry against those at a distance k along the axis."""
    if isinstance(value, Stack) and not value.items[0].shape and len(value.items) <= _MAX_PAIRED:
        for i, right in enumerate(value.items):
            yield from (_difference(left, right) for left in value.items[:i])
        return
    if axis is None:
        value = value if len(value.shape) == 1 else Call("reshape", (value,), (size(value.shape),))
        axis = 0
    length = value.shape[axis]
    whole = ((None, None, None),) * axis
    for k in range(1, length if length <= _MAX_PAIRED else 2):
        upper, lower = (*whole, (k, None, None)), (*whole, (None, length - k, None))
        shape = indexed(value.shape, upper)
        yield Call("subtract", (Index(value, upper, shape), Index(value, lower, shape)), shape)
