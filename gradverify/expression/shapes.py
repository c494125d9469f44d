"""The shape rules of the language, as NumPy has them, over static shapes."""

from __future__ import annotations

import math
from collections.abc import Sequence

from gradverify.core.variables import Shape

IndexPart = int | tuple[int | None, int | None, int | None]


class ShapeError(Exception):
    """Shapes that do not fit; the message is a sentence."""


class IndexRangeError(Exception):
    """An index outside its axis; the message is a sentence."""


def broadcast(shapes: Sequence[Shape]) -> Shape:
    """The common shape of operands, by NumPy's broadcasting."""
    result: list[int] = []
    for shape in shapes:
        result[:0] = [1] * (len(shape) - len(result))
        for i in range(1, len(shape) + 1):
            if result[-i] == 1:
                result[-i] = shape[-i]
            elif shape[-i] not in (1, result[-i]):
                raise ShapeError(f"shapes {' and '.join(map(str, dict.fromkeys(shapes)))} do not broadcast")
    return tuple(result)


def matmul(left: Shape, right: Shape) -> Shape:
    """The shape of `left @ right`."""
    if not left or not right:
        raise ShapeError("`@` needs arrays on both sides, not scalars")
    inner = right[-2] if len(right) > 1 else right[-1]
    if left[-1] != inner:
        raise ShapeError(f"shapes {left} and {right} cannot be multiplied: {left[-1]} is not {inner}")
    rows = left[-2:-1]
    columns = right[-1:] if len(right) > 1 else ()
    return (*broadcast([left[:-2], right[:-2]]), *rows, *columns)


def reduced(shape: Shape, axis: int | None) -> Shape:
    """The shape left when `axis` (None: all) is summed over; `axis` is not negative."""
    return () if axis is None else shape[:axis] + shape[axis + 1 :]


def normalized_axis(axis: int, shape: Shape) -> int:
    """`axis` counted from the front."""
    if not -len(shape) <= axis < len(shape):
        raise IndexRangeError(f"there is no axis {axis} in shape {shape}")
    return axis % len(shape)


def indexed(shape: Shape, parts: Sequence[IndexPart]) -> Shape:
    """The shape of `value[parts]`; axes without a part are kept."""
    if len(parts) > len(shape):
        raise IndexRangeError(f"{len(parts)} indices are too many for shape {shape}")
    result: list[int] = []
    for part, length in zip(parts, shape, strict=False):
        if isinstance(part, tuple):
            result.append(len(range(*slice(*part).indices(length))))
        elif not -length <= part < length:
            raise IndexRangeError(f"index {part} is out of range for an axis of length {length}")
    return (*result, *shape[len(parts) :])


def size(shape: Shape) -> int:
    """The number of elements."""
    return math.prod(shape)
