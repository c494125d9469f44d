"""Trees as a list of primitive steps: what is common to every arithmetic is settled here, once for each tree.

Composite functions (mean, norm, softmax, clip …) become primitives, operands get the same number of axes, and what
occurs twice is computed once. Every value has one leading axis, of the points, or of length 1 where it does not
depend on them; shapes in this module leave it out.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from gradverify.core.variables import Shape
from gradverify.expression.nodes import Call, Compare, Comparison, Index, Name, Node, Number, Stack
from gradverify.expression.shapes import size
from gradverify.expression.vocabulary import ALONG_AXIS, FOLDS, LOGICAL_FOLDS, REDUCTIONS

COMPARISONS = {
    Comparison.LT: "less",
    Comparison.LE: "less_equal",
    Comparison.GT: "greater",
    Comparison.GE: "greater_equal",
    Comparison.EQ: "equal",
    Comparison.NE: "not_equal",
}
# Elementwise functions that most formulas are made of, and that are a step as they stand.
_PLAIN = frozenset(("add", "subtract", "multiply", "divide", "negative", "exp", "log", "sin", "cos", "tanh", "sqrt"))
_ALL = (None, None, None)  # a whole axis, as an index part
Slot = int


class Step(NamedTuple):
    """`operation` on the values of `arguments`. `detail` holds its axes, shape or index; `free` may be forgotten."""

    operation: str
    arguments: tuple[Slot, ...]
    detail: tuple[Hashable, ...] | None
    free: tuple[Slot, ...]

    @property
    def subscript(self) -> tuple[Any, ...]:
        """Of an `index`, what stands between the brackets in NumPy: None is a new axis; `("at", …)` picks positions."""
        return tuple(
            [
                part if not isinstance(part, tuple) else list(part[1:]) if part[0] == "at" else slice(*part)
                for part in self.detail or ()
            ]
        )


@dataclass(frozen=True, slots=True)
class Filled:
    """An array of ones or zeros, or an identity matrix."""

    function: str
    shape: Shape


@dataclass(frozen=True, slots=True)
class Program:
    """Slots are numbered: first the names, then the literals, then one a step. `results`: one a tree, in order."""

    names: tuple[str, ...]
    literals: tuple[Number | Filled, ...]
    steps: tuple[Step, ...]
    results: tuple[Slot, ...]


def compile_trees(nodes: Sequence[Node]) -> Program:
    """The program of `nodes`; what they have in common is computed once."""
    compiler = Compiler()
    return compiler.finished([compiler.add(node) for node in nodes])


class Compiler:
    """Collects steps; equal steps share a slot. Slots are negative for steps until all inputs are known."""

    def __init__(self) -> None:
        self.names: dict[str, int] = {}
        self.literals: dict[tuple[str, Shape], tuple[int, Number | Filled]] = {}
        self.inputs: list[tuple[str, int]] = []
        self.steps: dict[tuple[str, tuple[int, ...], tuple[Hashable, ...] | None], int] = {}
        self.known: dict[int, int] = {}  # id of a node to its value, for trees that share nodes

    # Temporary slots: 3i for names, 3i + 1 for literals, 3i + 2 for steps.

    def step(self, operation: str, *arguments: int, detail: tuple[Hashable, ...] | None = None) -> int:
        return 3 * self.steps.setdefault((operation, arguments, detail), len(self.steps)) + 2

    def literal(self, value: Number | Filled) -> int:
        key = (value.text if isinstance(value, Number) else value.function, value.shape)
        return 3 * self.literals.setdefault(key, (len(self.literals), value))[0] + 1

    def finished(self, results: Sequence[int]) -> Program:
        """The program, with slots in their final order."""
        starts = (0, len(self.names), len(self.names) + len(self.literals))

        last_use: dict[int, int] = {}
        for at, (_, arguments, _) in enumerate(self.steps):
            for slot in arguments:
                last_use[slot] = at
        for slot in results:
            last_use.pop(slot, None)
        frees: list[list[Slot]] = [[] for _ in self.steps]
        for slot, at in last_use.items():
            frees[at].append(starts[slot % 3] + slot // 3)
        steps = tuple(
            [
                Step(operation, tuple([starts[slot % 3] + slot // 3 for slot in arguments]), detail, tuple(free))
                for (operation, arguments, detail), free in zip(self.steps, frees, strict=True)
            ]
        )
        literals = tuple([value for _, value in self.literals.values()])
        return Program(tuple(self.names), literals, steps, tuple([starts[s % 3] + s // 3 for s in results]))

    # One method a kind of node.

    def add(self, node: Node) -> int:
        known = self.known.get(id(node))
        if known is None:
            known = self.known[id(node)] = self.translated(node)
        return known

    def translated(self, node: Node) -> int:
        kind = type(node)  # the three that most nodes are come first
        if kind is Call:
            return self.call(node)  # type: ignore[arg-type]
        if kind is Name:
            return 3 * self.names.setdefault(node.name, len(self.names))  # type: ignore[union-attr]
        if kind is Number:
            return self.literal(node)  # type: ignore[arg-type]
        match node:
            case Compare(operator=operator, left=left, right=right):
                return self.elementwise(COMPARISONS[operator], (left, right), node.shape)
            case Index(value=value, parts=parts):
                return self.step("index", self.add(value), detail=(_ALL, *parts))
            case Stack(items=items):
                return self.step("stack", *map(self.add, items))
            case _:
                raise TypeError(f"{node!r} is no node")

    def call(self, node: Call) -> int:
        function, arguments = node.function, node.arguments
        if function in _PLAIN:
            if node.shape or len(arguments) > 2:
                return self.elementwise(function, arguments, node.shape)
            key = (function, tuple([self.add(argument) for argument in arguments]), None)
            return 3 * self.steps.setdefault(key, len(self.steps)) + 2
        if function in REDUCTIONS or function in ALONG_AXIS:
            return self.along(function, self.add(arguments[0]), arguments[0].shape, node.axis)
        if function == "power" and isinstance(arguments[1], Number) and arguments[1].value == 2:
            return self.square(self.add(arguments[0]))
        if function in ("ones", "zeros", "eye"):
            return self.literal(Filled(function, node.shape))
        match function:
            case "square":
                return self.square(self.add(arguments[0]))
            case "positive":
                return self.add(arguments[0])
            case "relu":
                return self.step("maximum", self.add(arguments[0]), self.number(0))
            case "reciprocal":
                return self.step("divide", self.number(1), self.add(arguments[0]))
            case "clip":
                value, low, high = self.aligned(arguments, node.shape)
                return self.step("minimum", self.step("maximum", value, low), high)
            case "matmul":
                return self.matmul(arguments[0], arguments[1])
            case "outer":
                left, right = map(self.add, arguments)
                column = self.step("index", left, detail=(_ALL, _ALL, None))
                return self.step("multiply", column, self.step("index", right, detail=(_ALL, None, _ALL)))
            case "transpose":
                axes = (0, *range(len(node.shape), 0, -1))
                return self.step("transpose", self.add(arguments[0]), detail=axes)
            case "trace":
                return self.trace(self.add(arguments[0]), arguments[0].shape)
            case "reshape":
                return self.step("reshape", self.add(arguments[0]), detail=node.shape)
            case "concatenate":
                return self.step("concatenate", *map(self.add, arguments), detail=((node.axis or 0) + 1,))
            case _:
                return self.elementwise(function, arguments, node.shape)

    # Elementwise functions: operands are given as many axes as the result has.

    def elementwise(self, function: str, arguments: Sequence[Node], shape: Shape) -> int:
        values = self.aligned(arguments, shape)
        if function not in FOLDS and function not in LOGICAL_FOLDS:
            return self.step(function, *values)
        result = values[0]
        for value in values[1:]:
            result = self.step(function, result, value)
        return result

    def aligned(self, arguments: Sequence[Node], shape: Shape) -> list[int]:
        if not shape:
            return [self.add(argument) for argument in arguments]
        return [self.expanded(argument, len(shape)) for argument in arguments]

    def expanded(self, node: Node, rank: int) -> int:
        value = self.add(node)
        missing = rank - len(node.shape)
        if missing == 0 or isinstance(node, Number):  # literals, of shape (1,), broadcast as they are
            return value
        return self.step("index", value, detail=(_ALL, *[None] * missing))

    def number(self, value: int) -> int:
        return self.literal(Number(float(value), str(value)))

    def square(self, value: int) -> int:
        """A product: exact to half an ulp, and right for complex numbers."""
        return self.step("multiply", value, value)

    # Functions along axes.

    def along(self, function: str, value: int, shape: Shape, axis: int | None) -> int:
        axes = tuple(range(1, len(shape) + 1)) if axis is None else (axis + 1,)
        count = size(shape) if axis is None else shape[axis]
        match function:
            case "mean":
                return self.mean(value, axes, count)
            case "norm":
                return self.step("sqrt", self.reduced("sum", self.square(value), axes))
            case "var":
                return self.variance(value, axes, count, len(shape))
            case "std":
                return self.step("sqrt", self.variance(value, axes, count, len(shape)))
            case "softmax":
                return self.step("exp", self.less_logsumexp(value, axes, len(shape)))
            case "log_softmax":
                return self.less_logsumexp(value, axes, len(shape))
            case "cumsum":
                return self.step("cumsum", value, detail=axes)
            case _:
                return self.reduced(function, value, axes)

    def reduced(self, function: str, value: int, axes: tuple[int, ...]) -> int:
        """The sum of a scalar is the scalar; so are its product, extremes and log-sum-exp."""
        return self.step(function, value, detail=axes) if axes else value

    def mean(self, value: int, axes: tuple[int, ...], count: int) -> int:
        return self.step("divide", self.reduced("sum", value, axes), self.number(count))

    def variance(self, value: int, axes: tuple[int, ...], count: int, rank: int) -> int:
        centred = self.step("subtract", value, self.kept(self.mean(value, axes, count), axes, rank))
        return self.mean(self.square(centred), axes, count)

    def less_logsumexp(self, value: int, axes: tuple[int, ...], rank: int) -> int:
        return self.step("subtract", value, self.kept(self.reduced("logsumexp", value, axes), axes, rank))

    def kept(self, value: int, axes: tuple[int, ...], rank: int) -> int:
        """`value` with the reduced `axes` back, of length 1."""
        if not axes:
            return value
        return self.step("index", value, detail=tuple(None if i in axes else _ALL for i in range(rank + 1)))

    # Linear algebra.

    def matmul(self, left: Node, right: Node) -> int:
        if len(left.shape) == len(right.shape) == 1:
            return self.step("sum", self.step("multiply", self.add(left), self.add(right)), detail=(1,))
        ranks = (len(left.shape), len(right.shape))
        if max(ranks) > 2 and min(ranks) > 1:
            left_value, right_value = self.expanded(left, max(ranks)), self.expanded(right, max(ranks))
            return self.step("matmul", left_value, right_value, detail=(max(ranks), max(ranks)))
        return self.step("matmul", self.add(left), self.add(right), detail=ranks)

    def trace(self, value: int, shape: Shape) -> int:
        """The sum of the diagonal, as a sum of masked entries would be, without touching the others."""
        diagonal = tuple(range(min(shape)))
        return self.step(
            "sum", self.step("index", value, detail=(_ALL, ("at", *diagonal), ("at", *diagonal))), detail=(1,)
        )
