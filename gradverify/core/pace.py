"""How slow are a function and its claim, and how much of a search is there time for?"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from gradverify.core.verify import Verified


@dataclass(frozen=True, slots=True)
class Pace:
    """How slow a function and its claim are, and what time there is: `seconds` for all calls that a search makes."""

    function: float  # s a call
    claim: float
    seconds: float

    def less(self, listed: Verified) -> Pace:
        """What is left once a suspect has been confirmed, which costs what one of the listed points did."""
        rows = max(1, listed.points.shape[0])
        one = (listed.evaluations * self.function + listed.claim_evaluations * self.claim) / rows
        return replace(self, seconds=max(0.0, self.seconds - one))

    def evaluations(self, budget: int) -> int:
        """As much of a budget of evaluations of f as there is time for."""
        return self._within(budget, self.function)

    def points(self, count: int) -> int:
        """As many of `count` points as there is time to ask the claim at."""
        return self._within(count, self.claim)

    def _within(self, count: int, each: float) -> int:
        """`count`, or else a power of two, so that a little more or less time changes nothing."""
        if count * each <= self.seconds:
            return count
        return 2 ** int(math.log2(self.seconds / each)) if self.seconds >= each else 0

    def __str__(self) -> str:
        slow = "the claim" if self.claim > self.function else "the function"
        return f"{slow} takes {max(self.function, self.claim):.2g} s a call"
