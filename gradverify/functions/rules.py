"""A rule's composite: its function, and its derivative made of the parts' claimed derivatives.

linear-combination: Σ wᵢ fᵢ and Σ wᵢ gᵢ.  product: Π fᵢ and Σᵢ gᵢ Π_{j≠i} fⱼ.  chain: f(g(x)) and J_gᵀ ∇f(g(x)), with
∇f taken at g(x).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from gradverify.core.arrays import Array, Matrix
from gradverify.core.problem import Derivative, Evaluation, ExpressionFunction, Failure, Function, Observation
from gradverify.core.variables import Shape, Variables
from gradverify.expression.nodes import Call, Index, Name, Node, Number, Stack
from gradverify.expression.substitute import substitute
from gradverify.expression.walk import walk
from gradverify.functions.expressions import claim_from_expression, function_from_expression
from gradverify.hookspecs import FunctionLoader, LoadError
from gradverify.spec.beyond import Rule
from gradverify.spec.model import ExpressionSource, Spec
from gradverify.spec.parse import part_spec

if TYPE_CHECKING:
    from gradverify.functions.build import Loaded

RULE = "rule"
MOST_NODES = 5_000  # of a composite's tree; a larger one is evaluated part by part


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a rule, loaded. derivative: the one that it claims, () or (m,) being the function's shape."""

    label: str
    spec: Spec
    loaded: Loaded
    derivative: Derivative

    @property
    def function(self) -> Function:
        """The part's function."""
        return self.loaded.function

    @property
    def claim(self) -> Function:
        """Its claimed derivative."""
        return self.loaded.claims[self.derivative]


@dataclass(frozen=True, slots=True)
class Composed:
    """A function that is made of other functions."""

    output_shape: Shape
    run: Callable[[Array], Evaluation]
    kind: str = RULE

    def evaluate(self, points: Array) -> Evaluation:
        """Evaluate at `points` of shape (k, n)."""
        return self.run(points)


@dataclass(frozen=True, slots=True)
class Composite:
    """What a rule makes of its parts. inputs: for each part the points at which it is needed, from the composite's."""

    rule: Rule
    parts: tuple[Part, ...]
    function: Function
    claim: Function
    derivative: Derivative
    inputs: tuple[Callable[[Matrix], Matrix], ...]


def compose(
    spec: Spec,
    loaders: Mapping[str, FunctionLoader],
    load: Callable[[Spec, Mapping[str, FunctionLoader], Matrix], Loaded],
    points_of: Callable[[Spec], tuple[Matrix, list[int]]],
) -> Composite:
    """Load the parts of the rule in `spec` and put them together. Raises `LoadError` where they do not fit."""
    rule: Rule = spec.extensions[RULE]
    parts: list[Part] = []
    known: dict[tuple[str, str | None], Part] = {}
    for named in rule.parts:
        key = (named.file, named.name)
        if key not in known:
            known[key] = _load_part(named.label, part_spec(named), loaders, load, points_of)
        parts.append(known[key])
    match rule.kind:
        case "linear-combination":
            return _combination(rule, parts, spec.variables)
        case "product":
            return _product(rule, parts, spec.variables)
        case _:
            return _chain(rule, parts, spec.variables)


def _load_part(
    label: str,
    spec: Spec | str,
    loaders: Mapping[str, FunctionLoader],
    load: Callable[[Spec, Mapping[str, FunctionLoader], Matrix], Loaded],
    points_of: Callable[[Spec], tuple[Matrix, list[int]]],
) -> Part:
    if isinstance(spec, str):
        raise LoadError(spec)
    try:
        loaded = load(spec, loaders, points_of(spec)[0])
    except LoadError as error:
        raise LoadError(f"the part {label}: {error}") from None
    for derivative in (Derivative.GRADIENT, Derivative.JACOBIAN):
        if derivative in loaded.claims:
            return Part(label, spec, loaded, derivative)
    raise LoadError(f"the part {label} claims no gradient or jacobian")


def _columns(part: Part, variables: Variables) -> Array:
    """Where the part's components stand in the composite's point vector: shape (n of the part,)."""
    places: list[Array] = []
    for variable in part.spec.variables:
        if variable.name not in variables or variables[variable.name].shape != variable.shape:
            raise LoadError(f"the part {part.label} has the variable `{variable.name}`, which does not fit this spec's")
        places.append(np.arange(variables[variable.name].offset, variables[variable.name].offset + variable.size))
    return np.concatenate(places)


