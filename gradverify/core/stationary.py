"""Is ∇f = 0 at a point, and is the point a minimum, a maximum or a saddle? By the Hessian's eigenvalues.

A point written with a few digits is as good as the tolerance: it is stationary where every component of ∇f is at most
the relative tolerance of its own size nearby, and surely not where one is more by more than its error bound. An
`absolute` tolerance excuses what is larger, and certifies nothing. A coordinate with `WRITTEN_DIGITS` decimals may
be a rounded one, or one cut short: the point is stationary as it is written where the Newton step leads to one that
would be written so.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np

from gradverify.core.arrays import Array, Mask, Matrix, Vector
from gradverify.core.eigen import Spectrum, newton_step, spectrum
from gradverify.core.examine import NEARBY, typical_lengths
from gradverify.core.problem import Derivative, Function, Problem
from gradverify.core.reference import Reference, hessian_problem, jacobian_of_claim, joined, reference
from gradverify.core.verdicts import Evidence, Verdict
from gradverify.core.verify import Ask, show_point

AROUND = 4  # points around each at which the gradient's size is looked at
CURVED = 2  # of these, where the Hessian's size is looked at as well
MOST_VARIABLES = 300  # beyond, a Hessian has more entries than anybody estimates
NEARBY_ENOUGH = 1e-2  # relative bound of a size nearby: it is a scale, nothing more
# Decimals, and significant digits, from which on a coordinate is taken for a rounded one. Textbooks print three to
# eight (0.707, 0.0898); with fewer a number is more likely meant as it stands (0.5, 0.25).
WRITTEN_DIGITS = 3
CUT_SHORT = 0.9  # of a unit of the last digit: cut off at most that, so that 0.999 is not 1
# An eigenvalue of at most this many units of round-off for each row, relative to the largest, is 0 as far as any exact
# method can tell.
ROUND_OFF_UNITS = 64.0


class Kind(enum.StrEnum):
    """What a stationary point is, by the signs of the Hessian's eigenvalues."""

    MINIMUM = "minimum"
    MAXIMUM = "maximum"
    SADDLE = "saddle"
    DEGENERATE = "degenerate"  # the bounds do not separate an eigenvalue from 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stationary:
    """What was found at one point. norm, norm_bound: of ∇f; scale: the size of each component nearby, shape (n,).

    newton: the Newton step −H⁻¹∇f, shape (n,), where the Hessian is surely regular.
    """

    verdict: Verdict
    reason: str | None
    kind: Kind | None = None
    evidence: Evidence | None = None
    gradient: Vector
    bound: Vector
    norm: float
    norm_bound: float
    scale: Vector
    spectrum: Spectrum | None = None
    newton: Vector | None = None


@dataclass(frozen=True, slots=True)
class Looked:
    """The findings, one a point, and what they cost in evaluations of f."""

    points: tuple[Stationary, ...]
    evaluations: int


def stationary_points(
    problem: Problem,
    points: Matrix,
    expected: Sequence[Kind | None],
    backends: Sequence[str],
    ask: Ask,
    listed: Matrix,
    claim: Function | None = None,
) -> Looked:
    """Look at `points`, shape (k, n), each expected to be of a kind, or of any.

    listed: the spec's points, shape (m, n): they tell the variables' sizes where a point has zeros.
    claim: a claimed gradient that was found right; where no backend has f's Hessian, its Jacobian is taken.
    """
    k, n = points.shape
    bare = _gradient_problem(problem)
    around = _around(problem, points, listed)
    near = reference(bare, around.reshape((-1, n)), backends, ask, enough=NEARBY_ENOUGH)
    with np.errstate(all="ignore"):
        sizes = np.abs(near.value) - near.bound
    scales = np.where(np.isfinite(sizes) & (sizes > 0), sizes, 0.0).reshape((k, AROUND, n)).max(axis=1)
    at = reference(bare, points, backends, ask, sizes=scales)
    evaluations = at.evaluations + near.evaluations
    unseen = _unseen(problem, points, around, at, near)
    bend: Reference | None = None
    flats: Reference | None = None
    if n <= MOST_VARIABLES:
        bend = reference(hessian_problem(problem), points, backends, ask)
        if claim is not None and not all(bend.known(row) for row in range(k)):
            along = reference(jacobian_of_claim(claim, problem), points, backends, ask)
            evaluations += along.evaluations
            bend = bend if along.nobody is not None else joined(bend, along)
        near_points = around[:, :CURVED].reshape((-1, n))
        flats = reference(hessian_problem(problem), near_points, backends, ask, enough=NEARBY_ENOUGH)
        evaluations += bend.evaluations + flats.evaluations
    found = []
    for row in range(k):
        curved = _spectrum(bend, row, n)
        size = curved.largest if curved is not None else 0.0
        if flats is not None:
            own = slice(row * CURVED, (row + 1) * CURVED)
            size = max(size, float(np.max(_sizes(flats.value[own], flats.bound[own]), initial=0.0)))
        hessian = bend.value[row].reshape((n, n)) if bend is not None and curved is not None else None
        unknown = f"{n} variables are too many for a Hessian" if bend is None else bend.why_unknown(row, points[row])
        found.append(
            _point(
                problem, points[row], at, row, scales[row], unseen[row], curved, hessian, size, expected[row], unknown
            )
        )
    return Looked(tuple(found), evaluations)


