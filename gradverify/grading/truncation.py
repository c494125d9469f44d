"""Has an answer the error that a difference quotient of f makes, at every point, with one and the same step?

A central difference is off by h²/6 times f's third derivative, a forward one by h/2 times its second (Nocedal & Wright
2006, section 8.1). The step is fitted at one value of a component; the quotient itself, and not only its leading term,
then has to foretell the errors at all the others. Where a factor or a constant foretells them as well (every quotient
of `exp` is a multiple of it), nobody is accused.

An error alone may have another cause: `1/(x + 1e-8)` is as far from 1/x as a forward difference of `log` with step
2e-8. So the answers have to scatter as well when x moves in its last places, by about f's round-off over that step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gradverify.core.arrays import Array, Mask, Matrix, Vector
from gradverify.core.problem import Derivative, Function
from gradverify.grading.nudges import EPSILON, UNITS, nudged, scattered
from gradverify.grading.stencils import SCHEMES, Scheme
from gradverify.grading.suspect import Suspect

FEWEST = 5  # values of a component at which a step has to foretell the error
WANTED = 12  # points: what the student has, and further ones that are the same for everybody
SIGNIFICANT = 30.0  # units of round-off, of the value and of f's over the step, from which an error is one
ABOVE_BOUND = 10.0  # how far above the reference's own bound an error has to stand
LARGEST = 1e-2  # relative: larger errors are mistakes, which are diagnosed
MATCH = 0.02  # of the foretold error
ROUND_OFF = 8.0  # units of f's round-off, divided by the step, that a quotient may be off by
RIVAL = 0.2  # of the errors' size: what a factor and a constant together leave unexplained, at the least
SCATTER = (0.03, 10.0)  # of f's round-off over the step: how much a quotient of that step scatters (0.2 is usual)
CLEARLY = 30.0  # units of round-off of the value itself that this has to be, to be told from a formula's own scatter
NUDGED = 6  # points at which it is looked for
FEWEST_NUDGED = 3
MOSTLY = 0.75
FIRST_TRY = 1e-3
REFINED = 5
LARGEST_STEP = 0.5


def truncation(suspect: Suspect) -> str | None:
    """The components whose errors are a difference quotient's, in words; None where there are none."""
    problem = suspect.bench.problem
    if problem.derivative is not Derivative.GRADIENT or suspect.bench.primary not in suspect.bench.exact:
        return None
    first = _Errors.at(suspect, suspect.points, suspect.values.values)
    if first is None or not first.columns(3):
        return None
    errors = _with_more(suspect, first)
    found = [
        (index, step)
        for index in errors.columns(FEWEST)
        if (step := _step(suspect, errors, index)) is not None and _scatters(suspect, errors, index, step[0], step[1])
    ]
    if not found:
        return None
    _, (scheme, h, count) = found[0]
    names = [problem.variables.component_name(index) for index, _ in found]
    told = ", ".join(f"∂f/∂{name}" for name in names[:3]) + (", …" if len(names) > 3 else "")
    return (
        f"{told}: the errors are those of a {scheme.name} difference of f with step {h:.2g}, at all {count} points"
        " where they can be seen; neither a factor nor a constant has them, and when x moves in its last places the"
        " answers jump as f's round-off divided by that step does"
    )


@dataclass(frozen=True)
class _Errors:
    """What is wrong with values that are right to the tolerance: all (k, c), but the points (k, n)."""

    points: Matrix
    values: Matrix
    right: Matrix
    bound: Matrix

    @classmethod
    def at(cls, suspect: Suspect, points: Matrix, values: Array) -> _Errors | None:
        known = suspect.bench.references(points) if points.shape[0] else None
        if known is None:
            return None
        flat = values.reshape(known[0].shape)
        return cls(points, flat, known[0], known[1])

    @property
    def gap(self) -> Matrix:
        """Signed errors."""
        out: Matrix = self.values - self.right
        return out

    @property
    def seen(self) -> Mask:
        """Where there is an error beyond all round-off, and a small one."""
        with np.errstate(all="ignore"):
            gap, size = np.abs(self.gap), np.abs(self.right)
            out: Mask = (
                np.isfinite(gap)
                & (gap > SIGNIFICANT * EPSILON * size)
                & (gap > ABOVE_BOUND * self.bound)
                & (gap <= LARGEST * np.max(size, axis=0, where=np.isfinite(size), initial=0.0))
            )
        return out

    def columns(self, fewest: int) -> Sequence[int]:
        """Components with that many errors."""
        found: list[int] = np.flatnonzero(np.count_nonzero(self.seen, axis=0) >= fewest).tolist()
        return found


