"""Formulas: what a trace of one would record, and in which order its reverse pass goes.

The steps of such a formula are known before it is run, so nothing has to be wrapped, dispatched and sorted again for
each of them. Names, rules, ties and the order are those of autograd and of `tape.py`, so that the numbers are the same
to the last bit, those of the noise included.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from autograd.core import VJPNode, primitive_vjps
from autograd.tracer import notrace_primitives, trace_primitives_map

from gradverify.plugin import Array, ExpressionFunction, Step, Variable, literal_value, program_of
from gradverify_autodiff.arithmetic import AUTOGRAD, TIES_WITHOUT_SLOPE
from gradverify_autodiff.tape import ELEMENTWISE, EXACT, TIES

Slot = int
# (cotangent of the result, the result before it was rounded, its arguments) -> cotangents of the arguments asked for
Slopes = Callable[..., tuple[Array, ...]]
Tie = Callable[..., Any]
# A step is a function, its first two arguments (−1 where it has fewer; twice where it has more), all of them, whether
# noise is added to the result, and what tells its ties.
Forward = tuple[Callable[..., Any], Slot, Slot, tuple[Slot, ...], bool, Tie | None]
# How the cotangent of a slot becomes those of its parents: the slot, the slopes and their arguments, the parents, and
# whether a zero stays one under strong zeros. Without slopes the slot is a variable's.
Backward = tuple[Slot, Slopes | None, tuple[Slot, ...], tuple[Slot, ...], bool]

_OPERATIONS = (  # elementwise, each one function of autograd's
    "add subtract multiply divide power remainder negative abs sign sqrt cbrt exp exp2 expm1 log log2 log10 log1p sin "
    "cos tan arcsin arccos arctan sinh cosh tanh arcsinh arccosh arctanh floor ceil arctan2 hypot logaddexp minimum "
    "maximum less less_equal greater greater_equal equal not_equal logical_and logical_or logical_not where sigmoid "
    "softplus erf erfc gammaln digamma"
)
_ALONG_AXES = "sum max min logsumexp cumsum transpose"  # an array, and the axes or axis


def _power_slope(g: Array, _ans: Array, x: Array, y: Array) -> tuple[Array, ...]:
    """That by x; y is mostly one fixed number."""
    lower = (y - 1 if y[0] else np.ones(1)) if y.size == 1 else np.where(y, y - 1, 1.0)
    return (g * y * x**lower,)


# The rules of autograd and `rules.py` for what most formulas are made of, by operation and the arguments asked for.
# What they give may have to be summed to an argument's shape. Tests hold them against the rules themselves.
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
    ("power", (0,)): _power_slope,
    ("negative", (0,)): lambda g, _ans, _x: (-g,),
    ("exp", (0,)): lambda g, ans, _x: (ans * g,),
    ("log", (0,)): lambda g, _ans, x: (g / x,),
    ("sin", (0,)): lambda g, _ans, x: (g * np.cos(x),),
    ("cos", (0,)): lambda g, _ans, x: (-g * np.sin(x),),
    ("tanh", (0,)): lambda g, _ans, x: (g / np.cosh(x) ** 2,),
    ("sqrt", (0,)): lambda g, ans, _x: (g * 0.5 / ans,),
}


class Recipe(NamedTuple):
    """What becomes of a function whose arguments `asked` depend on the variables.

    function: in NumPy.  slopes: None where the result is not followed.  rounded: noise is added.  off: a zero cotangent
    stays one under strong zeros.  tie: tells in which rows equality decides a branch.
    """

    function: Callable[..., Any]
    slopes: Slopes | None
    followed: bool
    rounded: bool
    off: bool
    tie: Tie | None


@dataclass(frozen=True, slots=True)
class Schedule:
    """A formula, ready to be run. Slots are numbered: first the names, then the literals, then one a step.

    names: of each the component of a number, the variable that is an array, or the constant's value.  end: the slot of
    the result.  draws: how many times noise is added.  plain: every value is one number for each row.
    """

    names: tuple[int | Variable | Array, ...]
    literals: tuple[Array, ...]
    end: Slot
    forward: tuple[Forward, ...]
    backward: tuple[Backward, ...]
    draws: int
    plain: bool


@functools.cache
def _recipe(name: str, asked: tuple[int, ...]) -> Recipe | None:
    """Of an elementwise function; None where it is another, or none of autograd's own."""
    if name not in _OPERATIONS.split():
        return None
    primitive: Any = AUTOGRAD.functions[name]
    if name in TIES_WITHOUT_SLOPE:
        return Recipe(getattr(np, name), None, False, False, False, TIES_WITHOUT_SLOPE[name])
    if not hasattr(primitive, "fun"):  # autograd's own `where` is a wrapper of what it follows
        primitive = trace_primitives_map[getattr(np, name)]
    own = primitive.__name__
    if not asked or primitive in notrace_primitives[VJPNode]:
        return Recipe(primitive.fun, None, False, False, False, None)
    slopes = _SLOPES.get((name, asked)) or _by_autograd(primitive, asked)
    return Recipe(primitive.fun, slopes, True, own not in EXACT, own in ELEMENTWISE, TIES.get(own))


