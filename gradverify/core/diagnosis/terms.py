"""For expressions: which term of f, or which inner derivative, the claim has forgotten, doubled or turned round.

f is taken apart into additive terms (through sums, means and numeric factors, all of which are linear) and into
subexpressions; their
derivatives come from the same backend as the reference. A wrong component c − r that is a multiple of one term's
derivative points
at that term; a ratio r / c that is the derivative of a subexpression points at a forgotten chain-rule factor.
"""

from __future__ import annotations

import collections
import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from gradverify.core.arrays import Array, Matrix, Vector
from gradverify.core.diagnosis.constants import is_named, name_of_factor
from gradverify.core.diagnosis.evidence import Evidence
from gradverify.core.diagnosis.hypotheses import Column, Guess, column
from gradverify.core.problem import Derivative, Domain, ExpressionFunction, Function, Problem, Request
from gradverify.core.variables import Variables
from gradverify.core.verdicts import Fault
from gradverify.core.verify import Ask
from gradverify.expression.nodes import Call, Compare, Comparison, Index, Name, Node, Number, Stack
from gradverify.expression.places import Path, replaced
from gradverify.expression.text import to_text
from gradverify.expression.walk import walk

MOST_TERMS = 24
MOST_SUBTREES = 40
NONE: Mapping[str, float] = {}
LONGEST_TEXT = 60  # a term is named in a sentence; longer ones are cut


@dataclass(frozen=True, slots=True)
class Term:
    """An additive term of f, with the linear operations around it already applied; `count` times in f."""

    node: Node
    text: str
    count: int = 1


def additive_terms(node: Node) -> list[Term]:
    """The terms of a scalar expression: at least one."""
    counted = collections.Counter(_terms(node))
    return [Term(t, short(to_text(t)), count) for t, count in itertools.islice(counted.items(), MOST_TERMS)]


def _terms(node: Node) -> list[Node]:
    if not isinstance(node, Call):
        return [node]
    arguments = node.arguments
    whole = all(a.shape == node.shape for a in arguments)
    match node.function:
        case "add" if whole:
            return [t for a in arguments for t in _terms(a)]
        case "subtract" if whole:
            minuses = [Call("negative", (t,), t.shape) for a in arguments[1:] for t in _terms(a)]
            return [*_terms(arguments[0]), *minuses]
        case "negative" | "positive" | "sum" | "mean":
            return [replace(node, arguments=(t,)) for t in _terms(arguments[0])]
        case "multiply":
            rest = [k for k, a in enumerate(arguments) if not isinstance(a, Number)]
            if len(rest) == 1 and arguments[rest[0]].shape == node.shape:
                return [_with_argument(node, rest[0], t) for t in _terms(arguments[rest[0]])]
        case "divide":
            numeric = all(isinstance(a, Number) for a in arguments[1:])
            if numeric and arguments[0].shape == node.shape:
                return [_with_argument(node, 0, t) for t in _terms(arguments[0])]
    return [node]


def _with_argument(node: Call, position: int, argument: Node) -> Node:
    return replace(node, arguments=(*node.arguments[:position], argument, *node.arguments[position + 1 :]))


def _subtrees(node: Node) -> Iterator[Call]:
    """Scalar calls inside `node`, outermost first, each once."""
    seen: set[Node] = set()
    queue: list[Node] = [node]
    while queue and len(seen) < MOST_SUBTREES:
        at = queue.pop(0)
        children: tuple[Node, ...] = ()
        if isinstance(at, Call):
            children = at.arguments
            if at.shape == () and at not in seen:
                seen.add(at)
                yield at
        elif isinstance(at, Stack):
            children = at.items
        queue += [c for c in children if isinstance(c, (Call, Stack))]


def short(text: str) -> str:
    """`text`, cut where it is too long for a sentence."""
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"


class PartFunction(Protocol):
    """Makes a function of a tree over the spec's variables and constants, or over others where they are given."""

    def __call__(
        self, node: Node, variables: Variables | None = None, constants: Mapping[str, Array] | None = None
    ) -> ExpressionFunction:
        """The function of `node`."""


HELD = "the part held still"  # no name of a spec has spaces


