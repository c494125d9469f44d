"""Random directions that are never stored: every sign follows from a seed, a number and an index.

A direction has the entries v_i = length · σ_i · s_i on its ranges and 0 elsewhere: σ_i = ±1 with equal chance
(Rademacher), s_i the size by which component i is moved. The signs come from Philox, a counter-based generator
(Salmon, Moraes, Dror & Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3"): 256 of them belong to each value of
the counter, so any machine makes the signs of any slice of the vector, without those before it, and all machines agree.
"""

from __future__ import annotations

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
    """How far the components of a block move. zero: those that are 0.  least: none of the others moves by less."""

    zero: float = 1.0
    least: float = 0.0

    @classmethod
    def of(cls, geometric: float, quadratic: float) -> Scale:
        """From the geometric and the quadratic mean of the magnitudes that are not 0.

        The means of like components are like one another. Of components that differ by many decades they are far
        apart, and then each one moves by its own magnitude however small it is.
        """
        return cls(geometric, FLOOR * geometric * (geometric / quadratic))


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


def signs(seed: int, number: int, start: int, stop: int) -> Array:
    """The signs of components start … stop − 1 as bits, 1 for −1: shape (stop − start,), uint8."""
    first = start // SIGNS_A_COUNT
    counts = -(-stop // SIGNS_A_COUNT) - first
    generator = np.random.Philox(
        key=np.array([seed % 2**64, number], dtype=np.uint64), counter=np.array([first, 0, 0, 0], dtype=np.uint64)
    )
    words = np.asarray(generator.random_raw(4 * counts)).astype("<u8")
    bits = np.unpackbits(words.view(np.uint8), bitorder="little")
    offset = first * SIGNS_A_COUNT
    return bits[start - offset : stop - offset]


def sign(direction: Direction, index: int) -> float:
    """σ of one component."""
    return -1.0 if signs(direction.seed, direction.number, index, index + 1)[0] else 1.0


def sizes(x: Vector, scale: Scale, low: Array | float = -np.inf, high: Array | float = np.inf) -> Vector:
    """s: by how much each component of the chunk `x` is moved.

    By its own magnitude, or as its block's `scale` says. Never further than the nearer end of its domain, so that a
    component on an end is not moved at all.
    """
    s = np.maximum(np.abs(x), scale.least)
    s[x == 0] = scale.zero
    if np.any(np.isfinite(low)) or np.any(np.isfinite(high)):
        np.minimum(s, np.minimum(x - low, high - x), out=s)
        np.maximum(s, 0.0, out=s)
    return s


def flip(values: Vector, direction: Direction, start: int) -> None:
    """Multiply the chunk `values`, which begins at component `start`, by the direction's signs, in place."""
    make = _kept_flips if values.size <= SMALL else _flips
    view = values.view(np.uint64)
    view ^= make(direction.seed, direction.number, start, start + values.size)


def _flips(seed: int, number: int, start: int, stop: int) -> Array:
    """The signs as the sign bits of doubles, shape (stop − start,), uint64."""
    return signs(seed, number, start, stop).astype(np.uint64) << np.uint64(63)


# A direction is taken up several times over; as long as it is small, its signs may as well be kept.
SMALL = 8192  # components; 64 kB
_kept_flips = lru_cache(maxsize=128)(_flips)


def chunks(start: int, stop: int) -> Iterator[tuple[int, int]]:
    """[start, stop) in slices of at most CHUNK."""
    for a in range(start, stop, CHUNK):
        yield a, min(a + CHUNK, stop)
