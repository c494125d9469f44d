"""What is done to arrays in place, done to traced ones: assignment, in-place arithmetic, views, arrays to be filled.

A traced array is a handle on a value and its place in the graph. Assigning into it makes a new value, with its own
place, and moves the handle there, so that whoever holds the array sees the change, as in NumPy. Views (`A[i]`, `A[1:]`,
`A.T`, `A.reshape(…)`) are tied to what they are views of: a change of either is carried on to the other. Where that
goes wrong the traced value is mostly another than the function's, which refuses it (checks.py).
"""

from __future__ import annotations

import contextlib
import functools
import math
import operator
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import autograd.numpy as anp
import numpy as np
from autograd.extend import defvjp, primitive
from autograd.numpy.numpy_boxes import ArrayBox
from autograd.numpy.numpy_vjps import unbroadcast_f
from autograd.tracer import isbox, new_box, trace_stack

from gradverify_autodiff.boxes import LostConnectionError, holds_traced, plain_value
from gradverify_autodiff.rules import is_basic
from gradverify_autodiff.tape import RowNode

MOST_COPIED = 200_000_000  # numbers in all copies that assignments make in one trace: about half a second


@dataclass(slots=True)
class _View:
    """A view: its handle, that of the whole, how it is taken, and what the whole becomes where the view changes."""

    view: Any
    whole: Any
    take: Callable[[Any], Any]
    put: Callable[[Any, Any], Any]


@dataclass(slots=True)
class _State:
    """What assignments have come to in the trace under way.

    copied: numbers in all copies.  by_view, by_whole: the views, by the id of the view and by that of the whole.
    fills: whether arrays that code makes to be filled are traced from the start.
    """

    copied: int = 0
    by_view: dict[int, _View] = field(default_factory=dict)
    by_whole: dict[int, list[_View]] = field(default_factory=dict)
    fills: bool = False


_state = _State()


def new_call() -> None:
    """A new trace begins."""
    _state.copied = 0
    _state.by_view.clear()
    _state.by_whole.clear()


def _tie(view: Any, whole: Any, take: Callable[[Any], Any], put: Callable[[Any, Any], Any]) -> Any:
    known = _View(view, whole, take, put)
    _state.by_view[id(view)] = known
    _state.by_whole.setdefault(id(whole), []).append(known)
    return view


_get_item = ArrayBox.__getitem__


def get_item(self: Any, index: Any) -> Any:
    """`array[index]`."""
    found = _get_item(self, index)
    if anp.ndim(found) and all(map(is_basic, index if isinstance(index, tuple) else (index,))):
        _tie(found, self, lambda whole: _get_item(whole, index), lambda whole, view: with_entries(whole, index, view))
    return found


def viewing(take: Callable[..., Any], back: Callable[..., Any]) -> Callable[..., Any]:
    """`take`, a function of an array for another arrangement of it, whose result is a view where NumPy's is.

    back: from the result, the array and the arguments to the array again.
    """

    @functools.wraps(take)
    def taken(array: Any, *arguments: Any, **options: Any) -> Any:
        found = take(array, *arguments, **options)
        if isbox(array) and isbox(found) and np.may_share_memory(plain_value(found), plain_value(array)):
            _tie(
                found, array, lambda whole: take(whole, *arguments, **options),
                lambda whole, view: back(view, whole, *arguments, **options),
            )  # fmt: skip
        return found

    return taken


def _reshape(array: Any, *shape: Any, **options: Any) -> Any:
    return anp.reshape(array, shape[0] if len(shape) == 1 else shape, **options)


def _transpose(array: Any, *axes: Any) -> Any:
    return anp.transpose(array, axes[0] if len(axes) == 1 else (axes or None))


def _transposed_back(view: Any, _whole: Any, *axes: Any) -> Any:
    order = axes[0] if len(axes) == 1 else (axes or None)
    return anp.transpose(view, None if order is None else np.argsort(order))


def _as_before(view: Any, whole: Any, *_: Any, **__: Any) -> Any:
    return anp.reshape(view, anp.shape(whole))


reshape = viewing(_reshape, _as_before)
ravel = viewing(anp.ravel, _as_before)
squeeze = viewing(anp.squeeze, _as_before)
transpose = viewing(_transpose, _transposed_back)
swapaxes = viewing(anp.swapaxes, lambda view, _whole, first, second: anp.swapaxes(view, first, second))


@primitive  # type: ignore[untyped-decorator]
def with_entries(base: Any, index: Any, value: Any) -> Any:
    """A copy of the array `base` that holds `value` at `index`."""
    _count_copy(base)
    if _names_places(index) and _is_repeated(base.shape, index):
        raise LostConnectionError("one entry is assigned to twice at once")
    copy = np.array(base)
    copy[index] = value
    return copy


def _count_copy(base: Any) -> None:
    _state.copied += base.size
    if not _state.copied <= MOST_COPIED:
        raise LostConnectionError("there are too many assignments into an array to be traced")


