"""How far a claim's own round-off moves it, measured by moving the point by a few units in the last place.

The claim is evaluated along a short line x + t·s, t = −3 … 3, where s has the size of one unit in the last place of
each component
(zeros stay zeros: they have no neighbours on any known scale). Over so short a line a smooth claim is straight, so
what is left
after the median step is taken away is round-off, as in the difference tables of Moré & Wild (2011, "Estimating
computational noise",
SIAM J. Sci. Comput. 33(3), section 3). Three spacings are tried, since a value that was rounded to a coarse grid
(1e8 + x − 1e8) does
not move at all over the shortest. A jump of the claim at the point, as at a branch, moves two of the six steps at
most; the third
largest deviation is taken, so that a jump is not mistaken for round-off.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gradverify.core.arrays import Array, Matrix, Tensor, Vector

STEPS = np.arange(-3, 4, dtype=np.float64)  # 7 points, as few as give 6 differences
SPACINGS = (
    1.0,
    2.0**10,
    2.0**20,
)  # in units in the last place; the largest is 2e-10 relative, where curvature still vanishes
DEVIATION_RANK = 3  # third largest of six: see the module's text
SAFETY = (
    4.0  # six samples underestimate the largest deviation: ECnoise is accepted within a factor 4 (loc. cit., section 5)
)


def along_a_line(point: Vector, epsilon: float, seed: int) -> Matrix:
    """The 21 points of the measurement, shape (21, n)."""
    signs = np.random.default_rng(seed).choice((-1.0, 1.0), size=point.shape)
    unit = np.abs(point) * epsilon * signs
    return np.concatenate([point + STEPS[:, None] * (spacing * unit) for spacing in SPACINGS])


def round_off_from(values: Tensor, epsilon: float) -> Tensor:
    """The claim's round-off from its values along the line: (21, c) → (c,)."""
    table = values.reshape((len(SPACINGS), STEPS.size, -1))
    with np.errstate(all="ignore"):
        steps = np.diff(table, axis=1)
        deviation = np.abs(steps - np.median(steps, axis=1, keepdims=True))
        # Round-off scatters: the second differences change sign. Those of a smooth, curved claim do not, and do not
        # count.
        bends = np.diff(steps, axis=1)
        scatters = np.any(bends > 0, axis=1) & np.any(bends < 0, axis=1)
        ranked = np.where(scatters, np.sort(deviation, axis=1)[:, -DEVIATION_RANK, :], 0.0)
        # The shortest line also shows how far the claim is conditioned: what one unit in the last place of x does to
        # it.
        conditioning = np.sort(np.abs(steps[0]), axis=0)[-DEVIATION_RANK, :]
        largest = np.nanmax(np.where(np.isfinite(ranked), ranked, 0.0), axis=0)
        centre = np.abs(table[0, STEPS.size // 2, :])
        result: Tensor = SAFETY * (
            np.maximum(largest, conditioning) + epsilon * np.where(np.isfinite(centre), centre, 0.0)
        )
    return np.where(np.isfinite(result), result, 0.0)


def measure(evaluate: Callable[[Array], Tensor], point: Vector, epsilon: float, seed: int) -> Tensor:
    """The claim's round-off at `point` (n,) for each of its c components; 21 evaluations of the claim."""
    return round_off_from(evaluate(along_a_line(point, epsilon, seed)), epsilon)