class Parts:
    """Derivatives of parts of f at the evidence's points, each asked for once."""

    def __init__(self, evidence: Evidence, backend: str, ask: Ask, function_of: PartFunction) -> None:
        self.evidence, self.backend, self.ask, self.function_of = evidence, backend, ask, function_of
        self._known: dict[Node, Matrix | None] = {}
        self._held: dict[tuple[Node, Path], Matrix | None] = {}
        self._texts: dict[Node, str] = {}
        self._inside: dict[Node, frozenset[Node]] = {}

    def derivative(self, node: Node) -> Matrix | None:
        """∂node/∂x at all points, shape (k, n), or its Hessians, (k, n·n), where that is what is claimed; None where
        the backend has no value."""
        if node not in self._known:
            problem = self.evidence.problem
            kind = Derivative.HESSIAN if problem.derivative is Derivative.HESSIAN else Derivative.GRADIENT
            self._known[node] = self._ask(self.function_of(node), problem, self.evidence.points, kind)
        return self._known[node]

    def text(self, node: Node) -> str:
        """The text of `node`, cut: those of one component's parts are those of the next."""
        if node not in self._texts:
            self._texts[node] = short(to_text(node))
        return self._texts[node]

    def inside(self, node: Node) -> frozenset[Node]:
        """All that `node` is made of, itself among it: many where code has loops."""
        if node not in self._inside:
            self._inside[node] = frozenset(walk(node))
        return self._inside[node]

    def values(self, node: Node) -> Matrix:
        """The values of `node` at all points, shape (k, its size)."""
        points = self.evidence.points
        with np.errstate(all="ignore"):
            return self.function_of(node).evaluate(points).values.reshape((points.shape[0], -1))

    def held(self, tree: Node, path: Path, node: Node) -> Matrix | None:
        """∂tree/∂x at all points, shape (k, n), where the part `node` at `path` keeps the value that it has there."""
        key = tree, path
        if key not in self._held:
            problem, points = self.evidence.problem, self.evidence.points
            shapes = [(v.name, v.shape) for v in problem.variables]
            more = Variables.of([*shapes, (HELD, node.shape)])
            values = self.function_of(node).evaluate(points).values.reshape((points.shape[0], -1))
            known = np.isfinite(values).all(axis=1)
            found = None
            if known.any():
                function = self.function_of(replaced(tree, path, Name(HELD, node.shape)), more)
                everywhere, own = Domain.everywhere(values.shape[1]), problem.domain
                join = np.concatenate
                domain = Domain(
                    join([own.low, everywhere.low]), join([own.high, everywhere.high]),
                    join([own.low_open, everywhere.low_open]), join([own.high_open, everywhere.high_open]),
                )  # fmt: skip
                wider = replace(problem, variables=more, domain=domain)
                slopes = self._ask(function, wider, join([points, values], axis=1)[known])
                if slopes is not None:
                    found = np.full(points.shape, np.nan)
                    found[known] = slopes[:, : points.shape[1]]
            self._held[key] = found
        return self._held[key]

    def _ask(
        self, function: Function, problem: Problem, points: Matrix, kind: Derivative = Derivative.GRADIENT
    ) -> Matrix | None:
        problem = replace(problem, function=function, claim=None, derivative=kind, gradient_claim=None)
        answer = self.ask(self.backend, problem, Request(points))
        if answer.estimates is None:
            return None
        return np.array([e.value for e in answer.estimates.points]).reshape((points.shape[0], -1))


def term_guesses(
    evidence: Evidence, index: int, terms: Sequence[Term], parts: Parts, scalars: Mapping[str, float] = NONE
) -> Iterator[Guess]:
    """Whether component `index` is right but for a multiple of one term's derivative."""
    col = column(evidence, index)
    rows = evidence.usable[:, index]
    if len(terms) < 2:
        return
    for term in terms:
        derivative = parts.derivative(term.node)
        if derivative is None:
            continue
        yield from _one_term(col, term, derivative[rows, index % derivative.shape[1]], scalars)


