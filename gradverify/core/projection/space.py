"""What the comparison along directions needs to know of a point, wherever its components are kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from gradverify.core.arrays import Array, Vector
from gradverify.core.projection.directions import Direction, Scale, chunks, flip, sizes

UNSCALED = Scale()
MOST_BLOCKS = 256  # consecutive variables are joined into one block beyond that: each costs a pass of its own


@dataclass(frozen=True, slots=True)
class Block:
    """Consecutive components that are of one kind: a variable, or several small ones."""

    name: str
    start: int
    stop: int
    scale: Scale = UNSCALED


@dataclass(frozen=True, slots=True)
class Summary:
    """What a slice of a block comes to; summaries of slices add up. With w_i = s_i · g_i:

    count: components.  moved: those with s_i > 0.  norm2: Σ w_i².  norm1: Σ |w_i|.  reach2: Σ s_i².
    not_finite: components whose claim is NaN or infinite; they are left out of the sums.  first: the first of them.
    """

    count: int = 0
    moved: int = 0
    norm2: float = 0.0
    norm1: float = 0.0
    reach2: float = 0.0
    not_finite: int = 0
    first: int | None = None

    def __add__(self, other: Summary) -> Summary:
        return Summary(
            self.count + other.count, self.moved + other.moved, self.norm2 + other.norm2,
            self.norm1 + other.norm1, self.reach2 + other.reach2, self.not_finite + other.not_finite,
            self.first if self.first is not None else other.first,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """One component: where it is, what is claimed of it, and by how much directions move it."""

    x: float
    claimed: float
    size: float


class Space(Protocol):
    """A point x with n components, a claimed gradient g there, and f: in one memory or spread over many."""

    @property
    def blocks(self) -> Sequence[Block]:
        """All components in order, each block with its scale."""

    def summary(self, block: Block) -> Summary:
        """What g comes to on a block."""

    def smaller(self, block: Block, threshold: float) -> int:
        """How many components of the block have s_i · |g_i| < threshold."""

    def product(self, direction: Direction) -> float:
        """g · v."""

    def value(self, direction: Direction, t: float) -> float:
        """f(x + t v); NaN where f is not finite or raises."""

    def entry(self, index: int) -> Entry:
        """One component."""

    def noise(self, directions: Sequence[Direction]) -> Vector:
        """How far the claim's own round-off moves each g · v: shape (len(directions),)."""

    def round_off(self, index: int) -> float:
        """How far the claim's own round-off moves one component."""


def blocks_of(names: Sequence[tuple[str, int]]) -> tuple[Block, ...]:
    """Blocks for variables given as (name, size) in order, at most MOST_BLOCKS of them."""
    group = -(-len(names) // MOST_BLOCKS)
    blocks, offset = [], 0
    for first in range(0, len(names), group):
        part = [entry for entry in names[first : first + group] if entry[1]]
        if part:
            name = part[0][0] if len(part) == 1 else f"{part[0][0]} … {part[-1][0]}"
            size = sum(length for _, length in part)
            blocks.append(Block(name, offset, offset + size))
            offset += size
    return tuple(blocks)


@dataclass(frozen=True, slots=True)
class Magnitudes:
    """What a slice of x comes to; those of slices add up. count: components that are neither 0 nor infinite, of which

    squares: Σ x_i².  logarithms: Σ log |x_i|.
    """

    count: int = 0
    squares: float = 0.0
    logarithms: float = 0.0

    def __add__(self, other: Magnitudes) -> Magnitudes:
        return Magnitudes(self.count + other.count, self.squares + other.squares, self.logarithms + other.logarithms)

    @property
    def scale(self) -> Scale | None:
        """How far such components move; None where all are 0."""
        if not self.count or not 0 < self.squares < np.inf:
            return None
        return Scale.of(float(np.exp(self.logarithms / self.count)), float(np.sqrt(self.squares / self.count)))


def scales(blocks: Sequence[Magnitudes]) -> list[Scale]:
    """Each block's scale; that of the whole point where all of it is 0, and 1 where that is 0 as well."""
    overall = sum(blocks, Magnitudes()).scale or UNSCALED
    return [block.scale or Scale(overall.zero) for block in blocks]


# The same arithmetic for one slice, whoever holds it. `x`, `g`: the slice's values; `offset`: where it starts.


def magnitudes(x: Vector) -> Magnitudes:
    """The magnitudes of one slice."""
    found = Magnitudes()
    for a, b in chunks(0, x.size):
        some = np.abs(x[a:b])
        some = some[(some > 0) & (some < np.inf)]
        found += Magnitudes(some.size, float(np.dot(some, some)), float(np.log(some).sum()))
    return found


Ends = Callable[[int, int], tuple[Array | float, Array | float]]  # a slice's (low, high)


def everywhere(start: int, stop: int) -> tuple[float, float]:  # noqa: ARG001 - the same for every slice
    """No domain."""
    return -np.inf, np.inf


def summarise(x: Vector, g: Vector, scale: Scale, offset: int, ends: Ends = everywhere) -> Summary:
    """The summary of one slice."""
    found = Summary()
    for a, b in chunks(0, x.size):
        s = sizes(x[a:b], scale, *ends(offset + a, offset + b))
        with np.errstate(all="ignore"):
            w = np.abs(s * g[a:b])
        bad = np.flatnonzero(~np.isfinite(g[a:b]))
        w[bad] = 0.0
        found += Summary(
            b - a, int(np.count_nonzero(s)), float(np.dot(w, w)), float(np.add.reduce(w)), float(np.dot(s, s)),
            bad.size, offset + a + int(bad[0]) if bad.size else None,
        )  # fmt: skip
    return found


def count_smaller(x: Vector, g: Vector, scale: Scale, threshold: float, offset: int, ends: Ends = everywhere) -> int:
    """How many components of one slice have s_i · |g_i| < threshold."""
    count = 0
    for a, b in chunks(0, x.size):
        s = sizes(x[a:b], scale, *ends(offset + a, offset + b))
        count += int(np.count_nonzero(~(s * np.abs(g[a:b]) >= threshold)))
    return count


def partial_product(
    x: Vector, g: Vector, direction: Direction, scale: Scale, offset: int, ends: Ends = everywhere
) -> float:
    """The part of g · v that a slice contributes.

    Each chunk is summed pairwise, so that the error is a few units of round-off of the direction's norm (Higham 2002,
    section 4.2).
    """
    total = 0.0
    for start, stop in direction.within(offset, offset + x.size):
        for a, b in chunks(start, stop):
            w = sizes(x[a - offset : b - offset], scale, *ends(a, b))
            w *= g[a - offset : b - offset]
            flip(w, direction, a)
            total += float(np.add.reduce(w))
    return direction.length * total


def moved(
    x: Vector,
    direction: Direction,
    t: float,
    scale: Scale,
    offset: int,
    ends: Ends = everywhere,
    into: Array | None = None,
) -> Vector:
    """x + t v on one slice, shape of `x`: a fresh array, or `into`."""
    out = np.empty(x.size) if into is None else into
    last = offset
    step = t * direction.length
    for start, stop in direction.within(offset, offset + x.size):
        out[last - offset : start - offset] = x[last - offset : start - offset]
        for a, b in chunks(start, stop):
            w = sizes(x[a - offset : b - offset], scale, *ends(a, b))
            w *= step
            flip(w, direction, a)
            np.add(x[a - offset : b - offset], w, out=out[a - offset : b - offset])
        last = stop
    out[last - offset :] = x[last - offset :]
    return out
