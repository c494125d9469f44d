"""The keys that say how to check: tolerance, backends, search, budget, what is expected."""

from __future__ import annotations

from collections.abc import Mapping as Mapping_
from dataclasses import dataclass
from typing import Any

from gradverify.core.verdicts import Fault
from gradverify.spec.claims import plain
from gradverify.spec.kinds import Choice, Integer, Key, Number, Record, shorten, wrong_type
from gradverify.spec.model import Expect
from gradverify.spec.reader import Bad, Context, Offers, describe, did_you_mean, listed
from gradverify.spec.yaml12 import Mapping, Node, Scalar, Sequence

RELATIVE, ABSOLUTE = 1e-6, 0.0  # the default tolerance (docs/VERDICTS.md, section 1)

TOLERANCE = Record(
    (
        Key(
            name="relative", kind=Number(minimum=0.0), example="1e-6", default="1e-6", default_value=RELATIVE,
            description="How far a component may be off, relative to its reference.",
        ),
        Key(
            name="absolute", kind=Number(minimum=0.0), example="1e-12", default="0", default_value=ABSOLUTE,
            description="A difference that is excused; it never certifies agreement.",
        ),
    ),
    lambda values, node, context: (values.get("relative", RELATIVE), values.get("absolute", ABSOLUTE)),
    "a tolerance",
)  # fmt: skip

SEARCH = Record(
    (
        Key(
            name="evaluations", kind=Integer(0), required=True, example="2000",
            description="At most how many evaluations of the function.",
        ),
    ),
    lambda values, node, context: values["evaluations"],
    "`search`",
)  # fmt: skip

BUDGET = Record(
    (
        Key(
            name="evaluations", kind=Integer(1), required=True, example="100000",
            description="At most how many evaluations of the function, for each backend.",
        ),
    ),
    lambda values, node, context: values["evaluations"],
    "`budget`",
)  # fmt: skip

EXPECT = Record(
    (
        Key(
            name="fail", kind=Choice({fault.value: "" for fault in Fault}), required=True, example="sign",
            description="The diagnosis that is also required.",
        ),
    ),
    lambda values, node, context: Expect("fail", Fault(values["fail"])),
    "`expect`",
)  # fmt: skip
_VERDICTS = Choice({"pass": "the claim is right", "fail": "the claim is wrong, on purpose; finding that is a pass"})


@dataclass(frozen=True, slots=True)
class ToleranceKind:
    """A number (the relative tolerance), or both."""

    words: str = "number, or mapping with `relative` and `absolute`"

    def read(self, node: Node, context: Context) -> tuple[float, float]:
        if isinstance(node, Mapping):
            relative, absolute = TOLERANCE.read(node, context)
            return relative, absolute
        return Number(minimum=0.0).read(node, context), ABSOLUTE

    def schema(self, offers: Offers) -> dict[str, Any]:
        return {"anyOf": [{"type": "number", "minimum": 0}, TOLERANCE.schema(offers)]}


