"""f and a claimed gradient as a descent asks for them: one point at a time, never raising for what they do."""

from __future__ import annotations

import numpy as np

from gradverify.core.arrays import Vector
from gradverify.core.problem import Domain, Function


class Oracle:
    """Both functions, counted; NaN outside the domain and where they fail, with the first failure's message kept."""

    def __init__(self, function: Function, claim: Function, domain: Domain) -> None:
        self.function, self.claim, self.domain = function, claim, domain
        self.evaluations = 0
        self.claim_evaluations = 0
        self.function_failure: str | None = None
        self.claim_failure: str | None = None

    def value(self, x: Vector) -> float:
        """f at x, shape (n,)."""
        if not self._inside(x):
            return float("nan")
        self.evaluations += 1
        evaluation = self.function.evaluate(x[None, :])
        if evaluation.failures:
            self.function_failure = self.function_failure or evaluation.failures[0].message
            return float("nan")
        return float(evaluation.values.reshape(-1)[0])

    def gradient(self, x: Vector) -> Vector:
        """The claimed gradient at x, shape (n,)."""
        if not self._inside(x):
            return np.full(x.shape, np.nan)
        self.claim_evaluations += 1
        evaluation = self.claim.evaluate(x[None, :])
        if evaluation.failures:
            # Where f has no value either, the claim is not to blame.
            if self.claim_failure is None and np.isfinite(self.value(x)):
                self.claim_failure = evaluation.failures[0].message
            return np.full(x.shape, np.nan)
        return np.array(evaluation.values, dtype=np.float64).reshape(x.shape)

    def _inside(self, x: Vector) -> bool:
        return bool(np.isfinite(x).all() and self.domain.contains(x[None, :]).all())
