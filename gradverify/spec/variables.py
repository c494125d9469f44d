"""`variables` and `domain`: what the function depends on, and where it may be evaluated."""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from typing import Any

from gradverify.core.variables import Shape, Variables
from gradverify.spec.kinds import number, shorten, wrong_type
from gradverify.spec.model import Interval
from gradverify.spec.reader import Bad, Context, Offers, describe, did_you_mean
from gradverify.spec.yaml12 import Mapping, Node, Scalar, Sequence, resolve

MAX_SIZE = 100_000_000  # components of the point vector: 0.8 GB a point, more than any check can use
RESERVED = frozenset(("if", "else", "and", "or", "not"))  # words of the expression language
NAME_PATTERN = r"^[^\W\d]\w*$"


def check_name(node: Scalar, what: str, context: Context) -> str:
    """The text of `node` if it can be a name in expressions."""
    name = node.text
    if name in RESERVED:
        raise context.bad("bad-name", node, f"`{name}` is a word of the expression language and cannot name {what}")
    if not name.isidentifier():
        help = "names are letters, digits and `_`, and start with a letter"
        if re.fullmatch(r"[^\W\d]\w*\[.*\]", name):
            base = name.partition("[")[0]
            help = f"for an array write its shape: `variables: {{{base}: 3}}`"
        raise context.bad("bad-name", node, f"`{shorten(name)}` cannot name {what}", help)
    if unicodedata.normalize("NFKC", name) != name:
        plain = unicodedata.normalize("NFKC", name)
        raise context.bad(
            "bad-name", node, f"`{name}` cannot name {what}, Python reads it as `{plain}`", f"write `{plain}`"
        )
    return name


@dataclass(frozen=True, slots=True)
class VariablesKind:
    """A list of scalar names, or a mapping from name to shape."""

    words: str = "list of names, or mapping from name to shape"

    def read(self, node: Node, context: Context) -> Variables:
        if isinstance(node, Sequence):
            pairs = self._names(node, context)
        elif isinstance(node, Mapping):
            pairs = self._shapes(node, context)
        else:
            help = f"write it as a list: [{node.text}]" if isinstance(node, Scalar) and node.text else ""
            raise wrong_type(context, node, "a list of names, or a mapping from name to shape", help)
        if not pairs:
            raise context.bad("wrong-length", node, "a function needs at least one variable")
        variables = Variables.of(pairs)
        if variables.size > MAX_SIZE:
            message = f"the variables have {variables.size:,} components, {MAX_SIZE:,} are possible"
            raise context.bad("bad-shape", node, message)
        return variables

    def _names(self, node: Sequence, context: Context) -> list[tuple[str, Shape]]:
        found: dict[str, Scalar] = {}
        whole = True
        for item in node.items:
            try:
                if not isinstance(item, Scalar) or item.value is None:
                    help = "shapes go into a mapping: `variables: {w: 100}`" if isinstance(item, Mapping) else ""
                    raise wrong_type(context, item, "a variable's name", help)
                name = check_name(item, "a variable", context)
                if name in found:
                    raise context.bad("duplicate-entry", item, f"the variable `{name}` is given twice")
                found[name] = item
            except Bad:
                whole = False
        if not whole:
            raise Bad
        return [(name, ()) for name in found]

    def _shapes(self, node: Mapping, context: Context) -> list[tuple[str, Shape]]:
        pairs: list[tuple[str, Shape]] = []
        whole = True
        for key, value in node.entries:
            try:
                name = check_name(key, "a variable", context)
                pairs.append((name, _shape(value, context)))
            except Bad:
                whole = False
        if not whole:
            raise Bad
        return pairs

    def schema(self, offers: Offers) -> dict[str, Any]:
        length = {"type": "integer", "minimum": 1}
        shape = {"anyOf": [length, {"type": "array", "items": length}]}
        return {
            "anyOf": [
                {
                    "type": "array",
                    "items": {"type": "string", "pattern": NAME_PATTERN},
                    "minItems": 1,
                    "uniqueItems": True,
                },
                {
                    "type": "object",
                    "propertyNames": {"pattern": NAME_PATTERN},
                    "additionalProperties": shape,
                    "minProperties": 1,
                },
            ]
        }


def _shape(node: Node, context: Context) -> Shape:
    """A length, or a list of lengths."""
    entries = node.items if isinstance(node, Sequence) else [node]
    lengths: list[int] = []
    for entry in entries:
        if isinstance(entry, Scalar) and type(entry.value) is int and entry.value >= 1:
            lengths.append(entry.value)
            continue
        help = "`[]` is a scalar, `3` a vector, `[2, 3]` a matrix"
        raise context.bad("bad-shape", entry, f"expected a shape, got {describe(entry)}", help)
    if math.prod(lengths) > MAX_SIZE:
        raise context.bad(
            "bad-shape", node, f"this shape has {math.prod(lengths):,} components, {MAX_SIZE:,} are possible"
        )
    return tuple(lengths)


