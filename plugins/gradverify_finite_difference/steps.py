"""Which steps to take: a wide scan first, then where the last look said that they are missing.

No single rule gives the step: x = 10⁷ in sin x, x = 10⁻⁹ in sin x, sin 1000x and log x at 10⁻⁷ need steps that
differ by
fifteen decades, and none follows from |x|. So the scan spans everything from a few dozen ulps of x to a hundred times
|x|, two decades apart, and each later round adds a handful of steps where they matter. All steps carry a seeded random
factor, so that none can be a multiple of a period of f.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gradverify_finite_difference.arrays import Flags, Floats, Indices

if TYPE_CHECKING:
    from gradverify.plugin import Domain

SCAN_RUNGS = 9
SCAN_RATIO = 100.0
SMALLEST_ULPS = 64.0  # a step this many ulps of x is taken exactly, and roundings inside f differ from step to step
SMALLEST_AT_ZERO = 1e-12  # times the variable's typical size, where x = 0 gives no scale
JITTER = 1.25  # steps are multiplied by a random factor between 1/JITTER and JITTER
LARGEST = 1e9  # times max(|x|, 1): as far as steps are taken in search of more signal
TINY = 1e-290  # |x| below this is taken for 0: its ulps are subnormal
OPEN_MARGIN = 1e-3  # an open end is kept clear of by this part of the room


@dataclass(frozen=True, slots=True)
class Room:
    """How far each line may go up and down from x; shape (L,) each, 0 where it must not."""

    up: Floats
    down: Floats

    @property
    def both(self) -> Floats:
        """How far both ways."""
        return np.minimum(self.up, self.down)


def room_at(x: Floats, low: Floats, high: Floats, low_open: Flags, high_open: Flags) -> Room:
    """The room inside a domain's interval, shape (L,)."""
    with np.errstate(all="ignore"):
        up = (high - x) * np.where(high_open, 1.0 - OPEN_MARGIN, 1.0)
        down = (x - low) * np.where(low_open, 1.0 - OPEN_MARGIN, 1.0)
    return Room(np.where(up > 0, up, 0.0), np.where(down > 0, down, 0.0))


def room_in(domain: Domain, x: Floats, component: Indices) -> Room:
    """The room of lines through `x`, shape (L,), along `component`, shape (L,), inside a box."""
    if (domain.low == -np.inf).all() and (domain.high == np.inf).all() and np.isfinite(x).all():
        endless = np.full(x.shape, np.inf)
        return Room(endless, endless)
    return room_at(
        x, domain.low[component], domain.high[component], domain.low_open[component], domain.high_open[component]
    )


def smallest_step(x: Floats, epsilon: float, size: Floats) -> Floats:
    """The smallest step worth taking at x, shape (L,); `size` is the typical size where x = 0."""
    magnitude = np.abs(x)
    return np.where(magnitude > TINY, SMALLEST_ULPS * epsilon * magnitude, SMALLEST_AT_ZERO * size * epsilon / 2.3e-16)


def scan(smallest: Floats, room: Floats, widest: float, random: np.random.Generator) -> Floats:
    """The first ladder, shape (L, SCAN_RUNGS), rising by `widest` or, where there is less room, by less."""
    with np.errstate(all="ignore"):
        ratio = np.minimum(widest, (0.8 * room / smallest) ** (1.0 / (SCAN_RUNGS - 1)))
        ladder = smallest[:, None] * ratio[:, None] ** np.arange(SCAN_RUNGS)
        return shaken(np.where(ratio[:, None] > JITTER**2, ladder, np.nan), random)


def shaken(steps: Floats, random: np.random.Generator) -> Floats:
    """The steps with their random factors."""
    return steps * random.uniform(1.0 / JITTER, JITTER, size=steps.shape)


def thirds(low: Floats, high: Floats) -> list[Floats]:
    """Two steps that cut [low, high] in three equal ratios."""
    with np.errstate(all="ignore"):
        ratio = np.cbrt(high / low)
        return [low * ratio, low * ratio * ratio]


@dataclass(frozen=True, slots=True)
class Coordinates:
    """x + t_up and x − t_down, as really taken. Shapes (L, S); NaN where there is no step."""

    up: Floats
    down: Floats
    t_up: Floats
    t_down: Floats


def coordinates(x: Floats, steps: Floats, single: bool) -> Coordinates:
    """The coordinates for `steps`, shape (L, S), and the steps that rounding makes of them.

    The step is rounded on the side away from zero, where the grid is coarser, and then taken to the other side: both
    are exact wherever h ≤ |x|. In single precision both are rounded to what f can tell apart.
    """
    with np.errstate(all="ignore"):
        centre = x[:, None]
        outward = np.where(centre >= 0, 1.0, -1.0)
        far = centre + outward * steps
        taken = np.abs(far - centre)
        near = centre - outward * taken
        if single:
            far, near = far.astype(np.float32).astype(np.float64), near.astype(np.float32).astype(np.float64)
        up, down = np.where(outward > 0, far, near), np.where(outward > 0, near, far)
        t_up, t_down = up - centre, centre - down
        fine = (t_up > 0) & (t_down > 0) & np.isfinite(up) & np.isfinite(down)
    if fine.all():
        return Coordinates(up, down, t_up, t_down)
    nan = np.nan
    return Coordinates(
        np.where(fine, up, nan), np.where(fine, down, nan), np.where(fine, t_up, nan), np.where(fine, t_down, nan)
    )
