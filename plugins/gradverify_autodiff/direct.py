"""Formulas of single numbers, differentiated without a graph: the passes of `tape.py`, in the order of a schedule."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradverify.plugin import Array, Derivative, Domain, Mask, Matrix, Tensor
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


@dataclass(frozen=True, slots=True)
class _Shares:
    """The changes of one noisy run of `rows` rows: of the points and of the gradient, (rows, n), and (steps, rows)."""

    points: Matrix
    steps: Matrix
    gradient: Matrix


@dataclass(slots=True)
class DirectTracer:
    """For gradients of formulas of numbers. Numbers and bounds are those of `RowTracer`, to the last bit."""

    schedule: Schedule
    domain: Domain
    changes: Changes

    def noisy(self, points: Matrix, _: Derivative, strong_zeros: bool) -> tuple[Tensor, Tensor, Tensor, Mask]:
        """Values, derivatives, spreads and ties, as `Tracer` says."""
        k, n = points.shape
        rows = np.concatenate([points] * (COPIES + 1))
        shares = self._shares(rows.shape[0], n, clean=k)
        ties = np.zeros(k, dtype=np.bool_)
        values, found = self._passes(
            kept_inside(rows + rows * shares.points, rows, self.domain), shares, ties, k, strong_zeros
        )
        copies = found.reshape((COPIES + 1, k, n))
        return values[:k], copies[0], spread(copies[0], copies[1:]), ties

    def plain(self, points: Matrix, _: Derivative) -> Sides:
        """Values and derivatives, as `Tracer` says."""
        with np.errstate(all="ignore"):
            return self._passes(points, None, None, 0, strong_zeros=True)

    def _shares(self, rows: int, n: int, clean: int) -> _Shares:
        """Changes in the order in which a trace draws them; 0 in the leading `clean` rows."""
        draws = self.schedule.draws
        drawn = self.changes.take((draws + 2 * n) * rows)
        first, last = rows * n, (draws + n) * rows
        drawn[: clean * n] = drawn[last : last + clean * n] = 0
        steps = drawn[first:last].reshape((draws, rows))
        steps[:, :clean] = 0
        return _Shares(drawn[:first].reshape((rows, n)), steps, drawn[last:].reshape((rows, n)))

    def _passes(
        self, points: Matrix, shares: _Shares | None, ties: Mask | None, clean: int, strong_zeros: bool
    ) -> Sides:
        """Values (rows,) and gradients (rows, n): forward, and back again."""
        plan = self.schedule
        changes = None if shares is None else iter(shares.steps)
        values: list[Any] = [points[:, name] if type(name) is int else name for name in plan.names]
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
            values.append(value + value * next(changes) if rounded and changes is not None else value)

        found = np.zeros(points.shape)
        cotangents: list[Any] = [None] * len(values)
        cotangents[plan.end] = np.ones(values[plan.end].shape)
        for at, slopes, arguments, parents, off in plan.backward:
            g = cotangents[at]
            if changes is not None:
                g = g + g * next(changes)
            if slopes is None:  # a variable: a column of the points, reshaped
                if changes is not None:
                    g = g + g * next(changes)
                found[:, plan.names[at]] += g
                continue
            parts = slopes(g, unrounded[at], *[values[slot] for slot in arguments])
            for parent, part in zip(parents, parts, strict=True):
                share = np.where(g == 0, 0.0, part) if strong_zeros and off else part
                before = cotangents[parent]
                cotangents[parent] = share if before is None else before + share
        return values[plan.end], found if shares is None else found + found * shares.gradient