def _one_term(col: Column, term: Term, t: Vector, scalars: Mapping[str, float]) -> Iterator[Guess]:
    if not np.isfinite(t).all() or not (t != 0).any():
        return
    best = int(np.argmax(np.where(col.differs, np.abs(t), -1.0)))
    if not col.differs[best] or t[best] == 0:
        return
    multiple = float((col.c[best] - col.r[best]) / t[best])
    if not np.isfinite(multiple) or not col.fits(col.r + multiple * t, 2.0):
        return
    confidence = col.confidence()
    once = term.count > 1 and abs(multiple + 1) <= 1e-6
    if term.count > 1 and not once:
        multiple /= term.count  # a loop that adds the same term again is wrong each time
    near = round(multiple)
    said = term.text if term.count == 1 else f"{term.text}, which f has {term.count} times,"
    if abs(multiple + 1) <= 1e-6:
        message = f"the derivative of the term {said} is missing"
        if once:
            part, _ = name_of_factor(1 - 1 / term.count, {}, scalars)
            message += f" once, or has a factor of {part} each time"
        yield Guess(Fault.MISSING_TERM, f"missing {term.text}", message, confidence)
    elif abs(multiple - 1) <= 1e-6:
        message = f"the derivative of the term {said} has a factor of 2 where 1 belongs, or is counted twice"
        yield Guess(Fault.FACTOR, f"extra {term.text}", message, confidence, 2.0, weak=True)
    elif abs(multiple + 2) <= 1e-6:
        message = f"the derivative of the term {said} has the wrong sign"
        yield Guess(Fault.SIGN, f"sign of {term.text}", message, confidence, -1.0)
    elif np.unique(t).size >= 2 or near == multiple:
        name, _ = name_of_factor(1 + multiple, {}, scalars)
        message = f"the derivative of the term {said} has a factor of {name} where 1 belongs"
        named = is_named(1 + multiple, {}, scalars)
        yield Guess(Fault.FACTOR, f"term times {name}: {term.text}", message, confidence, 1 + multiple, not named)


@dataclass(frozen=True, slots=True)
class Slope:
    """A factor that the chain rule brings in: its values at the usable points, and what it is called."""

    values: Vector
    what: str
    key: str
    node: Node  # whose derivative it is, or that of what it holds


def chain_slopes(evidence: Evidence, index: int, function: Node, parts: Parts) -> Iterator[Slope]:
    """The derivatives of f's inner expressions by component `index`'s variable, and of the functions around them."""
    rows = evidence.usable[:, index]
    for node in _subtrees(function):
        derivative = parts.derivative(node)
        if derivative is None:
            continue
        j = index % derivative.shape[1]
        slope = derivative[rows, j]
        text = parts.text(node)
        if node != function:  # f's own derivative is no factor of itself
            yield Slope(slope, f"the derivative of the inner expression {text}", f"inner {text}", node)
        power = node.function == "power" and isinstance(node.arguments[1], Number | Call | Name)
        if power and not isinstance(node.arguments[1], Number):
            logarithm = parts.values(Call("log", (node.arguments[0],), ()))[rows, 0]
            yield Slope(logarithm, f"the logarithm of the base in {text}", f"exponent {text}", node)
        if len(node.arguments) != 1 and not power:
            continue
        inner = node.arguments[0]
        outer: Vector | None = None
        with np.errstate(all="ignore"):
            if inner.shape == ():
                inside = parts.derivative(inner)
                outer = slope / inside[rows, j] if inside is not None else None
            elif node.function == "norm":
                outer = 1 / parts.values(node)[rows, 0]
        if outer is not None:
            yield Slope(outer, f"the derivative of {node.function} in {text}", f"outer {text}", node)
    for call, formula in elementwise(function):
        slopes = parts.values(formula)[rows]
        text = parts.text(call)
        for entry in range(min(slopes.shape[1], MOST_ENTRIES)):
            what = f"the derivative of {name_of(call)} in {text}, {parts.text(formula)}"
            yield Slope(slopes[:, entry], what, f"elementwise {text}", call)


