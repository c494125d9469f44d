"""Formulas differentiated without a graph: the passes of `tape.py`, in the order of a schedule."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

import autograd.numpy as anp
import numpy as np
from autograd.numpy.numpy_vjps import unbroadcast

from gradverify.plugin import Array, Derivative, Domain, Mask, Matrix, Tensor, Variable
from gradverify_autodiff.measure import COPIES, Sides, kept_inside, spread
from gradverify_autodiff.schedule import Schedule
from gradverify_autodiff.tape import noted, random_factors

KEPT = 2**15  # random changes kept for each seed: those of some hundred steps at a few points


@functools.lru_cache(maxsize=4)
def _kept(seed: int, epsilon: float) -> Array:
    return epsilon * random_factors(np.random.default_rng(seed), (KEPT,))


@dataclass(slots=True)
class Changes:
    """The relative changes that `Noise` draws from a generator with `seed`, in its order; the first are kept."""

    seed: int
    epsilon: float
    taken: int = 0
    generator: np.random.Generator | None = None

    def take(self, count: int) -> Array:
        """The next `count`, an array of its own."""
        if self.generator is None:
            if self.taken + count <= KEPT:
                self.taken += count
                return _kept(self.seed, self.epsilon)[self.taken - count : self.taken].copy()
            self.generator = np.random.default_rng(self.seed)
            random_factors(self.generator, (self.taken,))
        return self.epsilon * random_factors(self.generator, (count,))


Draw = Callable[[tuple[int, ...]], Array]  # shape (rows, …) -> changes, 0 in the clean rows


def _one_by_one(changes: Changes, clean: int) -> Generator[Array, tuple[int, ...]]:
    """Changes of whatever shape is asked for."""
    shape: tuple[int, ...] = yield np.zeros(0)
    while True:
        change = changes.take(math.prod(shape)).reshape(shape)
        change[:clean] = 0
        shape = yield change


def _at_once(changes: Changes, rows: int, n: int, draws: int, clean: int) -> Generator[Array, tuple[int, ...]]:
    """Changes of the points, (rows, n), of `draws` values, (rows,), and of the gradient: all taken together."""
    drawn = changes.take((draws + 2 * n) * rows)
    first, last = rows * n, (draws + n) * rows
    drawn[: clean * n] = drawn[last : last + clean * n] = 0
    steps = drawn[first:last].reshape((draws, rows))
    steps[:, :clean] = 0
    yield drawn
    yield drawn[:first].reshape((rows, n))
    for change in steps:  # noqa: UP028 - `yield from` would hand the shapes on to an array
        yield change
    yield drawn[last:].reshape((rows, n))


@dataclass(slots=True)
class DirectTracer:
    """For gradients of formulas. Numbers and bounds are those of `RowTracer`, to the last bit."""

    schedule: Schedule
    domain: Domain
    changes: Changes

    def noisy(self, points: Matrix, _: Derivative, strong_zeros: bool) -> tuple[Tensor, Tensor, Tensor, Mask]:
        """Values, derivatives, spreads and ties, as `Tracer` says."""
        k, n = points.shape
        rows = np.concatenate([points] * (COPIES + 1))
        if self.schedule.plain:
            drawing = _at_once(self.changes, rows.shape[0], n, self.schedule.draws, k)
        else:
            drawing = _one_by_one(self.changes, k)
        next(drawing)
        draw = drawing.send
        shaken = kept_inside(rows + rows * draw(rows.shape), rows, self.domain)
        ties = np.zeros(k, dtype=np.bool_)
        values, found = self._passes(shaken, draw, ties, k, strong_zeros)
        copies = found.reshape((COPIES + 1, k, n))
        return values[:k], copies[0], spread(copies[0], copies[1:]), ties

    def plain(self, points: Matrix, _: Derivative) -> Sides:
        """Values and derivatives, as `Tracer` says."""
        with np.errstate(all="ignore"):
            return self._passes(points, None, None, 0, strong_zeros=True)

    def _passes(self, points: Matrix, draw: Draw | None, ties: Mask | None, clean: int, strong_zeros: bool) -> Sides:
        """Values (rows,) and gradients (rows, n): forward, and back again."""
        plan = self.schedule
        values: list[Any] = [_input(points, name) for name in plan.names]
        values += plan.literals
        unrounded = values.copy()
        for function, first, second, arguments, rounded, tie in plan.forward:
            if second >= 0:
                value = function(values[first], values[second])
            elif first >= 0:
                value = function(values[first])
            else:
                value = function(*[values[slot] for slot in arguments])
            if tie is not None and ties is not None:
                noted(ties, clean, tie(value, *[values[slot] for slot in arguments]))
            unrounded.append(value)
            values.append(value + value * draw(value.shape) if rounded and draw is not None else value)

        found = np.zeros(points.shape)
        cotangents: list[Any] = [None] * len(values)
        cotangents[plan.end] = np.ones(values[plan.end].shape)
        for at, slopes, arguments, parents, off in plan.backward:
            g = cotangents[at]
            if draw is not None:
                g = g + g * draw(g.shape)
            if slopes is None:
                if draw is not None:  # a variable is a part of the points, reshaped: two steps
                    g = g + g * draw(g.shape)
                _add(found, plan.names[at], g)
                continue
            parts = slopes(g, unrounded[at], *[values[slot] for slot in arguments])
            for parent, part in zip(parents, parts, strict=True):
                share, of = part, values[parent]
                if share.shape != of.shape:
                    share = unbroadcast(share, anp.metadata(of))
                if strong_zeros and off and g.shape == share.shape:
                    share = np.where(g == 0, 0.0, share)
                before = cotangents[parent]
                cotangents[parent] = share if before is None else before + share
        return values[plan.end], found if draw is None else found + found * draw(found.shape)


def _input(points: Matrix, name: int | Variable | Array) -> Array:
    """The values of a name: a component of `points`, a variable's components in its shape, or a constant."""
    if isinstance(name, int):
        return points[:, name]
    if isinstance(name, Variable):
        return points[:, name.components].reshape((-1, *name.shape))
    return name


def _add(found: Matrix, name: int | Variable | Array, g: Array) -> None:
    """Add a variable's cotangent to its part of the gradient."""
    if isinstance(name, Variable):
        found[:, name.components] += g.reshape((g.shape[0], -1))
    else:
        found[:, name] += g
