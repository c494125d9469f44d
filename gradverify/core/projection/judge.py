"""The rule for one random direction, and what agreement along several of them rules out.

Let d_i = s_i · (claimed − true derivative) be the fault of component i, in the unit of f, and S = Σ σ_i d_i what a
direction shows of all faults together. S is known to be within T = gap + bound + round-off of 0.

One fault alone has |S| = |d_i|, so none above T is there. Beside others: were the sign of component i the other one, S
would differ by 2|d_i|, so of the two at most one lies within T < |d_i| of 0; a direction hides a fault of more than T
with probability 1/2 at most, whatever the other components do, and k directions hide it with 2⁻ᵏ (the argument of
Erdős 1945, "On a lemma of Littlewood and Offord"). T is the largest over the directions.

A right claim may be off by relative · |g_i| in each component. The signs have been drawn without knowing the claim, so
by Hoeffding's inequality (1963, theorem 2) |S| then exceeds K · relative · ‖s∘g‖₂ with probability 2·exp(−K²/2) at
most.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradverify.core.judge import Code
from gradverify.core.problem import Tolerance

# K above: a right claim is failed with probability 2·exp(−32) = 3e-14 a direction at most.
FAIL_DEVIATIONS = 8.0
# A claim that is off by half its tolerance in every component, one way or the other, stays below this with probability
# 1 − 2·exp(−8).
PASS_DEVIATIONS = 2.0


@dataclass(frozen=True, slots=True)
class Projection:
    """One direction's comparison.

    claimed: g · v.  value: the reference's slope along v, with `bound` on its error.  round_off: what the claim's own
    round-off may do to g · v.  norm: ‖v∘g‖₂.  reach: ‖v‖₂.  total: ‖v∘g‖₁.
    """

    claimed: float
    value: float
    bound: float
    round_off: float
    norm: float
    reach: float
    total: float

    @property
    def gap(self) -> float:
        """|claimed − value|."""
        return abs(self.claimed - self.value)

    @property
    def unseen(self) -> float:
        """T: faults that add up to no more than this along the direction are not ruled out; infinite if all are."""
        t = self.gap + self.bound + self.round_off
        return t if np.isfinite(t) else np.inf

    @property
    def suspicious(self) -> bool:
        """Whether there is a difference that neither bound nor round-off explains."""
        return bool(self.gap > self.bound + self.round_off) or not np.isfinite(self.claimed)


def judge_projection(p: Projection, tolerance: Tolerance) -> Code:
    """Pass, fail or inconclusive for one direction. Written so that NaN does not pass."""
    if not (np.isfinite(p.value) and np.isfinite(p.bound)):
        return Code.INCONCLUSIVE
    if not np.isfinite(p.claimed):
        return Code.FAIL
    if p.unseen <= PASS_DEVIATIONS * tolerance.relative * p.norm:
        return Code.PASS
    # No component can be off by more than its tolerance and all of them add up: the sum of all is a limit as well.
    allowed = tolerance.relative * min(FAIL_DEVIATIONS * p.norm, p.total)
    allowed += tolerance.absolute * FAIL_DEVIATIONS * p.reach
    if p.gap > allowed + p.bound + p.round_off:
        return Code.FAIL
    return Code.INCONCLUSIVE