def _values(parts: Sequence[Part], inputs: Sequence[Array], points: Array, of: str) -> tuple[list[Array], Evaluation]:
    """The parts' functions (`of` "function") or claims at their points; the failures and remarks of all."""
    values: list[Array] = []
    failures: dict[int, Failure] = {}
    remarks: list[Observation] = []
    for part, columns in zip(parts, inputs, strict=True):
        evaluation = getattr(part, of).evaluate(points[:, columns])
        values.append(evaluation.values)
        _gather(part, evaluation, failures, remarks)
    return values, Evaluation(np.empty(0), tuple(failures.values()), tuple(remarks))


def _gather(part: Part, evaluation: Evaluation, failures: dict[int, Failure], remarks: list[Observation]) -> None:
    for f in evaluation.failures:
        failures.setdefault(f.row, Failure(f.row, f"the part {part.label}: {f.message}", f.details, f.fault))
    remarks += [Observation(o.kind, f"the part {part.label}: {o.message}", o.row) for o in evaluation.observations]


def _combination(rule: Rule, parts: Sequence[Part], variables: Variables) -> Composite:
    columns = [_columns(part, variables) for part in parts]
    shapes = {_outputs(part) for part in parts}
    if len(shapes) > 1:
        told = ", ".join(f"{part.label}: {part.function.output_shape}" for part in parts)
        raise LoadError(f"the parts of a sum have values of one shape; these have several ({told})")
    (outputs,) = shapes
    n = variables.size

    def value(points: Array) -> Evaluation:
        values, seen = _values(parts, columns, points, "function")
        with np.errstate(all="ignore"):
            total = sum(w * v.reshape((-1, *outputs)) for w, v in zip(rule.weights, values, strict=True))
        return Evaluation(np.asarray(total), seen.failures, seen.observations)

    def derivative(points: Array) -> Evaluation:
        values, seen = _values(parts, columns, points, "claim")
        total = np.zeros((points.shape[0], *outputs, n), dtype=points.dtype)
        with np.errstate(all="ignore"):
            for weight, part, place in zip(rule.weights, values, columns, strict=True):
                total[..., place] += weight * part.reshape((points.shape[0], *outputs, place.size))
        return Evaluation(total, seen.failures, seen.observations)

    trees = _trees(parts)
    whole: Function = Composed(outputs, value)
    entries: Entries | None = None
    if trees is not None:
        entries = _combined(rule, trees[2], columns, math.prod(outputs), n)
        terms = tuple(
            Call("multiply", (Number(weight, repr(weight)), tree), tree.shape)
            for weight, tree in zip(rule.weights, trees[0], strict=True)
        )
        whole = _expression(_fold("add", terms), trees[1], variables, outputs) or whole
    composite = _composite(rule, parts, whole, derivative, outputs, n, columns)
    return _with_claim(composite, entries, trees[1] if trees else {}, variables, outputs)


def _product(rule: Rule, parts: Sequence[Part], variables: Variables) -> Composite:
    columns = [_columns(part, variables) for part in parts]
    for part in parts:
        if _outputs(part) != ():
            shape = part.function.output_shape
            raise LoadError(f"a product's parts are numbers; the part {part.label} has shape {shape}")
    n = variables.size

    def value(points: Array) -> Evaluation:
        values, seen = _values(parts, columns, points, "function")
        with np.errstate(all="ignore"):
            return Evaluation(np.prod([v.reshape(-1) for v in values], axis=0), seen.failures, seen.observations)

    def derivative(points: Array) -> Evaluation:
        factors, seen = _values(parts, columns, points, "function")
        slopes, more = _values(parts, columns, points, "claim")
        total = np.zeros((points.shape[0], n), dtype=points.dtype)
        with np.errstate(all="ignore"):
            for i, place in enumerate(columns):
                others = [f.reshape(-1) for j, f in enumerate(factors) if j != i]
                rest = np.prod(others, axis=0) if others else np.ones(points.shape[0])
                total[:, place] += slopes[i].reshape((points.shape[0], -1)) * rest[:, None]
        return Evaluation(total, (*more.failures, *seen.failures), more.observations)

    trees = _trees(parts)
    whole: Function = Composed((), value)
    entries: Entries | None = None
    if trees is not None:
        entries = _multiplied(trees[0], trees[2], columns, n)
        whole = _expression(_fold("multiply", trees[0]), trees[1], variables, ()) or whole
    composite = _composite(rule, parts, whole, derivative, (), n, columns)
    return _with_claim(composite, entries, trees[1] if trees else {}, variables, ())