def _gradient_problem(problem: Problem) -> Problem:
    return replace(problem, derivative=Derivative.GRADIENT, claim=None, gradient_claim=None)


def _around(problem: Problem, points: Matrix, listed: Matrix) -> Array:
    """Points near each, inside the domain: shape (k, AROUND, n)."""
    k, n = points.shape
    size = np.where(points != 0, np.abs(points), typical_lengths(np.concatenate([listed, points]), problem))
    rng = np.random.default_rng((problem.seed, 3))
    moved = points[:, None, :] + NEARBY * size[:, None, :] * rng.uniform(-1.0, 1.0, size=(k, AROUND, n))
    inside: Array = np.where(
        problem.domain.contains(moved.reshape((-1, n))).reshape(moved.shape), moved, points[:, None]
    )
    return inside


def _unseen(problem: Problem, points: Matrix, around: Array, at: Reference, near: Reference) -> Mask:
    """Components that f does not visibly depend on, at the points and around them: shape (k, n).

    Their gradient is 0 within its bound everywhere, and that bound moves f by less than the tolerance of f's size when
    the variable moves by its own.
    """
    k, n = points.shape
    values = np.abs(problem.function.evaluate(around.reshape((-1, n))).values.reshape((k, AROUND)))
    size = np.max(np.abs(around), axis=1)
    with np.errstate(all="ignore"):
        zero = (np.abs(near.value) <= near.bound).reshape((k, AROUND, n)).all(axis=1) & (np.abs(at.value) <= at.bound)
        still = at.bound * size <= problem.tolerance.relative * np.max(values, axis=1, keepdims=True)
    out: Mask = zero & still
    return out


def _sizes(value: Matrix, bound: Matrix) -> Vector:
    """The norm of each row, less what its bound leaves open; 0 where it is not known."""
    with np.errstate(all="ignore"):
        size = np.linalg.norm(value, axis=1) - np.linalg.norm(bound, axis=1)
    out: Vector = np.where(np.isfinite(size) & (size > 0), size, 0.0)
    return out


def _spectrum(bend: Reference | None, row: int, n: int) -> Spectrum | None:
    if bend is None or not bend.known(row):
        return None
    return spectrum(bend.value[row].reshape((n, n)), bend.bound[row].reshape((n, n)))


def _point(
    problem: Problem,
    point: Vector,
    at: Reference,
    row: int,
    scale: Vector,
    unseen: Mask,
    curved: Spectrum | None,
    hessian: Matrix | None,
    size: float,
    expected: Kind | None,
    unknown: str,
) -> Stationary:
    gradient, bound = at.value[row], at.bound[row]
    if expected is Kind.DEGENERATE and curved is not None:  # what counts as 0 is then small beside the largest
        curved = replace(curved, scaled=None)
    with np.errstate(all="ignore"):
        norm, norm_bound = float(np.linalg.norm(gradient)), float(np.linalg.norm(bound))
    newton = _newton(hessian, curved, gradient)
    tolerance = problem.tolerance.relative * scale
    rounded = _rounded(point, newton, problem.tolerance.relative)
    kind = None if curved is None else kind_of(curved)
    if not at.known(row):
        verdict, reason = Verdict.INCONCLUSIVE, at.why_unknown(row, point)
    elif not rounded and (np.abs(gradient) > tolerance + problem.tolerance.absolute + bound).any():
        verdict, reason, kind = Verdict.FAIL, _not_stationary(point, norm, norm_bound, newton), None
    elif not rounded and (np.abs(gradient) > tolerance + bound).any():
        verdict = Verdict.INCONCLUSIVE
        told = _not_stationary(point, norm, norm_bound, newton)
        reason = f"{told}; that is only excused by the absolute tolerance, which certifies nothing"
    elif not (rounded or ((np.abs(gradient) + bound <= tolerance) | unseen).all()):
        verdict = Verdict.INCONCLUSIVE
        reason = f"‖∇f‖ = {norm:.3g} ± {norm_bound:.1g} at {show_point(point)}: too uncertain to say whether it is 0"
    elif expected is None:
        verdict, reason = Verdict.PASS, ""
    elif curved is None:
        verdict, reason = Verdict.INCONCLUSIVE, f"the Hessian is not known: {unknown}"
    else:
        verdict, reason = judge_kind(curved, expected, size, problem.tolerance.relative)
    if rounded and newton is not None and verdict is Verdict.PASS and (np.abs(gradient) > tolerance + bound).any():
        reason = f"stationary to the digits that are written: the stationary point is {_precisely(point + newton)}"
    return Stationary(
        verdict=verdict, reason=reason or None, kind=kind, evidence=at.evidence[row], gradient=gradient, bound=bound,
        norm=norm, norm_bound=norm_bound, scale=scale, spectrum=curved, newton=newton,
    )  # fmt: skip


