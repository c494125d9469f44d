"""A point whose components are all in this process's memory: x, the claimed values, and whatever f needs itself."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace

import numpy as np

from gradverify.core import roundoff
from gradverify.core.arrays import Array, Vector
from gradverify.core.problem import CallableFunction, Domain, Evaluation, Problem
from gradverify.core.projection import space
from gradverify.core.projection.directions import Direction, Signer, chunks, sizes
from gradverify.core.projection.space import Block, Entry, Summary
from gradverify.core.variables import Variable

OWN_REFERENCES = 2  # to the buffer: the attribute's, and that of the call that counts them
ULP_DIRECTION = 2**48  # the number of the direction that measures the claim's round-off: no group has it


ALL_IGNORED = ("ignore", None, Warning, None, 0)  # the filter that ignores every warning


def _without_warnings() -> AbstractContextManager[object]:
    """Nothing is warned about inside; where that is so already, nothing is done, which takes a tenth of the time."""
    if warnings.filters[:1] == [ALL_IGNORED]:
        return nullcontext()
    return warnings.catch_warnings(action="ignore")


@dataclass(slots=True)
class LocalSpace:
    """x: shape (n,).  g: the claimed gradient at x, shape (n,)."""

    problem: Problem
    x: Vector
    g: Vector
    blocks: tuple[Block, ...] = field(init=False)
    bounded: bool = field(init=False)
    # x + t v, for one evaluation after the other: fresh memory for each may cost as much as f. `held`: which v and t.
    buffer: Vector | None = None
    held: tuple[Direction, float] | None = None
    copies: bool = False  # whether f has to be given an array of its own each time

    def __post_init__(self) -> None:
        bare = space.blocks_of([(v.name, v.size) for v in self.problem.variables])
        found = space.scales([space.magnitudes(self.x[b.start : b.stop]) for b in bare])
        self.bounded = _bounded(self.problem.domain)
        self.blocks = tuple(replace(b, scale=s) for b, s in zip(bare, found, strict=True))

    def summary(self, block: Block) -> Summary:
        """What g comes to on a block."""
        part = slice(block.start, block.stop)
        return space.summarise(self.x[part], self.g[part], block.scale, block.start, self._ends)

    def smaller(self, block: Block, threshold: float) -> int:
        """How many components have s_i · |g_i| < threshold."""
        part = slice(block.start, block.stop)
        return space.count_smaller(self.x[part], self.g[part], block.scale, threshold, block.start, self._ends)

    def products(self, directions: Sequence[Direction]) -> Vector:
        """g · v for each direction."""
        return self._products(self.g, directions)

    def _products(self, g: Vector, directions: Sequence[Direction]) -> Vector:
        totals = np.zeros(len(directions))
        for b in self.blocks:
            part = slice(b.start, b.stop)
            totals += space.partial_products(self.x[part], g[part], directions, b.scale, b.start, self._ends)
        return totals

    def value(self, direction: Direction, t: float) -> float:
        """f(x + t v)."""
        function = self.problem.function
        with np.errstate(all="ignore"), _without_warnings():
            if isinstance(function, CallableFunction) and function.run_parts is not None and not self.copies:
                self._enter(direction, t)
                found = function.run_parts(self._part)
                if self.buffer is not None and sys.getrefcount(self.buffer) > OWN_REFERENCES:
                    self.buffer = None  # the function has kept what it was given: that must not change under it
                if not found.failures:
                    return float(np.real(found.values).ravel()[0])
                # A function that works in place cannot with what it is not allowed to change: it gets a copy.
                found = function.evaluate(self._moved(direction, t)[None])
                self.copies = not found.failures
            else:
                found = function.evaluate(self._moved(direction, t)[None])
        return float(np.real(found.values).ravel()[0])

    def _enter(self, direction: Direction, t: float) -> None:
        """Make the buffer hold x + t v, at the least cost: most of it may be there already."""
        if self.buffer is None:
            self.buffer, self.held = self.x.copy(), None
        if self.held == (direction, -t):
            space.reflect(self.x, direction.ranges, self.buffer)
        else:
            if self.held is not None and self.held[0].ranges != direction.ranges:
                for start, stop in self.held[0].ranges:
                    self.buffer[start:stop] = self.x[start:stop]
            self._move(direction, t, self.buffer)
        self.held = (direction, t)

    def _part(self, variable: Variable) -> Array:
        assert self.buffer is not None
        part = self.buffer[variable.components]
        part.flags.writeable = False
        return part

    def _moved(self, direction: Direction, t: float) -> Vector:
        point = self.x.copy()
        self._move(direction, t, point)
        return point

    def _move(self, direction: Direction, t: float, into: Vector) -> None:
        for b in self.blocks:
            part = slice(b.start, b.stop)
            space.move(self.x[part], direction, t, b.scale, b.start, into[part], self._ends)

    def entry(self, index: int) -> Entry:
        """One component."""
        block = next(b for b in self.blocks if b.start <= index < b.stop)
        part = self.x[index : index + 1]
        size = sizes(part, block.scale, *self._ends(index, index + 1))[0]
        return Entry(float(part[0]), float(self.g[index]), float(size))

    def noise(self, directions: Sequence[Direction]) -> Vector:
        """How far the claim's own round-off moves each g · v."""
        return self._round_off(lambda g: self._products(g, directions), len(directions))

    def round_off(self, index: int) -> float:
        """How far the claim's own round-off moves one component."""
        return float(self._round_off(lambda g: g[index : index + 1], 1)[0])

    def _round_off(self, of: Callable[[Vector], Vector], count: int) -> Vector:
        claim = self.problem.claim
        if claim is None:
            return np.zeros(count)
        self.buffer, self.held = None, None  # the claim needs the memory
        steps = roundoff.steps_along(self.problem.precision.epsilon)
        values = np.full((steps.size, count), np.nan)
        for row, step in enumerate(steps):
            with np.errstate(all="ignore"):
                values[row] = of(_evaluated(claim.evaluate(self._beside(float(step))[None])))
        return np.asarray(roundoff.round_off_from(values, self.problem.precision.epsilon))

    def _beside(self, step: float) -> Vector:
        """x moved by `step` units in the last place of each component, up or down."""
        direction = Direction(self.problem.seed, ULP_DIRECTION, ((0, self.x.size),))
        signer = Signer.of(direction, step * self.problem.precision.epsilon)
        out = np.empty(self.x.size)
        for a, b in chunks(0, self.x.size):
            move = signer(np.abs(self.x[a:b]), a, out[a:b])
            np.add(self.x[a:b], move, out=out[a:b])
        return np.where(self.problem.domain.contains(out), out, self.x) if self.bounded else out

    def _ends(self, start: int, stop: int) -> tuple[Array | float, Array | float]:
        if not self.bounded:
            return space.everywhere(start, stop)
        return self.problem.domain.low[start:stop], self.problem.domain.high[start:stop]


def _evaluated(evaluation: Evaluation) -> Vector:
    return np.real(evaluation.values).reshape(-1)


def _bounded(domain: Domain) -> bool:
    return bool(np.isfinite(domain.low).any() or np.isfinite(domain.high).any())


def farthest(problem: Problem) -> float:
    """|t| · length that keeps x + t v inside the domain: s_i never exceeds the distance to the domain's end."""
    return 1.0 if _bounded(problem.domain) else np.inf
