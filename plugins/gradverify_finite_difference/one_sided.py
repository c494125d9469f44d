"""Is a one-sided ladder what extrapolation takes it for? At an edge f need not be smooth: x^1.5 has a slope at 0 and no
curvature.

A one-sided quotient of a smooth f is q(h) = f′ + ½ f″ h + …, so that its differences shrink like h or faster. Where
they shrink like a smaller power of h, extrapolation in whole powers is wrong by about as much as the quotient still
moves: the bound then becomes the distance to the quotient with the smallest step that is clear of the noise, and the
quotient itself the value.
"""

from __future__ import annotations

import numpy as np

from gradverify_finite_difference.arrays import Flags, Floats

CLEAR = 10.0  # how far above the noise a difference of two quotients must stand to count
LEAST_POWER = 0.75  # between 1 (smooth) and 1/2 (square roots, the mildest edge that people meet)
SAFETY = 4.0  # Σ of the rest of a geometric series with ratio h^½ over a factor of 2 in h, and then some
FEWEST = 3
OWN_UNITS = 64.0  # units in the last place that a carefully computed f may be off by
EPSILON = float(np.finfo(np.float64).eps)


def rough(steps: Floats, quotients: Floats, noise: Floats) -> tuple[Flags, Floats, Floats]:
    """Which ladders are rough, and for those value and bound. Arguments (R, S), steps rising; results (R,)."""
    count = len(steps)
    is_rough = np.zeros(count, dtype=np.bool_)
    value, bound = np.full(count, np.nan), np.full(count, np.inf)
    for row in range(count):
        usable = np.isfinite(quotients[row]) & np.isfinite(noise[row]) & np.isfinite(steps[row])
        h, q, e = steps[row][usable], quotients[row][usable], noise[row][usable]
        if len(h) < FEWEST:
            continue
        with np.errstate(all="ignore"):
            change = np.abs(np.diff(q))
            # Near 0 a value such as spherical_jn(1, h) ≈ h/3 is off by a few units in its own last place at every h.
            own = OWN_UNITS * EPSILON * np.maximum(np.abs(q[1:]), np.abs(q[:-1]))
            clear = change > CLEAR * (e[1:] + e[:-1]) + own
            # How the changes of c·h^p grow for the least power p: the steps are not evenly spaced, so that their size
            # alone says nothing about p.
            grows, least = change[1:] / change[:-1], np.diff(h**LEAST_POWER)
            slow = grows < least[1:] / least[:-1]
        good = np.flatnonzero(clear[1:] & clear[:-1] & np.isfinite(grows))
        if not good.size or not slow[good[:2]].any():
            continue
        first = int(good[0])
        is_rough[row] = True
        value[row] = q[first]
        bound[row] = SAFETY * (abs(q[first + 1] - q[first]) + e[first]) + abs(q[first])
    return is_rough, value, bound
