"""What a backend answers: for each point a value, a bound on its error, and what it noticed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from gradverify.core.arrays import Mask, Matrix, Tensor, Vector
from gradverify.core.problem import Problem, Request
from gradverify.core.verdicts import Evidence, NoteKind


class DoesNotApply(Exception):  # noqa: N818 - it is an answer, not an error
    """Raised by a backend that finds out while working that it cannot handle the problem."""


class TooManyComponentsError(DoesNotApply):
    """Raised by a backend that could estimate the derivative but for its number of components.

    It is then asked about a function of a few variables: f along random directions through each point, whose kind is
    `line` and which takes points as any other does.
    """


@dataclass(frozen=True, slots=True)
class Note:
    """Something noticed at a point. `components` are flat indices into the derivative; () means all."""

    kind: NoteKind
    message: str  # a clause that can follow "inconclusive: ": "f is noisy at a level of 1e-7"
    components: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Kink:
    """f has different one-sided derivatives along component `component` (a flat index into the derivative).

    left, right: the slopes at x − 0 and x + 0, both along +x.  bound: on the error of either.
    """

    component: int
    left: float
    right: float
    bound: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """The derivative at one point.

    value: shape `problem.shape`; NaN where the backend has no value.
    error_bound: same shape and unit; at least |value − truth|; infinite where nothing is known.
    """

    value: Tensor
    error_bound: Tensor
    evidence: Evidence
    notes: tuple[Note, ...] = ()
    kinks: tuple[Kink, ...] = ()


def stacked(points: Sequence[Estimate], components: int) -> tuple[Matrix, Matrix]:
    """Values and bounds of k estimates, each (k, components)."""
    shape = (len(points), components)
    values = np.array([e.value.ravel() for e in points], dtype=np.float64).reshape(shape)
    bounds = np.array([e.error_bound.ravel() for e in points], dtype=np.float64).reshape(shape)
    return values, bounds


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What a backend that sees both formulas can say of them as functions.

    identical: True when claim and truth are the same function, False when they provably differ, None when undecided.
    components: the same for each flat component.
    reference, claimed, difference: the right formula, the claim and claim − right formula for each flat component, as
    text in the expression language; empty where not available.
    """

    identical: bool | None
    components: tuple[bool | None, ...]
    method: str  # "symbolic identity", "40-digit zero test at 12 points" ...
    reference: tuple[str, ...] = ()
    claimed: tuple[str, ...] = ()
    difference: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimates:
    """A backend's whole answer: one estimate a point, in the request's order."""

    points: tuple[Estimate, ...]
    evaluations: int  # of f, counted in points
    proof: Proof | None = None
    notes: tuple[Note, ...] = ()  # about the problem as a whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Screened:
    """Rough answers at k points at once, good enough to see which of them need a closer look.

    values: shape (k, *problem.shape).  error_bounds: the same shape; what |value − truth| is at most where f is as
    smooth as it looked, infinite where nothing is known.  finite: shape (k,), where f itself is finite.
    """

    values: Tensor
    error_bounds: Tensor
    finite: Mask
    evaluations: int  # of f, counted in points


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """How the estimate of one component depends on the step h, for people to look at; no verdict depends on it.

    component: a flat index into the derivative.  steps, values, bounds: the steps, the plain difference quotients, and
    how far round-off may move each of them; of one length.
    """

    component: int
    steps: tuple[float, ...]
    values: tuple[float, ...]
    bounds: tuple[float, ...]


@runtime_checkable
class ShowsLadders(Protocol):
    """What a backend that takes steps may offer besides `Backend`: only figures ask for it."""

    def ladders(self, problem: Problem, point: Vector, components: Sequence[int]) -> Sequence[Ladder]:
        """The ladders of some components of the derivative at `point`, shape (n,); what it cannot show is left out."""


@runtime_checkable
class Backend(Protocol):
    """An independent way to get the derivative of a function.

    A backend may also have `screen(problem, request) -> Screened`: a cheap look at many points, after which only those
    that disagree with the claim are asked for again with `estimate`. Without it the search asks `estimate` for all.
    """

    @property
    def name(self) -> str:
        """What specs and reports call it."""

    def why_not(self, problem: Problem) -> str | None:
        """None if the backend applies to `problem`, else the reason, as a clause."""

    def estimate(self, problem: Problem, request: Request) -> Estimates:
        """Estimate `problem.derivative` at all of `request.points`. May raise `DoesNotApply`."""
