"""Evaluating a tree with any arithmetic: NumPy's, an autodiff library's, SymPy's."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np

from gradverify.expression.nodes import Node, Number
from gradverify.expression.program import Filled, Program, Step, compile_trees

_NOTHING: Mapping[str, Any] = MappingProxyType({})
_CACHED_PROGRAMS = 256  # trees in use at one time, generously; programs are small


class UnsupportedFunctionError(Exception):
    """The arithmetic lacks a function that the tree needs; `function` is its name."""

    def __init__(self, function: str) -> None:
        super().__init__(function)
        self.function = function


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Arithmetic:
    """How one library computes. "Array" is whatever it computes with: it has `.shape` and basic NumPy indexing.

    Every array has a leading axis of points. Numbers, constants and what depends on them alone have length 1 there
    and broadcast. Operands of elementwise functions have equal rank, but for numbers, whose shape is (1,).

    number: a literal as an array of shape (1,); `Number.text` is exact.
    constant: a float64 NumPy array, shape (1, ...), as an array of the library.
    names: `pi` and `e`, shape (1,).
    context: entered around each evaluation, to silence warnings, say.
    functions: by name. Those that a tree does not use may be missing.
        elementwise of one array: negative abs sign sqrt cbrt exp exp2 expm1 log log2 log10 log1p sin cos tan arcsin
            arccos arctan sinh cosh tanh arcsinh arccosh arctanh floor ceil sigmoid softplus erf erfc gammaln digamma
            logical_not
        elementwise of two: add subtract multiply divide power remainder arctan2 hypot logaddexp minimum maximum
            less less_equal greater greater_equal equal not_equal logical_and logical_or
        elementwise of three: where(condition, yes, no)
        (array, axes): sum prod min max logsumexp, over a tuple of axes, never empty, never holding 0
        (array, axis): cumsum
        (array, shape): reshape broadcast_to, shapes with the leading axis
        (array, axes): transpose
        (list of arrays, axis): stack concatenate
        (array, array): matmul, of arrays with at least two axes, as NumPy's
    """

    functions: Mapping[str, Callable[..., Any]]
    number: Callable[[Number], Any]
    constant: Callable[[Any], Any]
    names: Mapping[str, Any]
    context: Callable[[], AbstractContextManager[Any]] = nullcontext


@dataclass(frozen=True, slots=True)
class _Bound:
    """A program with an arithmetic's functions in place.

    steps: function, its first two arguments' slots (−1 where there are fewer, −2 and −1 where there are more), all of
    them, and what may be forgotten.  results: slot and shape of each tree.
    """

    names: tuple[str, ...]
    literals: tuple[Any, ...]
    steps: tuple[tuple[Callable[..., Any], int, int, tuple[int, ...], tuple[int, ...]], ...]
    results: tuple[tuple[int, tuple[int, ...]], ...]


def evaluate_tree(
    node: Node,
    values: Mapping[str, Any],
    arithmetic: Arithmetic,
    rows: int,
    constants: Mapping[str, Any] = _NOTHING,
) -> Any:
    """The value of `node` at `rows` points: an array of shape (rows, *node.shape).

    values: the variables, each of shape (rows, *its shape), or (1, *its shape) where all points share it.
    constants: float64 NumPy arrays of the constants' own shapes, without an axis of points.
    The result may share memory with `values`. `where` computes both branches and then chooses, as NumPy does: a
    derivative taken through it must choose among derivatives likewise, and not multiply the branch not taken by 0.
    Raises `UnsupportedFunctionError` where the arithmetic lacks a function.
    """
    return evaluate_trees((node,), values, arithmetic, rows, constants)[0]


def evaluate_trees(
    nodes: tuple[Node, ...],
    values: Mapping[str, Any],
    arithmetic: Arithmetic,
    rows: int,
    constants: Mapping[str, Any] = _NOTHING,
) -> list[Any]:
    """The values of several trees, as `evaluate_tree` gives them; what they have in common is computed once."""
    bound = _bound(nodes, arithmetic)
    slots: list[Any] = [named(name, values, constants, arithmetic) for name in bound.names]
    slots += bound.literals
    with arithmetic.context():
        for function, first, second, arguments, free in bound.steps:
            if second >= 0:
                slots.append(function(slots[first], slots[second]))
            elif first >= 0:
                slots.append(function(slots[first]))
            else:
                slots.append(function(*[slots[i] for i in arguments]))
            for i in free:
                slots[i] = None
        results = []
        for slot, own in bound.results:
            result, shape = slots[slot], (rows, *own)
            results.append(result if result.shape == shape else arithmetic.functions["broadcast_to"](result, shape))
        return results


def named(name: str, values: Mapping[str, Any], constants: Mapping[str, Any], arithmetic: Arithmetic) -> Any:
    """The value of a name: a variable's, else a constant's, else `pi` or `e`."""
    if name in values:
        return values[name]
    if name in constants:
        return arithmetic.constant(np.asarray(constants[name], dtype=np.float64)[None])
    return arithmetic.names[name]


_programs: dict[tuple[int, ...], tuple[tuple[Node, ...], Program]] = {}
_bindings: dict[tuple[int, ...], tuple[tuple[Node, ...], Arithmetic, _Bound]] = {}


def _bound(nodes: tuple[Node, ...], arithmetic: Arithmetic) -> _Bound:
    """The bound program, cached by identity: hashing a tree costs about as much as evaluating it once."""
    key = (id(arithmetic), *map(id, nodes))
    found = _bindings.get(key)
    if found is not None:  # its nodes and arithmetic are held, so their ids are still theirs
        return found[2]
    bound = _bind(_program(nodes, key[1:]), arithmetic, [node.shape for node in nodes])
    if len(_bindings) >= _CACHED_PROGRAMS:
        _bindings.clear()
    _bindings[key] = (nodes, arithmetic, bound)
    return bound


def program_of(nodes: tuple[Node, ...]) -> Program:
    """The steps in which `evaluate_trees` computes several trees, whatever the arithmetic."""
    return _program(nodes, tuple(map(id, nodes)))


def _program(nodes: tuple[Node, ...], key: tuple[int, ...]) -> Program:
    """The program, the same for every arithmetic; cached likewise."""
    found = _programs.get(key)
    if found is not None:
        return found[1]
    program = compile_trees(nodes)
    if len(_programs) >= _CACHED_PROGRAMS:
        _programs.clear()
    _programs[key] = (nodes, program)
    return program


def _bind(program: Program, arithmetic: Arithmetic, shapes: Sequence[tuple[int, ...]]) -> _Bound:
    steps = []
    for step in program.steps:
        first, second = (*step.arguments, -1)[:2] if 1 <= len(step.arguments) <= 2 else (-2, -1)
        plain = step.detail is None and step.operation not in _SPECIAL
        function = arithmetic.functions.get(step.operation) if plain else None
        steps.append((function or step_function(step, arithmetic), first, second, step.arguments, step.free))
    literals = tuple([literal_value(literal, arithmetic) for literal in program.literals])
    return _Bound(program.names, literals, tuple(steps), tuple(zip(program.results, shapes, strict=True)))


def literal_value(literal: Number | Filled, arithmetic: Arithmetic) -> Any:
    """A literal of a program in an arithmetic: an array with a first axis of length 1."""
    if isinstance(literal, Number):
        return arithmetic.number(literal)
    shape = literal.shape
    array = np.eye(shape[0]) if literal.function == "eye" else np.full(shape, float(literal.function == "ones"))
    return arithmetic.constant(array[None])


_SPECIAL = frozenset(("index", "stack", "concatenate", "matmul"))


def step_function(step: Step, arithmetic: Arithmetic) -> Callable[..., Any]:
    """What computes `step` from its arguments."""
    detail = step.detail
    if step.operation == "index":
        return operator.itemgetter(step.subscript)
    try:
        function = arithmetic.functions[step.operation]
        if step.operation in ("stack", "concatenate"):
            axis = 1 if detail is None else detail[0]
            return partial(_join, function, arithmetic.functions["broadcast_to"], axis)
        if step.operation == "matmul":
            return _matmul(detail, function, arithmetic.functions["transpose"])
    except KeyError as missing:
        raise UnsupportedFunctionError(missing.args[0]) from None
    if detail is None:
        return function
    if step.operation == "reshape":
        return lambda array: function(array, (array.shape[0], *detail))
    extra = detail[0] if step.operation == "cumsum" else detail
    return lambda array: function(array, extra)


def _join(join: Callable[..., Any], broadcast_to: Callable[..., Any], axis: Any, *arrays: Any) -> Any:
    """Stack or concatenate; what does not depend on the points is repeated for each."""
    rows = max(array.shape[0] for array in arrays)
    return join([a if a.shape[0] == rows else broadcast_to(a, (rows, *a.shape[1:])) for a in arrays], axis)


def _matmul(ranks: Any, matmul: Callable[..., Any], transpose: Callable[..., Any]) -> Callable[..., Any]:
    """The product of arrays of the given ranks, at each point; one large product where the matrix is constant."""

    def matrix_vector(left: Any, right: Any) -> Any:
        if left.shape[0] == 1:
            return matmul(right, transpose(left[0], (1, 0)))
        return matmul(left, right[..., None])[..., 0]

    def vector_matrix(left: Any, right: Any) -> Any:
        if right.shape[0] == 1:
            return matmul(left, right[0])
        return matmul(left[:, None, :], right)[:, 0, :]

    def vector_tensor(left: Any, right: Any) -> Any:
        row = left[(slice(None), *[None] * (ranks[1] - 1), slice(None))]
        return matmul(row, right)[..., 0, :]

    def tensor_vector(left: Any, right: Any) -> Any:
        column = right[(slice(None), *[None] * (ranks[0] - 2), slice(None), None)]
        return matmul(left, column)[..., 0]

    if ranks[0] == 1:
        return vector_matrix if ranks[1] == 2 else vector_tensor
    if ranks[1] == 1:
        return matrix_vector if ranks[0] == 2 else tensor_vector
    return matmul
