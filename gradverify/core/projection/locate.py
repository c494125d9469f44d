"""Group testing: which components make the difference along a direction?

The difference of a part of the components is measured with the same signs on that part alone, by one central
difference: two evaluations of f. A single fault is halved down to in log₂ n of them; a few faults take as many times
that. What is found here is only a suspicion, for the reference that judges the component to confirm (Dorfman 1943, "The
detection of defective members of large populations", has the idea; Hwang 1972 the halving).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from gradverify.core.projection.directions import Direction, Ranges
from gradverify.core.projection.space import Space

STEP = float(np.finfo(np.float64).eps) ** (1 / 3)  # minimises eps/h + h² (Nocedal & Wright 2006, section 8.1)
STEPS = (STEP, 16 * STEP, STEP / 16)  # tried in this order until one shows the difference clearly
CLEAR = 8.0  # a difference must stand this far above its error to be followed
NOISE_UNITS = 8.0  # units of round-off in the difference of two values of f


def halves(ranges: Ranges) -> tuple[Ranges, Ranges]:
    """The first and the second half of the components of `ranges`."""
    wanted = sum(stop - start for start, stop in ranges) // 2
    first: list[tuple[int, int]] = []
    second: list[tuple[int, int]] = []
    for start, stop in ranges:
        cut = start + min(stop - start, max(0, wanted))
        wanted -= stop - start
        if cut > start:
            first.append((start, cut))
        if cut < stop:
            second.append((cut, stop))
    return tuple(first), tuple(second)


def most_tests(n: int) -> int:
    """Pairs of evaluations that halving n components to one takes."""
    return max(1, int(np.ceil(np.log2(max(2, n)))))


def noise_of(value: float, epsilon: float, step: float) -> float:
    """What round-off in two values of f as large as `value` may do to their central difference."""
    return NOISE_UNITS * epsilon * abs(value) / step


@dataclass(frozen=True, slots=True)
class Suspect:
    """A component, and by how much g · v differs for its sake; `step` is the step, along v, that showed it."""

    index: int
    gap: float
    step: float


@dataclass(slots=True)
class Locator:
    """Searches along one direction. `claimed(direction)` is g · v with what is known to be wrong put right."""

    space: Space
    direction: Direction
    claimed: Callable[[Direction], float]
    value: float  # f(x)
    epsilon: float
    budget: int  # evaluations that are left
    farthest: float = np.inf  # |t| · length that the domain allows
    evaluations: int = 0
    step: float = STEP
    error: float = np.inf

    def suspects(self, gap: float, bound: float) -> Iterator[Suspect]:
        """The components that make up `gap`, which is known to within `bound`, the largest first."""
        if self._choose_step(gap, bound):
            yield from self.follow(gap, self.error + bound)

    def follow(self, gap: float, error: float) -> Iterator[Suspect]:
        """The same with `step` and its `error` as they are."""
        open_: list[tuple[Ranges, float, float]] = [(self.direction.ranges, gap, error)]
        while open_:
            ranges, gap, error = open_.pop()
            if sum(stop - start for start, stop in ranges) == 1:
                yield Suspect(ranges[0][0], gap, self.step)
                continue
            left, right = halves(ranges)
            if self.budget - self.evaluations < 2:
                return
            first = self._gap(left)
            second, second_error = gap - first, error + self.error
            if abs(first) <= self.error:
                # Nothing shows here, so that it is all in the other half, and known no worse than before.
                second, second_error = gap, error
            if not abs(second) > CLEAR * second_error and self.budget - self.evaluations >= 2:
                # What is left over has gathered up the errors of all levels: better looked at itself.
                doubtful = abs(second) > CLEAR * self.error
                if doubtful:
                    second, second_error = self._gap(right), self.error
            parts = [(left, first, self.error), (right, second, second_error)]
            parts.sort(key=lambda part: abs(part[1]))
            open_ += [part for part in parts if abs(part[1]) > CLEAR * part[2]]

    def _choose_step(self, gap: float, bound: float) -> bool:
        """Find a step whose central difference along the whole direction shows the known `gap`."""
        best = (np.inf, STEP)
        for step in STEPS:
            if not step * self.direction.length < self.farthest or self.budget - self.evaluations < 2:
                continue
            self.step = step
            off = abs(self._gap(self.direction.ranges) - gap) + bound + noise_of(self.value, self.epsilon, step)
            if off < best[0]:
                best = (off, step)
            if abs(gap) > 2 * CLEAR * off:
                break
        self.error, self.step = best
        return bool(abs(gap) > CLEAR * self.error)

    def slope(self, step: float) -> float:
        """The central difference of f along the whole direction."""
        return self._slope(self.direction, step)

    def _gap(self, ranges: Ranges) -> float:
        part = replace(self.direction, ranges=ranges)
        return self.claimed(part) - self._slope(part, self.step)

    def _slope(self, part: Direction, step: float) -> float:
        up, down = self.space.value(part, step), self.space.value(part, -step)
        self.evaluations += 2
        return (up - down) / (2 * step)
