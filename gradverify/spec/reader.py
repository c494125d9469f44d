"""What every kind of value is read with: the faults so far, and what the document has said of its variables."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from gradverify.core.variables import Shape, Variables
from gradverify.spec.model import Constant, Interval, Place
from gradverify.spec.source import SourceText
from gradverify.spec.yaml12 import Mapping as MappingNode
from gradverify.spec.yaml12 import Node, Problem, Scalar, Sequence

if TYPE_CHECKING:
    from gradverify.hookspecs import BackendOption

KINDS = ("python", "torch", "jax", "command")  # of function references, where nobody says which loaders there are
MAX_SUGGESTED_FROM = 2_000  # names that a suggestion is looked for in; more would take noticeable time


class Bad(Exception):  # noqa: N818 - control flow: what is wrong is in the context already
    """A value cannot be read; its faults have been noted."""


@dataclass(frozen=True, slots=True)
class Offers:
    """What plugins add to the format: backends with their options, and kinds of function references."""

    backends: Mapping[str, tuple[BackendOption, ...] | None] | None = None  # None: unknown; options None: unchecked
    kinds: tuple[str, ...] | None = None
    require_claim: bool = True
    # Descent methods by name, with what each does with `learning_rate`: required, optional or none. Asked for when a
    # spec names one, since it loads what offers them. None: any name is accepted.
    methods: Callable[[], Mapping[str, str]] | None = None


class Kind(Protocol):
    """A kind of value: how it is read, what JSON Schema says of it, and what people call it."""

    @property
    def words(self) -> str:
        """The kind in words, for the reference: `list of names`."""

    def read(self, node: Node, context: Context) -> Any:
        """The value of `node`. Notes every fault in the context; raises `Bad` when there is no value."""

    def schema(self, offers: Offers) -> dict[str, Any]:
        """What JSON Schema can say of the value."""


@dataclass(slots=True)
class Context:
    """One document while it is read. What is None or empty may be unknown because it could not be read."""

    source: SourceText
    offers: Offers
    directory: Path
    problems: list[Problem] = field(default_factory=list)
    variables: Variables | None = None
    shapes: dict[str, Shape] = field(default_factory=dict)  # of variables and constants
    constants: dict[str, Constant] = field(default_factory=dict)
    unsure: set[str] = field(default_factory=set)  # constants that could not be read
    domain: dict[str, Interval] = field(default_factory=dict)
    main_claim: str | None = None  # the key of the claim that known values are values of

    def bad(
        self,
        code: str,
        node: Node | Scalar,
        message: str,
        help: str = "",
        *,
        offset: int = 0,
        length: int | None = None,
    ) -> Bad:
        """Note a fault at `node`, or at `length` characters from `offset` in it; the caller raises what is returned."""
        start = node.start + offset
        self.problems.append(
            Problem(code, start, max(1, node.end - start) if length is None else length, message, help)
        )
        return Bad()

    @contextmanager
    def collecting(self) -> Iterator[None]:
        """Go on behind the block when a value in it is bad, to find the other faults as well."""
        with suppress(Bad):
            yield

    def place(self, node: Node) -> Place:
        """Where `node` stands."""
        return self.source.place(node.start)

    def known_variables(self) -> Variables:
        """The variables; raises `Bad` where they could not be read, which has been noted already."""
        if self.variables is None:
            raise Bad
        return self.variables


def describe(node: Node) -> str:
    """What a node is, for `expected …, got …`."""
    if isinstance(node, MappingNode):
        return "a mapping"
    if isinstance(node, Sequence):
        return "a list"
    value = node.value
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return f"`{node.text}`"
    if isinstance(value, str):
        text = " ".join(value.split())
        shown = text if len(text) <= 40 else text[:39] + "…"
        return f'the text "{shown}"' if node.style else f"`{shown}`"
    return f"the number {node.text[:40]}"


def suggestion(name: str, known: Collection[str]) -> str | None:
    """The known name that `name` is likely meant to be."""
    if len(known) > MAX_SUGGESTED_FROM or len(name) > 60:
        return None
    folded = {k.lower().replace("_", "-"): k for k in known}
    found = difflib.get_close_matches(name.lower().replace("_", "-"), folded, n=1, cutoff=0.6)
    return folded[found[0]] if found else None


def did_you_mean(name: str, known: Collection[str], otherwise: str = "") -> str:
    """`did you mean …?`, or else the known names after `otherwise`."""
    close = suggestion(name, known)
    if close is not None:
        return f"did you mean `{close}`?"
    return f"{otherwise}: {listed(known)}" if otherwise and known else ""


def listed(names: Iterable[str], limit: int = 12) -> str:
    """The names in code quotes, some of many."""
    every = list(names)
    shown = ", ".join(f"`{name}`" for name in every[:limit])
    return f"{shown}, …" if len(every) > limit else shown