def _with_more(suspect: Suspect, first: _Errors) -> _Errors:
    pool = suspect.bench.pool
    more = WANTED - first.points.shape[0]
    if pool is None or more <= 0:
        return first
    points = pool.points[:more]
    known = _Errors.at(suspect, points, suspect.claim.evaluate(points).values)
    if known is None or suspect.claim.seat.exhausted:
        return first
    return _Errors(
        np.concatenate([first.points, known.points]), np.concatenate([first.values, known.values]),
        np.concatenate([first.right, known.right]), np.concatenate([first.bound, known.bound]),
    )  # fmt: skip


def _step(suspect: Suspect, errors: _Errors, index: int) -> tuple[Scheme, float, int] | None:
    """The scheme and step that foretell all errors of a component, and at how many points they can be seen."""
    function = suspect.bench.problem.function
    usable = np.isfinite(errors.gap[:, index])
    points, gap, right = errors.points[usable], errors.gap[usable, index], errors.right[usable, index]
    if _is_plain(gap, right, errors.seen[usable, index]):
        return None
    largest = int(np.argmax(np.where(errors.seen[usable, index], np.abs(gap), 0.0)))
    for scheme in SCHEMES:
        h = _fitted(scheme, function, points[[largest]], index, (gap[largest], right[largest]))
        if h is None:
            continue
        slopes, unit = scheme.slopes(function, points, index, h)
        with np.errstate(all="ignore"):
            own = slopes - right
            slack = MATCH * np.abs(own) + ROUND_OFF * (unit + EPSILON * np.abs(right))
            near = np.abs(gap - own) <= slack
            telling = np.abs(own) > SIGNIFICANT * unit
        if near.all() and np.count_nonzero(telling) >= FEWEST:
            return scheme, h, int(np.count_nonzero(telling))
    return None


def _scatters(suspect: Suspect, errors: _Errors, index: int, scheme: Scheme, h: float) -> bool:
    """Whether the answers jump when x moves in its last places, by as much as a quotient with this step does."""
    bench = suspect.bench
    _, unit = scheme.slopes(bench.problem.function, errors.points, index, h)
    own = EPSILON * np.abs(errors.right[:, index])
    # The spec's f may have an offset, or cancel, where the student's own does not: what is left is x + h's rounding.
    least = np.minimum(unit, own * np.abs(errors.points[:, index]) / h)
    with np.errstate(all="ignore"):
        ratio = unit / np.maximum(own, np.finfo(np.float64).tiny)
    clear = np.flatnonzero(np.isfinite(ratio) & (SCATTER[0] * ratio > CLEARLY))
    rows = clear[np.argsort(-ratio[clear])][:NUDGED]
    if rows.size < FEWEST_NUDGED:
        return False
    lines = np.concatenate([nudged(errors.points[row], bench) for row in rows])
    known = bench.references(lines)
    if known is None:
        return False
    claimed = suspect.claim.evaluate(lines).values.reshape(known[0].shape)
    if suspect.claim.seat.exhausted:
        return False
    error = (claimed - known[0])[:, index].reshape((rows.size, UNITS.size, 1))
    with np.errstate(all="ignore"):
        seen = scattered(error)[:, 0]
        as_foretold = (
            (seen >= SCATTER[0] * least[rows]) & (seen > CLEARLY * own[rows]) & (seen <= SCATTER[1] * unit[rows])
        )
    return bool(np.count_nonzero(as_foretold) >= MOSTLY * rows.size)


def _fitted(scheme: Scheme, function: Function, point: Matrix, index: int, at: tuple[float, float]) -> float | None:
    """The step whose error at one point, where the derivative is at[1], is at[0]."""
    (gap, right), h = at, FIRST_TRY
    for _ in range(REFINED):
        slopes, _ = scheme.slopes(function, point, index, h)
        own = float(slopes[0]) - right
        ratio = gap / own if own != 0 else float("nan")
        if not 0 < ratio < float("inf"):
            return None
        h *= ratio ** (1 / scheme.order)
        if not 0 < h <= LARGEST_STEP:
            return None
    return float(h)


def _is_plain(gap: Vector, right: Vector, seen: Mask) -> bool:
    """Whether a factor and a constant together account for the errors, as far as they can be seen."""
    if np.count_nonzero(seen) < FEWEST:
        return True
    terms = np.stack([right[seen], np.ones(np.count_nonzero(seen))], axis=1)
    terms /= np.max(np.abs(terms), axis=0) + np.finfo(np.float64).tiny
    with np.errstate(all="ignore"):
        left = gap[seen] - terms @ (np.linalg.pinv(terms) @ gap[seen])
    return not float(np.max(np.abs(left))) > RIVAL * float(np.max(np.abs(gap[seen])))
