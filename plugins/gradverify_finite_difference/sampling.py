"""Evaluating f along coordinate lines: many points, many components, many steps, few calls."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING

import numpy as np

from gradverify_finite_difference.arrays import Floats, Indices

if TYPE_CHECKING:
    from gradverify.plugin import Problem

CHUNK_ELEMENTS = 4_000_000  # entries of the point matrix in one call: 32 MB


class BudgetError(Exception):
    """The evaluations that are left do not suffice for a whole batch."""


class Sampler:
    """Counts and batches evaluations of f. Values have shape (r, M): the output, flattened."""

    def __init__(self, problem: Problem, budget: int) -> None:
        self.function = problem.function
        self.outputs = math.prod(problem.function.output_shape)
        self.budget = budget
        self.evaluations = 0
        self.failure: str | None = None  # the first message of an evaluation that raised

    @property
    def left(self) -> int:
        """How many evaluations may still be made."""
        return self.budget - self.evaluations

    def at(self, rows: Floats) -> Floats:
        """Values at `rows`, shape (r, n); NaN where f raised."""
        count = len(rows)
        if count > self.left:
            raise BudgetError
        self.evaluations += count
        chunk = max(1, CHUNK_ELEMENTS // max(1, rows.shape[1]))
        if count <= chunk:
            return self._values(rows)
        return np.concatenate([self._values(rows[start : start + chunk]) for start in range(0, count, chunk)])

    def _values(self, rows: Floats) -> Floats:
        if self.function.kind == "expression":  # runs none of the user's code, which alone could warn
            found = self.function.evaluate(rows)
        else:
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = self.function.evaluate(rows)
        if found.failures and self.failure is None:
            self.failure = found.failures[0].message
        values = found.values.real if found.values.dtype.kind == "c" else found.values
        return np.array(values, dtype=np.float64).reshape((len(rows), self.outputs))

    def along(self, base: Floats, at: Indices, components: Indices, coordinates: Floats) -> Floats:
        """Values with one coordinate replaced.

        base: (P, n), points.  at: (L,), the point of each line.  components: (L,).  coordinates: (L, S), NaN where
        nothing is wanted.
        Result: (L, S, M), NaN where nothing was wanted or f raised.
        """
        wanted = np.isfinite(coordinates)
        if wanted.all() and coordinates.size * base.shape[1] <= CHUNK_ELEMENTS:
            lines, rungs = coordinates.shape
            rows = np.empty((lines, rungs, base.shape[1]))
            rows[:] = base[at, None, :]
            rows[np.arange(lines), :, components] = coordinates
            return self.at(rows.reshape((-1, base.shape[1]))).reshape((lines, rungs, self.outputs))
        values = np.full((*coordinates.shape, self.outputs), np.nan)
        line, rung = np.nonzero(wanted)
        if len(line) > self.left:
            raise BudgetError
        chunk = max(1, CHUNK_ELEMENTS // max(1, base.shape[1]))
        for start in range(0, len(line), chunk):
            lines, rungs = line[start : start + chunk], rung[start : start + chunk]
            rows = base[at[lines]]
            rows[np.arange(len(lines)), components[lines]] = coordinates[lines, rungs]
            values[lines, rungs] = self.at(rows)
        return values
