"""Which specs run: `-k EXPR` on names, `-t TAG` on tags."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

Predicate = Callable[[str], bool]


class Selectable(Protocol):
    """What selecting needs to know of a spec."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def tags(self) -> tuple[str, ...]:
        """Its tags."""

    @property
    def place(self) -> Any:
        """Where it is: `place.file`."""


S = TypeVar("S", bound=Selectable)
_TOKEN = re.compile(r"\s*(?:([()])|([^\s()]+))")
DEEPEST = 50  # nested parentheses and nots: more than anybody writes, fewer than the interpreter's stack


class SelectionError(Exception):
    """The expression of `-k` makes no sense."""


def keyword_predicate(text: str) -> Predicate:
    """What `-k text` selects: words that a name contains, whatever the case, with `and`, `or`, `not`, parentheses."""
    tokens = [parenthesis or word for parenthesis, word in _TOKEN.findall(text)]
    if not tokens:
        raise SelectionError("-k: the expression is empty")
    predicate, rest = _either(tokens, 0)
    if rest:
        raise SelectionError(f"-k: `{rest[0]}` is not expected here, in `{text}`")
    return predicate


def _either(tokens: list[str], depth: int) -> tuple[Predicate, list[str]]:
    first, rest = _both(tokens, depth)
    parts = [first]
    while rest and rest[0] == "or":
        part, rest = _both(rest[1:], depth)
        parts.append(part)
    return (first if len(parts) == 1 else lambda name: any(part(name) for part in parts)), rest


def _both(tokens: list[str], depth: int) -> tuple[Predicate, list[str]]:
    first, rest = _single(tokens, depth)
    parts = [first]
    while rest and rest[0] == "and":
        part, rest = _single(rest[1:], depth)
        parts.append(part)
    return (first if len(parts) == 1 else lambda name: all(part(name) for part in parts)), rest


def _single(tokens: list[str], depth: int) -> tuple[Predicate, list[str]]:
    if depth > DEEPEST:
        raise SelectionError("-k: the expression is nested too deeply")
    if not tokens or tokens[0] in ("and", "or", ")"):
        raise SelectionError(f"-k: a word is missing {f'before `{tokens[0]}`' if tokens else 'at the end'}")
    token, rest = tokens[0], tokens[1:]
    if token == "not":
        inner, rest = _single(rest, depth + 1)
        return (lambda name: not inner(name)), rest
    if token == "(":
        inner, rest = _either(rest, depth + 1)
        if not rest or rest[0] != ")":
            raise SelectionError("-k: a `)` is missing")
        return inner, rest[1:]
    word = token.lower()
    return (lambda name: word in name), rest


def select(specs: Sequence[S], keyword: str | None, tags: Sequence[str]) -> tuple[S, ...]:
    """The specs that `-k keyword` selects and that have one of `tags`, and none of those that start with `!`."""
    named = keyword_predicate(keyword) if keyword is not None else (lambda _name: True)
    unwanted = {tag[1:] for tag in tags if tag.startswith("!")}
    wanted = {tag for tag in tags if not tag.startswith("!")}
    return tuple(
        spec
        for spec in specs
        if named(spec.name.lower()) and not unwanted & set(spec.tags) and (not wanted or wanted & set(spec.tags))
    )
