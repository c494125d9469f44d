"""What the comparison along directions needs to know of a point, wherever its components are kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from gradverify.core.arrays import Array, Vector
from gradverify.core.projection.directions import CHUNK, Direction, Ranges, Scale, Signer, chunks, sizes

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

    def products(self, directions: Sequence[Direction]) -> Vector:
        """g · v for each direction, shape (len(directions),)."""

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
    """What a slice of x comes to; those of slices add up. total: its components.  count: those that are neither 0 nor

    infinite, of which  squares: Σ x_i².  logarithms: Σ log |x_i|.
    """

    total: int = 0
    count: int = 0
    squares: float = 0.0
    logarithms: float = 0.0

    def __add__(self, other: Magnitudes) -> Magnitudes:
        return Magnitudes(
            self.total + other.total, self.count + other.count, self.squares + other.squares,
            self.logarithms + other.logarithms,
        )  # fmt: skip

    @property
    def scale(self) -> Scale | None:
        """How far such components move; None where all are 0."""
        if not self.count or not 0 < self.squares < np.inf:
            return None
        geometric, quadratic = np.exp(self.logarithms / self.count), np.sqrt(self.squares / self.count)
        return Scale.of(float(geometric), float(quadratic), self.count < self.total)


def scales(blocks: Sequence[Magnitudes]) -> list[Scale]:
    """Each block's scale; that of the whole point where all of it is 0, and 1 where that is 0 as well."""
    overall = sum(blocks, Magnitudes()).scale or UNSCALED
    return [block.scale or Scale(overall.zero) for block in blocks]


# The same arithmetic for one slice, whoever holds it. `x`, `g`: the slice's values; `offset`: where it starts.


def _sum_of_squares(values: Vector, scratch: Vector) -> float:
    """Σ v_i². Not by `dot`, which starts threads for so few numbers and then waits for them."""
    return float(np.add.reduce(np.square(values, out=scratch[: values.size])))


def magnitudes(x: Vector) -> Magnitudes:
    """The magnitudes of one slice."""
    found = Magnitudes()
    scratch, other = np.empty(min(x.size, CHUNK)), np.empty(min(x.size, CHUNK))
    for a, b in chunks(0, x.size):
        some = np.abs(x[a:b], out=scratch[: b - a])
        if not (np.all(some) and np.max(some) < np.inf):
            some = some[(some > 0) & (some < np.inf)]
        squares = _sum_of_squares(some, other)
        found += Magnitudes(b - a, some.size, squares, float(np.add.reduce(np.log(some, out=some))))
    return found


Ends = Callable[[int, int], tuple[Array | float, Array | float]]  # a slice's (low, high)


def everywhere(start: int, stop: int) -> tuple[float, float]:  # noqa: ARG001 - the same for every slice
    """No domain."""
    return -np.inf, np.inf


def summarise(x: Vector, g: Vector, scale: Scale, offset: int, ends: Ends = everywhere) -> Summary:
    """The summary of one slice."""
    found = Summary()
    scratch, other = np.empty(min(x.size, CHUNK)), np.empty(min(x.size, CHUNK))
    for a, b in chunks(0, x.size):
        s = sizes(x[a:b], scale, *ends(offset + a, offset + b), out=scratch[: b - a])
        count, reach2 = int(np.count_nonzero(s)), _sum_of_squares(s, other)
        with np.errstate(all="ignore"):
            s *= g[a:b]
        w = np.abs(s, out=s)
        bad = 0
        first = None
        if not np.all(np.isfinite(w)):
            wrong = np.flatnonzero(~np.isfinite(g[a:b]))
            bad, first = wrong.size, offset + a + int(wrong[0]) if wrong.size else None
            w[wrong] = 0.0
        found += Summary(b - a, count, _sum_of_squares(w, other), float(np.add.reduce(w)), reach2, bad, first)
    return found


def count_smaller(x: Vector, g: Vector, scale: Scale, threshold: float, offset: int, ends: Ends = everywhere) -> int:
    """How many components of one slice have s_i · |g_i| < threshold."""
    count = 0
    scratch = np.empty(min(x.size, CHUNK))
    for a, b in chunks(0, x.size):
        s = sizes(x[a:b], scale, *ends(offset + a, offset + b), out=scratch[: b - a])
        s *= g[a:b]
        count += s.size - int(np.count_nonzero(np.abs(s, out=s) >= threshold))
    return count


def partial_products(
    x: Vector, g: Vector, directions: Sequence[Direction], scale: Scale, offset: int, ends: Ends = everywhere
) -> Vector:
    """The part of g · v that a slice contributes, for each direction: shape (len(directions),).

    Each chunk is summed pairwise, so that the error is a few units of round-off of the direction's norm (Higham 2002,
    section 4.2).
    """
    totals = np.zeros(len(directions))
    signers = [Signer.of(d, most=min(x.size, CHUNK)) for d in directions]
    weights, scratch = np.empty(min(x.size, CHUNK)), np.empty(min(x.size, CHUNK))
    for ranges in dict.fromkeys(d.ranges for d in directions):
        mine = [i for i, d in enumerate(directions) if d.ranges == ranges]
        for start, stop in directions[mine[0]].within(offset, offset + x.size):
            for a, b in chunks(start, stop):
                w = sizes(x[a - offset : b - offset], scale, *ends(a, b), out=weights[: b - a])
                w *= g[a - offset : b - offset]
                for i in mine:
                    totals[i] += np.add.reduce(signers[i](w, a, scratch[: b - a]))
    totals *= [d.length for d in directions]
    return totals


def move(
    x: Vector, direction: Direction, t: float, scale: Scale, offset: int, into: Vector, ends: Ends = everywhere
) -> None:
    """Enter x + t v of one slice into `into`, shape of `x`, as far as the direction moves it."""
    signer = Signer.of(direction, t * direction.length, min(x.size, CHUNK))
    scratch = np.empty(min(x.size, CHUNK))
    for start, stop in direction.within(offset, offset + x.size):
        for a, b in chunks(start, stop):
            w = sizes(x[a - offset : b - offset], scale, *ends(a, b), out=scratch[: b - a])
            np.add(x[a - offset : b - offset], signer(w, a, w), out=into[a - offset : b - offset])


def moved(x: Vector, direction: Direction, t: float, scale: Scale, offset: int, ends: Ends = everywhere) -> Vector:
    """x + t v on one slice: a fresh array."""
    out = x.copy()
    move(x, direction, t, scale, offset, out, ends)
    return out


def reflect(x: Vector, ranges: Ranges, into: Vector) -> None:
    """Turn x + t v, which `into` holds, into x − t v. All of shape (n,)."""
    scratch = np.empty(min(x.size, CHUNK))
    for start, stop in ranges:
        for a, b in chunks(start, stop):
            step = np.subtract(into[a:b], x[a:b], out=scratch[: b - a])
            np.subtract(x[a:b], step, out=into[a:b])
