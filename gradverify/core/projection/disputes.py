"""Do two backends contradict one another, where one judges each component and the other sees directions only?"""

from __future__ import annotations

import numpy as np

from gradverify.core.arrays import Array, Vector
from gradverify.core.problem import Problem
from gradverify.core.projection.compare import Comparison
from gradverify.core.projection.local import LocalSpace


def disputed(
    problem: Problem, x: Vector, claimed: Vector, reference: Vector, components: Array, comparison: Comparison
) -> bool:
    """Whether the faults that `reference` shows in `components` would have shown along one of the directions.

    x, claimed, reference: shape (n,).  comparison: agrees with the claim along all of its directions.
    """
    faults = np.zeros(x.size)
    faults[components] = claimed[components] - reference[components]
    space = LocalSpace(problem, x, np.where(np.isfinite(faults), faults, 0.0))
    shown = np.abs(space.products([c.direction for c in comparison.directions]))
    return bool((shown > np.array([c.projection.unseen for c in comparison.directions])).any())
