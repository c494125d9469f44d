"""Second derivatives from f alone, on the same ladders with the same bounds as first ones.

Diagonal: [f(x + h) − 2 f(x) + f(x − h)] / h², error O(h²), gain 4/h².  Mixed:
[f(+,+) − f(+,−) − f(−,+) + f(−,−)] / (4 h_i h_j) with h_i = t·s_i, error O(t²), gain 1/(h_i h_j) (Abramowitz & Stegun
1964, 25.3.24 and 25.3.26). The scales s are the steps that the diagonals settled on.
"""

from __future__ import annotations

import numpy as np

from gradverify_finite_difference.arrays import Flags, Floats, Indices, pick, take_along
from gradverify_finite_difference.climb import Climbed, Goal, climb
from gradverify_finite_difference.extrapolation import Selection, Series, select
from gradverify_finite_difference.lines import SMALLEST_NUMBER, Lines, Side
from gradverify_finite_difference.sampling import Sampler
from gradverify_finite_difference.steps import shaken, thirds

MIXED_LADDER = 10.0 ** np.arange(-6.0, 2.0)  # in units of the diagonals' steps
WIDEST = 4.0  # ratio of neighbouring steps in a window; cubic roots of MIXED_LADDER's, shaken, are up to 3.4
GAPS = 2  # of MIXED_LADDER, from the plain rung on, that are cut in three
CORNERS = ((1.0, 1.0), (1.0, -1.0), (-1.0, 1.0), (-1.0, -1.0))
PAIRS_AT_ONCE = 20_000  # bounds the memory that the samples of one batch take


def mixed_cost(n: int) -> int:
    """Evaluations that the mixed derivatives of one point take."""
    return n * (n - 1) // 2 * len(CORNERS) * (len(MIXED_LADDER) + 2 * GAPS)


def diagonal(sampler: Sampler, lines: Lines, goal: Goal, random: np.random.Generator) -> Climbed:
    """∂²f/∂x_j² along each line."""
    return climb(sampler, lines, Side.SECOND, goal, random)


def scales(lines: Lines, found: Selection) -> Floats:
    """The step that each diagonal settled on, no longer than the component itself; shape (L,)."""
    own = np.where(lines.x != 0, np.abs(lines.x), lines.size)
    return np.where(np.isfinite(found.highest), np.minimum(found.highest, own), 1e-2 * own)


class Domains:
    """Whether coordinates lie in the domain, component by component."""

    def __init__(self, low: Floats, high: Floats, low_open: Flags, high_open: Flags) -> None:
        self.low, self.high, self.low_open, self.high_open = low, high, low_open, high_open

    def contain(self, component: Indices, coordinate: Floats) -> Flags:
        """`coordinate`, shape (P, S), against the domain of `component`, shape (P,)."""
        low, high = self.low[component, None], self.high[component, None]
        above = np.where(self.low_open[component, None], coordinate > low, coordinate >= low)
        below = np.where(self.high_open[component, None], coordinate < high, coordinate <= high)
        inside: Flags = above & below
        return inside


class Mixed:
    """The mixed derivatives ∂²f/∂x_i∂x_j at points `base`, shape (P, n), for pairs `first`, `second`, shape (P,)."""

    def __init__(self, sampler: Sampler, base: Floats, first: Indices, second: Indices, inside: Domains) -> None:
        self.sampler = sampler
        self.base = base
        self.first = first
        self.second = second
        self.inside = inside

    def estimate(
        self, centre: Floats, scale: Floats, least: Floats, epsilon: float, random: np.random.Generator
    ) -> Selection:
        """Scan, look, add two rungs in each of GAPS gaps. centre: (P,), f at the points.

        scale: (P, 2), one step for each of the two.  least: (P, 2), the noise of f at least, relative and absolute.
        """
        ladder = shaken(np.repeat(MIXED_LADDER[None, :], len(self.base), axis=0), random)
        parts = self._sample(ladder, scale)
        found = select(_series(parts, centre, least, epsilon))
        k, last = found.plain, np.maximum(found.last, 0)
        t = parts[0]
        rungs = [pick(t, np.minimum(k + offset, last)) for offset in range(GAPS + 1)]
        more = np.stack([step for gap in range(GAPS) for step in thirds(rungs[gap], rungs[gap + 1])], axis=1)
        more = np.where(k[:, None] + np.repeat(np.arange(GAPS), 2) < last[:, None], more, np.nan)
        joined = tuple(np.concatenate(pair, axis=1) for pair in zip(parts, self._sample(more, scale), strict=True))
        order = np.argsort(joined[0], axis=1, kind="stable")
        return select(_series(tuple(take_along(part, order) for part in joined), centre, least, epsilon))

    def _sample(self, ladder: Floats, scale: Floats) -> tuple[Floats, ...]:
        """t, h_i·h_j, the alternating sum, the largest |f|, |x|/h_i + |y|/h_j; (P, S) each, NaN outside the domain."""
        pairs, rungs = ladder.shape
        at = np.arange(pairs)
        values = np.full((pairs, rungs, len(CORNERS)), np.nan)
        x, y = self.base[at, self.first, None], self.base[at, self.second, None]
        # The coordinates are moved and taken back, so that the steps are those that rounding leaves.
        up_x, up_y = x + ladder * scale[:, :1], y + ladder * scale[:, 1:]
        h, g = up_x - x, up_y - y
        wanted = np.isfinite(ladder) & (h > 0) & (g > 0)
        for i, j in ((x + h, y + g), (x - h, y - g)):
            wanted &= self.inside.contain(self.first, i) & self.inside.contain(self.second, j)
        pair, rung = np.nonzero(wanted)
        rows = np.repeat(self.base[pair], len(CORNERS), axis=0)
        signs = np.array(CORNERS)
        step = np.arange(len(rows))
        rows[step, np.repeat(self.first[pair], len(CORNERS))] = (
            x[pair, 0][:, None] + signs[:, 0] * h[pair, rung][:, None]
        ).ravel()
        rows[step, np.repeat(self.second[pair], len(CORNERS))] = (
            y[pair, 0][:, None] + signs[:, 1] * g[pair, rung][:, None]
        ).ravel()
        values[pair, rung] = self.sampler.at(rows)[:, 0].reshape((-1, len(CORNERS)))
        with np.errstate(all="ignore"):
            total = (values[:, :, 0] - values[:, :, 1]) - (values[:, :, 2] - values[:, :, 3])
            largest, slip = np.max(np.abs(values), axis=2), np.abs(x) / h + np.abs(y) / g
            return np.where(wanted, ladder, np.nan), h * g, total, largest, slip


def _series(parts: tuple[Floats, ...], centre: Floats, least: Floats, epsilon: float) -> Series:
    t, area, total, largest, slip = parts
    with np.errstate(all="ignore"):
        size = np.maximum(largest, np.abs(centre)[:, None])
        smallest = np.where(size > 0, SMALLEST_NUMBER, 0.0)
        floors = np.maximum(np.maximum(0.5 * epsilon, least[:, :1]) * size, np.maximum(smallest, least[:, 1:]))
        # What f's rounding of the coordinates does to the steps, as for the diagonals; Q · slip / gain.
        floors = floors + epsilon * slip * np.abs(total) / 4.0
        return Series(steps=t, quotients=total / (4.0 * area), gains=1.0 / area, floors=floors, power=2, widest=WIDEST)
