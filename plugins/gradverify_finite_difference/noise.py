"""The noise of f that the ladder cannot see by itself: values that are multiples of a quantum.

A function that computes in single precision, or through a large intermediate such as (x + 1e8) − 1e8, is a staircase.
On the steps below one stair its differences are exactly 0, which looks like a noiseless constant. But its values give it
away: they are all multiples of a power of two far above their own last bit.
"""

from __future__ import annotations

import numpy as np

from gradverify_finite_difference.arrays import Flags, Floats
from gradverify_finite_difference.lines import Lines, Samples, by_row

COARSE = 16.0  # a quantum counts from so many ulps of the largest value nearby on
NEARBY_RUNGS = 6  # the smallest rungs, where f hardly changes; far out, small values may be exact by luck
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
    """The quantum of f's values on each ladder, shape (R,); 0 where they use all their bits."""
    values = np.concatenate([by_row(samples.up), by_row(samples.down)], axis=1)
    if not np.isfinite(values).any():
        return np.zeros(len(values))
    centre = lines.centre.reshape(-1)[:, None]
    finite = np.isfinite(values)
    with np.errstate(all="ignore"):
        grain = np.minimum(last_bit(values).min(axis=1), last_bit(centre)[:, 0])
        size = np.where(finite, np.abs(values), np.nan)
        typical = np.fmax(np.nan_to_num(np.nanmin(size, axis=1, initial=np.inf), posinf=0.0), np.abs(centre[:, 0]))
    enough = distinct(values, finite) >= DIFFERENT
    coarse = np.isfinite(grain) & (grain > COARSE * np.finfo(np.float64).eps * typical)
    return np.where(enough & coarse, grain, 0.0)


def distinct(values: Floats, finite: Flags) -> Floats:
    """How many different finite values each row has."""
    ordered = np.sort(np.where(finite, values, np.inf), axis=1)
    fresh = np.isfinite(ordered[:, 1:]) & (ordered[:, 1:] != ordered[:, :-1])
    return fresh.sum(axis=1) + np.isfinite(ordered[:, 0])


def all_single(lines: Lines, samples: Samples) -> Flags:
    """Where all values of f, being different ones, fit float32 exactly. Shape (R,)."""
    values = np.concatenate([by_row(samples.up), by_row(samples.down)], axis=1)
    finite = np.isfinite(values)
    with np.errstate(all="ignore"):
        same = values.astype(np.float32).astype(np.float64) == values
    return (same | ~finite).all(axis=1) & (distinct(values, finite) >= DIFFERENT)
