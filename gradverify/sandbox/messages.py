"""What requests and answers say, and the strict reading of what comes from inside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gradverify.sandbox.frames import ForgedFrameError, Frame, arrays_of, encode
from gradverify.sandbox.model import Answer, Argument, Array, RemoteFunction, Status

DETAIL_LENGTH = 800  # characters kept of any text from inside
TEXT_LENGTH = 200  # … of a key or a type's name
# What a confined process may say of itself; everything else is found out from outside.
CLAIMED = {
    status.value: status
    for status in (
        Status.OK,
        Status.MISSING,
        Status.IMPORT_ERROR,
        Status.BAD_SIGNATURE,
        Status.RAISED,
        Status.MEMORY,
    )
}
KINDS = ("array", "tuple", "dict", "none", "other")


def request(number: int, entry: str, arguments: Sequence[Argument]) -> bytes:
    """The question: call `entry` with these arguments."""
    described: list[Mapping[str, Any]] = []
    arrays: list[Array] = []
    for argument in arguments:
        if isinstance(argument, RemoteFunction):
            described.append({"type": "function", "name": argument.name})
        elif isinstance(argument, int) and not isinstance(argument, bool):
            described.append({"type": "int", "value": argument})
        elif isinstance(argument, float):
            described.append({"type": "float"})
            arrays.append(np.array(argument, dtype=np.float64))
        else:
            described.append({"type": "array"})
            arrays.append(np.asarray(argument, dtype=np.float64))
    return encode({"id": number, "entry": entry, "arguments": described}, tuple(arrays))


def reply(function: RemoteFunction, call: Frame) -> bytes:
    """The value of a function at the numbers that the student chose."""
    arguments = arrays_of(call)
    if "odd" in call.header:
        what = line(call.header["odd"], TEXT_LENGTH)
        return encode({"status": "error", "detail": f"{function.name} takes real numbers; it was given {what}"})
    try:
        with np.errstate(all="ignore"):
            value = np.asarray(function.function(*arguments), dtype=np.float64)
    except Exception as error:  # noqa: BLE001 - the student chose the arguments, so whatever it raises is answered
        return encode({"status": "error", "detail": f"{function.name}: {error}"[:DETAIL_LENGTH]})
    return encode({"status": "ok"}, (value,))


def read_import(frame: Frame) -> tuple[Status, str]:
    """How the submission's import went, by its own account."""
    if frame.header.get("kind") != "imported":
        raise ForgedFrameError("an answer before a question")
    return claimed_status(frame), line(frame.header.get("detail"))


def claimed_status(frame: Frame) -> Status:
    """The status that a message claims, if it is one that may be claimed."""
    word = frame.header.get("status")
    if not isinstance(word, str) or word not in CLAIMED:
        raise ForgedFrameError("a status that may not be claimed")
    return CLAIMED[word]


def read_answer(frame: Frame, arguments: int) -> Answer:
    """The answer in a message: each field is of its type and bounded, or it is forged."""
    header = frame.header
    status, detail = claimed_status(frame), line(header.get("detail"))
    values = arrays_of(frame)
    if status is not Status.OK:
        return Answer(status=status, detail=detail)
    kind = header.get("returned")
    keys, dtypes, mutated = _strings(header.get("keys")), _strings(header.get("dtypes")), header.get("mutated")
    if (
        kind not in KINDS
        or keys is None
        or dtypes is None
        or len(dtypes) != len(values)
        or len(keys) != (len(values) if kind == "dict" else 0)
        or (len(values) != 1 if kind == "array" else bool(values) and kind in ("none", "other"))
        or not isinstance(mutated, list)
        or not all(type(index) is int and 0 <= index < arguments for index in mutated)
    ):
        raise ForgedFrameError("an answer that contradicts itself")
    return Answer(
        status=status,
        values=values,
        kind=str(kind),
        keys=tuple(line(key, TEXT_LENGTH) for key in keys),
        detail=detail,
        mutated=tuple(mutated),
        dtypes=tuple(line(name, TEXT_LENGTH) for name in dtypes),
    )


def _strings(value: object) -> list[str] | None:
    return value if isinstance(value, list) and all(isinstance(item, str) for item in value) else None


def line(value: object, most: int = DETAIL_LENGTH) -> str:
    """Text from inside as one line: what cannot be seen (controls, marks that reorder text) is written out."""
    flat = " ".join((value if isinstance(value, str) else "").split())[:most]
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in flat)
