"""Changes of a claimed formula that look at f: what of the claim was taken for something else that f has?

An axis for the other one, a product for a quotient, a threshold for another of f's, a sum for one of f's sums with more
terms, one function or name for another one wherever it stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from gradverify.core.diagnosis.changes import (
    CONFUSED,
    MOST_NAMES,
    Change,
    as_number,
    names_in_claim,
    text_of,
)
from gradverify.core.problem import Function
from gradverify.core.variables import Variables
from gradverify.core.verdicts import Fault
from gradverify.expression.guards import literals
from gradverify.expression.nodes import Call, Compare, Index, Name, Node, Number
from gradverify.expression.places import Path, at, places, replaced
from gradverify.expression.text import to_text
from gradverify.expression.walk import walk

MOST_SUMS = 12  # of f, that a part of the claim is held against
MOST_THRESHOLDS = 8
_ALONG = frozenset(("softmax", "log_softmax", "cumsum"))  # whose result has the shape of their argument
_SUMS = frozenset(("add", "subtract"))


def mistaken(
    tree: Node, nodes: Sequence[tuple[Path, Node]], variables: Variables, claim: Function, function: Function
) -> Iterator[Change]:
    """All such changes of `tree`, whose parts are `nodes`."""
    formulas: Sequence[Node] = getattr(function, "trees", ())
    sums = _sums(formulas)
    thresholds = _thresholds(formulas)
    bare = _in_absolute_values(formulas)
    for path, node in nodes:
        yield from _axes(path, node)
        yield from _turned_over(path, node)
        yield from _sums_of_f(path, node, sums)
        if isinstance(node, Number) and path and isinstance(at(tree, path[:-1]), Compare):
            yield from _other_thresholds(path, node, thresholds)
        yield from _lacking_a_sign(path, node, bare)
    yield from _throughout(tree, nodes, variables, claim)


def _axes(path: Path, node: Node) -> Iterator[Change]:
    """A reduction along the other axis, as in a softmax over the examples instead of the classes."""
    if not isinstance(node, Call) or len(node.arguments) != 1:
        return
    shape = node.arguments[0].shape
    others: list[int | None] = []
    if node.function in _ALONG and len(shape) > 1:
        others = [axis for axis in (None, *range(len(shape))) if axis != node.axis]
    elif node.axis is not None:
        others = [k for k in range(len(shape)) if k != node.axis and shape[:k] + shape[k + 1 :] == node.shape]
    for axis in others:
        part = Call(node.function, node.arguments, node.shape, axis)
        message = f"{text_of(node)} stands where {text_of(part)} belongs: the wrong axis"
        yield Change(path, part, Fault.TRANSPOSED, message, 1.0, True)


def _turned_over(path: Path, node: Node) -> Iterator[Change]:
    """A product for a quotient, or the other way round."""
    if not isinstance(node, Call) or len(node.arguments) != 2 or node.function not in ("multiply", "divide"):
        return
    first, second = node.arguments
    if node.function == "divide":
        if not isinstance(first, Number) or first.value != 1:
            part = Call("multiply", node.arguments, node.shape)
            yield Change(path, part, Fault.FACTOR, f"{text_of(node)} stands where {text_of(part)} belongs", 1.8)
        return
    for one, other in ((first, second), (second, first)):
        if not isinstance(other, Number):
            part = Call("divide", (one, other), node.shape)
            yield Change(path, part, Fault.FACTOR, f"{text_of(node)} stands where {text_of(part)} belongs", 1.8)


def _sums(formulas: Sequence[Node]) -> list[Call]:
    """The different sums in f, the shortest first."""
    found = {
        part: None for tree in formulas for part in walk(tree) if isinstance(part, Call) and part.function in _SUMS
    }
    return sorted(found, key=lambda part: len(to_text(part)))[:MOST_SUMS]


def _terms(node: Node) -> tuple[Node, ...]:
    """What is added up, without signs."""
    if isinstance(node, Call) and node.function in _SUMS:
        return tuple(term for argument in node.arguments for term in _terms(argument))
    if isinstance(node, Call) and node.function == "negative":
        return _terms(node.arguments[0])
    return (node,)


def _sums_of_f(path: Path, node: Node, sums: Sequence[Call]) -> Iterator[Change]:
    """A part, or what a call has several times, stands where a sum in f that it is a term of belongs."""
    if not isinstance(node, (Call, Name, Index)):
        return
    mine = set(_terms(node))
    for wanted in sums:
        theirs = set(_terms(wanted))
        if len(mine) == 1 and len(theirs) == 2:
            continue  # a name that is missing beside another, or p for 1 − p, is told by simpler changes
        if wanted.shape == node.shape and wanted != node and mine & theirs:
            message = f"{text_of(node)} stands where {text_of(wanted)} belongs"
            fault = Fault.MISSING_TERM if mine < theirs else Fault.FACTOR
            yield Change(path, wanted, fault, message, 2.35)
    if isinstance(node, Call) and len(node.arguments) == 2 and node.arguments[0] == node.arguments[1]:
        part = node.arguments[0]
        for wanted in sums:
            if wanted.shape == part.shape and part in _terms(wanted):
                both = Call(node.function, (wanted, wanted), node.shape, node.axis)
                message = f"{text_of(part)} stands where {text_of(wanted)} belongs in {text_of(node)}"
                yield Change(path, both, Fault.MISSING_TERM, message, 2.4)


def _thresholds(formulas: Sequence[Node]) -> list[float]:
    """Numbers that f's conditions compare with."""
    conditions = (part for tree in formulas for part in walk(tree) if isinstance(part, Compare))
    return list(dict.fromkeys(value for part in conditions for value in literals(part)))[:MOST_THRESHOLDS]


