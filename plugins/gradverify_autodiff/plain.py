"""What plain Python code does with numbers and arrays, done to traced ones: `float`, `.item()`, assignment.

A traced array is a handle on a value and its place in the graph. Assigning into it makes a new value, with its own
place, and moves the handle there, so that whoever holds the array sees the change, as in NumPy. A change through a part
of it, as `A[i]` or `A[1:]`, is carried on to the whole; a part that was taken before sees no change of the whole. The
traced value is then another than the function's, which refuses it (checks.py).
"""

from __future__ import annotations

import builtins
import contextlib
import functools
import operator
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import autograd.numpy as anp
import numpy as np
from autograd.extend import defvjp, primitive
from autograd.numpy.numpy_boxes import ArrayBox
from autograd.numpy.numpy_vjps import unbroadcast_f
from autograd.tracer import getval, isbox, new_box, trace_stack

from gradverify_autodiff.mathematics import LostConnectionError, holds_traced, plain_value
from gradverify_autodiff.tape import RowNode

MOST_COPIED = 200_000_000  # numbers in all copies that assignments make in one trace: about half a second


class _FloatMeta(type):
    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(getval(instance) if isbox(instance) else instance, builtins.float)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, builtins.float)


class float(builtins.float, metaclass=_FloatMeta):  # noqa: N801 - stands in for Python's
    """`float`, which keeps a traced number traced. NumPy takes it for its own float64 where a dtype is wanted."""

    dtype = np.dtype(np.float64)

    def __new__(cls, x: Any = 0.0, /) -> Any:
        """`x` as a number, traced where x is."""
        return number(x) if isbox(x) else builtins.float(x)


def number(x: Any) -> Any:
    """A traced array of one component as a traced number of double precision."""
    if anp.size(getval(x)) != 1:
        raise TypeError("only arrays of size 1 can be made a number")
    return anp.reshape(x, ()) if anp.ndim(x) else x


def item(self: Any, *where: Any) -> Any:
    """`array.item()`."""
    if not where:
        return number(self)
    return anp.ravel(self)[where[0]] if len(where) == 1 and isinstance(where[0], int) else number(self[where])


def tolist(self: Any) -> Any:
    """`array.tolist()`, of traced numbers."""
    return [tolist(part) for part in self] if anp.ndim(self) else self


# --- assignment ------------------------------------------------------------------------------------------------------


class _Copies:
    """How many numbers assignments have copied in the trace under way."""

    numbers = 0


class _Parts:
    """Parts of arrays in the trace under way, by id: the part itself, the whole, and where it lies there."""

    of: ClassVar[dict[int, tuple[Any, Any, Any]]] = {}


def new_call() -> None:
    """A new trace begins."""
    _Copies.numbers = 0
    _Parts.of.clear()


_get_item = ArrayBox.__getitem__


def get_item(self: Any, index: Any) -> Any:
    """`array[index]`."""
    found = _get_item(self, index)
    if anp.ndim(found) and all(map(_is_basic, index if isinstance(index, tuple) else (index,))):
        _Parts.of[id(found)] = found, self, index
    return found


def _is_basic(index: Any) -> bool:
    """Whether NumPy gives a view for it, and no copy."""
    return index is None or index is Ellipsis or isinstance(index, (slice, int, np.integer))


@primitive  # type: ignore[untyped-decorator]
def with_entries(base: Any, index: Any, value: Any) -> Any:
    """A copy of the array `base` that holds `value` at `index`."""
    _Copies.numbers += base.size
    if not _Copies.numbers <= MOST_COPIED:
        raise LostConnectionError("there are too many assignments into an array to be traced")
    copy = np.array(base)
    copy[index] = value
    return copy


defvjp(
    with_entries,
    lambda _ans, _base, index, _value: lambda g: with_entries(g, index, 0.0),
    lambda _ans, _base, index, value: unbroadcast_f(value, lambda g: g[index]),
    argnums=(0, 2),
)


@primitive  # type: ignore[untyped-decorator]
def with_added(base: Any, index: Any, value: Any) -> Any:
    """A copy of the array `base` to which `value` is added at `index`, as often as it is named there."""
    _Copies.numbers += base.size
    copy = np.array(base)
    np.add.at(copy, index, value)
    return copy


defvjp(
    with_added,
    lambda _ans, _base, _index, _value: lambda g: g,
    lambda _ans, _base, index, value: unbroadcast_f(value, lambda g: g[index]),
    argnums=(0, 2),
)


def _move(handle: Any, new: Any) -> None:
    """Let the traced array `handle` stand for `new`, and the array that it is a part of for what that makes of it."""
    handle._value, handle._trace, handle._node = new._value, new._trace, new._node
    part, whole, index = _Parts.of.get(id(handle), (None, None, None))
    if part is handle:
        _move(whole, with_entries(whole, index, handle))


def set_item(self: Any, index: Any, value: Any) -> None:
    """`array[index] = value`."""
    if isinstance(value, (list, tuple)) and holds_traced(value):
        value = anp.array(value)
    _move(self, with_entries(self, index, value))


def fill(self: Any, value: Any) -> None:
    """`array.fill(value)`."""
    set_item(self, Ellipsis, value)


def fill_diagonal(a: Any, val: Any, wrap: bool = False) -> None:
    """`np.fill_diagonal`."""
    if not isbox(a):
        np.fill_diagonal(a, val, wrap)
        return
    if wrap:
        raise LostConnectionError("`fill_diagonal` with `wrap` has no derivative rule")
    places = np.arange(min(anp.shape(a)))
    set_item(a, (places,) * anp.ndim(a), val)


def copyto(dst: Any, src: Any, **options: Any) -> None:
    """`np.copyto`."""
    if not isbox(dst) or options:
        np.copyto(dst, src, **options)
    else:
        set_item(dst, Ellipsis, src)


def add_at(a: Any, indices: Any, b: Any) -> None:
    """`np.add.at`."""
    if isbox(a):
        _move(a, with_added(a, indices, b))
    else:
        np.add.at(a, indices, b)


def _in_place(operation: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def changed(self: Any, other: Any) -> Any:
        new = operation(self, other)
        if not anp.ndim(self):  # a number, which nobody else sees changed
            return new
        if anp.shape(new) != anp.shape(self):
            raise ValueError("the result does not fit into the array")
        _move(self, new)
        return self

    return changed


IN_PLACE = {
    f"__i{name}__": _in_place(getattr(operator, name)) for name in ("add", "sub", "mul", "truediv", "pow", "matmul")
}


class _Buffers:
    """Whether arrays that code makes to be filled are traced from the start."""

    on = False


@contextlib.contextmanager
def filled_arrays(on: bool) -> Iterator[None]:
    """Inside, new arrays of floating-point numbers take traced values where `on`. It costs, so it is asked for."""
    before, _Buffers.on = _Buffers.on, on
    try:
        yield
    finally:
        _Buffers.on = before


def fresh(make: Callable[..., Any]) -> Callable[..., Any]:
    """`make`, one of NumPy's functions for new arrays, whose results may be filled with traced values."""

    @functools.wraps(make)
    def made(*arguments: Any, **options: Any) -> Any:
        return as_constant(make(*map(plain_value, arguments), **{name: plain_value(a) for name, a in options.items()}))

    return made


def as_constant(array: Any) -> Any:
    """A plain array of floating-point numbers as a traced one, which depends on nothing yet."""
    if (
        not _Buffers.on
        or trace_stack.top < 0
        or not isinstance(array, np.ndarray)
        or array.dtype.kind != "f"
        or not array.ndim
    ):
        return array
    return new_box(array, trace_stack.top, RowNode.new_constant())