def chain_guesses(evidence: Evidence, index: int, slopes: Sequence[Slope]) -> Iterator[Guess]:
    """Whether the claim lacks the derivative of an inner expression, or of the function around it."""
    col = column(evidence, index)
    telling = [slope for slope in slopes if telling_slope(slope.values)]
    for slope in telling:
        if col.fits(col.r / slope.values, 1 / slope.values):
            message = f"the chain rule's factor, {slope.what}, is missing"
            yield Guess(Fault.MISSING_CHAIN_FACTOR, slope.key, message, col.confidence())
    for slope in telling:
        yield from _all_but_a_constant(col, slope)


def _all_but_a_constant(col: Column, slope: Slope) -> Iterator[Guess]:
    """Whether the claim lacks a chain-rule factor and is off by a constant besides, as where the factor's own
    constant was kept."""
    with np.errstate(all="ignore"):
        left = col.r / slope.values
        # What is left must vary: of a claim that is a constant, each slope is "missing but for a constant".
        if np.unique(col.r).size < ENOUGH_VALUES or np.ptp(left) <= col.fit * np.max(np.abs(left)):
            return
        best = int(np.argmax(np.where(col.differs, np.abs(col.r), -1.0)))
        factor = float(col.c[best] * slope.values[best] / col.r[best])
        if not np.isfinite(factor) or factor == 0 or not col.fits(factor * left, factor / slope.values):
            return
    name, _ = name_of_factor(factor, {})
    message = f"the chain rule's factor, {slope.what}, is missing but for a constant factor, {name}"
    yield Guess(Fault.MISSING_CHAIN_FACTOR, f"{name} {slope.key}", message, col.confidence(), weak=True)


ENOUGH_VALUES = 3  # different right values, so that a constant is no coincidence


def inner_guesses(evidence: Evidence, index: int, function: Node, parts: Parts) -> Iterator[Guess]:
    """Whether the claim lacks the derivative of an inner expression that is the only way in for the variable.

    Then a factor of the variable itself is a forgotten inner derivative, as of log(x), and no derivative by log x.
    """
    name = evidence.problem.variables.locate(index % evidence.problem.variables.size)[0].name
    total = _occurrences(function, name)
    rows = evidence.usable[:, index]
    for node in _subtrees(function):
        inside = _occurrences(node, name)
        if node is function or isinstance(function, Index) or inside * _count(function, node) != total:
            continue
        derivative = parts.derivative(node)
        if derivative is None:
            continue
        text = parts.text(node)
        values = derivative[rows, index % derivative.shape[1]]
        slope = Slope(values, f"the derivative of the inner expression {text}", f"inner {text}", node)
        if telling_slope(slope.values):
            yield from (replace(guess, weak=False) for guess in chain_guesses(evidence, index, [slope]))


def _occurrences(tree: Node, name: str) -> int:
    return sum(isinstance(part, Name) and part.name == name for part in walk(tree))


def _count(tree: Node, part: Node) -> int:
    return sum(one == part for one in walk(tree))


def telling_slope(values: Vector) -> bool:
    """Whether a factor is one that can be seen to be missing: never 0, and not the same everywhere."""
    return bool(values.size and np.isfinite(values).all() and (values != 0).all() and np.unique(values).size > 1)


def chain_guesses_of_part(col: Column, t: Vector, text: str, slopes: Sequence[Slope]) -> Iterator[Guess]:
    """Whether the claim lacks a chain-rule factor in one part of the derivative, whose right value is `t`."""
    for slope in slopes:
        # Where the part is 0, as beyond a branch, no factor of it can be seen.
        if not telling_slope(slope.values) or not telling_slope(slope.values[t != 0]):
            continue
        with np.errstate(all="ignore"):
            lacking = t / slope.values
        if col.fits(col.r - t + lacking, 2.0 + 1 / np.abs(slope.values)):
            message = f"in {text} the chain rule's factor, {slope.what}, is missing"
            yield Guess(Fault.MISSING_CHAIN_FACTOR, f"{slope.key} in {text}", message, col.confidence())
            return


