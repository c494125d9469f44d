"""How far a claim's own round-off moves it, measured by moving the point by a few units in the last place.

The claim is evaluated along a short line x + t·s, t = −3 … 3, where s has the size of one unit in the last place of
each component (zeros stay zeros: they have no neighbours on any known scale). Third differences along the line take
away all that is smooth; what scatters is round-off, as in the difference tables of Moré & Wild (2011, "Estimating
computational noise", SIAM J. Sci. Comput. 33(3), section 3), whose factor γ₃ = (3!)²/6! turns it into a level. Three
spacings are tried, since a value that was rounded to a grid does not move at all over the shortest. A grid coarser than
the longest (1e8 + x − 1e8) is left to `gradverify.core.verify`, which sees that the gap scatters about zero from one
point to the next.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gradverify.core.arrays import Array, Matrix, Tensor, Vector

STEPS = np.arange(-3, 4, dtype=np.float64)  # 7 points: as few as show whether four third differences scatter
# Of the three lines, as powers of 1/ε, in units in the last place: 1, 2¹³ and 2²⁶ of them in double precision. The
# longest is √ε relative, 1.5e-8 in double and 3.5e-4 in single precision, where nothing smooth has third differences.
SPACINGS = (0.0, 0.25, 0.5)
ORDER = 3
GAMMA = 1 / 20  # (3!)² / 6!: the variance of a third difference in units of the noise's (Moré & Wild 2011, eq. 3.2)
SAFETY = 4.0  # four differences see a level to within a factor 4 (loc. cit., section 5)
AT_THE_POINT = (2, 3)  # the first differences that end or begin at the point itself: where a branch at the point shows
JUMP_CONTRAST = 1e-3  # how much smaller the others are where the claim jumps at the point
RANK = 3  # of six: a jump moves two first differences, the third largest is conditioning


def steps_along(epsilon: float) -> Vector:
    """The 21 steps of the measurement, in units in the last place."""
    return np.concatenate([STEPS * epsilon**-power for power in SPACINGS])


def along_a_line(point: Vector, epsilon: float, seed: int) -> Matrix:
    """The 21 points of the measurement, shape (21, n)."""
    signs = np.random.default_rng(seed).choice((-1.0, 1.0), size=point.shape)
    unit = np.abs(point) * epsilon * signs
    return np.asarray(point + steps_along(epsilon)[:, None] * unit)


def round_off_from(values: Tensor, epsilon: float) -> Tensor:
    """The claim's round-off from its values along the line: (21, c) → (c,)."""
    table = values.reshape((len(SPACINGS), STEPS.size, -1))
    with np.errstate(all="ignore"):
        third = np.diff(table, n=ORDER, axis=1)
        # Round-off scatters: its third differences change sign. Those of a jump do too, but a jump is one large
        # first difference.
        scatters = np.any(third > 0, axis=1) & np.any(third < 0, axis=1) & ~_jumps(table)
        level = np.where(scatters, np.sqrt(GAMMA * np.mean(third**2, axis=1)), 0.0)
        # The shortest line also shows how the claim is conditioned: what one unit in the last place of x does to it.
        conditioning = np.sort(np.abs(np.diff(table[0], axis=0)), axis=0)[-RANK, :]
        centre = np.abs(table[0, STEPS.size // 2, :])
        largest = np.max(np.where(np.isfinite(level), level, 0.0), axis=0)
        result: Tensor = SAFETY * (
            np.maximum(largest, conditioning) + epsilon * np.where(np.isfinite(centre), centre, 0.0)
        )
    return np.where(np.isfinite(result), result, 0.0)


def _jumps(table: Tensor) -> Array:
    """Where only the differences next to the point stand out: a branch switches at it. Shape (spacings, c)."""
    steps = np.diff(table, axis=1)
    deviation = np.abs(steps - np.median(steps, axis=1, keepdims=True))
    beside = np.max(deviation[:, list(AT_THE_POINT), :], axis=1)
    elsewhere = np.max(np.delete(deviation, AT_THE_POINT, axis=1), axis=1)
    outstanding: Array = elsewhere <= JUMP_CONTRAST * beside
    return outstanding


def measure(evaluate: Callable[[Array], Tensor], point: Vector, epsilon: float, seed: int) -> Tensor:
    """The claim's round-off at `point` (n,) for each of its c components; 21 evaluations of the claim."""
    return round_off_from(evaluate(along_a_line(point, epsilon, seed)), epsilon)
