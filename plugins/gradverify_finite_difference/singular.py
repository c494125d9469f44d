"""Points where f has no slope for steps to find: jumps, infinite slopes, variation below the smallest steps.

They are read off the samples that the ladder took anyway. Each looks like something else to the ladder: a jump like
noise of half its height, an infinite slope like a large one, fast oscillation like noise around a flat function. None
may come out as a confident value, whatever the ladder made of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradverify_finite_difference.arrays import Flags, Floats, pick
from gradverify_finite_difference.extrapolation import Selection
from gradverify_finite_difference.lines import Lines, Samples, Side, by_row

RUNGS = 4  # the smallest ones, that show what happens at the point itself
SPAN = 1e2  # they have to span this ratio at least
CLEAR = 50.0  # in units of round-off: how far above it a difference must stand
STANDS = 0.01  # how much a jump's height may change over those rungs
STANDS_NEAR = 1e-3  # and over the nearest two of them where the slope beside it is read off the others
STEEPER = 1.03  # by how much an infinite slope grows from rung to rung at least, and
STEEPER_OVERALL = 1.15  # over all of them; round-off on steps of 64 ulps is 1/64 of a slope
PERSISTS = (
    0.9  # a step's growth, by the logarithm of h, against the one above it: log h has 1, |x|^1.1 has 0.8 a decade
)
CLIMBS = 2.0  # while f itself falls towards its value at the point by this factor; noise does not
DROWNED = 1e-3  # noise above this part of f's size is no noise that the slope of a smooth f could be told from


@dataclass(frozen=True, slots=True)
class Singular:
    """What each of R ladders showed; shape (R,) each."""

    jumps: Flags
    steep: Flags
    drowned: Flags


def singular(lines: Lines, samples: Samples, side: Side, found: Selection, quantum: Floats) -> Singular:
    """Look at the smallest rungs of each ladder."""
    outputs = lines.centre.shape[1]
    centre = lines.centre.reshape(-1)[:, None]
    count = len(centre)
    jumps, steep = np.zeros(count, dtype=np.bool_), np.zeros(count, dtype=np.bool_)
    sides = {Side.UP: [(samples.up, samples.t_up)], Side.DOWN: [(samples.down, samples.t_down)]}.get(
        side, [(samples.up, samples.t_up), (samples.down, samples.t_down)]
    )
    with np.errstate(all="ignore"):
        for values, steps in sides:
            value, h = by_row(values)[:, :RUNGS], np.repeat(steps, outputs, axis=0)[:, :RUNGS]
            if h.shape[1] < RUNGS:
                continue
            rise = value - centre
            noise = np.maximum(0.5 * lines.epsilon * np.maximum(np.abs(value), np.abs(centre)), quantum[:, None])
            clear = (np.abs(rise) > CLEAR * noise).all(axis=1) & (h[:, -1] >= SPAN * h[:, 0])
            clear &= (np.sign(rise) == np.sign(rise[:, :1])).all(axis=1)
            jumps |= clear & (np.abs(rise - rise[:, :1]) <= STANDS * np.abs(rise[:, :1])).all(axis=1)
            # Beside a low jump the slope soon shows as well: what is left without it stays.
            left = rise - ((rise[:, -1] - rise[:, -2]) / (h[:, -1] - h[:, -2]))[:, None] * h
            bit = 0.5 * lines.epsilon * np.maximum(np.abs(value), np.abs(centre))  # steps have a quantum as well
            for rest, last in ((left, -1), (rise, -2)):  # the last rung may reach over the next jump already
                high = (np.abs(rest) > CLEAR * bit)[:, : RUNGS + 1 + last].all(axis=1) & (h[:, last] >= SPAN * h[:, 0])
                off = np.abs(rest - rest[:, :1]) / np.abs(rest[:, :1])
                jumps |= high & (off[:, 1] <= STANDS_NEAR) & (off[:, 2] <= STANDS)
            slope = np.abs(rise) / h
            growth = (slope[:, :-1] - slope[:, 1:]) / np.log(h[:, 1:] / h[:, :-1])
            steep |= (
                clear
                & (slope[:, :-1] >= STEEPER * slope[:, 1:]).all(axis=1)
                & (slope[:, 0] >= STEEPER_OVERALL * slope[:, -1])
                & (growth[:, :-1] >= PERSISTS * growth[:, 1:]).all(axis=1)
                & (np.abs(rise[:, 1:]) >= CLIMBS * np.abs(rise[:, :-1])).all(axis=1)
            )
        # Far out f may be so large that its round-off alone exceeds f's size at the point; that drowns nothing.
        round_off = lines.epsilon * size_at(samples, found)
        drowned = (found.noise > DROWNED * size_nearby(lines, samples)) & (found.noise > CLEAR * round_off)
        drowned &= np.isfinite(found.noise)
    return Singular(jumps, steep & ~jumps, drowned & ~jumps & ~steep)


def size_at(samples: Samples, found: Selection) -> Floats:
    """|f| at the rung that the noise was measured against, shape (R,)."""
    return np.fmax(np.abs(pick(by_row(samples.up), found.plain)), np.abs(pick(by_row(samples.down), found.plain)))


def size_nearby(lines: Lines, samples: Samples) -> Floats:
    """The largest |f| within about |x| of the point, shape (R,); infinite where f is 0 there."""
    outputs = lines.centre.shape[1]
    near = np.where(lines.x != 0, np.abs(lines.x), lines.size)
    close = np.repeat(samples.steps <= near[:, None], outputs, axis=0)
    with np.errstate(all="ignore"):
        values = np.fmax(np.abs(by_row(samples.up)), np.abs(by_row(samples.down)))
        largest = np.max(np.where(close & np.isfinite(values), values, 0.0), axis=1)
        largest = np.maximum(largest, np.abs(lines.centre.reshape(-1)))
    return np.where(largest > 0, largest, np.inf)


def exact_zeros(lines: Lines, samples: Samples, side: Side, found: Selection, decades: float) -> Flags:
    """Where every difference that the value rests on is exactly 0, over that many decades of steps; shape (R,)."""
    outputs = lines.centre.shape[1]
    centre = lines.centre.reshape(-1)[:, None]
    up, down = by_row(samples.up), by_row(samples.down)
    h = np.repeat(samples.steps, outputs, axis=0)
    top = np.where(np.isfinite(found.highest), found.highest, 0.0)
    match side:
        case Side.BOTH:
            difference = up - down
        case Side.UP:
            difference = up - centre
        case _:
            difference = down - centre
    with np.errstate(all="ignore"):
        used = h <= np.maximum(top, pick(h, found.plain))[:, None]
        wide = top >= 10.0**decades * h[:, 0]
        flat: Flags = (found.value == 0) & wide & ((difference == 0) | ~used).all(axis=1)
    return flat
