"""The traced derivative at points, with a bound on its round-off and what becomes of it where branches meet."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from gradverify.plugin import Array, Derivative, Domain, Mask, Matrix, Tensor
from gradverify_autodiff.derivatives import RowFunction, differentiate
from gradverify_autodiff.tape import Noise, passes

# Noisy copies a point. The noise is about twice as large as the largest rounding errors; where one rounding makes the
# whole error, SAFETY times the largest deviation always covers it, where several cancel, in 999 cases of 1,000.
COPIES = 5
SAFETY = 6.0
# What the noise cannot show: the error of the functions themselves, of which NumPy promises 4 units in the last place
# and gammaln and erf keep some 10 (measured), as a multiple of epsilon.
UNITS = 16.0
SMALLEST = 2.0**-1022  # below the smallest normal number relative errors are not bounded

# Beside a point with a tie: two distances, whose ratio tells a jump of the slope from curvature; how many directions.
NEAR, NEARER = 2.0**-26, 2.0**-36
DIRECTIONS = 4
AT_ONCE = 4_000_000  # numbers in the input of one pass, so that memory stays within some hundred MB


Sides = tuple[Tensor, Tensor]  # values and derivatives


@dataclass(frozen=True, slots=True)
class Measured:
    """k points: values (k, …), derivatives and bounds (k, *derivative's shape), infinite where nothing is known.

    tied: where a branch is decided by equality, shape (k,).
    """

    values: Tensor
    derivatives: Tensor
    bounds: Tensor
    tied: Mask
    evaluations: int


class Tracer(Protocol):
    """Traces a function at points of shape (k, n)."""

    def noisy(self, points: Matrix, derivative: Derivative, strong_zeros: bool) -> tuple[Tensor, Tensor, Tensor, Mask]:
        """Values, derivatives, how far COPIES noisy copies deviate at most, and where ties decide branches."""

    def plain(self, points: Matrix, derivative: Derivative) -> Sides:
        """Values and derivatives, with zeros of untaken branches kept as zeros."""


def spread(clean: Tensor, copies: Tensor) -> Tensor:
    """The largest deviation of `copies`, shape (c, …), from `clean`."""
    deviation: Tensor = np.maximum.reduce(np.abs(copies - clean))
    return deviation


def _shaken(points: Matrix, noise: Noise, domain: Domain) -> Matrix:
    """`points` moved by round-off, but for components that would leave the domain. Shape (k, n)."""
    return kept_inside(noise(points), points, domain)


def kept_inside(moved: Matrix, points: Matrix, domain: Domain) -> Matrix:
    """`moved`, with the components of `points` where it has left the domain. Shapes (k, n)."""
    if domain is Domain.everywhere(points.shape[1]) and np.isfinite(moved).all():
        return moved
    shaken: Matrix = np.where(domain.contains(moved), moved, points)
    return shaken


@dataclass(frozen=True, slots=True)
class RowTracer:
    """For functions that take all points at once: clean and noisy copies are rows of one pass."""

    function: RowFunction
    domain: Domain
    epsilon: float
    generator: np.random.Generator

    def noisy(self, points: Matrix, derivative: Derivative, strong_zeros: bool) -> tuple[Tensor, Tensor, Tensor, Mask]:
        """Values, derivatives, spreads and ties, as `Tracer` says."""
        k = points.shape[0]
        rows = np.tile(points, (COPIES + 1, 1))
        noise = Noise(self.epsilon, self.generator, k, rows.shape[0])
        rows = _shaken(rows, noise, self.domain)
        ties = np.zeros(k, dtype=np.bool_)
        with passes(noise=noise, ties=ties, clean=k, strong_zeros=strong_zeros):
            values, found = differentiate(self.function, rows, derivative)
        copies = found.reshape((COPIES + 1, k, *found.shape[1:]))
        return values[:k], copies[0], spread(copies[0], copies[1:]), ties

    def plain(self, points: Matrix, derivative: Derivative) -> Sides:
        """Values and derivatives, as `Tracer` says."""
        with passes(strong_zeros=True):
            return differentiate(self.function, points, derivative)


@dataclass(frozen=True, slots=True)
class PointTracer:
    """For callables, which take one point at a time: every copy is a call."""

    function: RowFunction
    domain: Domain
    epsilon: float
    generator: np.random.Generator

    def noisy(self, points: Matrix, derivative: Derivative, strong_zeros: bool) -> tuple[Tensor, Tensor, Tensor, Mask]:
        """Values, derivatives, spreads and ties, as `Tracer` says."""
        values, clean, spreads, tied = [], [], [], []
        for point in points:
            ties = np.zeros(1, dtype=np.bool_)
            with passes(ties=ties, clean=1, strong_zeros=strong_zeros):
                value, found = differentiate(self.function, point[None], derivative)
            copies = []
            for _ in range(COPIES):
                noise = Noise(self.epsilon, self.generator)
                with passes(noise=noise, strong_zeros=strong_zeros):
                    moved = _shaken(point[None], noise, self.domain)
                    copies.append(differentiate(self.function, moved, derivative)[1][0])
            values.append(np.asarray(value)[0])
            clean.append(found[0])
            spreads.append(spread(found[0], np.stack(copies)))
            tied.append(ties[0])
        return np.stack(values), np.stack(clean), np.stack(spreads), np.array(tied, dtype=np.bool_)

    def plain(self, points: Matrix, derivative: Derivative) -> Sides:
        """Values and derivatives, as `Tracer` says."""
        with passes(strong_zeros=True):
            found = [differentiate(self.function, point[None], derivative) for point in points]
        return np.concatenate([np.asarray(value) for value, _ in found]), np.concatenate([d for _, d in found])


def measure(tracer: Tracer, points: Matrix, derivative: Derivative, domain: Domain, epsilon: float) -> Measured:
    """The derivative at `points`, shape (k, n); its bound is infinite where nothing can be said."""
    step = max(1, AT_ONCE // ((COPIES + 1) * max(1, points.shape[1])))
    parts = [_measure(tracer, points[i : i + step], derivative, epsilon) for i in range(0, points.shape[0], step)]
    joined = (
        parts[0]
        if len(parts) == 1
        else Measured(
            values=np.concatenate([part.values for part in parts]),
            derivatives=np.concatenate([part.derivatives for part in parts]),
            bounds=np.concatenate([part.bounds for part in parts]),
            tied=np.concatenate([part.tied for part in parts]),
            evaluations=sum(part.evaluations for part in parts),
        )
    )
    return _settled(tracer, points, derivative, domain, epsilon, joined)


def _measure(
    tracer: Tracer, points: Matrix, derivative: Derivative, epsilon: float, strong_zeros: bool = False
) -> Measured:
    with np.errstate(all="ignore"):
        values, found, spread, ties = tracer.noisy(points, derivative, strong_zeros)
        bounds = SAFETY * spread + UNITS * epsilon * np.abs(found) + SMALLEST
    return Measured(values, found, bounds, ties, points.shape[0] * (COPIES + 1))


def _settled(
    tracer: Tracer, points: Matrix, derivative: Derivative, domain: Domain, epsilon: float, measured: Measured
) -> Measured:
    """Look around each point with ties or non-finite numbers: a derivative that is continuous there holds."""
    if not measured.tied.any() and np.isfinite(measured.bounds).all():  # of what is not finite no bound is
        return measured
    k = points.shape[0]
    lost = ~(np.isfinite(measured.derivatives) & np.isfinite(measured.bounds)).reshape((k, -1)).all(axis=1)
    sound = np.isfinite(measured.values).reshape((k, -1)).all(axis=1)
    rows = np.flatnonzero((measured.tied | lost) & sound)
    if rows.size == 0:
        return measured
    found, bounds = measured.derivatives.copy(), measured.bounds.copy()
    generator = np.random.default_rng(0)
    evaluations = measured.evaluations
    for row in rows:
        neighbours = _neighbours(points[row], generator)
        if not np.all(domain.contains(neighbours)):  # nothing is known of f there
            bounds[row] = np.inf if measured.tied[row] else bounds[row]
            continue
        evaluations += neighbours.shape[0] + COPIES + 1
        centre, near, nearer = _around(tracer, points[row], neighbours, derivative)
        beside = _measure(tracer, neighbours[2:3], derivative, epsilon, strong_zeros=True).bounds[0]
        with np.errstate(all="ignore"):
            # The noisy copies at the point itself fall on either side of the branch; those beside it do not.
            noise = np.fmin(bounds[row], beside)
            # A jump stays as large at either distance; what comes of curvature falls with the distance.
            moved, moved_less = _largest(near[1] - centre[1]), _largest(nearer[1] - centre[1])
            smooth = moved_less <= moved / 4 + 4 * noise
            jumped, jumped_less = _largest(near[0] - centre[0]), _largest(nearer[0] - centre[0])
            continuous = jumped_less <= jumped / 4 + UNITS * epsilon * np.abs(centre[0])
            smooth &= continuous.reshape(continuous.shape + (1,) * (smooth.ndim - continuous.ndim))
        # Where nothing branches, only the components that came out as NaN are in question.
        asked = np.ones_like(smooth) if measured.tied[row] else ~np.isfinite(found[row] + bounds[row])
        found[row] = np.where(asked, np.where(smooth, centre[1], np.nan), found[row])
        bounds[row] = np.where(asked, np.where(smooth, noise + 2 * moved_less, np.inf), bounds[row])
    return replace(measured, derivatives=found, bounds=bounds, evaluations=evaluations)


def _neighbours(point: Array, generator: np.random.Generator) -> Matrix:
    """`point` ± NEAR and ± NEARER along DIRECTIONS random directions, four rows each."""
    scale = np.where(point != 0, np.abs(point), 1.0)
    shape = (DIRECTIONS, point.size)
    directions = scale * generator.uniform(0.5, 1.0, shape) * generator.choice((-1.0, 1.0), shape)
    steps = np.array([NEAR, -NEAR, NEARER, -NEARER])
    found: Matrix = (point + steps[:, None] * directions[:, None, :]).reshape((-1, point.size))
    return found


def _around(tracer: Tracer, point: Array, neighbours: Matrix, derivative: Derivative) -> tuple[Sides, Sides, Sides]:
    """Values and derivatives at `point` (…), and at the neighbours NEAR it and at those NEARER (2·DIRECTIONS, …)."""
    found = tracer.plain(np.concatenate([point[None], neighbours]), derivative)
    near = np.arange(1, neighbours.shape[0] + 1).reshape((DIRECTIONS, 4))[:, :2].ravel()
    values, derivatives = found
    return (
        (values[0], derivatives[0]),
        (values[near], derivatives[near]),
        (values[near + 2], derivatives[near + 2]),
    )


def _largest(deviations: Tensor) -> Tensor:
    """The largest magnitude over the first axis; NaN where any is."""
    largest: Tensor = np.max(np.abs(deviations), axis=0)
    return largest
