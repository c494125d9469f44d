"""The plain kinds of values that the format is made of."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gradverify.spec.reader import Bad, Context, Kind, Offers, describe, did_you_mean, listed
from gradverify.spec.yaml12 import Mapping as MappingNode
from gradverify.spec.yaml12 import Node, Scalar, Sequence, resolve

_MAX_INTEGER = 10**9  # more evaluations, samples or iterations than anybody waits for


def wrong_type(context: Context, node: Node, wanted: str, help: str = "") -> Bad:
    """The fault `expected …, got …`."""
    return context.bad("wrong-type", node, f"expected {wanted}, got {describe(node)}", help)


@dataclass(frozen=True, slots=True)
class Text:
    """Any text."""

    line: bool = False  # one line that is not empty
    words: str = "text"

    def read(self, node: Node, context: Context) -> str:
        if not isinstance(node, Scalar) or not isinstance(node.value, str):
            plain = isinstance(node, Scalar) and node.text and not node.style
            help = f'put it in quotes: "{node.text}"' if plain and isinstance(node, Scalar) else ""
            raise wrong_type(context, node, "text", help)
        if self.line and (not node.value.strip() or not node.value.isprintable()):
            odd = next((c for c in node.value if not c.isprintable() and c not in "\r\n"), None)
            found = f", but the character U+{ord(odd):04X} cannot be shown" if odd is not None else ""
            raise context.bad("wrong-type", node, f"expected one line of text{found}", "")
        return node.value

    def schema(self, offers: Offers) -> dict[str, Any]:
        return {"type": "string", "pattern": r"^[^\r\n\t]*\S[^\r\n\t]*$"} if self.line else {"type": "string"}


@dataclass(frozen=True, slots=True)
class Number:
    """A finite number, perhaps bounded below."""

    minimum: float = -math.inf
    above: float = -math.inf  # greater than this
    words: str = "number"

    def read(self, node: Node, context: Context) -> float:
        value = number(node, context)
        if not self.minimum <= value or not self.above < value:
            bound = f"at least {self.minimum:g}" if self.minimum > -math.inf else f"greater than {self.above:g}"
            raise context.bad("out-of-range", node, f"expected a number {bound}, got {describe(node)[11:]}")
        return value

    def schema(self, offers: Offers) -> dict[str, Any]:
        found: dict[str, Any] = {"type": "number"}
        if self.minimum > -math.inf:
            found["minimum"] = self.minimum
        if self.above > -math.inf:
            found["exclusiveMinimum"] = self.above
        return found


@dataclass(frozen=True, slots=True)
class Integer:
    """A whole number within bounds."""

    minimum: int = 0
    maximum: int = _MAX_INTEGER
    words: str = "whole number"

    def read(self, node: Node, context: Context) -> int:
        value = number(node, context)
        if not value.is_integer():
            raise context.bad("out-of-range", node, f"expected a whole number, got {describe(node)[11:]}")
        if not self.minimum <= value <= self.maximum:
            between = f"from {self.minimum} to {self.maximum:,}"
            raise context.bad("out-of-range", node, f"expected a whole number {between}, got {describe(node)[11:]}")
        return int(value)

    def schema(self, offers: Offers) -> dict[str, Any]:
        return {"type": "integer", "minimum": self.minimum, "maximum": self.maximum}


def number(node: Node, context: Context, *, infinite: bool = False) -> float:
    """A number that is finite, unless infinity is allowed; NaN never is."""
    if not isinstance(node, Scalar) or isinstance(node.value, bool) or node.value is None:
        raise context.bad("not-a-number", node, f"expected a number, got {describe(node)}")
    value = node.value
    if isinstance(value, str):
        raise context.bad("not-a-number", node, f"expected a number, got {describe(node)}", _number_help(node))
    converted = float(value)
    if math.isfinite(converted) or (infinite and not math.isnan(converted)):
        return converted
    raise context.bad("not-finite", node, f"expected a finite number, got {describe(node)[11:]}")


_RATIO = re.compile(r"([-+]?[0-9]{1,15}) */ *([0-9]{0,14}[1-9])")


def _number_help(node: Scalar) -> str:
    """What to write instead of text that is nearly a number."""
    text = node.text.strip()
    if node.style and _is_number(text):
        return f"remove the quotes: {text}"
    for nearly in (text.replace("_", ""), text.replace(",", ".", 1)):
        if nearly != text and _is_number(nearly):
            return f"write {nearly}"
    ratio = _RATIO.fullmatch(text)
    return f"formulas are not read here; write {int(ratio[1]) / int(ratio[2])!r}" if ratio else ""


def _is_number(text: str) -> bool:
    value = resolve(text)
    return isinstance(value, (int, float)) and not isinstance(value, bool)


@dataclass(frozen=True, slots=True)
class Flag:
    """true or false."""

    words: str = "true or false"

    def read(self, node: Node, context: Context) -> bool:
        if isinstance(node, Scalar) and isinstance(node.value, bool):
            return node.value
        yes_no = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}
        meant = yes_no.get(node.text.lower()) if isinstance(node, Scalar) else None
        raise wrong_type(context, node, "true or false", f"write {meant}" if meant else "")

    def schema(self, offers: Offers) -> dict[str, Any]:
        return {"type": "boolean"}


@dataclass(frozen=True, slots=True)
class Choice:
    """One of some words."""

    choices: Mapping[str, str]  # each with what it means

    @property
    def words(self) -> str:
        """The words themselves."""
        return " or ".join(f"`{choice}`" for choice in self.choices)

    def read(self, node: Node, context: Context) -> str:
        if isinstance(node, Scalar) and isinstance(node.value, str) and node.value in self.choices:
            return node.value
        if not isinstance(node, Scalar):
            raise wrong_type(context, node, f"one of {listed(self.choices, 30)}")
        help = did_you_mean(node.text, self.choices, "one of")
        shown = node.text if len(node.text) <= 40 else node.text[:39] + "…"
        raise context.bad("bad-choice", node, f"`{shown}` is not possible here", help)

    def schema(self, offers: Offers) -> dict[str, Any]:
        meanings = [{"const": choice, "description": meaning} for choice, meaning in self.choices.items()]
        return {"oneOf": meanings} if any(self.choices.values()) else {"enum": list(self.choices)}


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list of values of one kind; where `single`, one value may stand for a list of it."""

    item: Kind
    words: str
    least: int = 0
    distinct: bool = False
    single: bool = False

    def read(self, node: Node, context: Context) -> tuple[Any, ...]:
        if not isinstance(node, Sequence):
            if self.single:
                return (self.item.read(node, context),)
            help = f"write it as a list: [{node.text}]" if isinstance(node, Scalar) and node.text else ""
            raise wrong_type(context, node, f"a {self.words}", help)
        if len(node.items) < self.least:
            needed = "one entry" if self.least == 1 else f"{self.least} entries"
            raise context.bad("wrong-length", node, f"expected a {self.words} with at least {needed}")
        values: list[Any] = []
        whole = True
        for entry in node.items:
            try:
                value = self.item.read(entry, context)
            except Bad:
                whole = False
                continue
            if self.distinct and value in values:
                context.bad("duplicate-entry", entry, f"{describe(entry)} is given twice", "remove one of them")
            values.append(value)
        if not whole:
            raise Bad
        return tuple(values)

    def schema(self, offers: Offers) -> dict[str, Any]:
        found: dict[str, Any] = {"type": "array", "items": self.item.schema(offers)}
        if self.least:
            found["minItems"] = self.least
        if self.distinct:
            found["uniqueItems"] = True
        return {"anyOf": [found, self.item.schema(offers)]} if self.single else found


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key of a mapping: the one place that says what it is called, takes, means and defaults to."""

    name: str
    kind: Kind
    description: str
    example: str  # YAML, as it would stand behind the key
    default: str = ""  # in words, for the reference
    default_value: Any = None  # for JSON Schema, where the default is a plain value
    required: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """A mapping with fixed keys, made into a value by `make(values, node, context)`."""

    keys: tuple[Key, ...]
    make: Callable[[dict[str, Any], MappingNode, Context], Any]
    what: str  # "a descent"
    words: str = "mapping"
    index: dict[str, Key] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "index", {key.name: key for key in self.keys})

    def read(self, node: Node, context: Context) -> Any:
        if not isinstance(node, MappingNode):
            raise wrong_type(context, node, f"a mapping with {listed(k.name for k in self.keys)}")
        return self.make(read_keys(self, node, context), node, context)

    def schema(self, offers: Offers) -> dict[str, Any]:
        found: dict[str, Any] = {
            "type": "object",
            "properties": {key.name: key_schema(key, offers) for key in self.keys},
            "additionalProperties": False,
        }
        required = [key.name for key in self.keys if key.required]
        return found | ({"required": required} if required else {})


def read_keys(record: Record, node: MappingNode, context: Context) -> dict[str, Any]:
    """The values of the keys that are given; raises `Bad` once all have been looked at, if any is wrong."""
    values: dict[str, Any] = {}
    whole = True
    for name, entry in node.entries:
        key = record.index.get(name.text)
        if key is None:
            help = did_you_mean(name.text, record.index, "known keys")
            context.bad("unknown-key", name, f"{record.what} has no key `{shorten(name.text)}`", help)
            whole = False
            continue
        try:
            values[key.name] = key.kind.read(entry, context)
        except Bad:
            whole = False
    for key in record.keys:
        if key.required and node.get(key.name) is None:
            context.bad(
                "missing-key", node, f"{record.what} needs the key `{key.name}`",
                f"for example: {key.name}: {key.example}", length=1,
            )  # fmt: skip
            whole = False
    if not whole:
        raise Bad
    return values


def key_schema(key: Key, offers: Offers) -> dict[str, Any]:
    """The schema of a key's value, with what an editor shows of it."""
    described: dict[str, Any] = {"description": key.description + (f" Default: {key.default}." if key.default else "")}
    if key.default_value is not None:
        described["default"] = key.default_value
    return described | key.kind.schema(offers)


def shorten(text: str, limit: int = 40) -> str:
    """A user's text, short enough for a message."""
    flat = " ".join(text.split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"
