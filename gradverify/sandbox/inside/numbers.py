"""What the student's code returned, turned into plain float64 arrays where that can be done honestly.

This runs beside the student's code, so `__array__`, `__float__` and the like run here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

REAL_KINDS = "biuf"  # dtype.kind of booleans, integers, floats; text and dates are no reals
MOST_ELEMENTS = 256  # of a tuple or mapping; a history of iterates comes as one array
MOST_AXES = 32  # with these three a message's header stays within its bound
KEY_LENGTH = 60
NUMBER_BYTES = 8


class NotNumbersError(Exception):
    """It cannot be read as real numbers; says what it is."""


@dataclass(frozen=True, slots=True)
class Returned:
    """What an entry returned, as numbers."""

    kind: str  # array | tuple | dict | none | other
    values: tuple[Array, ...] = ()
    dtypes: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    detail: str = ""


def normalise(value: object, most_bytes: int) -> Returned:
    """`value` as arrays of at most `most_bytes` together; kind `other` where it is nothing of the kind."""
    room = Room(most_bytes)
    try:
        if value is None:
            return Returned("none")
        if isinstance(value, Mapping):
            items = [(key, value[key]) for _, key in zip(range(MOST_ELEMENTS + 1), value, strict=False)]
            keys = tuple(str(key)[:KEY_LENGTH] for key, _ in items)
            if len(set(keys)) != len(keys):
                return Returned("other", detail="a mapping with two keys of the same name")
            return _several("dict", [item for _, item in items], room, keys)
        if isinstance(value, tuple) and not _is_nested(value):
            return _several("tuple", list(value), room)
        if isinstance(value, list | tuple):
            try:
                array, dtype = as_array(value, room)
            except NotNumbersError:
                return _several("tuple", list(value), room, what="list" if isinstance(value, list) else "tuple")
            return Returned("array", (array,), (dtype,))
        array, dtype = as_array(value, room)
        return Returned("array", (array,), (dtype,))
    except NotNumbersError as error:
        return Returned("other", detail=str(error))


def _is_nested(value: tuple[object, ...]) -> bool:
    """Whether it is a table as Python writes one, `(a, b), (c, d)`, which NumPy reads by rows, as it does a list's."""
    return bool(value) and all(isinstance(row, list | tuple) for row in value)


class Room:
    """How many bytes of numbers may still be sent."""

    def __init__(self, most_bytes: int) -> None:
        self.left = most_bytes

    def take(self, array: NDArray[np.generic]) -> None:
        """Before the array is copied: it may be a view of one number that looks like a billion."""
        self.left -= array.size * NUMBER_BYTES
        if self.left < 0:
            raise NotNumbersError(f"{array.size} numbers, which is more than an answer may hold")


def _several(kind: str, elements: list[object], room: Room, keys: tuple[str, ...] = (), what: str = "") -> Returned:
    what = what or kind
    if len(elements) > MOST_ELEMENTS:
        raise NotNumbersError(f"a {what} of more than {MOST_ELEMENTS} elements")
    pairs = []
    for place, element in enumerate(elements):
        try:
            pairs.append(as_array(element, room))
        except NotNumbersError as error:
            name = repr(keys[place]) if keys else str(place)
            raise NotNumbersError(f"a {what} whose element {name} is {error}") from None
    return Returned(kind, tuple(array for array, _ in pairs), tuple(dtype for _, dtype in pairs), keys)


# What an array may hold that holds no numbers, by the letter of its dtype: `str96` says nothing to most people. The
# core has the same words; what runs here imports nothing of it.
KINDS = {"U": "text", "S": "bytes", "T": "text", "M": "dates", "m": "spans of time", "V": "records"}


def in_words(dtype: np.dtype[np.generic]) -> str:
    """What an array of this type holds: `text`, `dates`; numbers by the type's own name."""
    return KINDS.get(dtype.kind, dtype.name)


def as_array(value: object, room: Room) -> tuple[Array, str]:
    """One float64 array of its own, with the name of the type it had."""
    try:
        found = np.asarray(value)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - a student's __array__ may raise anything
        raise NotNumbersError(f"{_described(value)} (NumPy: {type(error).__name__}: {error})") from None
    if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
        raise NotNumbersError("a masked array with masked elements")
    if found.ndim > MOST_AXES:
        raise NotNumbersError(f"an array with {found.ndim} axes")
    dtype = found.dtype
    if dtype.kind == "O":
        return _objects(found, value, room)
    if dtype.kind not in REAL_KINDS + "c":
        inside = f" of {in_words(dtype)} of shape {found.shape}" if found.ndim else ""
        raise NotNumbersError(f"{_described(value)}{inside}")
    room.take(found)
    if dtype.kind == "c":
        found = _real(found, value)
    with np.errstate(all="ignore"):
        array = np.array(found, dtype=np.float64, order="C", copy=True, subok=False)
    return array, dtype.name


def _real(found: NDArray[np.generic], value: object) -> NDArray[np.generic]:
    """The real parts of complex numbers whose imaginary parts are all exactly 0, as `np.roots` returns them.

    Where they are not, even if it is by round-off alone, only the author knows what was meant.
    """
    imaginary = found.imag
    if not (imaginary == 0).all():
        largest = float(np.max(np.abs(imaginary)))
        raise NotNumbersError(
            f"{_described(value)} with complex numbers, whose imaginary parts are up to {largest:.2g};"
            " return real numbers (of a complex array z, z.real)"
        )
    return found.real


def _objects(found: NDArray[np.generic], value: object, room: Room) -> tuple[Array, str]:
    room.take(found)
    try:
        elements = [element for element in found.ravel().tolist() if not isinstance(element, str | bytes)]
        some_complex = any(isinstance(element, complex) for element in elements)
        numbers = np.array([complex(e) if isinstance(e, complex) else float(e) for e in elements])
        if some_complex:
            return np.array(_real(numbers, value), dtype=np.float64).reshape(found.shape), "complex128"
        return np.array(numbers, dtype=np.float64).reshape(found.shape), found.dtype.name
    except (MemoryError, NotNumbersError):
        raise
    except Exception:  # noqa: BLE001 - a student's __float__ may raise anything
        raise NotNumbersError(f"{_described(value)}, not numbers") from None


def _described(value: object) -> str:
    return f"an object of type {type(value).__name__}"