@dataclass(frozen=True, slots=True)
class BackendsKind:
    """A list of names, or a mapping from name to options."""

    words: str = "list of names, or mapping from name to options"

    def read(self, node: Node, context: Context) -> dict[str, dict[str, Any]]:
        if isinstance(node, Scalar) and isinstance(node.value, str) and node.text:
            return {self._name(node, context): {}}
        if isinstance(node, Sequence):
            pairs: list[tuple[Node, Node | None]] = [(item, None) for item in node.items]
        elif isinstance(node, Mapping):
            pairs = [(key, value) for key, value in node.entries]
        else:
            raise wrong_type(context, node, "a list of backends")
        found: dict[str, dict[str, Any]] = {}
        whole = bool(pairs)
        if not pairs:
            context.bad("wrong-length", node, "name at least one backend, or leave the key out for all of them")
        for name_node, options in pairs:
            try:
                name = self._name(name_node, context)
                if name in found:
                    raise context.bad("duplicate-entry", name_node, f"the backend `{name}` is given twice")
                found[name] = self._options(name, options, context)
            except Bad:
                whole = False
        if not whole:
            raise Bad
        return found

    def _name(self, node: Node, context: Context) -> str:
        if not isinstance(node, Scalar) or not isinstance(node.value, str):
            raise wrong_type(context, node, "a backend's name")
        known = context.offers.backends
        if known is not None and node.text not in known:
            help = did_you_mean(node.text, known)
            installed = ", ".join(sorted(known)) or "none"
            help = f"{help} installed: {installed}" if help else f"installed: {installed}"
            raise context.bad("unknown-backend", node, f"no backend is named `{shorten(node.text)}`", help)
        return node.text

    def _options(self, name: str, node: Node | None, context: Context) -> dict[str, Any]:
        if node is None or (isinstance(node, Scalar) and node.value is None):
            return {}
        if not isinstance(node, Mapping):
            raise wrong_type(context, node, "a mapping from option to value")
        options = (context.offers.backends or {}).get(name)
        if options is None:
            return {key.text: plain(value) for key, value in node.entries}
        schemas = {option.name: option.schema for option in options}
        found: dict[str, Any] = {}
        whole = True
        for key, value in node.entries:
            if key.text not in schemas:
                help = did_you_mean(key.text, schemas, "its options are") or "it has no options"
                context.bad("unknown-option", key, f"the backend `{name}` has no option `{shorten(key.text)}`", help)
                whole = False
                continue
            found[key.text] = plain(value)
            wrong = mismatch(found[key.text], schemas[key.text])
            if wrong is not None:
                context.bad("wrong-option", value, f"`{key.text}` {wrong}, got {describe(value)}")
                whole = False
        if not whole:
            raise Bad
        return found

    def schema(self, offers: Offers) -> dict[str, Any]:
        known = offers.backends
        name: dict[str, Any] = {"type": "string"} if known is None else {"enum": sorted(known)}
        properties = {
            backend: {
                "anyOf": [
                    {"type": "null"},
                    {
                        "type": "object",
                        "properties": {o.name: {"description": o.description, **o.schema} for o in options or ()},
                        **({} if options is None else {"additionalProperties": False}),
                    },
                ]
            }
            for backend, options in sorted((known or {}).items())
        }
        by_name: dict[str, Any] = {"type": "object", "properties": properties, "minProperties": 1}
        if known is not None:
            by_name["additionalProperties"] = False
        return {"anyOf": [{"type": "array", "items": name, "minItems": 1, "uniqueItems": True}, by_name, name]}


_TYPES: dict[str, tuple[type, ...]] = {
    "number": (int, float), "integer": (int,), "string": (str,), "boolean": (bool,), "array": (list,),
    "object": (dict,), "null": (type(None),),
}  # fmt: skip


def mismatch(value: Any, schema: Mapping_[str, Any]) -> str | None:
    """What is wrong with an option, by the part of JSON Schema that options use for it; None for nothing."""
    types = schema.get("type")
    names = [types] if isinstance(types, str) else list(types or ())
    allowed = tuple(t for name in names for t in _TYPES.get(name, (object,)))
    if allowed and (not isinstance(value, allowed) or (isinstance(value, bool) and "boolean" not in names)):
        return f"takes {' or '.join(names)}"
    if "enum" in schema and value not in schema["enum"]:
        return f"is one of {listed(map(str, schema['enum']))}"
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if "minimum" in schema and not value >= schema["minimum"]:
            return f"is at least {schema['minimum']}"
        if "exclusiveMinimum" in schema and not value > schema["exclusiveMinimum"]:
            return f"is greater than {schema['exclusiveMinimum']}"
        if "maximum" in schema and not value <= schema["maximum"]:
            return f"is at most {schema['maximum']}"
    return None


@dataclass(frozen=True, slots=True)
class SearchKind:
    """on, off, or a budget. None is the default budget, 0 is off."""

    words: str = "`on`, `off`, or mapping with `evaluations`"

    def read(self, node: Node, context: Context) -> int | None:
        if isinstance(node, Mapping):
            found: int = SEARCH.read(node, context)
            return found
        if isinstance(node, Scalar):
            if node.value is True or node.value == "on":
                return None
            if node.value is False or node.value == "off":
                return 0
            if type(node.value) is int:
                help = f"write {{evaluations: {node.text}}}"
                raise wrong_type(context, node, "`on`, `off` or `{evaluations: N}`", help)
        raise wrong_type(context, node, "`on`, `off` or `{evaluations: N}`")

    def schema(self, offers: Offers) -> dict[str, Any]:
        return {"anyOf": [{"enum": ["on", "off", True, False]}, SEARCH.schema(offers)]}


@dataclass(frozen=True, slots=True)
class ExpectKind:
    """pass, fail, or fail with a diagnosis."""

    words: str = "`pass`, `fail`, or `{fail: FAULT}`"

    def read(self, node: Node, context: Context) -> Expect:
        if isinstance(node, Mapping):
            found: Expect = EXPECT.read(node, context)
            return found
        return Expect(_VERDICTS.read(node, context))

    def schema(self, offers: Offers) -> dict[str, Any]:
        return {"anyOf": [_VERDICTS.schema(offers), EXPECT.schema(offers)]}
