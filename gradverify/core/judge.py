"""The rule that turns a claimed value, a reference and its error bound into a verdict, component by component.

With gap = |claimed − reference|, b the bound on the reference's error, r the claim's own round-off and
tol = relative · |reference|:

    pass          gap + b ≤ tol + min(r, CLAIM_ROUND_OFF_CAP · tol)
    fail          gap > tol + absolute + b + r
    excused       not a fail only because of `absolute`: it is no failure, and it certifies nothing
    inconclusive  everything between

The exact gap lies within b + r of the measured one, so a pass certifies a fault of at most
(1 + CLAIM_ROUND_OFF_CAP) · tol and a fail certifies one of more than tol. Every comparison is written so that NaN falls
on the side that does not pass.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

import numpy as np

from gradverify.core.arrays import Array, Mask, Vector
from gradverify.core.estimates import Kink
from gradverify.core.problem import Tolerance

# A claim whose own round-off is far above the tolerance cannot be certified by looking at its values; up to this
# multiple of the tolerance its round-off is allowed for in full.
CLAIM_ROUND_OFF_CAP = 9.0

# Differences below this many units of round-off of the component's own size nearby are round-off, not a fault: a sum
# of a few dozen terms of that size cannot be computed more exactly (Higham 2002, section 4.2: n·eps for n terms).
ROUND_OFF_UNITS = 64.0


SMALLEST = 1e-290  # below this a bound is the underflow of one that is 0


class Code(enum.IntEnum):
    """The verdict on one component at one point, from one backend."""

    PASS = 0
    FAIL = 1
    INCONCLUSIVE = 2
    EXCUSED = 3
    SKIPPED = 4


# The same as plain integers: NumPy compares an array with one in a fifth of the time that it takes with a `Code`.
PASS, FAIL, INCONCLUSIVE, EXCUSED, SKIPPED = map(int, Code)


@dataclass(frozen=True, slots=True)
class Scales:
    """What is known about the size of the claim's components. Both have shape (c,).

    round_off: how far the claim's own round-off moves it.  nearby: its largest magnitude near the point.  beside: where
    the claim ends to be 0 at the point, its size very close by, on the other side; 0 elsewhere.
    """

    round_off: Vector
    nearby: Vector
    beside: Vector | float = 0.0


def tolerances(reference: Array, tolerance: Tolerance) -> Vector:
    """The tolerance of each component on its own scale, without `absolute`; NaN where there is no reference."""
    return tolerance.relative * np.abs(reference)


def judge(claimed: Vector, reference: Vector, bound: Vector, tolerance: Tolerance) -> Array:
    """Judge as if the claim had no round-off of its own: codes of shape (c,), or (k, c) for k points.

    A component that comes out as anything but PASS is to be judged again by `judge_with_scales`.
    """
    with np.errstate(all="ignore"):
        gap = np.abs(claimed - reference)
        tol = tolerances(reference, tolerance)
        passes = gap + bound <= tol
        known = np.isfinite(reference) & np.isfinite(bound)
        if (passes & known & np.isfinite(claimed)).all():  # most claims are right
            return np.zeros(np.shape(gap), dtype=np.int8)
        fails = gap > tol + tolerance.absolute + bound
        # A claim that is not finite where the reference is: wrong, whatever the bounds.
        fails = (fails & known) | (~np.isfinite(claimed) & known)
        excused = known & np.isfinite(claimed) & ~passes & ~fails & (gap > tol + bound)
    codes: Array = np.full(np.shape(gap), Code.INCONCLUSIVE, dtype=np.int8)
    codes[excused] = Code.EXCUSED
    codes[passes & known & np.isfinite(claimed)] = Code.PASS
    codes[fails] = Code.FAIL
    return codes


def judge_with_scales(
    claimed: Vector,
    reference: Vector,
    bound: Vector,
    tolerance: Tolerance,
    scales: Scales,
    epsilon: float,
    negligible: Vector | float = 0.0,
) -> Array:
    """Judge with the claim's round-off and the component's size nearby taken into account. Codes of shape (c,).

    Near a zero of the gradient nothing relative to the component's value can be certified. There the component's size
    nearby is its own scale: a reference that agrees within its bound, with a bound within the tolerance on that scale,
    passes; a gap within ROUND_OFF_UNITS units of round-off on that scale is not a fault.
    """
    with np.errstate(all="ignore"):
        gap = np.abs(claimed - reference)
        tol = tolerances(reference, tolerance)
        round_off = np.where(np.isfinite(scales.round_off), scales.round_off, 0.0)
        nearby = np.where(np.isfinite(scales.nearby), scales.nearby, 0.0)
        slack = np.maximum(round_off, ROUND_OFF_UNITS * epsilon * nearby)
        known = np.isfinite(reference) & np.isfinite(bound)
        finite = np.isfinite(claimed)
        passes = gap + bound <= tol + np.minimum(round_off, CLAIM_ROUND_OFF_CAP * tol)
        at_a_zero = (gap <= bound + slack) & (bound + slack <= tolerance.relative * nearby)
        # A component that is 0 everywhere has no size: 0 is right where the bound is negligible (see the caller).
        nothing = (claimed == 0) & (gap <= bound) & (bound <= np.maximum(negligible, SMALLEST))
        # At the end of a flat part the reference may be off from 0 by a millionth of what is a ten-thousandth away.
        at_an_end = (claimed == 0) & (gap + bound <= tolerance.relative * scales.beside)
        fails = (gap > tol + tolerance.absolute + bound + slack) & ~at_an_end
        excused = known & finite & ~fails & (gap > tol + bound + slack)
    codes: Array = np.full(np.shape(gap), Code.INCONCLUSIVE, dtype=np.int8)
    codes[excused] = Code.EXCUSED
    codes[(passes | at_a_zero | nothing | at_an_end) & known & finite] = Code.PASS
    codes[(fails & known) | (~finite & known)] = Code.FAIL
    return codes


def by_itself(claimed: Array, reference: Array, bound: Array, tolerance: Tolerance, round_off: Vector) -> Mask:
    """Where a component passes on its own value's scale, and not only on that of its size nearby; shape (c,)."""
    with np.errstate(all="ignore"):
        tol = tolerances(reference, tolerance)
        own = np.where(np.isfinite(round_off), round_off, 0.0)
        mask: Mask = np.abs(claimed - reference) + bound <= tol + np.minimum(own, CLAIM_ROUND_OFF_CAP * tol)
    return mask


def within(value: float, low: float, high: float, slack: float) -> bool:
    """Whether `value` lies in [low − slack, high + slack]; False for NaN."""
    return low - slack <= value <= high + slack


def judge_kink(claimed: float, kink: Kink, tolerance: Tolerance) -> Code:
    """Whether a claimed component lies in the interval between the one-sided slopes (Clarke 1983, section 2.1).

    The slopes' own bound is allowed for at the interval's ends up to CLAIM_ROUND_OFF_CAP times the tolerance. Where it
    is wider, only a claim that is surely inside passes.
    """
    low, high = min(kink.left, kink.right), max(kink.left, kink.right)
    tol = tolerance.relative * max(abs(low), abs(high))
    if not np.isfinite(claimed):
        return Code.FAIL
    certain = tol + kink.bound if kink.bound <= CLAIM_ROUND_OFF_CAP * tol else tol - kink.bound
    if within(claimed, low, high, certain):
        return Code.PASS
    if within(claimed, low, high, tol + kink.bound) or not np.isfinite([low, high, kink.bound]).all():
        return Code.INCONCLUSIVE
    return Code.EXCUSED if within(claimed, low, high, tol + kink.bound + tolerance.absolute) else Code.FAIL