def _chain(rule: Rule, parts: Sequence[Part], variables: Variables) -> Composite:
    outer, inner = parts
    columns = _columns(inner, variables)
    count = math.prod(inner.function.output_shape)
    k = outer.spec.variables.size
    if count != k:
        raise LoadError(
            f"the part {outer.label} takes {k} number{'' if k == 1 else 's'},"
            f" the part {inner.label} returns {count} (shape {inner.function.output_shape})"
        )
    outputs = _outputs(outer)
    n = variables.size

    def within(points: Array) -> tuple[Array, Evaluation]:
        evaluation = inner.function.evaluate(points[:, columns])
        return evaluation.values.reshape((points.shape[0], k)), evaluation

    def value(points: Array) -> Evaluation:
        middle, first = within(points)
        failures: dict[int, Failure] = {}
        remarks: list[Observation] = []
        _gather(inner, first, failures, remarks)
        second = outer.function.evaluate(middle)
        _gather(outer, second, failures, remarks)
        return Evaluation(second.values.reshape((-1, *outputs)), tuple(failures.values()), tuple(remarks))

    def derivative(points: Array) -> Evaluation:
        middle, first = within(points)
        failures: dict[int, Failure] = {}
        remarks: list[Observation] = []
        _gather(inner, first, failures, remarks)
        outside, inside = outer.claim.evaluate(middle), inner.claim.evaluate(points[:, columns])
        _gather(outer, outside, failures, remarks)
        _gather(inner, inside, failures, remarks)
        rows = points.shape[0]
        with np.errstate(all="ignore"):
            left = outside.values.reshape((rows, -1, k))
            right = inside.values.reshape((rows, k, columns.size))
            product = np.zeros((rows, left.shape[1], n), dtype=points.dtype)
            product[:, :, columns] = left @ right
        return Evaluation(product.reshape((rows, *outputs, n)), tuple(failures.values()), tuple(remarks))

    whole: Function = Composed(outputs, value)
    trees = _trees(parts)
    entries: Entries | None = None
    constants: Mapping[str, Array] = {}
    if trees is not None:
        (tree, middle), constants, claims = trees
        pieces = {v.name: _piece(middle, v.offset, v.shape) for v in outer.spec.variables}
        whole = _expression(substitute(tree, pieces), constants, variables, outputs) or whole
        if claims is not None:
            outside = [[substitute(entry, pieces) for entry in row] for row in claims[0]]
            entries = _chained(outside, claims[1], columns, n)
    composite = _composite(rule, parts, whole, derivative, outputs, n, [columns])
    composite = _with_claim(composite, entries, constants, variables, outputs)
    return Composite(
        rule, composite.parts, composite.function, composite.claim, composite.derivative,
        (lambda points: within(points)[0], lambda points: points[:, columns]),
    )  # fmt: skip


def _composite(
    rule: Rule,
    parts: Sequence[Part],
    function: Function,
    derivative: Callable[[Array], Evaluation],
    outputs: Shape,
    n: int,
    columns: Sequence[Array],
) -> Composite:
    kind = Derivative.GRADIENT if outputs == () else Derivative.JACOBIAN
    claim = Composed((*outputs, n), derivative)
    return Composite(rule, tuple(parts), function, claim, kind, tuple(_picked(place) for place in columns))


def _picked(place: Array) -> Callable[[Matrix], Matrix]:
    return lambda points: points[:, place]


def _outputs(part: Part) -> Shape:
    """() for a part that claims a gradient, else (m,)."""
    return () if part.derivative is Derivative.GRADIENT else (math.prod(part.function.output_shape),)


# Of a derivative, by output and component: one scalar tree each.
Entries = list[list[Node]]
MOST_ENTRIES = 400  # of all parts' derivatives together; beyond, a composite's claim is evaluated part by part
ZERO = Number(0.0, "0")


def _entries(claim: Function, rows: int, n: int) -> Entries | None:
    """A claimed derivative, a gradient having one row, entry by entry; None where it is no expression or misshapen."""
    if not isinstance(claim, ExpressionFunction) or rows * n > MOST_ENTRIES:
        return None
    if claim.evaluate(np.ones((1, claim.variables.size))).failures:
        return None  # its shape is refused, whatever the point
    blocks: list[list[list[Node]]] = []
    for tree in claim.trees:
        size = math.prod(tree.shape)
        if size == 0 or size % rows:
            return None
        flat = [_piece(tree, i, ()) for i in range(size)]
        width = size // rows
        blocks.append([flat[row * width : (row + 1) * width] for row in range(rows)])
    found = [[entry for block in blocks for entry in block[row]] for row in range(rows)]
    return found if all(len(row) == n for row in found) else None


def _combined(
    rule: Rule, claims: Sequence[Entries] | None, columns: Sequence[Array], rows: int, n: int
) -> Entries | None:
    if claims is None:
        return None
    sums: list[list[list[Node]]] = [[[] for _ in range(n)] for _ in range(rows)]
    for weight, entries, place in zip(rule.weights, claims, columns, strict=True):
        for row, line in enumerate(entries):
            for j, entry in zip(place.tolist(), line, strict=True):
                sums[row][j].append(Call("multiply", (Number(weight, repr(weight)), entry), ()))
    return [[_sum(terms) for terms in row] for row in sums]