def part_chain_guesses(
    evidence: Evidence, index: int, terms: Sequence[Term], slopes: Sequence[Slope], parts: Parts
) -> Iterator[Guess]:
    """Whether one term's derivative lacks a chain-rule factor."""
    col = column(evidence, index)
    rows = evidence.usable[:, index]
    if len(terms) < 2:
        return
    for term in terms:
        derivative = parts.derivative(term.node)
        if derivative is None:
            continue
        t = derivative[rows, index % derivative.shape[1]]
        if np.isfinite(t).all() and (t != 0).any():
            # Another term's inner derivative is none of this one's, and the whole term is nothing inside of it.
            inside, whole = parts.inside(term.node), f"inner {parts.text(term.node)}"
            own = [slope for slope in slopes if slope.node in inside and slope.key != whole]
            yield from chain_guesses_of_part(col, t, f"the derivative of the term {term.text}", own)


MOST_ENTRIES = 12  # of an array of slopes: which of them belongs to a component is found by trying
MOST_ELEMENTWISE = 16  # an LSTM cell has ten


def elementwise(tree: Node) -> list[tuple[Call, Node]]:
    """Functions in `tree` that work on arrays entry by entry, each with its slopes as a tree."""
    found: dict[Call, Node] = {}
    for node in walk(tree):
        if (
            isinstance(node, Call)
            and node.shape != ()
            and node not in found
            and math.prod(node.shape) <= 10 * MOST_ENTRIES
        ):
            slope = slope_of(node)
            if slope is not None:
                found[node] = slope
    return list(found.items())[:MOST_ELEMENTWISE]


def slope_of(node: Call) -> Node | None:
    """The derivative of an elementwise function at its argument, as a tree; None where there is no short one."""
    one = Number(1.0, "1")
    argument = node.arguments[0] if node.arguments else one

    def call(function: str, *arguments: Node) -> Call:
        return Call(function, arguments, node.shape)

    match node.function:
        case "sigmoid":
            return call("multiply", node, call("subtract", one, node))
        case "tanh":
            return call("subtract", one, call("power", node, Number(2.0, "2")))
        case "log":
            return call("divide", one, argument)
        case "exp":
            return node
        case "sqrt":
            return call("divide", Number(0.5, "0.5"), node)
        case "sin":
            return call("cos", argument)
        case "cos":
            return call("negative", call("sin", argument))
        case "abs":
            return call("sign", argument)
        case "softplus":
            return call("sigmoid", argument)
        case "relu":
            return _step(argument)
        case "maximum" if isinstance(node.arguments[1], Number) and node.arguments[1].value == 0:
            return _step(argument)
        case "divide" if _is_logistic(node):
            return call("multiply", node, call("subtract", one, node))
        case "power" if isinstance(node.arguments[1], Number):
            p = node.arguments[1].value
            below = call("power", argument, Number(p - 1, f"{p - 1:g}")) if p != 2 else argument
            return call("multiply", node.arguments[1], below)
        case _:
            return None


def name_of(node: Call) -> str:
    """What people call an elementwise function that has a slope."""
    return "the logistic function" if node.function == "divide" else node.function


def _step(node: Node) -> Node:
    one, zero = Number(1.0, "1"), Number(0.0, "0")
    return Call("where", (Compare(Comparison.GT, node, zero, node.shape), one, zero), node.shape)


def _is_logistic(node: Call) -> bool:
    """Whether it is 1/(1 + exp(−z)), in whichever order."""
    top, below = node.arguments[0], node.arguments[-1]
    if not (isinstance(top, Number) and top.value == 1.0 and isinstance(below, Call) and below.function == "add"):
        return False
    if len(below.arguments) != 2 or not any(isinstance(a, Number) and a.value == 1.0 for a in below.arguments):
        return False
    powers = [a.arguments[0] for a in below.arguments if isinstance(a, Call) and a.function == "exp"]
    return any(isinstance(power, Call) and power.function == "negative" for power in powers)


def root_of(problem: Problem, index: int = 0) -> Node | None:
    """The tree of what component `index` is a derivative of, where that is one expression: f, or f's output."""
    function = problem.function
    if not isinstance(function, ExpressionFunction) or len(function.trees) != 1:
        return None
    tree = function.trees[0]
    if problem.derivative is not Derivative.JACOBIAN and tree.shape == ():
        return tree
    if problem.derivative is Derivative.JACOBIAN and len(tree.shape) == 1:
        output = index // problem.variables.size
        return tree.items[output] if isinstance(tree, Stack) else Index(tree, (output,), ())
    return None
