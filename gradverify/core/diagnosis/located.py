"""What is wrong with a few components among very many: the others are held still, and these are looked at alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np

from gradverify.core.answers import Ask
from gradverify.core.arrays import Array, Vector
from gradverify.core.conclude import component
from gradverify.core.diagnosis.constants import sizes
from gradverify.core.diagnosis.diagnose import diagnose, subject
from gradverify.core.diagnosis.evidence import Evidence
from gradverify.core.diagnosis.hypotheses import column, guesses, offset_guesses
from gradverify.core.diagnosis.terms import PartFunction
from gradverify.core.problem import Domain, Evaluation, Function, Problem
from gradverify.core.projection.compare import Located
from gradverify.core.report import Diagnosis
from gradverify.core.variables import Shape, Variables
from gradverify.core.verdicts import Fault
from gradverify.core.verify import Verified, component_label, verify

# Numbers in all points that a diagnosis may evaluate f at: some seconds for a function of some thousand million
# operations a second. A component takes up to EVALUATIONS of f.
MOST_NUMBERS = 100_000_000
EVALUATIONS = 700
UNSURE = 0.3


@dataclass(frozen=True, slots=True)
class Restricted:
    """A function, or a claim (`keep`: which of its components), of a few components of x. x: shape (n,)."""

    whole: Function
    x: Vector
    components: Sequence[int]
    keep: bool
    kind: str = "line"

    @property
    def output_shape(self) -> Shape:
        """() for the function, (m,) for the claim."""
        return (len(self.components),) if self.keep else self.whole.output_shape

    def evaluate(self, points: Array) -> Evaluation:
        """Evaluate at `points` of shape (r, m), one at a time: n may be large."""
        values = np.full((points.shape[0], *self.output_shape), np.nan)
        for row, point in enumerate(points):
            moved = self.x.copy()
            moved[list(self.components)] = point
            found = np.real(self.whole.evaluate(moved[None]).values)[0]
            values[row] = found[list(self.components)] if self.keep else found
        return Evaluation(values)


def diagnose_located(verified: Verified, ask: Ask, function_of: PartFunction) -> list[Diagnosis]:
    """Why the components are wrong that group testing found; empty where it found none."""
    for one in verified.projected:
        for row, comparison in one.comparisons.items():
            if comparison.wrong:
                return _diagnose(verified, one.backend, row, comparison.wrong, ask, function_of)
    return []


def _diagnose(
    verified: Verified,
    backend: str,
    row: int,
    wrong: Sequence[Located],
    ask: Ask,
    function_of: PartFunction,
) -> list[Diagnosis]:
    wrong = sorted(wrong, key=lambda part: part.index)
    indices = [part.index for part in wrong]
    problem = _restricted(verified.problem, verified.points[row], indices)
    if EVALUATIONS * len(indices) * verified.problem.variables.size <= MOST_NUMBERS:
        alone = verify(problem, verified.points[row][None, indices], [backend], ask)
        return [_of_the_whole(d, verified, indices) for d in diagnose(alone, ask, function_of)]
    return _together(
        verified,
        [_at_one_point(verified.problem, problem, verified.points[row], part, indices) for part in wrong],
    )


def _of_the_whole(found: Diagnosis, verified: Verified, indices: Sequence[int]) -> Diagnosis:
    """A diagnosis of the components `indices` alone, said of the whole: all of the few are not all that there are."""
    parts = tuple(component(verified.problem, indices[c.index]) for c in found.components)
    if not parts:
        return found
    return replace(found, components=parts, message=f"{subject(verified, parts)}: {_clause(found)}")


def _clause(found: Diagnosis) -> str:
    """What is said of the components."""
    return found.message.partition(": ")[2]


def _together(verified: Verified, found: Sequence[Diagnosis]) -> list[Diagnosis]:
    """The same, with one sentence for all components of which the same is known, or nothing but their values."""
    groups: dict[tuple[Fault, str], list[Diagnosis]] = {}
    for d in found:
        groups.setdefault((d.fault, "" if d.fault is Fault.UNKNOWN else _clause(d)), []).append(d)
    out = []
    for (fault, clause), alike in groups.items():
        parts = tuple(part for d in alike for part in d.components)
        more = len(alike) - 1
        message = f"{subject(verified, parts)}: {clause}"
        if fault is Fault.UNKNOWN:
            message = alike[0].message + (f"; so {'are' if more > 1 else 'is'} {more} more" if more else "")
        out.append(replace(alike[0], components=parts, message=message))
    return sorted(out, key=lambda d: d.fault is Fault.UNKNOWN)


def _restricted(problem: Problem, x: Vector, indices: Sequence[int]) -> Problem:
    assert problem.claim is not None
    domain = problem.domain
    return replace(
        problem,
        variables=Variables.of([(problem.variables.component_name(i), ()) for i in indices]),
        function=Restricted(problem.function, x, indices, keep=False),
        claim=Restricted(problem.claim, x, indices, keep=True),
        domain=Domain(
            domain.low[indices], domain.high[indices], domain.low_open[indices], domain.high_open[indices]
        ),
        budget=None,
    )  # fmt: skip


def _at_one_point(whole: Problem, problem: Problem, x: Vector, part: Located, indices: Sequence[int]) -> Diagnosis:
    """A guess from the one value that is known; further ones would cost too many evaluations."""
    m, at = len(indices), indices.index(part.index)
    claimed, reference, bound = (np.full((1, m), np.nan) for _ in range(3))
    claimed[0, at], reference[0, at], bound[0, at] = part.claimed, part.reference, part.bound
    known = np.isfinite(reference)
    evidence = Evidence(problem, x[None, indices], claimed, reference, bound, known, known)
    col = column(evidence, at)
    guess = next(chain(guesses(col, sizes(whole), whole.derivative), offset_guesses(col)), None)
    label = component_label(whole, part.index)
    parts = (component(whole, part.index),)
    if guess is not None:
        return Diagnosis(
            fault=guess.fault, components=parts, message=f"{label}: {guess.message}", confidence=guess.confidence
        )
    message = f"{label}: claimed {part.claimed:.8g}, reference {part.reference:.8g}; one point alone does not tell why"
    return Diagnosis(fault=Fault.UNKNOWN, components=parts, message=message, confidence=UNSURE)
