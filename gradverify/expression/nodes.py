"""The tree that an expression is parsed to. Every node knows its static shape; nothing here imports NumPy."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from gradverify.core.variables import Shape


class Comparison(enum.StrEnum):
    """The comparison operators; their value is the text."""

    LT = "<"
    LE = "<="
    GT = ">"
    GE = ">="
    EQ = "=="
    NE = "!="


@dataclass(frozen=True, slots=True)
class Number:
    """A literal. `text` is what the author wrote, so that exact arithmetic can read 0.1 as 1/10."""

    value: float
    text: str
    shape: Shape = ()


@dataclass(frozen=True, slots=True)
class Name:
    """A variable, a constant of the spec, or a built-in constant (`pi`, `e`)."""

    name: str
    shape: Shape


class _HashedOnce:
    """Room for a node's hash: that of a large tree is asked for with each part of it, time and again."""

    __slots__ = ("_hash",)
    _hash: int


@dataclass(frozen=True, slots=True)
class Call(_HashedOnce):
    """An operator or a function: `add`, `negative`, `power`, `matmul`, `sin`, `where`, `sum` …

    Operators have the names of NumPy's ufuncs. `axis` is the axis of a reduction, None for all.
    `add`, `multiply`, `minimum`, `maximum`, `logical_and` and `logical_or` take two or more arguments, folded from
    the left: a − b + c is add(a, negative(b), c), so that long sums make flat trees.
    """

    function: str
    arguments: tuple[Node, ...]
    shape: Shape
    axis: int | None = None

    def __hash__(self) -> int:
        try:
            return self._hash
        except AttributeError:
            found = hash((self.function, self.arguments, self.shape, self.axis))
            object.__setattr__(self, "_hash", found)  # the node stays what it is
            return found


@dataclass(frozen=True, slots=True)
class Compare:
    """A comparison, elementwise; only conditions contain it."""

    operator: Comparison
    left: Node
    right: Node
    shape: Shape


@dataclass(frozen=True, slots=True)
class Index:
    """`value[…]` with constant integers and slices: each part is an int, or (start, stop, step) with None allowed."""

    value: Node
    parts: tuple[int | tuple[int | None, int | None, int | None], ...]
    shape: Shape


@dataclass(frozen=True, slots=True)
class Stack:
    """A list of expressions of one shape, as an array with a new first axis."""

    items: tuple[Node, ...]
    shape: Shape


Node = Number | Name | Call | Compare | Index | Stack
