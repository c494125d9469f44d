"""Small two-way codecs between report values and plain JSON values, each with its JSON Schema.

Reading never trusts its input: it may come from a process that ran somebody's code. Whatever does not fit raises
`ValueError` with the place in the data and what was expected there.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from operator import attrgetter
from typing import Any

MAX_DEPTH = 32  # of free-form values; far below the interpreter's recursion limit
MAX_SHOWN = 60  # characters of a rejected value that an error message quotes

_NON_FINITE = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}
NUMBER_SCHEMA: dict[str, Any] = {"anyOf": [{"type": "number"}, {"enum": list(_NON_FINITE)}]}


class DataError(ValueError):
    """JSON values that are no report; `path` is filled in from the inside out while the error travels up."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message
        self.path = ""

    def __str__(self) -> str:
        return f"{self.path.removeprefix('.')}: {self.message}" if self.path else self.message


@dataclass(frozen=True, slots=True)
class Codec:
    """How one kind of value is written, read back, and described.

    short: writes without those keys of records that have their defaults; `decode` reads both. None: as `encode`.
    """

    encode: Callable[[Any], Any]
    decode: Callable[[Any], Any]
    schema: Mapping[str, Any]
    short: Callable[[Any], Any] | None = None

    @property
    def shortest(self) -> Callable[[Any], Any]:
        """`short`, or `encode` where there is nothing to leave out."""
        return self.short or self.encode


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a record: its codec and what it means, for people."""

    codec: Codec
    description: str = ""
    derive: Callable[[Any], Any] | None = None  # computed from the whole record; ignored when reading


def quote(value: object) -> str:
    """A rejected value, short enough for a message."""
    if isinstance(value, (dict, list, tuple)):
        return f"a {type(value).__name__} of {len(value)}"
    if isinstance(value, int) and value.bit_length() > MAX_SHOWN:
        return "a very large integer"
    shown = repr(value[: MAX_SHOWN + 1] if isinstance(value, str) else value)
    return shown if len(shown) <= MAX_SHOWN else shown[: MAX_SHOWN - 1] + "…"


def encode_number(value: float) -> float | str:
    """A float as JSON can carry it: non-finite numbers become "nan", "inf" or "-inf"."""
    value = float(value)
    if math.isfinite(value):
        return value
    return "inf" if value > 0 else "-inf" if value < 0 else "nan"


def decode_number(data: object) -> float:
    """The inverse of `encode_number`; integers are accepted, booleans are not."""
    if type(data) is float and math.isfinite(data):
        return data
    if type(data) is int:
        try:
            return float(data)
        except OverflowError:
            raise DataError("an integer too large for a number") from None
    if type(data) is str and data in _NON_FINITE:
        return _NON_FINITE[data]
    raise DataError(f'expected a number or "nan", "inf", "-inf", got {quote(data)}')


def _encode_vector(values: Sequence[float]) -> list[float | str]:
    plain = list(map(float, values))
    # One sum finds NaN and infinity in the whole vector at once; a sum that overflows only takes the slow way.
    return plain if math.isfinite(sum(plain)) else [encode_number(value) for value in plain]  # type: ignore[return-value]


def _decode_vector(data: object) -> tuple[float, ...]:
    if type(data) is not list:
        raise DataError(f"expected a list of numbers, got {quote(data)}")
    if data and set(map(type, data)) == {float} and math.isfinite(sum(data)):
        return shared(tuple(data))
    return tuple(map(decode_number, data))


_vectors: dict[tuple[float, ...], tuple[float, ...]] = {}
_REMEMBERED = 64  # vectors: those of one result's checks, which have points and claimed values in common


def shared(vector: tuple[float, ...]) -> tuple[float, ...]:
    """The same vector as one that was read shortly before, if it is equal: a run holds its results until the end."""
    if 0.0 in vector:  # -0.0 is equal to it, and not the same
        return vector
    found = _vectors.get(vector)
    if found is None:
        if len(_vectors) >= _REMEMBERED:
            _vectors.clear()
        found = _vectors[vector] = vector
    return found


def _decode_text(data: object) -> str:
    if type(data) is not str:
        raise DataError(f"expected text, got {quote(data)}")
    return data


def _decode_flag(data: object) -> bool:
    if type(data) is not bool:
        raise DataError(f"expected true or false, got {quote(data)}")
    return data


def _decode_integer(data: object) -> int:
    if type(data) is not int:
        raise DataError(f"expected an integer, got {quote(data)}")
    return data


def _decode_count(data: object) -> int:
    if type(data) is not int or data < 0:
        raise DataError(f"expected a count (an integer from 0), got {quote(data)}")
    return data


def _between(low: float, high: float, what: str) -> Codec:
    def decode(data: object) -> float:
        if type(data) not in (int, float) or not low <= data <= high or not math.isfinite(data):  # type: ignore[operator,arg-type]
            raise DataError(f"expected {what}, got {quote(data)}")
        return float(data)  # type: ignore[arg-type]

    schema = {"type": "number", "minimum": low} | ({"maximum": high} if math.isfinite(high) else {})
    return Codec(float, decode, schema)


TEXT = Codec(str, _decode_text, {"type": "string"})
FLAG = Codec(bool, _decode_flag, {"type": "boolean"})
INTEGER = Codec(int, _decode_integer, {"type": "integer"})
COUNT = Codec(int, _decode_count, {"type": "integer", "minimum": 0})
NUMBER = Codec(encode_number, decode_number, NUMBER_SCHEMA)
SECONDS = _between(0.0, 1e12, "a time in seconds")
FRACTION = _between(0.0, 1.0, "a number from 0 to 1")
VECTOR = Codec(_encode_vector, _decode_vector, {"type": "array", "items": NUMBER_SCHEMA})


def optional(codec: Codec) -> Codec:
    """The value, or None as null."""
    encode, decode, shortest = codec.encode, codec.decode, codec.shortest
    return Codec(
        lambda value: None if value is None else encode(value),
        lambda data: None if data is None else decode(data),
        {"anyOf": [codec.schema, {"type": "null"}]},
        lambda value: None if value is None else shortest(value),
    )


def sequence(codec: Codec) -> Codec:
    """A tuple as a list."""
    encode, decode, shortest = codec.encode, codec.decode, codec.shortest

    def decode_all(data: object) -> tuple[Any, ...]:
        if type(data) is not list:
            raise DataError(f"expected a list, got {quote(data)}")
        if not data:
            return ()
        items: list[Any] = []
        try:
            items.extend(map(decode, data))  # what was read before an error stays in `items` and tells where it is
        except DataError as error:
            error.path = f"[{len(items)}]{error.path}"
            raise
        return tuple(items)

    schema = {"type": "array", "items": codec.schema}
    return Codec(
        lambda values: list(map(encode, values)), decode_all, schema, lambda values: list(map(shortest, values))
    )


def word(words: type[enum.StrEnum]) -> Codec:
    """One word of an enumeration."""
    known = {member.value: member for member in words}

    def decode(data: object) -> enum.StrEnum:
        if type(data) is not str or data not in known:
            raise DataError(f"expected one of {', '.join(known)}; got {quote(data)}")
        return known[data]

    return Codec({member: member.value for member in words}.__getitem__, decode, {"enum": list(known)})


def constant(value: int) -> Codec:
    """Exactly this number."""

    def decode(data: object) -> int:
        if type(data) is not int or data != value:
            raise DataError(f"only {value} can be read here, got {quote(data)}")
        return value

    return Codec(lambda _: value, decode, {"const": value})


def record(kind: Callable[..., Any], keys: Mapping[str, Key]) -> Codec:
    """A dataclass as an object; keys that the dataclass has defaults for may be missing when reading."""
    encoders = tuple((name, key.codec.encode) for name, key in keys.items() if key.derive is None)
    items_of = attrgetter(*(name for name, _ in encoders))
    derived = tuple((name, key.derive, key.codec.encode) for name, key in keys.items() if key.derive is not None)
    decoders = {name: key.codec.decode for name, key in keys.items() if key.derive is None}
    required = frozenset(
        item.name
        for item in fields(kind)  # type: ignore[arg-type]
        if item.default is MISSING and item.default_factory is MISSING
    )
    order = dict.fromkeys(keys)
    given = {
        item.name: item.default if item.default_factory is MISSING else item.default_factory()
        for item in fields(kind)  # type: ignore[arg-type]
        if item.name not in required
    }
    shortest = tuple(
        (name, keys[name].codec.shortest, name in required, given.get(name)) for name, _ in encoders
    )  # keys, how each is written, whether it always is, and when it is not

    def short(value: Any) -> dict[str, Any]:
        data = {}
        for (name, encode_one, always, default), item in zip(shortest, items_of(value), strict=True):
            if item is default and not always:
                continue
            if always or item != default or type(item) is not type(default):
                data[name] = None if item is None else encode_one(item)
        return data

    def encode(value: Any) -> dict[str, Any]:
        data = {
            name: None if item is None else encode_one(item)
            for (name, encode_one), item in zip(encoders, items_of(value), strict=True)
        }
        if not derived:
            return data
        data |= {name: encode_one(derive(value)) for name, derive, encode_one in derived}
        return {name: data[name] for name in order}

    def refuse_key() -> None:
        raise DataError("unknown key")

    def decode(data: object) -> Any:
        if type(data) is not dict:
            raise DataError(f"expected an object, got {quote(data)}")
        values = {}
        name: object = ""
        try:
            for name, item in data.items():
                if name in decoders:
                    values[name] = decoders[name](item)
                elif name not in order:
                    refuse_key()
        except DataError as error:
            shown = name if isinstance(name, str) and name.isidentifier() and len(name) <= MAX_SHOWN else quote(name)
            error.path = f".{shown}{error.path}"
            raise
        if not required <= values.keys():
            raise DataError(f"missing: {', '.join(sorted(required - values.keys()))}")
        return kind(**values)

    return Codec(
        encode,
        decode,
        {
            "type": "object",
            "properties": {
                name: {"description": key.description, **key.codec.schema}
                if key.description
                else dict(key.codec.schema)
                for name, key in keys.items()
            },
            "required": list(keys),
            "additionalProperties": False,
        },
        short,
    )


def pair(first: tuple[str, Codec], second: tuple[str, Codec]) -> Codec:
    """A tuple of two as an object with two keys."""
    (key_a, a), (key_b, b) = first, second

    def decode(data: object) -> tuple[Any, Any]:
        if type(data) is not dict or data.keys() != {key_a, key_b}:
            raise DataError(f"expected an object with {key_a} and {key_b}, got {quote(data)}")
        return a.decode(data[key_a]), b.decode(data[key_b])

    return Codec(
        lambda value: {key_a: a.encode(value[0]), key_b: b.encode(value[1])},
        decode,
        {
            "type": "object",
            "properties": {key_a: a.schema, key_b: b.schema},
            "required": [key_a, key_b],
            "additionalProperties": False,
        },
    )


def _encode_free(value: Any, depth: int = 0) -> Any:
    if isinstance(value, (Mapping, list, tuple)) and depth >= MAX_DEPTH:
        return "…"
    if isinstance(value, Mapping):
        return {str(key): _encode_free(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_encode_free(item, depth + 1) for item in value]
    if isinstance(value, float):
        return encode_number(value)
    if value is None or isinstance(value, (bool, int)):
        return value
    return str(value)  # text, and a plugin's stray object, which must not cost the whole report


def _decode_free(data: Any, depth: int = 0) -> Any:
    if depth > MAX_DEPTH:
        raise DataError(f"nested deeper than {MAX_DEPTH} levels")
    kind = type(data)
    if data is None or kind in (bool, int, str):
        return data
    if kind is float:
        if not math.isfinite(data):
            raise DataError("a number that is not finite; it should be text")
        return data
    if kind is list:
        return [_decode_free(item, depth + 1) for item in data]
    if kind is dict:
        if not all(type(key) is str for key in data):
            raise DataError("a key that is not text")
        return {key: _decode_free(item, depth + 1) for key, item in data.items()}
    raise DataError(f"expected JSON values, got {quote(data)}")


def _decode_details(data: object) -> dict[str, Any]:
    if type(data) is not dict:
        raise DataError(f"expected an object, got {quote(data)}")
    details: dict[str, Any] = _decode_free(data)
    return details


DETAILS = Codec(_encode_free, _decode_details, {"type": "object"})