def _other_thresholds(path: Path, node: Number, thresholds: Sequence[float]) -> Iterator[Change]:
    for value in thresholds:
        if value != node.value:
            part = as_number(value)
            message = f"the number {text_of(node)} stands where {text_of(part)} belongs"
            yield Change(path, part, Fault.WRONG_BRANCH, message, 1.3, True)


def _in_absolute_values(formulas: Sequence[Node]) -> list[Node]:
    """What f takes absolute values of."""
    calls = (part for tree in formulas for part in walk(tree) if isinstance(part, Call) and part.function == "abs")
    return list(dict.fromkeys(call.arguments[0] for call in calls))[:MOST_NAMES]


def _lacking_a_sign(path: Path, node: Node, bare: Sequence[Node]) -> Iterator[Change]:
    """The derivative of an absolute value is missing in a branch."""
    if isinstance(node, Compare) or (isinstance(node, Call) and node.function.startswith("logical")):
        return
    for inner in bare:
        if inner.shape in (node.shape, ()):
            sign = Call("sign", (inner,), inner.shape)
            part = Call("multiply", (node, sign), node.shape)
            message = f"{text_of(node)} lacks the factor {text_of(sign)}, the derivative of an absolute value"
            yield Change(path, part, Fault.MISSING_CHAIN_FACTOR, message, 2.3, True)


def _throughout(
    tree: Node, nodes: Sequence[tuple[Path, Node]], variables: Variables, claim: Function
) -> Iterator[Change]:
    """One function, or one name, for another one at all the places where it stands."""
    standing: Mapping[str, list[Call]] = _calls(nodes)
    for function, calls in standing.items():
        if len(set(calls)) > 1:
            for other in CONFUSED.get(function, ()):
                message = f"{function} stands where {other} belongs, in all {len(calls)} places"
                yield Change((), _renamed(tree, function, other), Fault.FACTOR, message, 2.3)
    used = [node for _, node in nodes if isinstance(node, Name)]
    names = names_in_claim(variables, claim)
    for name in dict.fromkeys(used):
        count = used.count(name)
        for substitute in [n for n in names if n.shape == name.shape and n != name][:MOST_NAMES] if count > 1 else ():
            whole = tree
            for path, node in nodes:
                if node == name:
                    whole = replaced(whole, path, substitute)
            message = f"{name.name} stands where {substitute.name} belongs, in all {count} places"
            yield Change((), whole, Fault.FACTOR, message, 2.45)


def _calls(nodes: Sequence[tuple[Path, Node]]) -> dict[str, list[Call]]:
    found: dict[str, list[Call]] = {}
    for _, node in nodes:
        if isinstance(node, Call) and node.function in CONFUSED:
            found.setdefault(node.function, []).append(node)
    return found


def _renamed(tree: Node, function: str, other: str) -> Node:
    """`tree` with another function wherever `function` is called: paths stay what they are."""
    for path, _ in places(tree):
        here = at(tree, path)
        if isinstance(here, Call) and here.function == function:
            tree = replaced(tree, path, Call(other, here.arguments, here.shape, here.axis))
    return tree