def _multiplied(
    trees: Sequence[Node], claims: Sequence[Entries] | None, columns: Sequence[Array], n: int
) -> Entries | None:
    if claims is None:
        return None
    sums: list[list[Node]] = [[] for _ in range(n)]
    for i, (entries, place) in enumerate(zip(claims, columns, strict=True)):
        others = [_piece(tree, 0, ()) for j, tree in enumerate(trees) if j != i]
        for j, entry in zip(place.tolist(), entries[0], strict=True):
            sums[j].append(_fold("multiply", [entry, *others]))
    return [[_sum(terms) for terms in sums]]


def _chained(outside: Entries, inside: Entries, columns: Array, n: int) -> Entries:
    """The product of two Jacobians."""
    found: Entries = []
    for row in outside:
        line: list[Node] = [ZERO] * n
        for j, place in enumerate(columns.tolist()):
            terms = [Call("multiply", (left, inside[k][j]), ()) for k, left in enumerate(row)]
            line[place] = _sum(terms)
        found.append(line)
    return found


def _sum(terms: Sequence[Node]) -> Node:
    return _fold("add", terms) if terms else ZERO


def _with_claim(
    composite: Composite,
    entries: Entries | None,
    constants: Mapping[str, Array],
    variables: Variables,
    outputs: Shape,
) -> Composite:
    """The composite with its derivative as one expression, which can be proved, where the parts' are expressions."""
    if entries is None or any(name in variables for name in constants):
        return composite
    rows: list[Node] = [Stack(tuple(row), (len(row),)) for row in entries]
    tree: Node = rows[0] if outputs == () else Stack(tuple(rows), (len(rows), variables.size))
    for count, _ in enumerate(walk(tree), 1):
        if count > MOST_NODES:
            return composite
    if len(variables) == 1 and variables.items[0].shape != (variables.size,):
        shape = (*outputs, *variables.items[0].shape)
        tree = Call("reshape", (tree,), shape) if shape else _piece(tree, 0, ())
    claim = claim_from_expression(ExpressionSource(tree), variables, constants, composite.derivative, outputs)
    return replace(composite, claim=claim)


def _trees(
    parts: Sequence[Part],
) -> tuple[tuple[Node, ...], dict[str, Array], list[Entries] | None] | None:
    """The parts' trees with constants of different names, these constants, and the entries of the parts' claims.

    None unless all functions are expressions; no entries unless all claims are.
    """
    trees: list[Node] = []
    claims: list[Entries] = []
    constants: dict[str, Array] = {}
    for number, part in enumerate(parts, 1):
        function = part.function
        if not isinstance(function, ExpressionFunction) or len(function.trees) != 1:
            return None
        names = {name: f"{name}_of_part_{number}" for name in function.constants}
        constants |= {names[name]: value for name, value in function.constants.items()}
        renamed: dict[str, Node] = {name: Name(new, np.shape(function.constants[name])) for name, new in names.items()}
        trees.append(substitute(function.trees[0], renamed))
        own = _entries(part.claim, math.prod(_outputs(part)), part.spec.variables.size)
        if own is not None:
            claims.append([[substitute(entry, renamed) for entry in row] for row in own])
    return tuple(trees), constants, claims if len(claims) == len(parts) else None


def _expression(
    tree: Node, constants: Mapping[str, Array], variables: Variables, outputs: Shape
) -> ExpressionFunction | None:
    """The composite as one expression; None where it is too large, or would not have the shape wanted."""
    if math.prod(tree.shape) != math.prod(outputs) or any(name in variables for name in constants):
        return None
    for count, _ in enumerate(walk(tree), 1):
        if count > MOST_NODES:
            return None
    if tree.shape != outputs:
        tree = Call("reshape", (tree,), outputs) if outputs else Call("sum", (tree,), ())
    return function_from_expression(tree, variables, constants)


def _fold(function: str, trees: Sequence[Node]) -> Node:
    if len(trees) == 1:
        return trees[0]
    return Call(function, tuple(trees), trees[0].shape)


def _piece(tree: Node, offset: int, shape: Shape) -> Node:
    """The components of the vector `tree` that make a variable of `shape` at `offset`."""
    size = math.prod(shape)
    if tree.shape == ():
        return tree if shape == () else Call("reshape", (tree,), shape)
    if len(tree.shape) > 1:
        tree = Call("reshape", (tree,), (math.prod(tree.shape),))
    if shape == ():
        return tree.items[offset] if isinstance(tree, Stack) else Index(tree, (offset,), ())
    whole = size == math.prod(tree.shape)
    part: Node = tree if whole else Index(tree, ((offset, offset + size, None),), (size,))
    return part if len(shape) == 1 else Call("reshape", (part,), shape)
