"""Functions of NumPy and SciPy that the expression language has not, spelled in its own words.

Each takes values as the reader of a source holds them, and gives one; None for a name that is not known here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from gradverify.core.variables import Shape

MOST_PLAIN = 400  # numbers of an `arange` or a `linspace`
_DEGREES = "(pi / 180)"
_KNOWN = frozenset(
    (
        *("cross", "diff", "flip", "roll", "identity", "gamma", "xlogy", "ndtr"),
        *("deg2rad", "radians", "rad2deg", "degrees"),
    )
)


class Reader(Protocol):
    """What is needed of the reader of a source."""

    def text(self, value: Any) -> str:
        """A value as text of the language."""

    def shape(self, value: Any) -> Shape:
        """Its shape."""

    def entries(self, value: Any) -> list[Any]:
        """What iterating over it gives."""

    def made(self, text: str) -> Any:
        """A value by its text."""


def spelled(reader: Reader, name: str, given: Sequence[Any], named: Mapping[str, Any]) -> Any:
    """`name(*given, **named)` in words of the language; None where it has none."""
    axis = named.get("axis")
    if name in _JOINS and len(given) == 1 and not set(named) - {"axis"}:
        return _joined(reader, name, given[0], axis)
    if named:
        return None
    if all(type(one) in (int, float) for one in given) and name in ("arange", "linspace"):
        return _plain(name, given)
    if name not in _KNOWN:
        return None
    texts = [reader.text(one) for one in given]
    match name, given:
        case "cross", [a, b] if reader.shape(a) == reader.shape(b) == (3,):
            return _cross(reader, a, b)
        case "diff", [a] if len(reader.shape(a)) == 1:
            return reader.made(f"({texts[0]}[1:] - {texts[0]}[:-1])")
        case "flip", [a] if len(reader.shape(a)) == 1:
            return reader.made(f"{texts[0]}[::-1]")
        case "roll", [a, int() as by] if len(reader.shape(a)) == 1:
            cut = -by % reader.shape(a)[0]
            return reader.made(f"concatenate([{texts[0]}[{cut}:], {texts[0]}[:{cut}]])") if cut else a
        case (("deg2rad" | "radians"), [_]):
            return reader.made(f"({texts[0]} * {_DEGREES})")
        case (("rad2deg" | "degrees"), [_]):
            return reader.made(f"({texts[0]} / {_DEGREES})")
        case "identity", [int()]:
            return reader.made(f"eye({texts[0]})")
        case "gamma", [_]:
            return reader.made(f"exp(gammaln({texts[0]}))")
        case "xlogy", [_, _]:
            return reader.made(f"({texts[0]} * log({texts[1]}))")
        case "ndtr", [_]:
            return normal(reader, "cdf", given)
    return None


def normal(reader: Reader, name: str, given: Sequence[Any]) -> Any:
    """The standard normal distribution's function `name`; None where it is not one of these."""
    if len(given) != 1:
        return None
    z = reader.text(given[0])
    match name:
        case "cdf":
            return reader.made(f"(0.5 * erfc(-{z} / sqrt(2)))")
        case "sf":
            return reader.made(f"(0.5 * erfc({z} / sqrt(2)))")
        case "pdf":
            return reader.made(f"(exp(-{z}**2 / 2) / sqrt(2 * pi))")
        case "logpdf":
            return reader.made(f"(-{z}**2 / 2 - log(2 * pi) / 2)")
    return None


_JOINS = frozenset(("stack", "hstack", "vstack", "column_stack", "concatenate"))


def _joined(reader: Reader, name: str, parts: Any, axis: Any) -> Any:
    items = reader.entries(parts)
    ranks = {len(reader.shape(item)) for item in items}
    if len(ranks) != 1 or not (axis is None or type(axis) is int):
        return None
    (rank,) = ranks
    rows = f"[{', '.join(map(reader.text, items))}]"
    along = axis or 0
    match name:
        case "stack" if along == 0 or (along in (1, -1) and rank == 1):
            return reader.made(rows if along == 0 else f"{rows}.T")
        case "vstack" if rank == 1:
            return reader.made(rows)
        case "column_stack" if rank == 1:
            return reader.made(f"{rows}.T")
        case "hstack" if rank == 0:
            return reader.made(rows)
        case "vstack" | "concatenate" if rank and along == 0:
            return reader.made(f"concatenate({rows})")
        case "hstack" | "column_stack":
            return reader.made(f"concatenate({rows}{', axis=1' if rank == 2 else ''})")
        case "concatenate" if along == 1:
            return reader.made(f"concatenate({rows}, axis=1)")
    return None


def _cross(reader: Reader, a: Any, b: Any) -> list[Any]:
    (a0, a1, a2), (b0, b1, b2) = (map(reader.text, reader.entries(one)) for one in (a, b))
    pairs = ((a1, b2, a2, b1), (a2, b0, a0, b2), (a0, b1, a1, b0))
    return [reader.made(f"({p} * {q} - {r} * {s})") for p, q, r, s in pairs]


def _plain(name: str, given: Sequence[Any]) -> list[Any] | None:
    if name == "linspace" and len(given) == 3 and type(given[2]) is int and 1 < given[2] <= MOST_PLAIN:
        return [float(value) for value in np.linspace(*given)]
    if (
        name == "arange"
        and len(given) == 3
        and float in map(type, given)
        and given[2]
        and abs((given[1] - given[0]) / given[2]) <= MOST_PLAIN
    ):
        return [value for value in map(float, np.arange(*given)) if math.isfinite(value)]
    return None
