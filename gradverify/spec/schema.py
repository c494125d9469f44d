"""The JSON Schema of a spec, made from the definition that also parses it, for editors and other tools."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gradverify.spec.beyond_fields import DESCENT
from gradverify.spec.claims import EXPRESSION_SCHEMA, PAIR
from gradverify.spec.fields import CLAIMS, KEYS, OWN_DATA
from gradverify.spec.kinds import key_schema
from gradverify.spec.points import NUMBERS_SCHEMA, POINT_SCHEMA
from gradverify.spec.reader import Offers

if TYPE_CHECKING:
    from gradverify.hookspecs import BackendOption

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def spec_schema(
    backend_options: Mapping[str, Sequence[BackendOption]] | None = None,
    kinds: Sequence[str] = ("python",),
    require_claim: bool = True,
    methods: Callable[[], Mapping[str, str]] | None = None,
) -> dict[str, Any]:
    """The schema of one document, in JSON Schema draft 2020-12.

    backend_options: the installed backends with their options; without any, `backends` takes every name.
    kinds: the kinds of function references.  require_claim: False for specs whose claim comes from elsewhere.
    methods: as for `gradverify.spec.parse.parse_specs`; without it, `method` takes every name.
    """
    backends = {name: tuple(options) for name, options in (backend_options or {}).items()} or None
    offers = Offers(backends, tuple(kinds), require_claim, methods)
    return {
        "$schema": DIALECT,
        "title": "gradverify spec",
        "description": "A function, its claimed derivative, and where to check it.",
        "type": "object",
        "properties": {key.name: key_schema(key, offers) | {"examples": [key.example]} for key in KEYS},
        "patternProperties": {f"^{OWN_DATA}": {"description": "The user's own data, of any form."}},
        "additionalProperties": False,
        "allOf": _together(offers),
        "dependentRequired": {"rule": ["of"], "of": ["rule"], "weights": ["rule"]},
        "$defs": {
            "numbers": NUMBERS_SCHEMA,
            "point": POINT_SCHEMA,
            "expressions": _nested("expressions"),
            "claim": {
                "anyOf": [
                    *_nested("claim")["anyOf"],
                    {"type": "object", "minProperties": 1, "additionalProperties": {"$ref": "#/$defs/claim"}},
                ]
            },
            "descent": DESCENT.schema(offers),
        },
    }


def _nested(name: str) -> dict[str, Any]:
    return {
        "anyOf": [EXPRESSION_SCHEMA, {"type": "array", "items": {"$ref": f"#/$defs/{name}"}, "minItems": 1}],
    }


def _together(offers: Offers) -> list[dict[str, Any]]:
    """What keys say of one another."""
    rule = {"required": ["rule", "of"]}

    def pair(name: str) -> dict[str, Any]:
        both = {"type": "object", "properties": {"returns": {"const": PAIR}}, "required": ["returns"]}
        return {"required": [name], "properties": {name: both}}

    needed: list[dict[str, Any]] = [
        {"anyOf": [{"required": ["variables"]}, rule]},
        {"anyOf": [{"required": ["function"]}, pair("gradient"), rule]},
        {"not": {"required": ["gradient", "jacobian"]}},
    ]
    if offers.require_claim:
        needed.append({"anyOf": [*({"required": [name]} for name in CLAIMS), pair("function"), rule]})
    return needed