def _detailed(step: Step, asked: tuple[int, ...], fixed: tuple[bool, ...]) -> Recipe | None:
    """Of a function that takes axes, a shape or an index as well; None where it is no one function of autograd's.

    fixed: which arguments are the same at all points.
    """
    if step.operation == "matmul":
        return _product(step.detail, asked, fixed)
    if step.operation == "index":
        subscript = step.subscript
        return Recipe(operator.itemgetter(subscript), _given_back(subscript), bool(asked), False, False, None)
    if step.operation not in ("reshape", *_ALONG_AXES.split()):
        return None
    detail: Any = step.detail
    primitive: Any = AUTOGRAD.functions[step.operation]
    raw, own = primitive.fun, primitive.__name__
    if step.operation == "reshape":
        return Recipe(lambda x: raw(x, (x.shape[0], *detail)), _reshaped, bool(asked), False, False, None)
    axes = detail[0] if step.operation == "cumsum" else detail
    tie, make = TIES.get(own), primitive_vjps[primitive]
    return Recipe(
        lambda x: raw(x, axes),
        lambda g, ans, x: tuple(make((0,), ans, (x, axes), {})(g)),
        bool(asked), bool(asked) and own not in EXACT, own in ELEMENTWISE,
        None if tie is None or not asked else lambda ans, x: tie(ans, x, axes),
    )  # fmt: skip


def _product(ranks: Any, asked: tuple[int, ...], fixed: tuple[bool, ...]) -> Recipe | None:
    """Of a product of matrices, and of one of a fixed matrix with a vector; None for the others."""
    primitive: Any = AUTOGRAD.functions["matmul"]
    matmul, make = primitive.fun, primitive_vjps[primitive]
    if ranks == (2, 2):
        return Recipe(matmul, _by_autograd(primitive, asked), bool(asked), bool(asked), False, None)
    if ranks == (2, 1) and fixed[0]:
        return Recipe(
            lambda matrix, x: matmul(x, matrix[0].T),
            lambda g, ans, matrix, x: tuple(make((0,), ans, (x, matrix[0].T), {})(g)),
            bool(asked), bool(asked), False, None,
        )  # fmt: skip
    if ranks == (1, 2) and fixed[1]:
        return Recipe(
            lambda x, matrix: matmul(x, matrix[0]),
            lambda g, ans, x, matrix: tuple(make((0,), ans, (x, matrix[0]), {})(g)),
            bool(asked), bool(asked), False, None,
        )  # fmt: skip
    return None


def _given_back(subscript: tuple[Any, ...]) -> Slopes:
    """The rule of an index that names no entry twice."""

    def slopes(g: Array, _ans: Array, x: Array) -> tuple[Array, ...]:
        whole = np.zeros(x.shape)
        whole[subscript] += g
        return (whole,)

    return slopes


def _reshaped(g: Array, _ans: Array, x: Array) -> tuple[Array, ...]:
    return (g.reshape(x.shape),)