def _names_places(index: Any) -> bool:
    """Whether `index` lists entries one by one, so that it may name one twice."""
    return any(not (is_basic(part) or _is_mask(part)) for part in (index if isinstance(index, tuple) else (index,)))


def _is_mask(index: Any) -> bool:
    return bool(np.asarray(index).dtype == np.bool_)


def _is_repeated(shape: tuple[int, ...], index: Any) -> bool:
    places = np.arange(math.prod(shape)).reshape(shape)[index]
    return bool(np.unique(places).size < places.size)


defvjp(
    with_entries,
    lambda _ans, _base, index, _value: lambda g: with_entries(g, index, 0.0),
    lambda _ans, _base, index, value: unbroadcast_f(value, lambda g: g[index]),
    argnums=(0, 2),
)


@primitive  # type: ignore[untyped-decorator]
def with_added(base: Any, index: Any, value: Any) -> Any:
    """A copy of the array `base` to which `value` is added at `index`, as often as it is named there."""
    _count_copy(base)
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
    """Let the traced array `handle` stand for `new`; its views, and what it is a view of, follow."""
    _replace(handle, new)
    _refresh(handle, None)
    changed, known = handle, _state.by_view.get(id(handle))
    while known is not None and known.view is changed:
        _replace(known.whole, known.put(known.whole, changed))
        _refresh(known.whole, changed)
        changed, known = known.whole, _state.by_view.get(id(known.whole))


def _replace(handle: Any, new: Any) -> None:
    handle._value, handle._trace, handle._node = new._value, new._trace, new._node


def _holders(known: _View) -> int:
    """How many hold the view, those who look at it among them."""
    view = known.view
    return sys.getrefcount(view)


NOBODY = _holders(_View(object(), None, lambda x: x, lambda x, _: x))  # a view that only these tables hold


def _refresh(whole: Any, changed: Any) -> None:
    """Take the views of `whole` anew, but for `changed`, and forget those that nobody holds."""
    views = _state.by_whole.get(id(whole))
    if not views:
        return
    kept = []
    for known in views:
        if known.view is changed:
            kept.append(known)
        elif _holders(known) > NOBODY or _state.by_whole.get(id(known.view)):
            _replace(known.view, known.take(whole))
            _refresh(known.view, None)
            kept.append(known)
        else:
            del _state.by_view[id(known.view)]
    _state.by_whole[id(whole)] = kept


def set_item(self: Any, index: Any, value: Any) -> None:
    """`array[index] = value`."""
    if isinstance(value, (list, tuple)) and holds_traced(value):
        value = anp.array(value)
    missing = anp.ndim(value) - np.ndim(plain_value(self)[index]) if isbox(value) else 0
    if missing > 0:  # axes of length 1 before those of the place, which NumPy ignores
        value = anp.reshape(value, anp.shape(value)[missing:])
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


@contextlib.contextmanager
def filled_arrays(on: bool) -> Iterator[None]:
    """Inside, new arrays of floating-point numbers take traced values where `on`. It costs, so it is asked for."""
    before, _state.fills = _state.fills, on
    try:
        yield
    finally:
        _state.fills = before


def fresh(make: Callable[..., Any]) -> Callable[..., Any]:
    """`make`, one of NumPy's functions for new arrays, whose results may be filled with traced values."""

    @functools.wraps(make)
    def made(*arguments: Any, **options: Any) -> Any:
        return as_constant(make(*map(plain_value, arguments), **{name: plain_value(a) for name, a in options.items()}))

    return made


def full(shape: Any, fill_value: Any, dtype: Any = None, **options: Any) -> Any:
    """`np.full`, whose value may be traced."""
    if not isbox(fill_value):
        return as_constant(np.full(shape, fill_value, dtype, **options))
    return _filled(np.full(shape, np.nan, dtype or np.float64), fill_value)


def full_like(a: Any, fill_value: Any, dtype: Any = None, **options: Any) -> Any:
    """`np.full_like`, whose value may be traced."""
    if not isbox(fill_value):
        return as_constant(np.full_like(plain_value(a), fill_value, dtype, **options))
    return _filled(np.full_like(plain_value(a), np.nan, dtype), fill_value)


def _filled(array: Any, value: Any) -> Any:
    if array.dtype.kind != "f":
        raise LostConnectionError(f"a conversion to {array.dtype} has no derivative")
    missing = anp.ndim(value) - array.ndim
    return with_entries(array, Ellipsis, anp.reshape(value, anp.shape(value)[missing:]) if missing > 0 else value)


def as_constant(array: Any) -> Any:
    """A plain array of floating-point numbers as a traced one, which depends on nothing yet."""
    if (
        not _state.fills
        or trace_stack.top < 0
        or not isinstance(array, np.ndarray)
        or array.dtype.kind != "f"
        or not array.ndim
    ):
        return array
    return new_box(array, trace_stack.top, RowNode.new_constant())
