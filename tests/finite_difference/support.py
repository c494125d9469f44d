"""Functions as problems, and what a backend's answer comes to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from gradverify_finite_difference import FiniteDifference

from gradverify.core.arrays import Array
from gradverify.core.estimates import Estimate, Estimates
from gradverify.core.problem import Derivative, Domain, Evaluation, Failure, Precision, Problem, Request
from gradverify.core.variables import Variables

Rows = Callable[[Array], Array]


@dataclass
class Rowwise:
    """A function of rows of points; counts them, and remembers where it was asked."""

    rows: Rows
    output_shape: tuple[int, ...] = ()
    kind: str = "python"
    asked: list[Array] = field(default_factory=list)

    def evaluate(self, points: Array) -> Evaluation:
        self.asked.append(np.array(points))
        with np.errstate(all="ignore"):
            return Evaluation(np.asarray(self.rows(points), dtype=np.float64))


@dataclass
class Raising(Rowwise):
    """Raises wherever the first coordinate is below 0."""

    def evaluate(self, points: Array) -> Evaluation:
        bad = points[:, 0] < 0
        failures = tuple(Failure(int(row), "ValueError: negative") for row in np.flatnonzero(bad))
        return Evaluation(np.where(bad, np.nan, self.rows(np.abs(points))), failures)


def box(low: float, high: float, *, low_open: bool = False, high_open: bool = False) -> Domain:
    return Domain(np.array([low]), np.array([high]), np.array([low_open]), np.array([high_open]))


def problem(
    function: Rowwise,
    n: int = 1,
    *,
    derivative: Derivative | None = None,
    domain: Domain | None = None,
    precision: Precision = Precision.FLOAT64,
    budget: int | None = None,
    seed: int = 0,
) -> Problem:
    scalar = Derivative.GRADIENT if function.output_shape == () else Derivative.JACOBIAN
    return Problem(
        name="under test",
        derivative=derivative or scalar,
        variables=Variables.of([("x", (n,))]),
        function=function,
        domain=domain or Domain.everywhere(n),
        precision=precision,
        budget=budget,
        seed=seed,
    )


def answer(asked: Problem, points: list[list[float]], claimed: Array | None = None) -> Estimates:
    found: Estimates = FiniteDifference().estimate(asked, Request(np.array(points, dtype=np.float64), claimed))
    return found


def slope_at(
    f: Callable[[Array], Array],
    x: float,
    claimed: float | None = None,
    *,
    domain: Domain | None = None,
    precision: Precision = Precision.FLOAT64,
    seed: int = 0,
) -> Estimate:
    """The estimate of f′(x) for a function of one number."""
    asked = problem(Rowwise(lambda p: f(p[:, 0])), domain=domain, precision=precision, seed=seed)
    return answer(asked, [[x]], None if claimed is None else np.array([[claimed]])).points[0]


def covers(estimate: Estimate, truth: float) -> bool:
    """Whether a finite bound covers |value − truth|; the truth's own rounding is not the backend's."""
    value, bound = float(estimate.value.ravel()[0]), float(estimate.error_bound.ravel()[0])
    return np.isfinite(bound) and abs(value - truth) <= bound + 2.3e-16 * abs(truth)


def kinds(estimate: Estimate) -> set[str]:
    return {note.kind.value for note in estimate.notes}