def schedule(function: ExpressionFunction) -> Schedule | None:
    """The order of the passes; None where there is no variable, or a list, say, whose trace has several steps."""
    if function.output_shape or function.trees[0].shape:
        return None
    program = program_of(function.trees[:1])
    names = _names(program.names, function)
    literals = tuple([literal_value(literal, AUTOGRAD) for literal in program.literals])
    inputs = tuple([type(name) is int or type(name) is Variable for name in names]) + (False,) * len(literals)
    passes = _passes(program.steps, inputs, program.results[0])
    if passes is None:
        return None
    forward, backward, draws, plain = passes
    arrays = [value for value in (*names, *literals) if isinstance(value, Variable) or np.ndim(value) > 1]
    return Schedule(names, literals, program.results[0], forward, backward, draws, plain and not arrays)


@functools.lru_cache(maxsize=256)  # formulas that differ in their numbers alone are frequent
def _passes(
    steps: tuple[Step, ...], inputs: tuple[bool, ...], end: Slot
) -> tuple[tuple[Forward, ...], tuple[Backward, ...], int, bool] | None:
    """Forward steps, steps back, how often noise is drawn, and whether all of them are elementwise.

    inputs: which of the first slots are variables'.
    """
    followed, fixed = list(inputs), [not followed for followed in inputs]
    forward: list[Forward] = []
    nodes: list[Backward | None] = [None] * len(followed)
    draws, plain = 0, True
    for step in steps:
        name, arguments, detail, _ = step
        first, second = arguments if len(arguments) == 2 else (arguments[0], -1)
        asked = _ASKED[followed[first], second >= 0 and followed[second]]
        if len(arguments) > 2:
            first, asked = -1, tuple([i for i, argument in enumerate(arguments) if followed[argument]])
        same = tuple([fixed[argument] for argument in arguments])
        fixed.append(all(same))
        recipe = _recipe(name, asked) if detail is None else _detailed(step, asked, same)
        if recipe is None:
            return None
        plain = plain and detail is None
        forward.append((recipe.function, first, second, arguments, recipe.rounded, recipe.tie))
        followed.append(recipe.followed)
        if recipe.followed:
            parents = arguments if len(asked) == len(arguments) else tuple([arguments[i] for i in asked])
            nodes.append((len(nodes), recipe.slopes, arguments, parents, recipe.off))
            draws += recipe.rounded
        else:
            nodes.append(None)
    if not followed[end]:
        return None
    backward = _ordered(end, nodes)
    # A variable is a column of the points, reshaped: two steps.
    draws += sum([1 if step[1] else 2 for step in backward])
    return tuple(forward), tuple(backward), draws, plain


_ASKED = {(False, False): (), (True, False): (0,), (False, True): (1,), (True, True): (0, 1)}


def _names(names: tuple[str, ...], function: ExpressionFunction) -> tuple[int | Variable | Array, ...]:
    """What each name stands for."""
    found: list[int | Variable | Array] = []
    variables = {variable.name: variable for variable in function.variables}
    for name in names:
        variable = variables.get(name)
        if variable is not None:
            found.append(variable if variable.shape else variable.offset)
            continue
        constant = function.constants.get(name)
        found.append(AUTOGRAD.names[name] if constant is None else AUTOGRAD.constant(np.asarray(constant)[None]))
    return tuple(found)


@functools.cache
def _by_autograd(primitive: Callable[..., Any], asked: tuple[int, ...]) -> Slopes:
    make = primitive_vjps[primitive]

    def slopes(g: Array, ans: Array, *arguments: Array) -> tuple[Array, ...]:
        return tuple(make(asked, ans, arguments, {})(g))

    return slopes


def _ordered(end: Slot, nodes: Sequence[Backward | None]) -> list[Backward]:
    """The steps back from `end` in the order of `autograd.util.toposort`, which the noise is drawn in."""
    uses = [0] * len(nodes)
    stack = [end]
    while stack:
        slot = stack.pop()
        uses[slot] += 1
        if uses[slot] == 1 and (node := nodes[slot]) is not None:
            stack += node[3]
    order: list[Backward] = []
    stack = [end]
    while stack:
        slot = stack.pop()
        node = nodes[slot]
        if node is None:
            order.append((slot, None, (), (), False))
            continue
        order.append(node)
        for parent in node[3]:
            if uses[parent] == 1:
                stack.append(parent)
            else:
                uses[parent] -= 1
    return order
