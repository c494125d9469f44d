"""Reverse passes over autograd's graph that know their own round-off, their ties, and what they are connected to.

Round-off is measured by Monte Carlo arithmetic (Parker, Pierce & Eggert 2000): every rounded result, forward and
backward, is multiplied by 1 + ε·r with random r of either sign about 1, in extra rows (or extra runs) beside the clean
ones; how far these come out apart is how far round-off can have moved the derivative.
"""

from __future__ import annotations

import contextlib
import functools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import autograd.numpy as anp
import numpy as np
from autograd.core import VJPNode, add_outgrads
from autograd.numpy.numpy_boxes import ArrayBox
from autograd.tracer import Box, getval, isbox, new_box, notrace_primitives, trace_stack
from autograd.util import toposort

from gradverify_autodiff.boxes import plain_value
from gradverify_autodiff.rules import chosen

CONSTANT = "constant"
# Results that are exact copies of their arguments.
EXACT = frozenset(
    [
        "input",
        CONSTANT,
        "with_entries",
        "__getitem__",
        "reshape",
        "ravel",
        "transpose",
        "swapaxes",
        "moveaxis",
        "rollaxis",
        "squeeze",
        "expand_dims",
        "broadcast_to",
        "negative",
        "abs",
        "absolute",
        "fabs",
        "maximum",
        "minimum",
        "fmax",
        "fmin",
        "max",
        "min",
        "amax",
        "amin",
        "clip",
        "where",
        "concatenate_args",
        "array_from_args",
        "_array_from_scalar_or_array",
        "sort",
        "flipud",
        "fliplr",
        "roll",
        "diag",
        "diagonal",
        "repeat",
        "tile",
        "atleast_1d",
        "atleast_2d",
        "atleast_3d",
        "triu",
        "tril",
        "split",
        "array_split",
        "pad",
        "untake",
        "conj",
        "real",
        "imag",
        "copied",
        "sparse_add",
        "make_diagonal",
    ]
)
# Elementwise functions: where an argument's share of the result is multiplied by a zero from `where`, it is zero.
ELEMENTWISE = frozenset(
    [
        "add",
        "subtract",
        "multiply",
        "divide",
        "true_divide",
        "power",
        "reciprocal",
        "negative",
        "abs",
        "sqrt",
        "cbrt",
        "square",
        "exp",
        "exp2",
        "expm1",
        "log",
        "log2",
        "log10",
        "log1p",
        "sin",
        "cos",
        "tan",
        "arcsin",
        "arccos",
        "arctan",
        "sinh",
        "cosh",
        "tanh",
        "arcsinh",
        "arccosh",
        "arctanh",
        "hypot",
        "arctan2",
        "logaddexp",
        "remainder",
        "mod",
        "erf",
        "erfc",
        "gammaln",
        "digamma",
        "polygamma",
        "sigmoid",
        "softplus",
        "maximum",
        "minimum",
    ]
)


class StaleValueError(Exception):
    """The result depends on a value that was traced in another call: the function keeps state."""


@dataclass(slots=True)
class Noise:
    """Random relative changes of size `epsilon`.

    clean, rows: the first `clean` of `rows` leading entries stay as they are; without `rows` everything is changed.
    """

    epsilon: float
    generator: np.random.Generator
    clean: int = 0
    rows: int | None = None

    def __call__(self, value: Any) -> Any:
        """`value`, an array or number, changed; anything else as it is."""
        kind = type(value)
        if kind is np.ndarray:
            if value.dtype.kind not in "fc" or (self.rows is not None and value.shape[:1] != (self.rows,)):
                return value
            epsilon = max(self.epsilon, _epsilon(value.dtype))
            change = self._draw(value.shape)
            change *= epsilon
            if self.rows is not None:
                change[: self.clean] = 0
            return value + value * change
        if self.rows is None and kind in (float, np.float64):
            return np.float64(value * (1 + self.epsilon * _random_factor(self.generator)))
        if self.rows is None and kind is np.float32:
            epsilon = max(self.epsilon, float(np.finfo(np.float32).eps))
            return np.float32(value * (1 + epsilon * _random_factor(self.generator)))
        return value

    def of_size(self, value: Any) -> Any:
        """Changes for every entry of the array `value`, of the size that round-off has in the largest."""
        largest = np.max(np.abs(value), initial=0.0)
        return self.epsilon * self._draw(np.shape(value)) * largest

    def _draw(self, shape: tuple[int, ...]) -> Any:
        return random_factors(self.generator, shape)


