"""Differences on either side of a point, over falling steps: do they stay apart, and what do they tend to?"""

from __future__ import annotations

import numpy as np

from gradverify.core.arrays import Array, Vector

RATIO = 4.0  # between steps
STILL = 0.1  # how far the gap may move meanwhile, relative to itself
NOISE_UNITS = 8.0  # of round-off in a difference of two values of f (Higham 2002, section 1.7: a few units)
CLEAR = 20.0  # how far above the noise a gap has to stand to be used


def standing(gap: Vector, noise: Vector, usable: Array, decades: float, *, beside: bool = False) -> int | None:
    """The smallest usable step's number where the gap, by falling steps, stands still over `decades`; else None.

    beside: it may vanish at smaller steps, which do not reach over a kink beside the point.
    """
    if not usable.any():
        return None
    smallest = int(np.flatnonzero(usable)[-1])
    if beside:
        ends = range(smallest, 0, -1)
        return next((end for end in ends if _stands(gap, usable, decades, end)), None)
    # Below the smallest usable step there must be nothing but noise: where a gap vanishes there, the kink is nearby.
    below = slice(smallest + 1, None)
    if (np.abs(gap[below]) + noise[below] < (1 - STILL) * abs(gap[smallest]) - noise[below]).any():
        return None
    return smallest if _stands(gap, usable, decades, smallest) else None


def _stands(gap: Vector, usable: Array, decades: float, end: int) -> bool:
    """Whether the gap is usable and the same over `decades` of steps, of which number `end` is the smallest."""
    span = int(np.ceil(decades / np.log10(RATIO)))
    window = slice(max(0, end - span), end + 1)
    if end < span or not usable[window].all():
        return False
    reference = float(gap[end])
    return bool((np.abs(gap[window] - reference) <= STILL * abs(reference)).all())


def limit(slopes: Vector, noise: Vector) -> tuple[float, float]:
    """The limit of one-sided quotients whose steps fall by RATIO, and its error: with the least of both kinds.

    A quotient is off by O(h), and its change from one step to the next bounds that; what Richardson's extrapolation
    makes of two is off by O(h²) (Ridders 1982), with (RATIO·noise + noise before) / (RATIO − 1) from round-off.
    """
    better = (RATIO * slopes[1:] - slopes[:-1]) / (RATIO - 1)
    blurred = (RATIO * noise[1:] + noise[:-1]) / (RATIO - 1)
    values = np.concatenate([slopes[2:], better[2:]])
    errors = np.concatenate([_change(slopes, RATIO) + noise[2:], _change(better, RATIO**2) + blurred[2:]])
    best = int(np.argmin(np.where(np.isfinite(errors), errors, np.inf)))
    return float(values[best]), float(errors[best])


def _change(values: Vector, falls: float) -> Vector:
    """How far each value from the third on is from the one before; at least what the change before that leads to
    expect, since one change alone may be small by chance."""
    change = np.abs(np.diff(values))
    return np.maximum(change[1:], change[:-1] / falls)
