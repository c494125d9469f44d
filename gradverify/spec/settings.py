"""The keys that say how to check: tolerance, backends, search, budget, what is expected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gradverify.core.verdicts import Fault
from gradverify.spec.claims import plain
from gradverify.spec.kinds import Choice, Integer, Key, Number, Record, shorten, wrong_type
from gradverify.spec.model import Expect
from gradverify.spec.reader import Bad, Context, Offers, did_you_mean
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

EVALUATIONS = Record(
    (
        Key(
            name="evaluations", kind=Integer(0), required=True, example="2000",
            description="At most how many evaluations of the function.",
        ),
    ),
    lambda values, node, context: values["evaluations"],
    "a budget",
)  # fmt: skip


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
        known = (context.offers.backends or {}).get(name)
        whole = True
        found: dict[str, Any] = {}
        for key, value in node.entries:
            if known is not None and key.text not in {option.name for option in known}:
                names = [option.name for option in known]
                help = did_you_mean(key.text, names, "its options are") or "it has no options"
                context.bad("unknown-key", key, f"the backend `{name}` has no option `{shorten(key.text)}`", help)
                whole = False
                continue
            found[key.text] = plain(value)
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


@dataclass(frozen=True, slots=True)
class SearchKind:
    """on, off, or a budget. None is the default budget, 0 is off."""

    words: str = "`on`, `off`, or mapping with `evaluations`"

    def read(self, node: Node, context: Context) -> int | None:
        if isinstance(node, Mapping):
            found: int = EVALUATIONS.read(node, context)
            return found
        meant = {"on": None, "true": None, "off": 0, "false": 0}
        if isinstance(node, Scalar) and node.text.lower() in meant:
            return meant[node.text.lower()]
        raise wrong_type(context, node, "`on`, `off` or `{evaluations: N}`")

    def schema(self, offers: Offers) -> dict[str, Any]:
        return {"anyOf": [{"enum": ["on", "off", True, False]}, EVALUATIONS.schema(offers)]}


@dataclass(frozen=True, slots=True)
class ExpectKind:
    """pass, fail, or fail with a diagnosis."""

    words: str = "`pass`, `fail`, or `{fail: FAULT}`"

    def read(self, node: Node, context: Context) -> Expect:
        if isinstance(node, Scalar) and node.text in ("pass", "fail"):
            return Expect(node.text)
        if isinstance(node, Mapping) and len(node.entries) == 1 and node.entries[0][0].text == "fail":
            return Expect("fail", Fault(Choice({f.value: "" for f in Fault}).read(node.entries[0][1], context)))
        if isinstance(node, Scalar):
            help = did_you_mean(node.text, ("pass", "fail"))
            raise context.bad("bad-choice", node, f"`{shorten(node.text)}` is not possible here", help)
        raise wrong_type(context, node, "`pass`, `fail` or `{fail: FAULT}`")

    def schema(self, offers: Offers) -> dict[str, Any]:
        fault = {"type": "object", "required": ["fail"], "additionalProperties": False,
                 "properties": {"fail": {"enum": [f.value for f in Fault]}}}  # fmt: skip
        return {"anyOf": [{"enum": ["pass", "fail"]}, fault]}
