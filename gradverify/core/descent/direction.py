"""Is −g a way down? A wrong gradient that still descends, and one that does not, told apart on the descent's path."""

from __future__ import annotations

import enum
from dataclasses import dataclass

import numpy as np

from gradverify.core.arrays import Array, Matrix, Vector
from gradverify.core.descent.run import Trajectory
from gradverify.core.verify import show_point

SAMPLED = 6  # iterates of a descent at which the claimed gradient is looked at
# Iterates further out than this many times the start are left out: there f is mostly round-off and overflow.
NEAR = 1e3


class Way(enum.StrEnum):
    """How the claimed gradient stands to f's own on the path."""

    RIGHT = "right"
    WRONG_BUT_DOWN = "wrong-but-descends"
    WRONG_NOT_DOWN = "wrong-and-does-not-descend"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Heading:
    """What the sampled iterates show. angle: the largest between claim and true gradient that was met, in degrees.

    iteration, at: where the claim is wrong first, or where −g does not lead down.
    """

    way: Way
    angle: float | None = None
    iteration: int = 0
    at: tuple[float, ...] = ()

    @property
    def wrong(self) -> bool:
        """Whether the claim is wrong somewhere on the path."""
        return self.way in (Way.WRONG_BUT_DOWN, Way.WRONG_NOT_DOWN)

    def words(self) -> str:
        """A sentence on a wrong gradient's way; empty where it is right, or nothing is known."""
        where = f"iterate {self.iteration}" if self.iteration else "the start"
        where += f", {show_point(np.array(self.at))}"
        match self.way:
            case Way.WRONG_BUT_DOWN:
                off = f"up to {self.angle:.3g}° off, " if self.angle is not None and self.angle >= 0.05 else ""
                return (
                    f"the claimed gradient is wrong (at {where}) but still descends: {off}−g leads down wherever"
                    " it was looked at"
                )
            case Way.WRONG_NOT_DOWN:
                off = f", {self.angle:.3g}° from f's own" if self.angle is not None else ""
                return f"the claimed gradient is wrong and does not descend: at {where}, −g does not lead down{off}"
            case _:
                return ""


def sampled(trajectory: Trajectory) -> Array:
    """Positions in `trajectory.points` of a few iterates to look at, from first to last of those that are usable."""
    start = max(1.0, float(np.max(np.abs(trajectory.points[0]), initial=0.0)))
    with np.errstate(all="ignore"):
        usable = np.isfinite(trajectory.gradients).all(axis=1) & np.isfinite(trajectory.points).all(axis=1)
        usable &= np.max(np.abs(trajectory.points), axis=1, initial=0.0) <= NEAR * start
        usable &= np.isfinite(trajectory.values[trajectory.kept])
    places = np.flatnonzero(usable)
    if places.size <= SAMPLED:
        return places
    picks = np.unique(np.round(np.geomspace(1, places.size, SAMPLED)).astype(int) - 1)
    out: Array = places[picks]
    return out


def heading(
    iterations: Array, points: Matrix, claimed: Matrix, reference: Matrix, bound: Matrix, wrong: Array
) -> Heading:
    """How the claim heads at some iterates. claimed, reference, bound: (k, n); wrong: (k,), where it is wrong."""
    with np.errstate(all="ignore"):
        downhill = np.einsum("ij,ij->i", claimed, reference)
        doubt = np.einsum("ij,ij->i", np.abs(claimed), bound)
        known = np.isfinite(downhill) & np.isfinite(doubt)
        sizes = np.linalg.norm(claimed, axis=1) * np.linalg.norm(reference, axis=1)
        angles = np.degrees(np.arccos(np.clip(downhill / sizes, -1.0, 1.0)))
    if not wrong.any():
        return Heading(Way.RIGHT if known.any() else Way.UNKNOWN)
    largest = float(np.nanmax(angles)) if np.isfinite(angles).any() else None
    # Where g is 0 and f's gradient is not, there is no way at all.
    stuck = known & wrong & (downhill + doubt <= 0)
    if stuck.any():
        row = int(np.flatnonzero(stuck)[0])
        angle = float(angles[row]) if np.isfinite(angles[row]) else None
        return Heading(Way.WRONG_NOT_DOWN, angle, int(iterations[row]), _tuple(points[row]))
    row = int(np.flatnonzero(wrong)[0])
    if (known & (downhill - doubt > 0)).all():
        return Heading(Way.WRONG_BUT_DOWN, largest, int(iterations[row]), _tuple(points[row]))
    return Heading(Way.UNKNOWN, largest, int(iterations[row]), _tuple(points[row]))


def _tuple(point: Vector) -> tuple[float, ...]:
    return tuple(float(v) for v in point)
