"""The messages between the trusted side and a confined process: a JSON header and raw float64 numbers.

A frame is the mark, the header's and the payload's length in bytes (little-endian u32 and u64), the header (a JSON
object in UTF-8) and the payload (little-endian float64). What comes from a confined process may be any bytes at all:
`FrameReader` either returns frames within its bounds or raises `ForgedFrameError`, and allocates nothing on a
stranger's word.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass, field
from json import dumps, loads  # bound here, because submissions may replace what `json` holds
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

MARK = b"GVF1"
_PREFIX = struct.Struct("<4sIQ")
HEADER_BYTES = 1 << 18  # enough for MOST_ARRAYS keys and shapes, and a line of text
MOST_ARRAYS = 256
MOST_AXES = 32  # NumPy 1's own limit
NUMBER_BYTES = 8
FLOAT64 = np.dtype("<f8")


class ForgedFrameError(Exception):
    """The bytes are no frame that our own code would have sent."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One message."""

    header: dict[str, Any]
    payload: bytes


def encode(header: dict[str, Any], arrays: tuple[NDArray[np.float64], ...] = ()) -> bytes:
    """A frame with these arrays, whose shapes go into the header."""
    shapes = [list(array.shape) for array in arrays]
    text = dumps(header | {"shapes": shapes}, allow_nan=False).encode()
    parts = [np.ascontiguousarray(array, dtype=FLOAT64).tobytes() for array in arrays]
    return b"".join((_PREFIX.pack(MARK, len(text), sum(map(len, parts))), text, *parts))


def arrays_of(frame: Frame) -> tuple[NDArray[np.float64], ...]:
    """The arrays of a frame, writable; raises ForgedFrameError unless shapes and payload agree."""
    shapes = frame.header.get("shapes")
    if not isinstance(shapes, list) or len(shapes) > MOST_ARRAYS:
        raise ForgedFrameError("no list of shapes")
    arrays = []
    offset = 0
    for shape in shapes:
        if (
            not isinstance(shape, list)
            or len(shape) > MOST_AXES
            or not all(type(length) is int and 0 <= length <= len(frame.payload) for length in shape)
        ):
            raise ForgedFrameError("a shape that cannot be")
        if math.prod(max(1, length) for length in shape) > len(frame.payload) + 1:
            raise ForgedFrameError("a shape that cannot be")  # as (0, 2**60): no numbers, and yet too much for NumPy
        size = math.prod(shape)
        if size * NUMBER_BYTES > len(frame.payload) - offset:
            raise ForgedFrameError("fewer numbers than its shapes promise")
        arrays.append(np.frombuffer(frame.payload, FLOAT64, size, offset).reshape(shape).astype(np.float64))
        offset += size * NUMBER_BYTES
    if offset != len(frame.payload):
        raise ForgedFrameError("more numbers than its shapes promise")
    return tuple(arrays)


def parse_header(data: bytes) -> dict[str, Any]:
    """A JSON object without NaN, without duplicate keys, not nested beyond what a reader can bear."""
    try:
        header = loads(data.decode(), parse_constant=_refuse_constant, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError and JSONDecodeError are ValueErrors
        raise ForgedFrameError(f"its header is not strict JSON ({type(error).__name__})") from None
    if not isinstance(header, dict):
        raise ForgedFrameError("its header is no JSON object")
    return header


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key twice")
    return found


@dataclass(slots=True)
class FrameReader:
    """Cuts a stream of bytes into frames; at most `payload_bytes` of payload each."""

    payload_bytes: int
    _data: bytearray = field(default_factory=bytearray)

    def feed(self, data: bytes) -> None:
        """Take what was read. Raises as soon as it can no longer become a frame."""
        self._data += data
        self._lengths()

    def take(self) -> Frame | None:
        """The next whole frame, if there is one."""
        lengths = self._lengths()
        if lengths is None:
            return None
        head = _PREFIX.size + lengths[0]
        end = head + lengths[1]
        if len(self._data) < end:
            return None
        frame = Frame(parse_header(bytes(self._data[_PREFIX.size : head])), bytes(self._data[head:end]))
        del self._data[:end]
        return frame

    @property
    def holds_bytes(self) -> bool:
        """Whether something has come that no `take` has returned."""
        return bool(self._data)

    def _lengths(self) -> tuple[int, int] | None:
        known = min(len(self._data), len(MARK))
        if self._data[:known] != MARK[:known]:
            raise ForgedFrameError("bytes that are no message")
        if len(self._data) < _PREFIX.size:
            return None
        _, header, payload = _PREFIX.unpack_from(self._data)
        if header > HEADER_BYTES:
            raise ForgedFrameError(f"a header of {header} bytes")
        if payload > self.payload_bytes:
            raise ForgedFrameError(f"numbers of {payload} bytes")
        return header, payload
