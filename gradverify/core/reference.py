"""The derivative as the backends know it, where there is no claim to judge: of all answers the one with the least
bound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from gradverify.core.arrays import Array, Matrix
from gradverify.core.estimates import Estimates
from gradverify.core.problem import Derivative, Evaluation, Function, Problem, Request
from gradverify.core.variables import Shape
from gradverify.core.verdicts import Evidence
from gradverify.core.verify import Ask, Verified, show_point

ROUND_OFF_UNITS = 8.0  # in which two bounds that are themselves computed may miss one another


@dataclass(frozen=True, slots=True)
class Reference:
    """Derivatives at k points with c components. value, bound: (k, c); NaN and infinity where nobody has a value.

    evidence: of each point, the weakest that was used; None where there is no value.  notes: of each point, what the
    backends noticed.  nobody: why there is no value at all, where there is none.
    """

    value: Matrix
    bound: Matrix
    evidence: tuple[Evidence | None, ...]
    notes: tuple[tuple[str, ...], ...]
    evaluations: int
    nobody: str | None = None

    def known(self, row: int) -> bool:
        """Whether all components of point `row` have a value with a finite bound."""
        return bool(np.isfinite(self.value[row]).all() and np.isfinite(self.bound[row]).all())

    def why_unknown(self, row: int, point: Array) -> str:
        """A clause that says why there is no value at point `row`."""
        if self.nobody is not None:
            return self.nobody
        told = "; ".join(dict.fromkeys(self.notes[row]))
        return f"no backend has the derivative at {show_point(point)}{f': {told}' if told else ''}"


def by_strength(verified: Verified, backends: Sequence[str]) -> list[str]:
    """`backends`, those with the strongest evidence at the verified points first, and of these the quickest."""
    rank: dict[str, tuple[int, float]] = {}
    for judged in verified.judged:
        strength = min((e.strength for e in judged.evidence), default=0)
        exact = strength >= Evidence.EXACT.strength
        rank[judged.backend] = (-Evidence.EXACT.strength if exact else -strength, judged.answer.seconds)
    return sorted(backends, key=lambda name: rank.get(name, (1, 0.0)))


def exact(verified: Verified, backends: Sequence[str]) -> list[str]:
    """Those of `backends` that answered exactly at the verified points, the quickest first."""
    found = {
        j.backend
        for j in verified.judged
        if j.evidence and min(e.strength for e in j.evidence) >= Evidence.EXACT.strength
    }
    return [name for name in by_strength(verified, backends) if name in found]


def reference(
    problem: Problem,
    points: Matrix,
    backends: Sequence[str],
    ask: Ask,
    *,
    enough: float | None = None,
    sizes: Matrix | None = None,
) -> Reference:
    """Ask `backends` in order for `problem.derivative` at `points`, shape (k, n); claims are left out of it.

    enough: a relative bound at which no further backend is asked; None asks all, and finds contradictions.
    sizes: the components' sizes nearby, (k, c), where they are known: round-off on the way to a component that is 0
    here is round-off on its size there, and contradicts nobody.
    """
    bare = replace(problem, claim=None, gradient_claim=None)
    k = points.shape[0]
    c = int(np.prod(bare.shape, dtype=int))
    value, bound = np.full((k, c), np.nan), np.full((k, c), np.inf)
    strength = np.full(k, np.inf)
    notes: list[list[str]] = [[] for _ in range(k)]
    reasons: list[str] = []
    evaluations = 0
    for name in backends:
        answer = ask(name, bare, Request(points))
        if answer.estimates is None:
            reasons.append(f"{name}: {answer.not_applicable or answer.broken}")
            continue
        evaluations += answer.estimates.evaluations
        theirs, errors = _arrays(answer.estimates, k, c)
        with np.errstate(all="ignore"):
            gap = np.abs(theirs - value)
            size = np.maximum(np.abs(theirs), np.abs(value))
            if sizes is not None:
                size = np.fmax(size, sizes)
            slack = ROUND_OFF_UNITS * np.finfo(np.float64).eps * size
            apart = gap > bound + errors + slack
        better = errors < bound
        value, bound = np.where(better, theirs, value), np.where(better, errors, bound)
        for row in range(k):
            estimate = answer.estimates.points[row]
            notes[row] += [note.message for note in estimate.notes]
            if better[row].any():
                strength[row] = min(strength[row], estimate.evidence.strength)
            if apart[row].any():
                bound[row, apart[row]] = np.inf
                notes[row].append("backends contradict one another")
        with np.errstate(all="ignore"):
            if enough is not None and (bound <= enough * np.max(np.abs(value), axis=1, keepdims=True, initial=0)).all():
                break
    levels = {e.strength: e for e in Evidence}
    nobody = None if len(reasons) < len(backends) else f"no backend applies ({'; '.join(reasons) or 'none'})"
    return Reference(
        value, bound, tuple(levels.get(int(s)) if np.isfinite(s) else None for s in strength),
        tuple(tuple(dict.fromkeys(n)) for n in notes), evaluations, nobody,
    )  # fmt: skip


def _arrays(estimates: Estimates, k: int, c: int) -> tuple[Matrix, Matrix]:
    theirs = np.array([e.value.ravel() for e in estimates.points], dtype=np.float64).reshape((k, c))
    errors = np.array([e.error_bound.ravel() for e in estimates.points], dtype=np.float64).reshape((k, c))
    return theirs, np.where(np.isfinite(theirs) & ~np.isnan(errors), errors, np.inf)


def hessian_problem(problem: Problem) -> Problem:
    """The same function, asked for its Hessian."""
    return replace(problem, derivative=Derivative.HESSIAN, claim=None, gradient_claim=None)


@dataclass(frozen=True, slots=True)
class _Claimed:
    """A claimed gradient as a vector-valued function that is nothing but its values."""

    claim: Function
    kind: str = "claim"

    @property
    def output_shape(self) -> Shape:
        """The gradient's shape, (n,)."""
        return self.claim.output_shape

    def evaluate(self, points: Array) -> Evaluation:
        """At `points` of shape (k, n)."""
        return Evaluation(self.claim.evaluate(points).values)


def jacobian_of_claim(claim: Function, problem: Problem) -> Problem:
    """The Jacobian of the claimed gradient: f's Hessian, where the claim is right."""
    return replace(problem, derivative=Derivative.JACOBIAN, function=_Claimed(claim), claim=None, gradient_claim=None)


def joined(first: Reference, second: Reference) -> Reference:
    """`first` where it is known, else `second`."""
    rows = range(first.value.shape[0])
    use = np.array([not first.known(row) and second.known(row) for row in rows])
    return Reference(
        np.where(use[:, None], second.value, first.value), np.where(use[:, None], second.bound, first.bound),
        tuple(second.evidence[row] if use[row] else first.evidence[row] for row in rows),
        tuple(second.notes[row] if use[row] else first.notes[row] for row in rows),
        first.evaluations, None if use.any() else first.nobody,
    )  # fmt: skip
