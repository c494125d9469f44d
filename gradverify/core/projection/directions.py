"""Random directions that are never stored: every sign follows from a seed, a number and an index.

A direction has the entries v_i = length · σ_i · s_i on its ranges and 0 elsewhere: σ_i = ±1 with equal chance
(Rademacher), s_i the size by which component i is moved. The signs come from Philox, a counter-based generator
(Salmon, Moraes, Dror & Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3"): 256 of them belong to each value of
the counter, so any machine makes the signs of any slice of the vector, without those before it, and all machines agree.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from gradverify.core.arrays import Array, Vector

SIGNS_A_COUNT = 256  # Philox4x64 gives four words of 64 bits for each value of its counter
CHUNK = 1 << 16  # components that are worked on at a time: half a megabyte stays in a processor's cache
FLOOR = 1e-2  # no component moves by less than this part of what is usual in its block: its fault could not be seen

Ranges = tuple[tuple[int, int], ...]  # disjoint slices [start, stop) of the point vector, in order


@dataclass(frozen=True, slots=True)
class Scale:
    """How far the components of a block move.

    zero: those that are 0.  least: none of the others moves by less.  some: whether any are 0.
    """

    zero: float = 1.0
    least: float = 0.0
    some: bool = True

    @classmethod
    def of(cls, geometric: float, quadratic: float, some: bool) -> Scale:
        """From the geometric and the quadratic mean of the magnitudes that are not 0.

        The means of like components are like one another. Of components that differ by many decades they are far
        apart, and then each one moves by its own magnitude however small it is.
        """
        return cls(geometric, FLOOR * geometric * (geometric / quadratic), some)


@dataclass(frozen=True, slots=True)
class Direction:
    """Which direction: plain data, the same on every machine."""

    seed: int
    number: int
    ranges: Ranges
    length: float = 1.0

    @property
    def size(self) -> int:
        """How many components it moves."""
        return sum(stop - start for start, stop in self.ranges)

    def within(self, start: int, stop: int) -> Ranges:
        """The parts of its ranges that lie in [start, stop)."""
        parts = ((max(start, a), min(stop, b)) for a, b in self.ranges)
        return tuple((a, b) for a, b in parts if a < b)


def _words(seed: int, number: int, start: int, stop: int) -> Array:
    """The bits of the counters that components start … stop − 1 belong to, as bytes."""
    first = start // SIGNS_A_COUNT
    counts = -(-stop // SIGNS_A_COUNT) - first
    generator = np.random.Philox(
        key=np.array([seed % 2**64, number], dtype=np.uint64), counter=np.array([first, 0, 0, 0], dtype=np.uint64)
    )
    words: Array = np.asarray(generator.random_raw(4 * counts)).astype("<u8", copy=False)
    return words.view(np.uint8)


# A direction is taken up several times over; as long as it is small, its signs may as well be kept.
SMALL = 8192  # components; 1 kB
_kept_words = lru_cache(maxsize=128)(_words)


def signs(seed: int, number: int, start: int, stop: int) -> Array:
    """The signs of components start … stop − 1 as bits, 1 for −1: shape (stop − start,), uint8."""
    bits = np.unpackbits(_words(seed, number, start, stop), bitorder="little")
    offset = start // SIGNS_A_COUNT * SIGNS_A_COUNT
    return bits[start - offset : stop - offset]


# The eight signs that each value of a byte stands for: shape (256, 8).
SIGNS_OF_A_BYTE = np.where((np.arange(256)[:, None] >> np.arange(8)) & 1, -1.0, 1.0)


@dataclass(slots=True)
class Signer:
    """Multiplies chunks by a factor and a direction's signs, without memory for each chunk."""

    seed: int
    number: int
    table: Vector
    scratch: Vector

    @classmethod
    def of(cls, direction: Direction, factor: float = 1.0, most: int = CHUNK) -> Signer:
        """For one direction, and chunks of at most so many components."""
        table = SIGNS_OF_A_BYTE if factor == 1.0 else factor * SIGNS_OF_A_BYTE
        return cls(direction.seed, direction.number, table, np.empty((most + 2 * SIGNS_A_COUNT) // 8 * 8))

    def __call__(self, values: Vector, start: int, out: Vector) -> Vector:
        """`values`, which begin at component `start`, with signs and factor, in `out`."""
        make = _kept_words if values.size <= SMALL else _words
        words = make(self.seed, self.number, start, start + values.size)
        offset = start % SIGNS_A_COUNT
        wide = self.scratch[: 8 * words.size].reshape((-1, 8))
        self.table.take(words, axis=0, out=wide, mode="clip")
        return np.multiply(values, wide.reshape(-1)[offset : offset + values.size], out=out)


def sign(direction: Direction, index: int) -> float:
    """σ of one component."""
    return -1.0 if signs(direction.seed, direction.number, index, index + 1)[0] else 1.0


def _is_an_end(bound: Array | float) -> bool:
    """Whether some of it is finite."""
    return math.isfinite(bound) if isinstance(bound, float) else bool(np.isfinite(bound).any())


def sizes(
    x: Vector, scale: Scale, low: Array | float = -np.inf, high: Array | float = np.inf, out: Vector | None = None
) -> Vector:
    """s: by how much each component of the chunk `x` is moved; in `out` where that is given.

    By its own magnitude, or as its block's `scale` says. Never further than the nearer end of its domain, so that a
    component on an end is not moved at all.
    """
    s = np.abs(x, out=out)
    np.maximum(s, scale.least, out=s)
    if scale.some:
        s[x == 0] = scale.zero
    if _is_an_end(low) or _is_an_end(high):
        np.minimum(s, np.minimum(x - low, high - x), out=s)
        np.maximum(s, 0.0, out=s)
    return s


def chunks(start: int, stop: int) -> Iterator[tuple[int, int]]:
    """[start, stop) in slices of at most CHUNK."""
    for a in range(start, stop, CHUNK):
        yield a, min(a + CHUNK, stop)
