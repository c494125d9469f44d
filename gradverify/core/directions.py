"""Directional derivatives as derivatives in one variable: t ↦ f(x + t·u) at t = 0, for many x and u at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from gradverify.core.arrays import Array, Mask, Matrix, Vector
from gradverify.core.estimates import Kink
from gradverify.core.problem import Derivative, Domain, Evaluation, Function, Problem, Request
from gradverify.core.variables import Shape, Variables
from gradverify.core.verify import Ask

MOST_ELEMENTS = 2_000_000  # components of the points that are evaluated at once: 16 MB
T = Variables.of([("t", ())])


@dataclass(frozen=True, slots=True)
class Lines:
    """The vector-valued function of one variable t whose m outputs are f(xᵢ + t·uᵢ); NaN outside the domain.

    base, step: shape (m, n), the xᵢ and uᵢ.
    """

    function: Function
    domain: Domain
    base: Matrix
    step: Matrix
    kind: str = "lines"
    variables: Variables = T
    constants: Mapping[str, Array] = field(default_factory=dict)

    @property
    def output_shape(self) -> Shape:
        """(m,)."""
        return (self.base.shape[0],)

    def evaluate(self, points: Array) -> Evaluation:
        """All lines at every t of `points`, shape (k, 1)."""
        m, n = self.base.shape
        values = np.full((points.shape[0], m), np.nan, dtype=points.dtype)
        at_once = max(1, MOST_ELEMENTS // max(1, m * n))
        for first in range(0, points.shape[0], at_once):
            t = points[first : first + at_once, 0]
            rows = (self.base[None] + t[:, None, None] * self.step[None]).reshape((-1, n))
            inside = np.all(self.domain.contains(np.real(rows)), axis=1)
            block = np.full(rows.shape[0], np.nan, dtype=points.dtype)
            if inside.any():
                block[inside] = self.function.evaluate(rows[inside]).values.reshape(-1)
            values[first : first + at_once] = block.reshape((-1, m))
        return Evaluation(values)


@dataclass(frozen=True, slots=True)
class Slopes:
    """Directional derivatives along m lines: value and bound, shape (m,); NaN and infinite where not known.

    kinks: by line.  notes: by line, why a value is missing or blurred.
    """

    value: Vector
    bound: Vector
    kinks: Mapping[int, Kink]
    notes: Mapping[int, tuple[str, ...]]
    evaluations: int


def slopes(problem: Problem, base: Matrix, step: Matrix, claimed: Vector, backends: Sequence[str], ask: Ask) -> Slopes:
    """Ask every backend for the slopes along the lines base + t·step, shape (m, n) each, at t = 0.

    claimed: shape (m,), what the gradient's claim says of them: a backend may stop early where it agrees.
    """
    m = base.shape[0]
    lines = Lines(problem.function, problem.domain, base, step)
    along = replace(
        problem, derivative=Derivative.JACOBIAN, variables=T, function=lines, claim=None, gradient_claim=None,
        domain=Domain.everywhere(1),
    )  # fmt: skip
    value, bound = np.full(m, np.nan), np.full(m, np.inf)
    kinks: dict[int, Kink] = {}
    notes: dict[int, tuple[str, ...]] = {}
    evaluations = 0
    for name in backends:
        answer = ask(name, along, Request(np.zeros((1, 1)), claimed.reshape((1, m, 1))))
        if answer.estimates is None:
            continue
        evaluations += answer.estimates.evaluations * m
        (estimate,) = answer.estimates.points
        theirs = np.asarray(estimate.value, dtype=np.float64).reshape(m)
        errors = np.where(np.isfinite(theirs), np.asarray(estimate.error_bound).reshape(m), np.inf)
        better = errors < bound
        value, bound = np.where(better, theirs, value), np.where(better, errors, bound)
        for kink in estimate.kinks:
            kinks.setdefault(kink.component, kink)
        for note in estimate.notes:
            for line in note.components or range(m):
                notes[line] = (*notes.get(line, ()), note.message)
    return Slopes(value, bound, kinks, notes, evaluations)


def unit(vectors: Matrix) -> tuple[Matrix, Mask]:
    """Rows scaled to length 1, and which rows have a direction at all."""
    with np.errstate(all="ignore"):
        largest = np.max(np.abs(vectors), axis=1, keepdims=True, initial=0.0)
        scaled = vectors / largest  # so that the squares neither overflow nor underflow
        found = scaled / np.linalg.norm(scaled, axis=1, keepdims=True)
    good: Mask = np.isfinite(found).all(axis=1)
    return np.where(good[:, None], found, 0.0), good


def across(vectors: Matrix, gradient: Vector) -> Matrix:
    """The part of each row that is perpendicular to `gradient`, shape (n,); taken twice, against cancellation."""
    (along,), (usable,) = unit(gradient[None, :])
    if not usable:
        return vectors
    for _ in range(2):
        vectors = vectors - (vectors @ along)[:, None] * along
    return vectors