def random_factors(generator: np.random.Generator, shape: tuple[int, ...]) -> Any:
    """Factors of either sign from 0.6 to 1.2: below ½ a change would be lost when the result is rounded."""
    draws = generator.uniform(-0.6, 0.6, shape)
    draws += np.copysign(0.6, draws)
    return draws


def _random_factor(generator: np.random.Generator) -> float:
    """The same for one number, of the same draw: code works with many."""
    draw = -0.6 + 1.2 * generator.random()
    return draw + math.copysign(0.6, draw)


@functools.cache
def _epsilon(dtype: Any) -> float:
    return float(np.finfo(dtype).eps)


@dataclass(slots=True)
class State:
    """What the passes under way are to do, and what they noticed."""

    noise: Noise | None = None
    ties: Any = None  # mask of the clean rows in which a branch is decided by equality
    clean: int = 0
    strong_zeros: bool = False


_state = State()


class TooLongError(Exception):
    """There are more steps to be recorded than are worth it."""


@dataclass(slots=True)
class Length:
    """How many steps were recorded for one answer, and how many may be."""

    made: int = 0
    most: int | None = None


length = Length()


class RowNode(VJPNode):  # type: ignore[misc]
    """A node that knows its function, so that ties are noticed and exact results are not counted as rounded."""

    __slots__ = ("name",)

    def __init__(self, value: Any, fun: Any, args: Any, kwargs: Any, parent_argnums: Any, parents: Any) -> None:
        self.name = fun.__name__
        length.made += 1
        if length.most is not None and length.made > length.most:
            raise TooLongError
        if kwargs.get("out") is not None:
            raise TypeError("`out=` cuts the connection: what is written there is plain numbers")
        if _state.ties is not None and self.name in TIES:
            tie(TIES[self.name](getval(value), *map(getval, args), **kwargs))
        super().__init__(value, fun, args, kwargs, parent_argnums, parents)

    def initialize_root(self) -> None:
        """The input's own node."""
        self.name = "input"
        super().initialize_root()

    @classmethod
    def new_constant(cls) -> RowNode:
        """The node of an array that depends on nothing, and may be filled with what does."""
        node: RowNode = cls.new_root()
        node.name = CONSTANT
        return node


# What has no derivative passes through untraced, as in autograd's own reverse mode.
notrace_primitives[RowNode] = notrace_primitives[VJPNode]


def current_noise() -> Noise | None:
    """The noise of the pass under way, if it has any."""
    return _state.noise


def tie(mask: Any) -> None:
    """Note the rows in which `mask` holds anywhere."""
    if _state.ties is not None:
        noted(_state.ties, _state.clean, mask)


def noted(ties: Any, clean: int, mask: Any) -> None:
    """Mark in `ties`, shape (clean,) or (1,), which of the first `clean` rows have `mask` anywhere."""
    mask = np.asarray(mask)
    if ties.shape == (1,):
        ties |= np.any(mask)
    elif mask.shape[:1] and mask.shape[0] >= clean:
        ties |= np.any(mask[:clean].reshape((clean, -1)), axis=1)


def equal_arguments(_: Any, left: Any, right: Any, **__: Any) -> Any:
    """Both arguments are equal: comparisons, maximum, minimum."""
    return np.equal(left, right)


def zero_argument(_: Any, x: Any, *__: Any, **___: Any) -> Any:
    """The argument is 0: abs, sign."""
    return np.equal(x, 0)


def whole_argument(_: Any, x: Any, *__: Any, **___: Any) -> Any:
    """The argument is a whole number: floor and its kin."""
    return np.equal(x, np.floor(x))


def _several_chosen(ans: Any, x: Any, *args: Any, **kwargs: Any) -> Any:
    return chosen(ans, x, *args, **kwargs)[1] > 1


def _equal_neighbours(ans: Any, *args: Any, **kwargs: Any) -> Any:
    axis = kwargs.get("axis", args[1] if len(args) > 1 else -1)
    return np.diff(ans, axis=-1 if axis is None else axis) == 0


