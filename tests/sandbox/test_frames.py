"""The reader of what comes from inside: whatever the bytes, they are frames within its bounds, or called forged."""

import contextlib
import json
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradverify.sandbox.frames import MARK, ForgedFrameError, Frame, FrameReader, arrays_of, encode
from gradverify.sandbox.messages import read_answer, read_import
from gradverify.sandbox.model import Answer

BOUND = 1 << 16
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
headers = st.dictionaries(
    st.sampled_from(["kind", "id", "status", "returned", "keys", "dtypes", "mutated", "detail", "shapes", "x"]),
    json_values
    | st.sampled_from(["answer", "ok", "array", "dict", "none", "tuple"])
    | st.lists(st.lists(st.integers(-2, 1 << 70), max_size=3), max_size=3),
)


def read_all(data: bytes) -> list[Frame]:
    reader = FrameReader(BOUND)
    reader.feed(data)
    found = []
    while (frame := reader.take()) is not None:
        found.append(frame)
    return found


def raw(header: bytes, payload: bytes = b"") -> bytes:
    return MARK + struct.pack("<IQ", len(header), len(payload)) + header + payload


@given(st.binary(max_size=200) | st.binary(max_size=100).map(lambda rest: MARK + rest))
def test_any_bytes_are_frames_or_forged(data: bytes) -> None:
    with contextlib.suppress(ForgedFrameError):
        read_all(data)


@given(headers, st.binary(max_size=64))
def test_any_header_is_an_answer_or_forged(header: dict[str, object], payload: bytes) -> None:
    for frame in read_all(raw(json.dumps(header, allow_nan=True).encode())) if _strict(header) else []:
        with contextlib.suppress(ForgedFrameError):
            assert isinstance(read_answer(Frame(frame.header, payload), 2), Answer)
        with contextlib.suppress(ForgedFrameError):
            read_import(frame)


def _strict(header: dict[str, object]) -> bool:
    return not any(word in json.dumps(header) for word in ("NaN", "Infinity"))


@given(st.lists(st.integers(0, 1 << 62), max_size=40), st.binary(max_size=64))
def test_any_shapes_are_arrays_or_forged(shape: list[int], payload: bytes) -> None:
    try:
        (array,) = arrays_of(Frame({"shapes": [shape]}, payload))
    except ForgedFrameError:
        return
    assert array.nbytes == len(payload)


@given(st.lists(st.lists(st.floats(), max_size=4), max_size=4), st.integers(1, 7))
def test_what_was_sent_is_read_however_it_is_cut(rows: list[list[float]], step: int) -> None:
    arrays = tuple(np.array(row, dtype=np.float64) for row in rows)
    data = encode({"kind": "x"}, arrays)
    reader = FrameReader(BOUND)
    for at in range(0, len(data), step):
        reader.feed(data[at : at + step])
    frame = reader.take()
    assert frame is not None
    assert not reader.holds_bytes
    for sent, read in zip(arrays, arrays_of(frame), strict=True):
        np.testing.assert_array_equal(sent, read)


@pytest.mark.parametrize(
    "data",
    [
        b"passed",
        MARK + struct.pack("<IQ", 1 << 30, 0),
        MARK + struct.pack("<IQ", 2, BOUND + 1),
        raw(b"{"),
        raw(b"[]"),
        raw(b'{"a": NaN}'),
        raw(b'{"a": -Infinity}'),
        raw(b'{"a": 1, "a": 2}'),
        raw(b'{"a": "\xff"}'),
        raw(b"[" * 200_000),
        raw(b'{"a":' * 40_000),
        raw(b'{"a": ' + b"9" * 10_000 + b"}"),
    ],
)
def test_what_our_own_code_would_not_send_is_forged(data: bytes) -> None:
    with pytest.raises(ForgedFrameError):
        read_all(data)
