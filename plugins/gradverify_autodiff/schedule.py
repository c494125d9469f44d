"""Formulas of single numbers: what a trace of one would record, and in which order its reverse pass goes.

The steps of such a formula are known before it is run, so nothing has to be wrapped, dispatched and sorted again for
each of them. Names, rules, ties and the order are those of autograd and of `tape.py`, so that the numbers are the same
to the last bit, those of the noise included.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from autograd.core import VJPNode, primitive_vjps
from autograd.tracer import notrace_primitives, trace_primitives_map

from gradverify.plugin import Array, ExpressionFunction, Number, program_of
from gradverify_autodiff.arithmetic import AUTOGRAD, TIES_WITHOUT_SLOPE
from gradverify_autodiff.tape import ELEMENTWISE, EXACT, TIES

Slot = int
# (cotangent of the result, the result before it was rounded, its arguments) -> cotangents of the arguments asked for
Slopes = Callable[..., tuple[Array, ...]]
Tie = Callable[..., Any]

_OPERATIONS = (  # elementwise, each one function of autograd's
    "add subtract multiply divide power remainder negative abs sign sqrt cbrt exp exp2 expm1 log log2 log10 log1p sin "
    "cos tan arcsin arccos arctan sinh cosh tanh arcsinh arccosh arctanh floor ceil arctan2 hypot logaddexp minimum "
    "maximum less less_equal greater greater_equal equal not_equal logical_and logical_or logical_not where sigmoid "
    "softplus erf erfc gammaln digamma"
)
_KNOWN = frozenset(_OPERATIONS.split())

# The rules of autograd and `rules.py` for what most formulas are made of, where all operands have one shape: by
# operation and the arguments asked for. Tests hold them against the rules themselves.
_SLOPES: dict[tuple[str, tuple[int, ...]], Slopes] = {
    ("add", (0,)): lambda g, _ans, _x, _y: (g,),
    ("add", (1,)): lambda g, _ans, _x, _y: (g,),
    ("add", (0, 1)): lambda g, _ans, _x, _y: (g, g),
    ("subtract", (0,)): lambda g, _ans, _x, _y: (g,),
    ("subtract", (1,)): lambda g, _ans, _x, _y: (-g,),
    ("subtract", (0, 1)): lambda g, _ans, _x, _y: (g, -g),
    ("multiply", (0,)): lambda g, _ans, _x, y: (y * g,),
    ("multiply", (1,)): lambda g, _ans, x, _y: (x * g,),
    ("multiply", (0, 1)): lambda g, _ans, x, y: (y * g, x * g),
    ("divide", (0,)): lambda g, _ans, _x, y: (g / y,),
    ("divide", (1,)): lambda g, ans, _x, y: (-(g * ans) / y,),
    ("divide", (0, 1)): lambda g, ans, _x, y: (g / y, -(g * ans) / y),
    ("negative", (0,)): lambda g, _ans, _x: (-g,),
    ("exp", (0,)): lambda g, ans, _x: (ans * g,),
    ("log", (0,)): lambda g, _ans, x: (g / x,),
    ("sin", (0,)): lambda g, _ans, x: (g * np.cos(x),),
    ("cos", (0,)): lambda g, _ans, x: (-g * np.sin(x),),
    ("tanh", (0,)): lambda g, _ans, x: (g / np.cosh(x) ** 2,),
    ("sqrt", (0,)): lambda g, ans, _x: (g * 0.5 / ans,),
}


class Operation(NamedTuple):
    """A function as the passes know it.

    traced: a result that depends on the input is followed.  exact: it is not rounded.  off: a zero cotangent stays one
    under strong zeros.  tie: says in which rows a branch is decided by equality.
    """

    function: Callable[..., Any]
    primitive: Callable[..., Any]
    traced: bool
    exact: bool
    off: bool
    tie: Tie | None


class Forward(NamedTuple):
    """One step: `second` is −1 where there is one argument, and `first` as well where there are more than two.

    rounded: noise is added to the result.
    """

    function: Callable[..., Any]
    first: Slot
    second: Slot
    arguments: tuple[Slot, ...]
    rounded: bool
    tie: Tie | None


class Backward(NamedTuple):
    """How the cotangent of slot `at` becomes those of `parents`; without slopes the slot is a variable's."""

    at: Slot
    slopes: Slopes | None
    arguments: tuple[Slot, ...]
    parents: tuple[Slot, ...]
    off: bool


class Schedule(NamedTuple):
    """A formula of numbers, ready to be run. Slots are numbered: first the names, then the literals, then one a step.

    names: of each the variable's component, or the constant's value.  end: the slot of the result.  rounded: how many
    of the forward steps are.
    """

    names: tuple[int | Array, ...]
    literals: tuple[Array, ...]
    forward: tuple[Forward, ...]
    backward: tuple[Backward, ...]
    end: Slot
    rounded: int