def _on_the_cut(_: Any, y: Any, x: Any) -> Any:
    return np.logical_and(np.equal(y, 0), np.less_equal(x, 0))


def _at_a_limit(ans: Any, _: Any, low: Any = None, high: Any = None, **__: Any) -> Any:
    at_low = False if low is None else np.equal(ans, low)
    return np.logical_or(at_low, False if high is None else np.equal(ans, high))


def _zero_result(ans: Any, *_: Any, **__: Any) -> Any:
    return np.equal(ans, 0)


TIES: dict[str, Callable[..., Any]] = {
    **dict.fromkeys(("maximum", "minimum", "fmax", "fmin"), equal_arguments),
    **dict.fromkeys(("abs", "absolute", "fabs"), zero_argument),
    **dict.fromkeys(("max", "min", "amax", "amin"), _several_chosen),
    **dict.fromkeys(("remainder", "mod"), _zero_result),
    "sort": _equal_neighbours,
    "clip": _at_a_limit,
    "arctan2": _on_the_cut,
}


def _noisy_init(self: Any, value: Any, trace: int, node: Any) -> None:
    noise = _state.noise
    if noise is not None and type(node) is RowNode and node.name not in EXACT:
        value = noise(value)
    Box.__init__(self, value, trace, node)


@contextlib.contextmanager
def passes(
    *, noise: Noise | None = None, ties: Any = None, clean: int = 0, strong_zeros: bool = False
) -> Iterator[None]:
    """Settings for the traces and reverse passes inside. ties: a mask that is filled in place."""
    global _state  # noqa: PLW0603 - autograd's own trace is global as well
    before, level = _state, trace_stack.top
    had_init = "__init__" in vars(ArrayBox)
    _state = State(noise, ties, clean, strong_zeros)
    if noise is not None and not had_init:
        ArrayBox.__init__ = _noisy_init
    try:
        yield
    finally:
        _state = before
        trace_stack.top = level  # autograd leaves it raised when the function raises
        if noise is not None and not had_init:
            del ArrayBox.__init__


@dataclass(frozen=True, slots=True)
class Traced:
    """A result and how it came about; node is None where the result does not depend on the input."""

    value: Any
    node: Any
    root: Any
    shape: tuple[int, ...]

    def pull_back(self, cotangent: Any) -> Any:
        """Cotangent of the result → cotangent of the input."""
        if self.node is None:
            return np.zeros(self.shape)
        outgrads: dict[Any, Any] = {self.node: (cotangent, False)}
        found: Any = None
        for node in toposort(self.node):
            outgrad = outgrads.pop(node)[0]
            if _state.noise is not None and not isbox(outgrad):
                outgrad = _state.noise(outgrad)
            if not node.parents:
                if node is self.root:
                    found = outgrad
                elif node.name != CONSTANT:
                    raise StaleValueError
                continue
            ingrads = node.vjp(outgrad)
            for parent, given in zip(node.parents, ingrads, strict=False):
                ingrad = given
                if _state.strong_zeros and node.name in ELEMENTWISE and np.shape(outgrad) == np.shape(ingrad):
                    off = _is_off(outgrad, ingrad)
                    if isbox(ingrad) or np.count_nonzero(off):
                        ingrad = anp.where(off, 0.0, ingrad)
                outgrads[parent] = add_outgrads(outgrads.get(parent), ingrad)
        return np.zeros(self.shape) if found is None else found


def _is_off(outgrad: Any, ingrad: Any) -> Any:
    """Where a share of the result is 0 whatever it is multiplied by.

    While a derivative is traced itself, a share of 0 may still have a slope; then only what has no value is left out.
    """
    off = plain_value(outgrad) == 0
    return off & ~np.isfinite(plain_value(ingrad)) if isbox(outgrad) else off


def trace(function: Callable[[Any], Any], x: Any) -> Traced:
    """Run `function` at the array `x` and keep the graph."""
    root = RowNode.new_root()
    with trace_stack.new_trace() as level:
        start = new_box(x, level, root)
        end = function(start)
        if isbox(end) and end._trace == level:
            return Traced(end._value, end._node, root, np.shape(x))
        return Traced(end, None, root, np.shape(x))
