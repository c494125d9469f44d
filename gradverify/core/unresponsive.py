"""Below which size is a derivative 0 as far as f can tell?

A component that is 0 everywhere has no size that a bound could be held against. Its claim of 0 passes where f does not
answer to its variable at all: the bound says less than round-off over very long steps, and over such steps f stays as
it is. The second matters: of x² beside 1e16 nothing shows at x = 1e-8, but a longer step shows that f depends on x, so
that its derivative there is unknown, and not 0.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from gradverify.core.arrays import Array, Mask, Matrix, Vector
from gradverify.core.judge import ROUND_OFF_UNITS, SMALLEST
from gradverify.core.problem import Derivative, Problem
from gradverify.core.values import values_inside

# A derivative so small that a step of 1e6 times the variable's own size does not change f by one unit of its
# round-off is 0 to all intents: f itself cannot tell it from 0.
UNRESPONSIVE = 1e-6
LONG_STEPS = (1.0, 1e3, 1e6)  # times the largest of the point's components, and 1: over these f must not move either
ROOM = 0.999  # of the way to the domain's end
ROOM_FOR_TWO = 0.45  # so that two such steps, of a second difference in one variable, stay inside
# The corners of a second difference, in units of the two steps, and their weights.
CORNERS = np.array([[1.0, 1.0], [1.0, 0.0], [0.0, 1.0], [0.0, 0.0]])
WEIGHTS = np.array([1.0, -1.0, -1.0, 1.0])
# Steps of the two variables of a mixed derivative, in units of their sizes: of either sign, from a hundredth to three
# times, and no two in a simple ratio, which a period of f might share.
GENERIC_STEPS = np.array(
    [
        (0.013, -0.017), (-0.11, 0.13), (0.37, 0.29), (-0.41, -0.53),
        (0.83, -0.71), (1.7, 1.3), (-0.97, 2.3), (3.1, -2.7),
        (-1.93, -1.87), (1.83, -2.03), (-1.9, 1.77),
    ]
)  # fmt: skip
FEWEST_STEPS = 4  # of these that have to lie in the domain
# What may hide in the round-off of these steps, relative to √|H_ii·H_jj|: so little that no tolerance asks for it, and
# yet some hundred times what hides in an f whose terms are of the size of f.
HIDDEN = 1e-12
MOST_PAIRS = 66  # of variables that are looked at: those of a dozen


@dataclass
class Negligible:
    """Sizes below which derivatives are 0 as far as f can tell, at each of k points.

    points: (k, n).  values: (k, m), f there.  typical: (n,), a length for components that are 0.
    """

    problem: Problem
    points: Matrix
    values: Array
    typical: Vector
    evaluations: int = field(default=0)

    def at(self, row: int, claimed: Vector, bound: Vector) -> Vector:
        """The size for each component at point `row`, shape (c,); 0 where `claimed`, shape (c,), is not 0 anyway."""
        problem, point = self.problem, self.points[row]
        size = np.where(point != 0, np.abs(point), self.typical)
        with np.errstate(all="ignore"):
            scale = UNRESPONSIVE * problem.precision.epsilon * np.abs(self.values[row])[:, None]
            by = size[:, None] * size if problem.derivative is Derivative.HESSIAN else size[None, :]
            found = scale / by.reshape((1, -1))
        out: Vector = np.where(np.isfinite(found), found, 0.0).reshape(-1)
        asked = (claimed == 0) & (bound > SMALLEST) & (bound <= out)
        answers = np.zeros(out.shape, dtype=np.bool_)
        if asked.any():
            answers[asked] = self.answers(row, np.flatnonzero(asked), float(np.max(np.abs(claimed), initial=0.0)))
        out = np.where((claimed == 0) & ~answers, out, 0.0)
        if problem.derivative is Derivative.HESSIAN:
            asked = (claimed == 0) & np.isfinite(bound) & (bound > out)
            if asked.any():
                apart = self._apart(row, claimed.reshape((point.size, point.size)), asked)
                out[apart] = bound[apart]
        return out

    def _apart(self, row: int, claimed: Matrix, asked: Mask) -> Vector:
        """Flat numbers of those `asked` mixed derivatives, shape (n·n,), whose two variables f adds up apart.

        Over steps from a hundredth to three times the variables' sizes the second difference of f(x, y) = g(x) + h(y)
        is its round-off, which must hide next to nothing (HIDDEN) beside √|H_ii·H_jj|, the bound on a convex f's
        mixed derivative: nothing is known of x·y/1000 beside 1e16. claimed: the Hessian, (n, n).
        """
        problem, point = self.problem, self.points[row]
        n = point.size
        diagonal = np.nan_to_num(np.abs(np.diagonal(claimed)), nan=0.0, posinf=0.0)
        i, j = np.divmod(np.flatnonzero(asked), n)
        pairs = sorted({(min(a, b), max(a, b)) for a, b in zip(i.tolist(), j.tolist(), strict=True) if a != b})
        pairs = [(a, b) for a, b in pairs if diagonal[a] * diagonal[b] > 0][:MOST_PAIRS]
        if not pairs:
            return np.zeros(0, dtype=np.int64)
        first, other = np.array(pairs).T
        size = np.where(point != 0, np.abs(point), self.typical)
        moved = np.empty((len(pairs), len(GENERIC_STEPS), len(CORNERS), n))
        moved[:] = point
        here = np.arange(len(pairs))
        steps = GENERIC_STEPS[None] * np.stack([size[first], size[other]], axis=1)[:, None]
        moved[here, :, :, first] += steps[:, :, None, 0] * CORNERS[:, 0]
        moved[here, :, :, other] += steps[:, :, None, 1] * CORNERS[:, 1]
        found = self.values_at(moved.reshape((-1, n)))[:, 0].reshape(moved.shape[:3])
        with np.errstate(all="ignore"):
            change, area = np.abs(found @ WEIGHTS), np.abs(steps[:, :, 0] * steps[:, :, 1])
            noise = ROUND_OFF_UNITS * problem.precision.epsilon * np.abs(found).max(axis=2)
            known = np.isfinite(change)
            silent = ~(known & ~(change <= noise)).any(axis=1) & (known.sum(axis=1) >= FEWEST_STEPS)
            hidden = np.min(np.where(known, noise / area, np.inf), axis=1)
            sharp = hidden <= HIDDEN * np.sqrt(diagonal[first] * diagonal[other])
        a, b = first[silent & sharp], other[silent & sharp]
        return np.concatenate([a * n + b, b * n + a])

    def values_at(self, rows: Matrix) -> Array:
        """f at `rows`, (k, m); NaN outside the domain."""
        self.evaluations += rows.shape[0]
        return values_inside(self.problem, rows, self.points[0])

    def answers(self, row: int, components: Array, steepest: float) -> Mask:
        """Whether f moves over long steps of the components' variables, or has no value there: shape of `components`.

        steepest: the largest derivative that is claimed; what f adds up on its way is rounded on that scale.
        """
        problem, point = self.problem, self.points[row]
        n = point.size
        second = problem.derivative is Derivative.HESSIAN
        output, first, other = components // n, components % n, components % n
        if second:
            output, first = np.zeros_like(components), components // n
        corners = CORNERS if second else CORNERS[[0, 3]]
        weights = WEIGHTS if second else np.array([1.0, -1.0])
        by_first, by_other = self.long_steps(point, first), self.long_steps(point, other)
        moved = np.empty((components.size, by_first.shape[1], len(corners), n))
        moved[:] = point
        here = np.arange(components.size)
        moved[here, :, :, first] += by_first[:, :, None] * corners[None, None, :, 0]
        if second:
            moved[here, :, :, other] += by_other[:, :, None] * corners[None, None, :, 1]
        found = self.values_at(moved.reshape((-1, n))).reshape((*moved.shape[:3], -1))[here, :, :, output]
        with np.errstate(all="ignore"):
            change = np.abs(found @ weights)
            across = steepest * np.abs(by_first) * (np.abs(by_other) if second else 1.0)
            noise = ROUND_OFF_UNITS * problem.precision.epsilon * (np.abs(found).max(axis=2) + across)
            known = np.isfinite(change)
            answers: Mask = (known & (change > noise)).any(axis=1) | ~known.any(axis=1)
        return answers

    def long_steps(self, point: Vector, variables: Array) -> Array:
        """Long steps of each of `variables`, to both sides, cut off at the domain's ends: (len(variables), s)."""
        length = max(1.0, float(np.max(np.abs(point), initial=0.0)))
        wanted = length * np.array(LONG_STEPS)
        low, high = self.problem.domain.low[variables], self.problem.domain.high[variables]
        part = ROOM_FOR_TWO if self.problem.derivative is Derivative.HESSIAN else ROOM
        up, down = (part * room[:, None] for room in (high - point[variables], point[variables] - low))
        return np.concatenate([np.minimum(wanted, up), -np.minimum(wanted, down)], axis=1)
