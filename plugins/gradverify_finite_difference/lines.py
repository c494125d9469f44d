"""Lines through points along coordinates, and the values of f sampled on them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np

from gradverify_finite_difference.arrays import Floats, Indices, take_along
from gradverify_finite_difference.extrapolation import Series
from gradverify_finite_difference.sampling import Sampler
from gradverify_finite_difference.steps import LARGEST, Room, coordinates

SMALLEST_NUMBER = 5e-324  # the quantum of subnormal values


class Side(IntEnum):
    """Which sides of the point a difference uses."""

    DOWN = -1
    BOTH = 0
    UP = 1
    SECOND = 2  # both, for second differences


@dataclass(frozen=True, slots=True)
class Lines:
    """L lines. base: (P, n), the points.  components: (L,).  centre: f at the points, (L, M).  size: typical size at
    x = 0, (L,).  at: (L,), the point that each line goes through; None where each has its own.

    Lines share their points: for n components of one point a copy each would take n² numbers.
    """

    base: Floats
    components: Indices
    centre: Floats
    room: Room
    size: Floats
    epsilon: float  # of the precision that f is said to compute in
    at: Indices | None = None
    x: Floats = field(init=False, repr=False)  # the coordinate that varies, (L,)

    def __post_init__(self) -> None:
        object.__setattr__(self, "x", self.base[self.points, self.components])

    @property
    def points(self) -> Indices:
        """The row of `base` that each line goes through, shape (L,)."""
        return np.arange(len(self.base)) if self.at is None else self.at

    def values(self, sampler: Sampler, coordinates: Floats) -> Floats:
        """f at `coordinates`, shape (L, S), along each line; (L, S, M)."""
        return sampler.along(self.base, self.points, self.components, coordinates)

    def __len__(self) -> int:
        return len(self.components)

    def pair(self, sampler: Sampler, up: Floats, down: Floats) -> tuple[Floats, Floats]:
        """f at the coordinates `up` and at `down`, (L,) each; both (L, M). A formula takes them all at once."""
        if sampler.function.kind != "expression":
            return self.values(sampler, up[:, None])[:, 0, :], self.values(sampler, down[:, None])[:, 0, :]
        values = self.values(sampler, np.stack([up, down], axis=1))
        return values[:, 0, :], values[:, 1, :]

    def subset(self, rows: Indices) -> Lines:
        """Some of the lines, in the order of `rows`, which are all different."""
        if len(rows) == len(self) and (rows == np.arange(len(rows))).all():
            return self
        room = Room(self.room.up[rows], self.room.down[rows])
        points, components, centre = self.points[rows], self.components[rows], self.centre[rows]
        return Lines(self.base, components, centre, room, self.size[rows], self.epsilon, points)


@dataclass(frozen=True, slots=True)
class Samples:
    """Values of f on L lines at S steps, rising; NaN where there is none. Steps (L, S), values (L, S, M)."""

    t_up: Floats
    t_down: Floats
    up: Floats
    down: Floats

    @property
    def steps(self) -> Floats:
        """Half the distance between the two points, (L, S)."""
        return (self.t_up + self.t_down) / 2

    def subset(self, rows: Indices) -> Samples:
        """Of some of the lines."""
        return Samples(self.t_up[rows], self.t_down[rows], self.up[rows], self.down[rows])

    def joined(self, other: Samples) -> Samples:
        """Both, sorted by step; missing rungs last."""
        pairs = ((self.t_up, other.t_up), (self.t_down, other.t_down), (self.up, other.up), (self.down, other.down))
        t_up, t_down, up, down = (np.concatenate(pair, axis=1) for pair in pairs)
        order = np.argsort(t_up + t_down, axis=1, kind="stable")
        return Samples(*(take_along(part, order) for part in (t_up, t_down, up, down)))

    def spread(self, rows: Indices, count: int) -> Samples:
        """The same samples as rows `rows` of `count` lines; the other lines have none."""

        def put(part: Floats) -> Floats:
            whole = np.full((count, *part.shape[1:]), np.nan)
            whole[rows] = part
            return whole

        return Samples(put(self.t_up), put(self.t_down), put(self.up), put(self.down))


def sample(sampler: Sampler, lines: Lines, steps: Floats, side: Side) -> Samples:
    """Evaluate f at `steps`, shape (L, S), on `side` of each line's point."""
    single = bool(lines.epsilon > np.finfo(np.float64).eps)
    at = coordinates(lines.x, steps, single)
    shape = (*steps.shape, lines.centre.shape[1])
    up = np.full(shape, np.nan)
    down = np.full(shape, np.nan)
    if side is not Side.DOWN:
        up = lines.values(sampler, at.up)
    if side is not Side.UP:
        down = lines.values(sampler, at.down)
    order = np.argsort(at.t_up + at.t_down, axis=1, kind="stable")
    return Samples(*(take_along(part, order) for part in (at.t_up, at.t_down, up, down)))