@functools.cache
def _operation(name: str) -> Operation:
    primitive: Any = AUTOGRAD.functions[name]
    if name in TIES_WITHOUT_SLOPE:
        return Operation(getattr(np, name), primitive, False, True, False, TIES_WITHOUT_SLOPE[name])
    if not hasattr(primitive, "fun"):  # autograd's own `where` is a wrapper of what it follows
        primitive = trace_primitives_map[getattr(np, name)]
    own = primitive.__name__
    traced = primitive not in notrace_primitives[VJPNode]
    return Operation(primitive.fun, primitive, traced, own in EXACT, own in ELEMENTWISE, TIES.get(own))


def schedule(function: ExpressionFunction) -> Schedule | None:
    """The order of the passes through a formula of numbers; None where arrays, or no variables, are in it."""
    if function.output_shape or function.trees[0].shape:
        return None
    program = program_of(function.trees[:1])
    names = _names(program.names, function)
    if names is None or not all(type(literal) is Number for literal in program.literals):
        return None
    literals = tuple([np.array([literal.value]) for literal in program.literals])
    followed = [type(name) is int for name in names] + [False] * len(literals)
    forward: list[Forward] = []
    nodes: dict[Slot, Backward] = {}
    for slot, (name, arguments, detail, _) in enumerate(program.steps, len(followed)):
        if detail is not None or name not in _KNOWN:
            return None
        operation = _operation(name)
        asked = tuple([i for i, argument in enumerate(arguments) if followed[argument]]) if operation.traced else ()
        if asked:
            if name == "power" and asked == (0,) and 0 <= arguments[1] - len(names) < len(literals):
                slopes = _power(literals[arguments[1] - len(names)])
            else:
                slopes = _SLOPES.get((name, asked)) or _by_autograd(operation.primitive, asked)
            nodes[slot] = Backward(slot, slopes, arguments, tuple([arguments[i] for i in asked]), operation.off)
        followed.append(bool(asked))
        first, second = (*arguments, -1)[:2] if len(arguments) <= 2 else (-1, -1)
        tie = operation.tie if asked or not operation.traced else None
        forward.append(Forward(operation.function, first, second, arguments, bool(asked) and not operation.exact, tie))
    (end,) = program.results
    if not followed[end]:
        return None
    rounded = sum(step.rounded for step in forward)
    return Schedule(names, literals, tuple(forward), tuple(_ordered(end, nodes)), end, rounded)


def _names(names: tuple[str, ...], function: ExpressionFunction) -> tuple[int | Array, ...] | None:
    """What each name stands for; None where one is an array."""
    found: list[int | Array] = []
    variables = {variable.name: variable for variable in function.variables}
    for name in names:
        variable = variables.get(name)
        if variable is not None:
            if variable.shape:
                return None
            found.append(variable.offset)
            continue
        constant = function.constants.get(name)
        if constant is not None and np.shape(constant):
            return None
        found.append(AUTOGRAD.names[name] if constant is None else AUTOGRAD.constant(np.asarray(constant)[None]))
    return tuple(found)


@functools.cache
def _by_autograd(primitive: Callable[..., Any], asked: tuple[int, ...]) -> Slopes:
    make = primitive_vjps[primitive]

    def slopes(g: Array, ans: Array, *arguments: Array) -> tuple[Array, ...]:
        return tuple(make(asked, ans, arguments, {})(g))

    return slopes


def _power(exponent: Array) -> Slopes:
    """The rule of a power with a fixed exponent, shape (1,)."""
    lower = np.where(exponent, exponent - 1, 1.0)
    return lambda g, _ans, x, _y: (g * exponent * x**lower,)


def _ordered(end: Slot, nodes: Mapping[Slot, Backward]) -> list[Backward]:
    """The steps back from `end` in the order of `autograd.util.toposort`, which the noise is drawn in."""
    uses: dict[Slot, int] = {}
    stack = [end]
    while stack:
        slot = stack.pop()
        uses[slot] = uses.get(slot, 0) + 1
        if uses[slot] == 1 and slot in nodes:
            stack.extend(nodes[slot].parents)
    order: list[Backward] = []
    stack = [end]
    while stack:
        slot = stack.pop()
        node = nodes.get(slot)
        if node is None:
            order.append(Backward(slot, None, (), (), False))
            continue
        order.append(node)
        for parent in node.parents:
            if uses[parent] == 1:
                stack.append(parent)
            else:
                uses[parent] -= 1
    return order
