"""The quick look: two evaluations a component, where they already agree with what is claimed.

A central difference with step h has the truncation error h²f‴/6. It agrees with a *wrong* claim only where that error
happens to be equal to the claim's fault; the step is multiplied by a random factor, so that no fault can be made to fit
it, and to fit to a tenth of the tolerance by chance. What agrees is taken, with the disagreement and the round-off as
its bound; all else climbs the ladder.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradverify_finite_difference.arrays import Flags, Floats
from gradverify_finite_difference.lines import Lines
from gradverify_finite_difference.sampling import Sampler
from gradverify_finite_difference.steps import JITTER, coordinates

STEP = float(np.finfo(np.float64).eps) ** (1 / 3)  # minimises eps/h + h² (Nocedal & Wright 2006, section 8.1)
PART = 0.1  # of the tolerance that the disagreement and the round-off together may take
BEND = 1e-3  # largest |f₊ − 2f₀ + f₋| / h against the slope: a kink or a rapid bend shows here first
NOISE_UNITS = 4.0  # of round-off in each value of f
NEAR = 1e-2  # relative disagreement up to which another step may help; a larger one is a fault or a fast function
OTHER_STEP = 16.0  # between the two steps: truncation changes 256-fold, round-off 16-fold


@dataclass(frozen=True, slots=True)
class Quick:
    """Value, bound, its part from round-off, and whether they are to be taken; each of shape (L, M)."""

    value: Floats
    bound: Floats
    round_off: Floats
    taken: Flags


def look(sampler: Sampler, lines: Lines, claimed: Floats, relative: float, random: np.random.Generator) -> Quick:
    """A central difference along each line, held against `claimed`, shape (L, M); a second one where the first is near.

    Where round-off was in the way the second step is larger, where truncation was, smaller.
    """
    x = lines.x
    size = np.where(x != 0, np.abs(x), lines.size)
    first = _difference(sampler, lines, claimed, relative, STEP * size, random)
    if first.taken.all():
        return first
    with np.errstate(all="ignore"):
        near = (np.abs(first.value - claimed) <= NEAR * np.abs(claimed)) & (claimed != 0)
        noisy = np.atleast_1d((first.round_off > 0.5 * PART * relative * np.abs(claimed)).any(axis=1))
    again = np.flatnonzero(~first.taken.all(axis=1) & near.all(axis=1))[
        : sampler.left // 2
    ]  # as far as the budget goes
    value, bound, taken = first.value, first.bound, np.array(first.taken)
    if again.size:
        step = STEP * size[again] * np.where(noisy[again], OTHER_STEP, 1.0 / OTHER_STEP)
        second = _difference(sampler, lines.subset(again), claimed[again], relative, step, random)
        whole = second.taken.all(axis=1)
        better = again[whole]
        value[better], bound[better] = second.value[whole], second.bound[whole]
        taken[better, :] = True
    return Quick(value, bound, first.round_off, taken)


def _difference(
    sampler: Sampler, lines: Lines, claimed: Floats, relative: float, h: Floats, random: np.random.Generator
) -> Quick:
    """One central difference with steps near `h`, shape (L,)."""
    h = h * shaken(random, len(lines))
    h = np.where(h < lines.room.both, h, np.nan)
    exact = coordinates(lines.x, h[:, None], bool(lines.epsilon > np.finfo(np.float64).eps))
    up, down = lines.pair(sampler, exact.up[:, 0], exact.down[:, 0])
    with np.errstate(all="ignore"):
        return central(up, down, lines.centre, exact.t_up + exact.t_down, claimed, relative, lines.epsilon)


def shaken(random: np.random.Generator, count: int) -> Floats:
    """Random factors of steps, shape (count,)."""
    return np.exp(random.uniform(-np.log(JITTER), np.log(JITTER), size=count))


def central(
    up: Floats, down: Floats, centre: Floats, width: Floats, claimed: Floats, relative: float, epsilon: float
) -> Quick:
    """Central differences held against `claimed`; all shapes are (…, M) or broadcast to it.

    up, down, centre: values of f.  width: the distance between `up` and `down`.
    """
    value = (up - down) / width
    largest = np.maximum(np.maximum(np.abs(up), np.abs(down)), np.abs(centre))
    round_off = 2 * NOISE_UNITS * epsilon * largest / width
    bound = np.abs(value - claimed) + round_off
    bend = np.abs(up - 2 * centre + down) / (width / 2)
    size = np.abs(claimed)
    taken: Flags = (bound <= PART * relative * size) & (bend <= BEND * size + round_off)
    taken &= np.isfinite(value) & (claimed != 0)  # for a claim of 0, agreement shows nothing: f may be saturated
    return Quick(value, bound, round_off, taken)


FLAT_STEP = 0.3  # times |x|: the far one of two steps at which f must not move for a claim of 0
# What may hide in f's round-off, in units of round-off of the natural size of a component: 1e-12 of it in double
# precision. So little no tolerance asks for.
HIDDEN_UNITS = 4096.0


def natural_sizes(lines: Lines, claimed: Floats) -> Floats:
    """What a component is like whose variable does as much to f as any other one, shape (P·n, M), by the claim.

    lines: P·n, n a point.  claimed: (P·n, M).
    """
    n = lines.base.shape[1]
    size = np.where(lines.x != 0, np.abs(lines.x), lines.size)[:, None]
    with np.errstate(all="ignore"):
        moved = np.nan_to_num(np.abs(claimed) * size, nan=0.0, posinf=0.0)
        most = moved.reshape((-1, n, moved.shape[1])).max(axis=1)
        return np.repeat(most, n, axis=0) / size


def hidden_by(lines: Lines, quantum: Floats) -> Floats:
    """The slope that hides in the round-off of f over the variable's own size, shape (L, M).

    quantum: (L, M), what f's values are multiples of.
    """
    size = np.where(lines.x != 0, np.abs(lines.x), lines.size)[:, None]
    with np.errstate(all="ignore"):
        return np.maximum(lines.epsilon * np.abs(lines.centre), quantum) / size


def look_flat(sampler: Sampler, lines: Lines, most: Floats, quantum: Floats, random: np.random.Generator) -> Quick:
    """Whether f has exactly the same value at two very different steps on both sides, so that a claim of 0 holds.

    quantum: (L, M), what f's values are multiples of.
    most: (L, M).  A slope that f is too coarse to show, as in 1e16 + x, must be at most as large as this, or nothing is
    said; so it is where it is 0, since all are claimed to be 0, as in a saturated f.  The bound is that slope.
    """
    size = np.where(lines.x != 0, np.abs(lines.x), lines.size)
    factor = np.exp(random.uniform(-np.log(JITTER), np.log(JITTER), size=(len(lines), 2)))
    steps = np.stack([STEP * size, FLAT_STEP * size], axis=1) * factor
    steps = np.where(steps < lines.room.both[:, None], steps, np.nan)
    exact = coordinates(lines.x, steps, bool(lines.epsilon > np.finfo(np.float64).eps))
    up = lines.values(sampler, exact.up)
    down = lines.values(sampler, exact.down)
    same = (up == lines.centre[:, None, :]) & (down == lines.centre[:, None, :])
    hidden = hidden_by(lines, quantum) / (FLAT_STEP / JITTER)
    taken: Flags = same.all(axis=1) & (hidden <= most) & (most > 0)
    return Quick(np.zeros_like(hidden), hidden, hidden, taken)