def by_row(values: Floats) -> Floats:
    """(L, S, M) as (L·M, S)."""
    lines, rungs, outputs = values.shape
    return np.ascontiguousarray(values.transpose(0, 2, 1)).reshape((lines * outputs, rungs))


def quotients(lines: Lines, samples: Samples, side: Side, quantum: Floats) -> Series:
    """First differences as R = L·M ladders; `quantum`, shape (R,), is the least noise of one value of f."""
    outputs = lines.centre.shape[1]
    centre = lines.centre.reshape(-1)[:, None]
    up, down = by_row(samples.up), by_row(samples.down)
    t_up, t_down = (np.repeat(t, outputs, axis=0) for t in (samples.t_up, samples.t_down))
    with np.errstate(all="ignore"):
        h = (t_up + t_down) / 2
        match side:
            case Side.BOTH:
                largest = np.maximum(np.maximum(np.abs(up), np.abs(down)), np.abs(centre))
                even = (up - centre + (down - centre)) / 2
                # Unequal steps leave ½ f″ (t_up − t_down) in the quotient.
                lopsided = np.abs(t_up - t_down) * np.abs(even) / h
                quotient = (up - down) / (t_up + t_down)
                # Steps beyond all measure show that f moves after all. That it does not move there shows little: it
                # may have moved in between.
                own = LARGEST * np.maximum(np.abs(lines.x), lines.size)
                quotient = np.where((quotient == 0) & (h > 10.0 * np.repeat(own, outputs)[:, None]), np.nan, quotient)
                return Series(
                    steps=h,
                    quotients=quotient,
                    gains=1.0 / h,
                    floors=floors(largest, lines.epsilon, quantum) + lopsided,
                    power=2,
                    even=even,
                )
            case Side.SECOND:
                largest = np.maximum(np.maximum(np.abs(up), np.abs(down)), np.abs(centre))
                # A divided difference: exact for quadratics even where the two steps are not equal.
                bend = ((up - centre) / t_up + (down - centre) / t_down) / h
                # f may round x itself, as in sin(1e4 x). On both sides alike that is no noise, but a longer step.
                slip = np.abs(bend) * lines.epsilon * np.repeat(np.abs(lines.x), outputs)[:, None] / h
                gains = 4.0 / h**2
                return Series(
                    steps=h,
                    quotients=bend,
                    gains=gains,
                    floors=floors(largest, lines.epsilon, quantum) + slip / gains,
                    power=2,
                )
            case _:
                value, t = (up, t_up) if side is Side.UP else (down, -t_down)
                largest = np.maximum(np.abs(value), np.abs(centre))
                return Series(
                    steps=np.abs(t),
                    quotients=(value - centre) / t,
                    gains=2.0 / np.abs(t),
                    floors=floors(largest, lines.epsilon, quantum),
                    power=1,
                )


def floors(largest: Floats, epsilon: float, quantum: Floats) -> Floats:
    """What a value of f is off by at least: half an ulp, or the quantum that its values are multiples of."""
    half_ulp = np.maximum(0.5 * epsilon * largest, np.where(largest > 0, SMALLEST_NUMBER, 0.0))
    return np.maximum(half_ulp, quantum[:, None])
