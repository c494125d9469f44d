"""Has f lost its digits at a point, so that differences of its values say nothing of its derivative?

Where erf(z) is −1 to the last place, (a − x)·(1 + erf(z))/2 + s·φ(z) is s·φ(z), as smooth as ever and the value of
another function: its slope is a hundred times that of f. What is left is less than one unit of round-off of what f is
around the point, and on the way from there f scatters by as much as its own size before the first term is gone. A tail
such as exp(−x²) keeps its digits all the way.
"""

from __future__ import annotations

import numpy as np

from gradverify.core.arrays import Matrix, Vector
from gradverify.core.on_the_way import stations
from gradverify.core.problem import Problem
from gradverify.core.values import values_inside

NEIGHBOURS = 16  # places around the point at which the size of f is looked at
LOST = 0.1  # of f's size: a scatter of so much on the way leaves it without a digit
# Of the points at a station, relative to the components: so far that what is left of a term moves by some of its last
# units, so near that the third differences of a steep tail are some thousandths of it.
SPACING = 1e-3
AT_A_STATION = 8
THIRD_DIFFERENCES = 20.0  # the sum of the squares of their coefficients 1, −3, 3, −1


def hidden_size(problem: Problem, point: Vector, size: Vector) -> Vector:
    """The size of f around `point`, (n,), whose round-off hides what f is at it, (m,); 0 where it has its digits.

    size: (n,), a length for each variable. Costs some 270 evaluations where f is as small as that, else 17.
    """
    drawn = np.random.default_rng((problem.seed, 5)).uniform(-1.0, 1.0, size=(NEIGHBOURS, point.size))
    around = np.concatenate([point[None], point + size * drawn])
    values = np.abs(values_inside(problem, around, point))
    values = np.where(np.isfinite(values), values, 0.0)
    largest = np.argmax(values, axis=0)
    most = values[largest, np.arange(values.shape[1])]
    out: Vector = np.where(values[0] <= problem.precision.epsilon * most, most, 0.0)
    for output in np.flatnonzero(out).tolist():
        places = stations(around[largest[output]], point, problem)
        out[output] = most[output] if places.size and _scatter(problem, places, output) >= LOST else 0.0
    return out


def _scatter(problem: Problem, places: Matrix, output: int) -> float:
    """How much f scatters relative to its size, at the one of `places`, (k, n), where it does most.

    From third differences, which remove what is smooth (Moré & Wild 2011, section 3).
    """
    rows = places[:, None, :] * (1.0 + SPACING * np.arange(AT_A_STATION)[None, :, None])
    values = values_inside(problem, rows.reshape((-1, places.shape[1])), places[0])[:, output]
    table = values.reshape(rows.shape[:2])
    with np.errstate(all="ignore"):
        third = np.sqrt(np.mean(np.diff(table, 3, axis=1) ** 2, axis=1) / THIRD_DIFFERENCES)
        relative = third / np.median(np.abs(table), axis=1)
    return float(np.max(np.where(np.isfinite(relative), relative, 0.0), initial=0.0))
