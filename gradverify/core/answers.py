"""What asking a backend comes to, whoever asks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from gradverify.core.arrays import Array, Mask, Matrix, Tensor
from gradverify.core.estimates import Estimates, Note, Screened
from gradverify.core.judge import Code
from gradverify.core.problem import Problem, Request
from gradverify.core.verdicts import Evidence


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of asking one backend: estimates, or why there are none."""

    backend: str
    estimates: Estimates | None = None
    not_applicable: str | None = None
    broken: str | None = None  # names the plugin and its version
    seconds: float = 0.0
    screened: Screened | None = None  # in place of estimates, where a request was for screening
    too_many: bool = False  # does not apply for the number of components alone: a few directions can be asked about


Ask = Callable[[str, Problem, Request], Answer]


def values_at(
    ask: Ask, backend: str, problem: Problem, request: Request, will_do: Callable[[Screened], Tensor | None] | None
) -> Tensor | None:
    """A backend's derivatives at the points of a request, (k, …); None where it has none.

    will_do: what is taken of a quick look, which measures no round-off and costs a sixth of a trace, where that will
    do; None: of none.  What refuses a quick look refuses a longer one.
    """
    answer = ask(backend, problem, replace(request, screening=will_do is not None))
    if will_do is not None and answer.screened is not None:
        found = will_do(answer.screened)
        if found is not None:
            return found
        answer = ask(backend, problem, replace(request, screening=False))
    return None if answer.estimates is None else np.array([e.value for e in answer.estimates.points])


@dataclass(frozen=True, slots=True)
class Judged:
    """One backend's answer, judged: arrays of shape (k, c)."""

    answer: Answer
    codes: Array
    reference: Matrix
    bound: Matrix
    evidence: tuple[Evidence, ...]  # by point
    notes: tuple[tuple[Note, ...], ...]  # by point

    @property
    def backend(self) -> str:
        """The backend's name."""
        return self.answer.backend

    def recoded(self, where: Mask, code: Code) -> Judged:
        """The same with `code` at the places of `where`, shape (k, c)."""
        return replace(self, codes=np.where(where, code, self.codes).astype(self.codes.dtype)) if where.any() else self
