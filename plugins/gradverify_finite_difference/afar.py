"""Do slopes that small steps agreed on hold afar? One direction a point, two evaluations where all is well.

Rounding inside f can hold a part of it still over all steps as small as those of the quick look, and a claim that lacks
just that part agrees with them perfectly. So f is differenced once more, in a random direction through all components
at once and with a much larger step. What disagrees there must follow from curvature, which dies away with the square of
the step; what does not is left to the ladder, as is a point where f has no value at any of the steps. So is a slope
that says of f a multiple of what f does over all steps as long as the components themselves: rounding can also make a
slope that holds up to a tenth of them.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from gradverify_finite_difference.arrays import Flags, Floats, Indices
from gradverify_finite_difference.lines import Lines
from gradverify_finite_difference.sampling import Sampler

STEPS = (3e-2, 3e-3, 3e-4)  # relative to each component: the next is taken where the last one disagrees
ROOM_USED = 0.8  # of the room, before a step's random factor
AGREES = 0.1  # of Σ|gⱼvⱼ|
CURVES = 4.0  # times the square of the ratio of steps: so much more may a smooth f disagree at the larger one
FARTHER = (4.0, -4.0, 16.0, -16.0)  # relative to each component: the next where all before let f off too lightly
OUTRUNS = 16.0  # times f's changes over those steps, each of them: few smooth f are steeper at a point than around it
ROUND_OFF = 8.0  # units, of both values together


def holds(sampler: Sampler, lines: Lines, value: Floats, n: int, random: np.random.Generator) -> Flags:
    """For each of P points whether its slopes hold afar; shape (P,). lines: P·n, n a point.  value: (P·n, M)."""
    count, m = len(lines) // n, lines.centre.shape[1]
    centre = lines.base[lines.points[::n]]
    x = lines.x
    own = np.where(x != 0, np.abs(x), lines.size)
    moves = signs(random, len(lines)) * np.minimum(own, ROOM_USED * lines.room.both / STEPS[0])
    direction: Floats = np.asarray(moves, dtype=np.float64).reshape((count, n))
    slopes = value.reshape((count, n, m))
    out = np.ones(count, dtype=np.bool_)
    last = np.full((count, m), np.nan)  # disagreement at the larger step
    open_: Indices = np.arange(count)  # those where the last step disagrees
    with np.errstate(all="ignore"):
        for turn, step in enumerate(STEPS):
            h = step * factor(random)
            base, move, slope = (a[open_] if turn else a for a in (centre, direction, slopes))
            move = h * move
            up, down = base + move, base - move
            at_up, at_down = _both(sampler, up, down)
            off = disagreement(at_up, at_down, slope, (up - down) / 2, lines.epsilon)
            agrees = off <= AGREES  # an f without a value so far off says nothing: the next step is asked
            if turn:
                ratio = STEPS[turn - 1] / step
                agrees &= ~(last[open_] > np.maximum(CURVES * ratio**2 * off, AGREES))
            out[open_] = agrees.all(axis=1)
            last[open_] = np.where(np.isfinite(off), off, last[open_])
            settled = (off <= AGREES).all(axis=1)
            if settled.all():
                break
            open_ = open_[~settled]
            if not open_.size:
                break
        steps = (step * factor(random) for step in FARTHER)
        middle, everyone = lines.centre[::n], np.ones(count, dtype=np.bool_)
        room = lines.room.both.reshape((count, n))
        outrun = outrun_by(sampler, centre, middle, direction, room, slopes, lines.epsilon, steps, everyone)
        fine: Flags = out & ~outrun
    return fine


def signs(random: np.random.Generator, count: int) -> Floats:
    """Random directions: 1 or −1, shape (count,)."""
    return np.asarray(2.0 * random.integers(0, 2, size=count) - 1.0, dtype=np.float64)


def factor(random: np.random.Generator) -> float:
    """What a step is multiplied by, so that it is no period of f."""
    return random.uniform(0.8, 1.25)


def disagreement(at_up: Floats, at_down: Floats, slopes: Floats, half: Floats, epsilon: float) -> Floats:
    """How far f's differences are from what `slopes` say, relative to Σ|gⱼvⱼ| and less round-off; shape (P, M).

    at_up, at_down: f at both sides, (P, M).  slopes: (P, n, M).  half: half the step between the sides, (P, n).
    """
    terms = slopes * half[:, :, None]
    expected, size = np.add.reduce(terms, axis=1), np.add.reduce(np.abs(terms), axis=1)
    noise = ROUND_OFF * epsilon * np.maximum(np.abs(at_up), np.abs(at_down))
    apart = np.abs((at_up - at_down) / 2 - expected)
    off: Floats = np.maximum(apart - noise, 0.0) / np.where(size > 0, size, np.inf)
    return off


def outruns(value: Floats, middle: Floats, slopes: Floats, move: Floats, epsilon: float) -> Flags:
    """Whether the slopes say far more than f does over the long steps `move`, (P, n); shape (P,).

    value, middle: f at the end of the step and at the point, (P, M).  slopes: (P, n, M).
    """
    expected = np.abs(np.add.reduce(slopes * move[:, :, None], axis=1))
    noise = ROUND_OFF * epsilon * np.maximum(np.abs(value), np.abs(middle))
    flags: Flags = (expected > OUTRUNS * (np.abs(value - middle) + noise)).any(axis=1)
    return flags


def _both(sampler: Sampler, up: Floats, down: Floats) -> tuple[Floats, Floats]:
    """f at both sides; a formula takes them all at once, which is quicker."""
    if sampler.function.kind != "expression":
        return sampler.at(up), sampler.at(down)
    values = sampler.at(np.concatenate([up, down]))
    return values[: len(up)], values[len(up) :]


def outrun_by(
    sampler: Sampler,
    centre: Floats,
    middle: Floats,
    direction: Floats,
    room: Floats | None,
    slopes: Floats,
    epsilon: float,
    steps: Iterable[float],
    outrun: Flags,
) -> Flags:
    """For which of the points `outrun`, shape (P,), the slopes say far more than f does over all of the long steps.

    centre, direction: (P, n).  middle: f at the points, (P, M).  room: both ways, (P, n); None where there is no end.
    slopes: (P, n, M).  steps: relative to `direction`, each asked for only where all before outran f.
    """
    for step in steps:
        move = step * direction
        if room is not None:
            outrun = outrun & (np.abs(move) <= room).all(axis=1)
        rows = np.flatnonzero(outrun)
        if not rows.size:
            break
        value = sampler.at(centre[rows] + move[rows])
        outrun[rows] = outruns(value, middle[rows], slopes[rows], move[rows], epsilon)
    return outrun
