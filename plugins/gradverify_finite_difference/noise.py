"""The noise of f that the ladder cannot see by itself: values that are multiples of a quantum.

A function that computes in single precision, or through a large intermediate such as (x + 1e8) − 1e8, is a staircase.
On the steps below one stair its differences are exactly 0, which looks like a noiseless constant. But its values
give it
away: they are all multiples of a power of two far above their own last bit.
"""

from __future__ import annotations

import numpy as np

from gradverify_finite_difference.arrays import Flags, Floats, Indices, pick
from gradverify_finite_difference.lines import Lines, Samples, by_row

COARSE = 16.0  # a quantum counts from so many ulps of the largest value nearby on
EPSILON = 2.0**-52
PROBE_RATIO = 1.02  # a second step this close to the first one at which f moves
FAR = 300.0  # how far beyond it a staircase is looked at again
GOES_ON = 10.0  # a staircase climbs on to many times its first stair; a single step does not
MANTISSA = 2.0**53
DIFFERENT = 4  # values that must differ from one another: a constant is a multiple of anything


def last_bit(values: Floats) -> Floats:
    """The largest power of two that divides each value; infinite for 0 and what is not finite."""
    with np.errstate(all="ignore"):
        fine = np.isfinite(values) & (values != 0)
        mantissa, exponent = np.frexp(np.where(fine, values, 1.0))
        whole = np.abs(mantissa * MANTISSA).astype(np.int64)
        bit = (whole & -whole).astype(np.float64)
        return np.where(fine, np.ldexp(bit, exponent - 53), np.inf)


def quantum_of(lines: Lines, samples: Samples) -> Floats:
    """The quantum of f's values on each ladder, shape (R,); 0 where nothing speaks for one."""
    up, down = by_row(samples.up), by_row(samples.down)
    centre = lines.centre.reshape(-1)[:, None]
    steps = np.repeat(samples.steps, lines.centre.shape[1], axis=0)
    return np.maximum(grain(centre, up, down), stair(centre, up, down, steps))


def grain(centre: Floats, up: Floats, down: Floats) -> Floats:
    """The power of two that all values are multiples of, where it is too large to be chance. Shape (R,)."""
    values = np.concatenate([up, down], axis=1)
    finite = np.isfinite(values)
    with np.errstate(all="ignore"):
        bit = np.minimum(last_bit(values).min(axis=1), last_bit(centre)[:, 0])
        least = np.min(np.where(finite, np.abs(values), np.inf), axis=1)
        typical = np.maximum(np.where(np.isfinite(least), least, 0.0), np.abs(centre[:, 0]))
        coarse = np.isfinite(bit) & (bit > COARSE * EPSILON * typical)
    return np.where((distinct(values, finite) >= DIFFERENT) & coarse, bit, 0.0)


def flat_rungs(centre: Floats, up: Floats, down: Floats) -> Indices:
    """How many of the smallest rungs have exactly f's value at the point, on every side sampled. Shape (R,)."""
    sampled = np.isfinite(up) | np.isfinite(down)
    same = sampled & ((up == centre) | np.isnan(up)) & ((down == centre) | np.isnan(down))
    count: Indices = np.logical_and.accumulate(same, axis=1).sum(axis=1)
    return count


def first_change(centre: Floats, up: Floats, down: Floats) -> tuple[Indices, Floats]:
    """Where f first differs from its value at the point: the rung's index, and by how much. Shapes (R,).

    The index is that of the last rung, and the change 0, where f never differs or differs from the first rung on.
    """
    flat = flat_rungs(centre, up, down)
    rung = np.minimum(flat, up.shape[1] - 1)
    change = np.fmax(np.abs(pick(up, rung) - centre[:, 0]), np.abs(pick(down, rung) - centre[:, 0]))
    return rung, np.where((flat > 0) & (flat < up.shape[1]) & np.isfinite(change), change, 0.0)


def stair(centre: Floats, up: Floats, down: Floats, steps: Floats) -> Floats:
    """The height of a stair, where the ladder starts on one, shape (R,).

    log(1 + x) near 0 is such a staircase, and its values are multiples of nothing. It is flat at its smallest steps,
    then
    changes by far more than an ulp, and is flat again right there: two close steps give the same value. A function
    that is really constant near the point, such as a hinge, is not flat once it has started to move, or stays at
    its new value for good.
    """
    rung, change = first_change(centre, up, down)
    following = np.minimum(rung + 1, up.shape[1] - 1)
    near = (pick(steps, following) / pick(steps, rung) < PROBE_RATIO) & (following > rung)
    moved_up, moved_down = pick(up, rung) != centre[:, 0], pick(down, rung) != centre[:, 0]
    again = (moved_up & (pick(up, following) == pick(up, rung))) | (
        moved_down & (pick(down, following) == pick(down, rung))
    )
    with np.errstate(all="ignore"):
        farthest = np.fmax(
            np.max(np.where(np.isfinite(up), np.abs(up - centre), 0.0), axis=1),
            np.max(np.where(np.isfinite(down), np.abs(down - centre), 0.0), axis=1),
        )
    goes_on = farthest > GOES_ON * change
    # Even without stairs, f is not known better than to an ulp of what it becomes.
    return np.where(near & again & goes_on, change, EPSILON * change)


def probes(centre: Floats, up: Floats, down: Floats, steps: Floats) -> Floats:
    """Two steps that would tell a stair where f starts to move, shape (R, 2); NaN where there is nothing to tell.

    One right beside the first step at which f moves, one far beyond it.
    """
    rung, change = first_change(centre, up, down)
    with np.errstate(all="ignore"):
        step, below = pick(steps, rung), pick(steps, np.maximum(rung - 1, 0))
        beside = step + np.minimum(0.5 * below, 0.5 * (PROBE_RATIO - 1.0) * step)
        following = pick(steps, np.minimum(rung + 1, steps.shape[1] - 1))
        probed = (following > step) & (following < PROBE_RATIO * step)
        doubtful = (change > COARSE * EPSILON * np.abs(centre[:, 0])) & ~probed
        return np.where(doubtful[:, None], np.stack([beside, FAR * step], axis=1), np.nan)


def distinct(values: Floats, finite: Flags) -> Indices:
    """How many different finite values each row has."""
    ordered = np.sort(np.where(finite, values, np.inf), axis=1)
    fresh = np.isfinite(ordered[:, 1:]) & (ordered[:, 1:] != ordered[:, :-1])
    count: Indices = fresh.sum(axis=1) + np.isfinite(ordered[:, 0])
    return count


def all_single(samples: Samples) -> Flags:
    """Where all values of f, being different ones, fit float32 exactly. Shape (R,)."""
    values = np.concatenate([by_row(samples.up), by_row(samples.down)], axis=1)
    finite = np.isfinite(values)
    with np.errstate(all="ignore"):
        same = values.astype(np.float32).astype(np.float64) == values
    single: Flags = (same | ~finite).all(axis=1) & (distinct(values, finite) >= DIFFERENT)
    return single
