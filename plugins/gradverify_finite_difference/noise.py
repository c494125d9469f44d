"""The noise of f that the ladder cannot see by itself: values that are multiples of a quantum.

A function that computes in single precision, or through a large intermediate such as (x + 1e8) − 1e8, gives values that
are all multiples of a power of two far above their own last bit.
"""

from __future__ import annotations

import numpy as np

from gradverify_finite_difference.arrays import Flags, Floats, Indices, pick
from gradverify_finite_difference.lines import Lines, Samples, by_row
from gradverify_finite_difference.sampling import Sampler

COARSE = 16.0  # a quantum counts from so many ulps of the largest value nearby on
EPSILON = 2.0**-52
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
    """The quantum of f's values on each ladder, shape (R,); 0 where nothing speaks for one.

    Where f does not move at all over the smallest steps its grid says nothing: `continuity` finds out whether that is
    rounding, or a function made of steps. Even then f is not known better than to an ulp of what it becomes.
    """
    up, down = by_row(samples.up), by_row(samples.down)
    centre = lines.centre.reshape(-1)[:, None]
    still = flat_rungs(centre, up, down)
    found = grain(centre, up, down)
    if not still.any():
        return found
    return np.where(still > 0, EPSILON * first_change(centre, up, down, still), found)


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


AROUND = 1e-3  # of the components: as far from the point as values are taken whose last bits are looked at
DRAWS = 3  # of those: that all of them have ten zeros at their end by chance happens once in 2³⁰ times
PLAIN = 1024.0  # ulps that such a quantum is at least


def quantum_around(sampler: Sampler, lines: Lines, n: int, random: np.random.Generator) -> Floats:
    """The quantum of f's values around each of P points, for all its lines, (P·n, M); 0 where nothing speaks for one.

    lines: P·n, n a point.  A variable that f does not answer to over short steps shows no quantum by itself, and yet f
    may be rounded far above its own last bit, as ((x + y) − x) − y is.
    """
    x = lines.x.reshape((-1, n))
    size = np.where(x != 0, np.abs(x), lines.size.reshape((-1, n)))
    step = np.minimum(AROUND * size, 0.5 * lines.room.both.reshape((-1, n)))
    base = lines.base[lines.points[::n]]
    least = np.full((len(x), lines.centre.shape[1]), np.inf)
    change = least
    for _ in range(DRAWS):
        values = sampler.at(base + step * random.uniform(-1.0, 1.0, size=base.shape))
        least = np.minimum(least, last_bit(values))
        change = np.minimum(change, np.abs(values - lines.centre[::n]))
    with np.errstate(all="ignore"):
        # Of steps, such as those of floor(x), a value is a few away; of a quantum, a great many.
        coarse = (least > PLAIN * EPSILON * np.abs(lines.centre[::n])) & (change > PLAIN * least)
    return np.repeat(np.where(coarse, least, 0.0), n, axis=0)


def flat_rungs(centre: Floats, up: Floats, down: Floats) -> Indices:
    """How many of the smallest rungs have exactly f's value at the point, on every side sampled. Shape (R,)."""
    sampled = np.isfinite(up) | np.isfinite(down)
    same = sampled & ((up == centre) | np.isnan(up)) & ((down == centre) | np.isnan(down))
    count: Indices = np.logical_and.accumulate(same, axis=1).sum(axis=1)
    return count


def first_change(centre: Floats, up: Floats, down: Floats, flat: Indices) -> Floats:
    """By how much f first differs from its value at the point, shape (R,); 0 where it never does, or does at once.

    flat: (R,), `flat_rungs`.
    """
    rung = np.minimum(flat, up.shape[1] - 1)
    change = np.fmax(np.abs(pick(up, rung) - centre[:, 0]), np.abs(pick(down, rung) - centre[:, 0]))
    return np.where((flat > 0) & (flat < up.shape[1]) & np.isfinite(change), change, 0.0)


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
