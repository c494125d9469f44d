"""Backends that the conformance suite must reject, built around one that is right."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gradverify.core.arrays import Tensor
from gradverify.core.problem import Problem, Request
from gradverify.plugin import DoesNotApply, Estimate, Estimates, Evidence
from gradverify.testing import CASES, trials

SMOOTH = next(case for case in CASES if case.name == "smooth")
TRIAL = next(trials(SMOOTH))


class Truthful:
    """Knows the derivative of one case by heart, with an honest bound."""

    name = "truthful"

    def why_not(self, problem: Problem) -> str | None:
        return None if problem.name == SMOOTH.name else "it knows one function only"

    def estimate(self, problem: Problem, request: Request) -> Estimates:
        return Estimates(
            points=tuple(self.at(row, problem, request) for row in range(len(request.points))), evaluations=0
        )

    def at(self, row: int, problem: Problem, request: Request) -> Estimate:
        known = SMOOTH.matrix.tolist().index(request.points[row].tolist())
        return _estimate(TRIAL.truth[known])


def _estimate(value: Tensor) -> Estimate:
    return Estimate(value=value.copy(), error_bound=1e-10 * np.abs(value), evidence=Evidence.EXACT)


class WrongValue(Truthful):
    """Off by more than it admits."""

    def at(self, row: int, problem: Problem, request: Request) -> Estimate:
        right = super().at(row, problem, request)
        return replace(right, value=right.value * (1 + 1e-6))


class WrongShape(Truthful):
    """Answers with a column."""

    def at(self, row: int, problem: Problem, request: Request) -> Estimate:
        right = super().at(row, problem, request)
        return replace(right, value=right.value[:, None], error_bound=right.error_bound[:, None])


class NegativeBound(Truthful):
    """Bounds the error by less than nothing."""

    def at(self, row: int, problem: Problem, request: Request) -> Estimate:
        right = super().at(row, problem, request)
        return replace(right, error_bound=-right.error_bound)


class CopiesValues(Truthful):
    """Says what was claimed."""

    def at(self, row: int, problem: Problem, request: Request) -> Estimate:
        return super().at(row, problem, request) if request.claimed is None else _estimate(request.claimed[row])


class CopiesClaim(Truthful):
    """Evaluates the claim and calls it the truth."""

    def at(self, row: int, problem: Problem, request: Request) -> Estimate:
        assert problem.claim is not None
        return _estimate(problem.claim.evaluate(request.points).values[row])


class Mutates(Truthful):
    """Steps inside the array it was given."""

    def estimate(self, problem: Problem, request: Request) -> Estimates:
        answer = super().estimate(problem, request)
        request.points[0, 0] += 1e-6
        return answer


class Random(Truthful):
    """Never says the same twice."""

    generator = np.random.default_rng(1)

    def at(self, row: int, problem: Problem, request: Request) -> Estimate:
        right = super().at(row, problem, request)
        return replace(right, value=right.value * (1 + 1e-13 * self.generator.random()))


class SeedsGlobally(Truthful):
    """Disturbs everybody's random numbers."""

    def estimate(self, problem: Problem, request: Request) -> Estimates:
        np.random.seed(1)  # noqa: NPY002 - the fault itself
        return super().estimate(problem, request)


class Warns(Truthful):
    """Lets NumPy's warnings out."""

    def estimate(self, problem: Problem, request: Request) -> Estimates:
        np.log(np.array([-1.0]))
        return super().estimate(problem, request)


class OnePointOnly(Truthful):
    """Forgets all points but the first."""

    def estimate(self, problem: Problem, request: Request) -> Estimates:
        return Estimates(points=(self.at(0, problem, request),), evaluations=0)


class EmptyReason(Truthful):
    """Declines without saying why."""

    def why_not(self, problem: Problem) -> str | None:
        return ""


class ChangesItsMind(Truthful):
    """Applies to the first question only."""

    asked = 0

    def estimate(self, problem: Problem, request: Request) -> Estimates:
        self.asked += 1
        if self.asked > 1:
            raise DoesNotApply("tired")
        return super().estimate(problem, request)


class SaysNothing(Truthful):
    """Honest, and of no use: every bound is infinite."""

    def at(self, row: int, problem: Problem, request: Request) -> Estimate:
        right = super().at(row, problem, request)
        return replace(right, error_bound=np.full(right.value.shape, np.inf))
