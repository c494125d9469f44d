"""One backend's comparison along random directions at all points, where all components are too many for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from gradverify.core.answers import Answer, Ask
from gradverify.core.arrays import Array, Matrix
from gradverify.core.examine import ClaimValues
from gradverify.core.judge import Code
from gradverify.core.problem import Derivative, Problem, Request
from gradverify.core.projection.compare import Comparison, Rules, compare
from gradverify.core.projection.local import LocalSpace, farthest
from gradverify.core.projection.reduced import Means


@dataclass(frozen=True, slots=True)
class Projected:
    """What became of comparing the claim with a backend along random directions.

    comparisons: by row; rows where the claim or f has no value have none.
    """

    answer: Answer
    comparisons: Mapping[int, Comparison]

    @property
    def backend(self) -> str:
        """The backend's name."""
        return self.answer.backend

    @property
    def broken(self) -> str | None:
        """Why there is no comparison at all."""
        if any(c.directions or c.not_finite for c in self.comparisons.values()):
            return None
        return next((c.broken for c in self.comparisons.values() if c.broken is not None), None)

    @property
    def evaluations(self) -> int:
        """Of f, at all points."""
        return sum(c.evaluations + c.locating for c in self.comparisons.values())

    def codes(self, shape: tuple[int, int]) -> Array:
        """The codes of all components, shape (k, c). A point that fails without a component to blame has none."""
        found = np.full(shape, Code.INCONCLUSIVE, dtype=np.int8)
        for row, comparison in self.comparisons.items():
            if comparison.code == Code.PASS:
                found[row] = Code.PASS
            found[row, [part.index for part in comparison.wrong]] = Code.FAIL
        return found

    def wrong_rows(self) -> list[int]:
        """The points at which the claim is wrong, whether or not a component is to blame."""
        return [row for row, comparison in self.comparisons.items() if comparison.code == Code.FAIL]


def project(
    problem: Problem, points: Matrix, claim: ClaimValues, function_values: Array, answer: Answer, ask: Ask
) -> Projected | None:
    """Compare along directions with the backend of `answer`, which is for fewer components; None where it cannot be.

    function_values: f at the points, shape (k, 1).
    """
    if problem.derivative is not Derivative.GRADIENT or not answer.too_many:
        return None
    seconds = [answer.seconds]

    def timed(name: str, asked: Problem, request: Request) -> Answer:
        found = ask(name, asked, request)
        seconds.append(found.seconds)
        return found

    rows = [
        row for row in range(points.shape[0])
        if row not in claim.failures and bool(np.isfinite(function_values[row]).all())
    ]  # fmt: skip
    budget = None if problem.budget is None else max(1, problem.budget // max(1, len(rows)))
    comparisons = {}
    for row in rows:
        means = Means(
            backend=answer.backend, ask=timed, name=problem.name, precision=problem.precision,
            seed=problem.seed + row, farthest=farthest(problem),
        )  # fmt: skip
        space = LocalSpace(problem, points[row], claim.values[row])
        comparisons[row] = compare(space, float(function_values[row, 0]), Rules(problem.tolerance, means, budget))
    return Projected(
        Answer(answer.backend, not_applicable=answer.not_applicable, seconds=sum(seconds), too_many=True), comparisons
    )
