"""The JSON report's schema as tables of key and kind, the way docs/report.md shows it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]


def inner(schema: Schema) -> tuple[Schema, bool, bool]:
    """What a schema is about, whether it is a list of that, and whether null is allowed instead."""
    options = schema.get("anyOf", ())
    if any(option.get("type") == "null" for option in options):
        (rest,) = (option for option in options if option.get("type") != "null")
        found, listed, _ = inner(rest)
        return found, listed, True
    if schema.get("type") == "array":
        return schema["items"], True, False
    return schema, False, False


def kind(schema: Schema) -> str:
    """In words: `list of numbers or null`."""
    about, listed, nullable = inner(schema)
    name = word(about)
    text = f"list of {name}s" if listed and not name.startswith("list") else f"list of {name}" if listed else name
    return f"{text} or null" if nullable else text


def word(schema: Schema) -> str:
    """One kind of value."""
    if "const" in schema:
        return str(schema["const"])
    if "enum" in schema:
        return "word"
    if "anyOf" in schema:
        return "number"  # or the words for what is not finite
    if schema["type"] == "array":
        return kind(schema).replace("list of", "lists of", 1)
    names = {"string": "text", "boolean": "true or false", "integer": "integer", "number": "number"}
    return names.get(schema["type"], "object")


def records(schema: Schema, path: str = "report") -> Iterator[tuple[str, dict[str, str]]]:
    """Every object of the report with its keys and their kinds; `path` is how one gets there."""
    keys = schema.get("properties")
    if keys is None:
        return
    yield path, {name: kind(value) for name, value in keys.items()}
    for name, value in keys.items():
        about, listed, _ = inner(value)
        yield from records(about, f"{path}.{name}{'[]' if listed else ''}".removeprefix("report."))


def distinct(schema: Schema) -> dict[tuple[tuple[str, str], ...], list[str]]:
    """The different objects, each with all the paths that lead to it."""
    found: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for path, keys in records(schema):
        found.setdefault(tuple(keys.items()), []).append(path)
    return found
