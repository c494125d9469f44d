"""For expressions: which term of f, or which inner derivative, the claim has forgotten, doubled or turned round.

f is taken apart into additive terms (through sums, means and numeric factors, all of which are linear) and into
subexpressions; their
derivatives come from the same backend as the reference. A wrong component c − r that is a multiple of one term's
derivative points
at that term; a ratio r / c that is the derivative of a subexpression points at a forgotten chain-rule factor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from gradverify.core.arrays import Array, Matrix, Vector
from gradverify.core.diagnosis.constants import name_of_factor
from gradverify.core.diagnosis.evidence import Evidence
from gradverify.core.diagnosis.hypotheses import Column, Guess, column
from gradverify.core.problem import Derivative, ExpressionFunction, Function, Problem, Request
from gradverify.core.verdicts import Fault
from gradverify.core.verify import Ask
from gradverify.expression.nodes import Call, Node, Number, Stack
from gradverify.expression.text import to_text

MOST_TERMS = 24
MOST_SUBTREES = 40
LINEAR = {"sum", "mean", "negative", "positive"}
LONGEST_TEXT = 60  # a term is named in a sentence; longer ones are cut


@dataclass(frozen=True, slots=True)
class Term:
    """An additive term of f, with the linear operations around it already applied."""

    node: Node
    text: str


def additive_terms(node: Node) -> list[Term]:
    """The terms of a scalar expression: at least one."""
    return [Term(t, _short(to_text(t))) for t in _terms(node)][:MOST_TERMS]


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


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"


class Parts:
    """Derivatives of parts of f at the evidence's points, each asked for once."""

    def __init__(
        self, evidence: Evidence, backend: str, ask: Ask, function_of: Callable[[Node], ExpressionFunction]
    ) -> None:
        self.evidence, self.backend, self.ask, self.function_of = evidence, backend, ask, function_of
        self._known: dict[Node, Matrix | None] = {}

    def derivative(self, node: Node) -> Matrix | None:
        """∂node/∂x at all points, shape (k, n); None where the backend has no value."""
        if node not in self._known:
            function: Function = self.function_of(node)
            problem = replace(
                self.evidence.problem,
                function=function,
                claim=None,
                derivative=Derivative.GRADIENT,
                gradient_claim=None,
            )
            answer = self.ask(self.backend, problem, Request(self.evidence.points))
            found = None
            if answer.estimates is not None:
                found = np.array([e.value for e in answer.estimates.points]).reshape(self.evidence.points.shape)
            self._known[node] = found
        return self._known[node]


def term_guesses(evidence: Evidence, index: int, terms: Sequence[Term], parts: Parts) -> Iterator[Guess]:
    """Whether component `index` is right but for a multiple of one term's derivative."""
    col = column(evidence, index)
    rows = evidence.usable[:, index]
    if len(terms) < 2:
        return
    for term in terms:
        derivative = parts.derivative(term.node)
        if derivative is None:
            continue
        yield from _one_term(col, term, derivative[rows, index])


def _one_term(col: Column, term: Term, t: Vector) -> Iterator[Guess]:
    if not np.isfinite(t).all() or not (t != 0).any():
        return
    best = int(np.argmax(np.where(col.differs, np.abs(t), -1.0)))
    if not col.differs[best] or t[best] == 0:
        return
    multiple = float((col.c[best] - col.r[best]) / t[best])
    if not np.isfinite(multiple) or not col.fits(col.r + multiple * t, 2.0):
        return
    confidence = col.confidence()
    near = round(multiple)
    if abs(multiple + 1) <= 1e-6:
        yield Guess(
            Fault.MISSING_TERM, f"missing {term.text}", f"the derivative of the term {term.text} is missing", confidence
        )
    elif abs(multiple - 1) <= 1e-6:
        message = f"the derivative of the term {term.text} is counted twice"
        yield Guess(Fault.EXTRA_TERM, f"extra {term.text}", message, confidence)
    elif abs(multiple + 2) <= 1e-6:
        message = f"the derivative of the term {term.text} has the wrong sign"
        yield Guess(Fault.SIGN, f"sign of {term.text}", message, confidence, -1.0)
    elif np.unique(t).size >= 2 or near == multiple:
        name, _ = name_of_factor(1 + multiple, {})
        message = f"the derivative of the term {term.text} has a factor of {name} where 1 belongs"
        yield Guess(Fault.FACTOR, f"factor {name} of {term.text}", message, confidence, 1 + multiple)


def chain_guesses(evidence: Evidence, index: int, function: Node, parts: Parts) -> Iterator[Guess]:
    """Whether the claim lacks the derivative of an inner expression, or of the function around it."""
    col = column(evidence, index)
    rows = evidence.usable[:, index]
    for node in _subtrees(function):
        derivative = parts.derivative(node)
        if derivative is None:
            continue
        slope = derivative[rows, index]
        text = _short(to_text(node))
        yield from _one_chain(col, slope, f"the derivative of the inner expression {text}", f"inner {text}")
        if len(node.arguments) == 1:
            inside = parts.derivative(node.arguments[0])
            if inside is not None:
                with np.errstate(all="ignore"):
                    outer = slope / inside[rows, index]
                yield from _one_chain(col, outer, f"the derivative of {node.function} in {text}", f"outer {text}")


def _one_chain(col: Column, slope: Array, what: str, key: str) -> Iterator[Guess]:
    if not slope.size or not np.isfinite(slope).all() or (slope == 0).any() or np.unique(slope).size < 2:
        return
    if col.fits(col.r / slope, 1 / slope):
        message = f"the chain rule's factor, {what}, is missing"
        yield Guess(Fault.MISSING_CHAIN_FACTOR, key, message, col.confidence())


def root_of(problem: Problem) -> Node | None:
    """f's tree, where f is one scalar expression."""
    function = problem.function
    if isinstance(function, ExpressionFunction) and len(function.trees) == 1 and function.trees[0].shape == ():
        return function.trees[0]
    return None
