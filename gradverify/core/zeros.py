"""Which claims of 0 are right as far as f can tell, where the reference has round-off of its own?

(x + y) − x does not depend on x, yet every reference for it is 0 give or take the round-off of what cancels, and no
bound is small beside a value of 0. What it is small beside is what f does over its other variables: the *natural*
size of ∂f/∂xᵢ is max |∂f/∂xⱼ|·|xⱼ| / |xᵢ|. A claim of 0 passes where 0 lies within a bound that hides next to nothing
of that size.

A reference by differences must say so of f itself as well: its bound is that of one value's round-off, and f stays as
it is over very long steps, or leaves its flat part at an edge, as a hinge does. Of 1e10·x² + 1e-10·y³ nothing shows
over steps as long as y; a longer one shows that f depends on y. And where an exact reference is not 0, no difference
whose bound it lies within says that it is.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradverify.core.answers import Answer
from gradverify.core.arrays import Array, Mask, Matrix, Vector
from gradverify.core.estimates import stacked
from gradverify.core.judge import ROUND_OFF_UNITS, SMALLEST
from gradverify.core.problem import Derivative, Problem
from gradverify.core.unresponsive import Negligible
from gradverify.core.verdicts import Evidence

# What may hide, in units of round-off of the natural size: 1e-12 of it in double precision. So little no tolerance asks
# for, and it is some hundred times what hides in an f whose terms are of the size of f.
HIDDEN_UNITS = 4096.0
EXACT_UNITS = 256.0  # the same of exact references, whose bound is that of what has cancelled: a few dozen terms
# Of f's value over the variable's size, that differences may leave open: noise of a few operations, measured with care.
VALUE_UNITS = 16.0
SILENT = 1e-3  # times the variable's size: over such a step f has not moved
HALVINGS = 18  # of the decades between such a step and one that moves f: the ratio is 1 + 1e-4 after them
BEYOND_THE_EDGE = 1.01  # times the step at which f leaves its flat part: an f that leaves it at once has moved there by
RISES = 1e3  # times its least change; 1/(1 + exp(−x)) at 700, of slope 1e-304, by 765 times
CORNERS_OF_ALL = 12  # points at which a component is looked at together: both ends of six long steps
AT_ONCE = 2_000_000  # numbers in the points that are evaluated together
MOST_CALLS = 20_000  # of code that all of this may cost; what is left then stays undecided


def natural_sizes(problem: Problem, points: Matrix, claimed: Matrix, typical: Vector) -> Matrix:
    """The natural size of each component at k points, (k, c), by the claim; 0 where all are claimed to be 0.

    points: (k, n).  claimed: (k, c).  typical: (n,), lengths for variables that are 0.
    """
    by = _sizes(problem, points, typical)
    known = np.where(np.isfinite(claimed), np.abs(claimed), 0.0)
    with np.errstate(all="ignore"):
        moved = (known.reshape((len(points), -1, by.shape[2])) * by).max(axis=2, initial=0.0)
        found = moved[:, :, None] / by
    out: Matrix = np.where(np.isfinite(found), found, 0.0).reshape(claimed.shape)
    return out


def _sizes(problem: Problem, points: Matrix, typical: Vector) -> Array:
    """Of the variable of each component, or of both variables their product: (k, 1, n) or (k, 1, n·n)."""
    size = np.where(points != 0, np.abs(points), typical)
    second = problem.derivative is Derivative.HESSIAN
    with np.errstate(all="ignore"):
        by = size[:, :, None] * size[:, None, :] if second else size[:, None, :]
    found: Array = by.reshape((len(points), 1, -1))
    return found


def right_zeros(
    problem: Problem,
    points: Matrix,
    values: Array,
    claimed: Matrix,
    typical: Vector,
    answers: Sequence[Answer],
    negligible: Negligible,
) -> list[Mask | None]:
    """For each answer where a claim of 0 passes by it for these reasons, shape (k, c); None where nowhere.

    values: f at the points, (k, m).  typical: (n,), lengths for variables that are 0.
    """
    found: list[Mask | None] = [None for _ in answers]
    zero = claimed == 0
    if not zero.any() or not any(a.estimates is not None for a in answers):
        return found
    with np.errstate(all="ignore"):  # f over the variable's size
        of_f = np.abs(np.asarray(values, dtype=np.float64)).reshape((len(points), -1))[:, :, None]
        unit = (of_f / _sizes(problem, points, typical)).reshape(claimed.shape)
        unit = np.where(np.isfinite(unit), unit, 0.0)
    candidates: dict[int, tuple[Mask, Matrix]] = {}
    settled, denied = np.zeros(claimed.shape, dtype=np.bool_), np.zeros(claimed.shape, dtype=np.bool_)
    for index, answer in enumerate(answers):
        if answer.estimates is None:
            continue
        reference, bound = stacked(answer.estimates.points, claimed.shape[1])
        exact = np.array([e.evidence.strength >= Evidence.EXACT.strength for e in answer.estimates.points])[:, None]
        with np.errstate(all="ignore"):
            contains = zero & (np.abs(reference) <= bound) & (bound < np.inf)
            denied |= exact & zero & (np.abs(reference) > bound)
        settled |= exact & contains & (bound <= SMALLEST)
        open_ = contains & (bound > SMALLEST)
        if not open_.any():
            continue
        epsilon = problem.precision.epsilon
        natural = natural_sizes(problem, points, claimed, typical)
        # Where all are claimed to be 0, what a reference adds up is held against f itself.
        alone = natural == 0
        most = np.where(exact, EXACT_UNITS, HIDDEN_UNITS)
        allowed = np.where(alone, ROUND_OFF_UNITS * epsilon * unit, most * epsilon * natural)
        open_ &= bound <= allowed
        settled |= exact & open_
        if (exact & open_).any():
            found[index] = exact & open_
        if problem.derivative is not Derivative.HESSIAN and (~exact & open_).any():
            candidates[index] = (~exact & open_, bound)
    before = negligible.evaluations
    for index, (open_, bound) in candidates.items():
        confirmed = open_ & settled & ~denied
        asked = open_ & ~settled & ~denied & (bound <= VALUE_UNITS * problem.precision.epsilon * unit)
        chunk = max(1, AT_ONCE // (CORNERS_OF_ALL * points.shape[1]))
        for row in np.flatnonzero(asked.any(axis=1)).tolist():
            everyone = np.flatnonzero(asked[row])
            steepest = float(np.max(np.abs(claimed[row]), initial=0.0, where=np.isfinite(claimed[row])))
            for start in range(0, everyone.size, chunk):
                if problem.function.kind != "expression" and negligible.evaluations - before >= MOST_CALLS:
                    break
                components = everyone[start : start + chunk]
                silent = ~negligible.answers(row, components, steepest)
                if not silent.all():
                    silent[~silent] = _leaves_at_an_edge(problem, points[row], negligible, row, components[~silent])
                confirmed[row, components[silent]] = True
        if confirmed.any():
            known = found[index]
            found[index] = confirmed if known is None else confirmed | known
    return found


def _leaves_at_an_edge(problem: Problem, point: Vector, negligible: Negligible, row: int, components: Array) -> Mask:
    """Whether f, which moves over long steps of the components' variables, does so from an edge on; one for each.

    The edge is found by halving the decades between steps that do not move f and the first that does, on either side.
    """
    n = point.size
    output, variable = components // n, components % n
    steps = np.concatenate(np.split(negligible.long_steps(point, variable), 2, axis=1))  # (2r, s): up, then down
    output, variable = np.tile(output, 2), np.tile(variable, 2)
    centre = np.asarray(negligible.values, dtype=np.float64).reshape((len(negligible.points), -1))[row][output]
    unit = problem.precision.epsilon * np.abs(centre)

    def change(step: Vector) -> Vector:
        rows = np.repeat(point[None], len(step), axis=0)
        rows[np.arange(len(step)), variable] += step
        found: Vector = np.abs(negligible.values_at(rows)[np.arange(len(step)), output] - centre)
        return found

    with np.errstate(all="ignore"):
        far, seen = np.full(len(variable), np.nan), np.zeros(len(variable), dtype=np.bool_)
        for column in range(steps.shape[1] - 1, -1, -1):
            by = change(steps[:, column])
            far, seen = np.where(by > unit, steps[:, column], far), seen | np.isfinite(by)
        moves = np.isfinite(far)
        size = np.where(point != 0, np.abs(point), negligible.typical)[variable]
        near = np.sign(steps[:, 0]) * np.minimum(SILENT * size, np.abs(far))
        for _ in range(HALVINGS):
            middle = np.sign(near) * np.sqrt(np.abs(near)) * np.sqrt(np.abs(far))
            moved = ~(change(middle) <= unit)  # where f has no value, there is no edge that could be trusted
            near, far = np.where(moved, near, middle), np.where(moved, middle, far)
        least = np.maximum(change(far), unit)
        # A jump has moved at once, and a hinge by 1e-4 of its way; what a smooth f moves there is next to its least.
        risen = (least > RISES * unit) | (change(BEYOND_THE_EDGE * far) > RISES * least)
    fine = np.asarray(np.where(moves, risen, seen), dtype=np.bool_).reshape((2, -1)).all(axis=0)
    return np.asarray(fine)