def _newton(hessian: Matrix | None, curved: Spectrum | None, gradient: Vector) -> Vector | None:
    """The step to the stationary point of the quadratic model; None where the Hessian may be singular."""
    if hessian is None or curved is None or not np.isfinite(gradient).all():
        return None
    if curved.unsure.size:
        return None
    return newton_step(hessian, gradient)


def _rounded(point: Vector, newton: Vector | None, relative: float) -> bool:
    """Whether the Newton step leads to a point that would be written as this one, rounded or cut short."""
    if newton is None:
        return False
    units = np.array([_unit(float(x)) for x in point])
    cut = np.sign(point) * newton  # positive where the digits cut off would lead away from 0
    as_written = (np.abs(newton) <= 0.5 * units) | ((cut >= 0) & (cut <= CUT_SHORT * units))
    return bool((as_written | (np.abs(newton) <= relative * np.max(units))).all())


def _unit(x: float) -> float:
    """A unit of the last digit of the shortest decimal that is `x`; 0 for one of few digits, which may be exact."""
    _, digits, exponent = Decimal(repr(x)).normalize().as_tuple()
    if not isinstance(exponent, int) or -exponent < WRITTEN_DIGITS or len(digits) < WRITTEN_DIGITS:
        return 0.0
    return float(10.0**exponent)


def _not_stationary(point: Vector, norm: float, norm_bound: float, newton: Vector | None) -> str:
    told = f"it is not stationary: ‖∇f‖ = {norm:.6g} ± {norm_bound:.1g} at {show_point(point)}"
    if newton is None:
        return f"{told}; the Hessian may be singular there, so no Newton step leads on"
    length = float(np.linalg.norm(newton))
    return f"{told}; a Newton step of length {length:.3g} leads to {_precisely(point + newton)}"


def _precisely(point: Vector) -> str:
    shown = ", ".join(f"{v:.10g}" for v in point[:6])
    return f"({shown}{', …' if point.size > 6 else ''})"


def kind_of(curved: Spectrum) -> Kind:
    """What the eigenvalues surely say; degenerate where the bounds do not separate one of them from 0."""
    if curved.positive and curved.negative:
        return Kind.SADDLE
    if curved.definite:
        return Kind.MINIMUM
    return Kind.MAXIMUM if curved.negative == curved.values.size else Kind.DEGENERATE


def judge_kind(curved: Spectrum, expected: Kind, size: float, relative: float) -> tuple[Verdict, str]:
    """Whether the point is of the kind expected, and if not surely so, why.

    size: the Hessian's size at the point or nearby.  relative: the tolerance within which an eigenvalue counts as 0
    for a point that is expected to be degenerate.
    """
    found = kind_of(curved)
    unsure = np.abs(curved.unsure) + curved.error
    words = _eigenvalues(curved)
    if expected is Kind.DEGENERATE:
        if not unsure.size:
            return Verdict.FAIL, f"expected a degenerate point, but it is a {found}: {words}"
        if (unsure <= relative * size).any() or (unsure == 0).any():
            return Verdict.PASS, ""
        return Verdict.INCONCLUSIVE, f"{words}: too uncertain to say that one of them is 0"
    if found is expected:
        return Verdict.PASS, ""
    excluded = (expected is Kind.MINIMUM and curved.negative) or (expected is Kind.MAXIMUM and curved.positive)
    if found is not Kind.DEGENERATE or excluded:
        said = f"it is a {found}" if found is not Kind.DEGENERATE else "it is none"
        return Verdict.FAIL, f"expected a {expected}, but {said}: {words}"
    zero = ROUND_OFF_UNITS * curved.values.size * float(np.finfo(np.float64).eps) * size
    if (unsure <= zero).all():
        said = f"expected a {expected}, but the point is degenerate: {words}"
        return Verdict.FAIL, f"{said}; with an eigenvalue of 0 the Hessian does not tell what the point is"
    return Verdict.INCONCLUSIVE, f"{words}: too uncertain to tell a {expected} from a degenerate point"


def _eigenvalues(curved: Spectrum) -> str:
    shown = [f"{v:.6g}" for v in curved.values]
    if len(shown) > 6:
        shown = [*shown[:3], "…", *shown[-2:]]
    if len(shown) == 1:
        return f"the second derivative is {shown[0]} ± {curved.error:.1g}"
    told = f"the Hessian's eigenvalues are {', '.join(shown)}, each ± {curved.error:.1g}"
    if curved.scaled is None:
        return told
    return (
        f"{told}, {curved.negative} of them negative and {curved.positive} positive once the variables are scaled alike"
    )