_INTERVAL = re.compile(r"\s*([\[(])\s*([^,\s]+)\s*,\s*([^,\s]+)\s*([\])])\s*")
_INFINITE = {"inf": math.inf, "+inf": math.inf, "-inf": -math.inf}
_BOUND_SCHEMA = {"anyOf": [{"type": "number"}, {"enum": list(_INFINITE)}]}
_INTERVAL_SCHEMA: dict[str, Any] = {
    "anyOf": [
        {"type": "array", "items": _BOUND_SCHEMA, "minItems": 2, "maxItems": 2},
        {"type": "string", "pattern": r"^\s*[\[(]\s*[^,\s]+\s*,\s*[^,\s]+\s*[\])]\s*$"},
    ]
}


@dataclass(frozen=True, slots=True)
class DomainKind:
    """An interval for all variables, or a mapping from variable to interval."""

    words: str = "interval, or mapping from variable to interval"

    def read(self, node: Node, context: Context) -> dict[str, Interval]:
        variables = context.known_variables() if not isinstance(node, Mapping) else context.variables
        if not isinstance(node, Mapping):
            interval = _interval(node, context)
            return {v.name: interval for v in variables or ()}
        found: dict[str, Interval] = {}
        whole = True
        for key, value in node.entries:
            try:
                if variables is not None and key.text not in variables:
                    raise unknown_variable(key, variables, context)
                found[key.text] = _interval(value, context)
            except Bad:
                whole = False
        if not whole:
            context.domain = {name: interval for name, interval in found.items() if variables and name in variables}
            raise Bad
        return found

    def schema(self, offers: Offers) -> dict[str, Any]:
        return {"anyOf": [*_INTERVAL_SCHEMA["anyOf"], {"type": "object", "additionalProperties": _INTERVAL_SCHEMA}]}


def unknown_variable(key: Scalar, variables: Variables, context: Context) -> Bad:
    """The fault of a name that is no variable."""
    help = did_you_mean(key.text, variables.names, "the variables are")
    return context.bad("unknown-variable", key, f"there is no variable `{shorten(key.text)}`", help)


def _interval(node: Node, context: Context) -> Interval:
    low_open = high_open = False
    if isinstance(node, Sequence):
        if len(node.items) != 2:
            message = f"an interval has two ends, this has {len(node.items)} entries"
            raise context.bad("bad-domain", node, message, "for example: [0, 1]")
        low, high = (_bound(item, context) for item in node.items)
    elif isinstance(node, Scalar) and isinstance(node.value, str):
        match = _INTERVAL.fullmatch(node.value)
        if match is None:
            help = 'write [a, b] for a closed interval, "(a, b)" in quotes for an open one'
            raise context.bad("bad-domain", node, f"{describe(node)} is not an interval", help)
        low_open, high_open = match[1] == "(", match[4] == ")"
        ends = [_INFINITE.get(text, resolve(text)) for text in (match[2], match[3])]
        for text, end in zip((match[2], match[3]), ends, strict=True):
            if isinstance(end, (str, bool)) or end is None or math.isnan(end):
                raise context.bad("bad-domain", node, f"`{shorten(text)}` is not a number, so this is not an interval")
        low, high = (float(end) for end in ends if isinstance(end, (int, float)))
    else:
        raise context.bad("bad-domain", node, f"expected an interval, got {describe(node)}", "for example: [0, 1]")
    if not low < high:
        help = f"write [{high:g}, {low:g}]" if high < low else "an interval needs some width"
        raise context.bad("bad-domain", node, f"the lower end {low:g} is not below the upper end {high:g}", help)
    return Interval(low, high, low_open, high_open)


def _bound(node: Node, context: Context) -> float:
    if isinstance(node, Scalar) and node.text in _INFINITE:
        return _INFINITE[node.text]
    return number(node, context, infinite=True)


def inside(interval: Interval, value: float) -> bool:
    """Whether `value` lies in the interval; NaN does not."""
    above = interval.low < value if interval.low_open else interval.low <= value
    below = value < interval.high if interval.high_open else value <= interval.high
    return above and below


def show_interval(interval: Interval) -> str:
    """`[0, 1)`."""
    left, right = "(" if interval.low_open else "[", ")" if interval.high_open else "]"
    return f"{left}{interval.low:g}, {interval.high:g}{right}"
