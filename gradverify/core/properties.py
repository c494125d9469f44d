"""Facts about gradients, checked of the claimed one: directional derivatives, steepest ascent, level sets.

Each fact is a statement on slopes of f along lines. The slopes come from the backends with bounds; where these do not
decide, the reference gradient's product with the direction is taken, if the two agree. A point where f has a kink has
no gradient, and is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gradverify.core.arrays import Array, Matrix, Vector
from gradverify.core.directions import Slopes, across, slopes, unit
from gradverify.core.examine import ScaleProbe, typical_lengths
from gradverify.core.judge import CLAIM_ROUND_OFF_CAP, ROUND_OFF_UNITS, Code, Scales
from gradverify.core.verdicts import Verdict
from gradverify.core.verify import Ask, Verified, best_reference, show_point

DIRECTIONAL, STEEPEST, LEVEL = "directional", "steepest-ascent", "level-set"
RANDOM = {DIRECTIONAL: 8, STEEPEST: 4, LEVEL: 6}  # directions that are drawn at every point
COST = 40  # evaluations of f that a direction may take
BUDGET = {"expression": 40_000, "other": 8_000}  # evaluations of f for all properties, where the spec names none
MOST_COMPONENTS = 4_000_000  # of all directions together
FEWEST_LINES = 8  # whatever they cost
ANOTHER_LENGTH = 0.37  # of the steps when a failure is looked at again


@dataclass(frozen=True, slots=True)
class Fact:
    """What came of one property. rows: how many points were looked at; directions: along how many lines.

    at: the point where it fails or could not be decided.
    """

    name: str
    verdict: Verdict
    reason: str | None
    rows: int
    directions: int
    at: tuple[float, ...] | None = None
    direction: tuple[float, ...] | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """All facts, in the order asked for, and what they cost in evaluations of f and of the claim."""

    facts: tuple[Fact, ...]
    evaluations: int
    claim_evaluations: int


@dataclass(frozen=True, slots=True)
class _Plan:
    """Lines to look along. row: (m,), the point's number; u: (m, n), unit directions; name: which property asks."""

    name: str
    row: Array
    u: Matrix


def check_properties(verified: Verified, names: Sequence[str], backends: Sequence[str], ask: Ask, seed: int) -> Facts:
    """Check the properties `names` of the claimed gradient that `verified` has examined, at its points."""
    rows, left_out = _usable_rows(verified)
    n = verified.problem.variables.size
    rows = rows[: _most_rows(verified, names, n)]
    if rows.size == 0:
        return Facts(tuple(Fact(name, Verdict.INCONCLUSIVE, left_out, 0, 0) for name in names), 0, 0)
    plans = [_plan(verified, name, rows, seed) for name in names]
    wanted = [p for p in plans if p.row.size]
    look = _Look(verified, backends, ask)
    if wanted:
        look.along(np.concatenate([p.row for p in wanted]), np.concatenate([p.u for p in wanted]))
    facts, first = [], 0
    for plan in plans:
        part = slice(first, first + plan.row.size)
        first += plan.row.size
        facts.append(_judge(look, plan, part))
    return Facts(tuple(facts), look.evaluations, look.probe.evaluations)


def _usable_rows(verified: Verified) -> tuple[Array, str]:
    """The points that have a gradient, and why there may be none."""
    bad = set(verified.rows_without_function()) | set(verified.claim.failures)
    kinked = {row for row, kinks in enumerate(verified.kinks) if kinks}
    finite = np.atleast_1d(np.isfinite(verified.claim.values).all(axis=1))
    rows = [r for r in range(verified.points.shape[0]) if r not in bad and r not in kinked and finite[r]]
    if kinked and not rows:
        return np.array([], dtype=int), "f has a kink at every point, and so no gradient"
    return np.array(rows, dtype=int), "there is no point where f and the claimed gradient have values"


def _most_rows(verified: Verified, names: Sequence[str], n: int) -> int:
    kind = "expression" if verified.problem.function.kind == "expression" else "other"
    budget = verified.problem.budget if verified.problem.budget is not None else BUDGET[kind]
    lines = max(FEWEST_LINES, min(budget // COST, MOST_COMPONENTS // max(1, n)))
    return max(1, lines // sum(RANDOM[name] + 2 for name in names))


def _plan(verified: Verified, name: str, rows: Array, seed: int) -> _Plan:
    """The directions of one property: drawn ones, and those along which a wrong claim shows best."""
    n = verified.problem.variables.size
    rng = np.random.default_rng((seed, list(RANDOM).index(name)))
    reference, _ = best_reference(verified)
    at: list[Array] = []
    u: list[Matrix] = []
    for row in rows.tolist():
        claimed, true = verified.claim.values[row], np.nan_to_num(reference[row], nan=0.0, posinf=0.0, neginf=0.0)
        drawn = rng.normal(size=(RANDOM[name], n))
        if name == LEVEL:
            drawn = across(np.vstack([drawn, true[None, :]]), claimed)
            # What is left of a right gradient is its round-off, which has no direction.
            if np.linalg.norm(drawn[-1]) <= 1e-9 * np.linalg.norm(true) or n == 1:
                drawn = drawn[:-1] if n > 1 else np.zeros((0, n))
        else:
            drawn = np.vstack([claimed[None, :], true[None, :], drawn])
        directions, good = unit(drawn)
        u.append(directions[good])
        at.append(np.full(int(good.sum()), row))
    return _Plan(name, np.concatenate(at).astype(int), np.concatenate(u))


class _Look:
    """Slopes along lines, with what judging them needs."""

    def __init__(self, verified: Verified, backends: Sequence[str], ask: Ask) -> None:
        problem, claim = verified.problem, verified.problem.claim
        assert claim is not None
        self.verified, self.problem, self.backends, self.ask = verified, problem, backends, ask
        typical = typical_lengths(verified.points, problem)
        self.probe = verified.probe or ScaleProbe(problem, claim, verified.points, typical)
        self.typical = typical
        self.evaluations = 0
        self.found: Slopes | None = None

    def along(self, row: Array, u: Matrix) -> None:
        """Look along all lines at once."""
        self.found = self._slopes(row, u, 1.0)

    def _slopes(self, row: Array, u: Matrix, length: float) -> Slopes:
        base = self.verified.points[row]
        size = np.maximum(np.max(np.abs(base), axis=1), 0.0)
        size = length * np.where(size > 0, size, float(np.max(self.typical, initial=1.0)))
        claimed = np.einsum("ij,ij->i", self.verified.claim.values[row], u)
        found = slopes(self.problem, base, u * size[:, None], claimed * size, self.backends, self.ask)
        self.evaluations += found.evaluations
        return Slopes(found.value / size, found.bound / size, found.kinks, found.notes, 0)

    def again(self, row: int, u: Vector) -> tuple[float, float]:
        """The slope along one line, looked at once more with steps of another length and the other way round."""
        found = self._slopes(np.array([row]), -u[None, :], ANOTHER_LENGTH)
        return -float(found.value[0]), float(found.bound[0])

    def scales(self, row: int) -> Scales:
        """The claim's round-off and size nearby."""
        return self.probe.at(row)


@dataclass(frozen=True, slots=True)
class Line:
    """One line's numbers. claimed: what the claim says of the slope; size, own, near: Σ|gᵢuᵢ|, the claim's round-off
    and its size nearby, both times |u|, summed."""

    claimed: float
    slope: float
    bound: float
    size: float
    own: float
    near: float


def judge_line(line: Line, relative: float, absolute: float, epsilon: float) -> Code:
    """Whether the slope is what the claim says, by the rule of `gradverify.core.judge` on the sum's own scale.

    A claim whose components are all within the tolerance passes: the tolerance is relative to Σ|gᵢuᵢ|, not to the sum,
    which may cancel.
    """
    gap = abs(line.claimed - line.slope)
    tol = relative * max(line.size, abs(line.slope))
    slack = max(line.own, ROUND_OFF_UNITS * epsilon * max(line.near, line.size))
    if not (np.isfinite(gap) and np.isfinite(line.bound)):
        return Code.INCONCLUSIVE
    if gap + line.bound <= tol + min(line.own, CLAIM_ROUND_OFF_CAP * tol):
        return Code.PASS
    if gap <= line.bound + slack and line.bound + slack <= relative * line.near:
        return Code.PASS
    return Code.FAIL if gap > tol + absolute + line.bound + slack else Code.INCONCLUSIVE


def _judge(look: _Look, plan: _Plan, part: slice) -> Fact:
    verified, n = look.verified, look.problem.variables.size
    rows = len(set(plan.row.tolist()))
    if plan.name == LEVEL and n == 1:
        reason = "with one variable there is no direction across the gradient"
        return Fact(plan.name, Verdict.SKIPPED, reason, 0, 0)
    undecided: tuple[int, str] | None = None
    for i, row in enumerate(plan.row.tolist()):
        u = plan.u[i]
        code, line, why = _line(look, part.start + i, row, u, plan.name)
        if code is Code.FAIL:
            slope, bound = look.again(row, u)
            if _code(look, Line(line.claimed, slope, bound, line.size, line.own, line.near), plan.name, row, u) is code:
                words = _words(plan.name, verified, row, u, line)
                at, along = tuple(verified.points[row].tolist()), tuple(u.tolist())
                return Fact(plan.name, Verdict.FAIL, words, rows, plan.row.size, at, along)
            code, why = Code.INCONCLUSIVE, "two looks at the slope disagree"
        if code is Code.INCONCLUSIVE and undecided is None and not verified.proved:
            undecided = i, why
    if undecided is not None:
        i, why = undecided
        point, u = verified.points[int(plan.row[i])], plan.u[i]
        reason = f"at {show_point(point)} along {show_point(u)}: {why}"
        at, along = tuple(point.tolist()), tuple(u.tolist())
        return Fact(plan.name, Verdict.INCONCLUSIVE, reason, rows, plan.row.size, at, along)
    return Fact(plan.name, Verdict.PASS, None, rows, plan.row.size)


def _line(look: _Look, index: int, row: int, u: Vector, name: str) -> tuple[Code, Line, str]:
    """The code of one line; where the slope does not decide, the reference gradient's product with u may."""
    found = look.found
    assert found is not None
    g = look.verified.claim.values[row]
    scales = look.scales(row)
    with np.errstate(all="ignore"):
        near = np.where(np.isfinite(scales.nearby), scales.nearby, 0.0)
        own = np.where(np.isfinite(scales.round_off), scales.round_off, 0.0)
    size, round_off, nearby = (float(np.sum(a * np.abs(u))) for a in (np.abs(g), own, near))
    claimed = 0.0 if name == LEVEL else float(g @ u)
    if index in found.kinks:
        line = Line(claimed, float("nan"), float("inf"), size, round_off, nearby)
        return Code.INCONCLUSIVE, line, "f has a kink in this direction, and so no derivative"
    line = Line(claimed, float(found.value[index]), float(found.bound[index]), size, round_off, nearby)
    code = _code(look, line, name, row, u)
    if code is not Code.INCONCLUSIVE:
        return code, line, ""
    reference, bound = best_reference(look.verified)
    product, doubt = float(reference[row] @ u), float(bound[row] @ np.abs(u))
    doubt += ROUND_OFF_UNITS * look.problem.precision.epsilon * float(np.abs(reference[row]) @ np.abs(u))
    agrees = not np.isfinite(line.bound) or abs(product - line.slope) <= doubt + line.bound
    if agrees and np.isfinite(doubt) and doubt < line.bound:
        line = Line(claimed, product, doubt, size, round_off, nearby)
        code = _code(look, line, name, row, u)
    notes = "; ".join(dict.fromkeys(found.notes.get(index, ())))
    why = notes or f"the slope {line.slope:.6g} has an error bound of {line.bound:.1g}, too wide to decide"
    return code, line, why


def _code(look: _Look, line: Line, name: str, row: int, u: Vector) -> Code:
    tolerance, epsilon = look.problem.tolerance, look.problem.precision.epsilon
    absolute = tolerance.absolute * float(np.sum(np.abs(u)))
    if name != STEEPEST:
        return judge_line(line, tolerance.relative, absolute, epsilon)
    g = look.verified.claim.values[row]
    (along,), (directed,) = unit(g[None, :])
    if directed and _same(along, u):
        # Along the gradient its length is the rate.
        return judge_line(line, tolerance.relative, absolute, epsilon)
    with np.errstate(all="ignore"):
        norm = float(np.linalg.norm(g))
    excess = line.slope - norm
    room = tolerance.relative * norm + max(line.own, ROUND_OFF_UNITS * epsilon * max(line.near, line.size))
    if not (np.isfinite(excess) and np.isfinite(line.bound)):
        return Code.INCONCLUSIVE
    if excess > room + absolute + line.bound:
        return Code.FAIL
    flat = tolerance.relative * line.near  # at a stationary point there is no other scale
    return Code.PASS if excess + line.bound <= max(room, flat) else Code.INCONCLUSIVE


def _same(first: Vector, second: Vector) -> bool:
    return bool(np.allclose(first, second, rtol=0.0, atol=1e-12))


def _words(name: str, verified: Verified, row: int, u: Vector, line: Line) -> str:
    """The failure as one would say it to somebody who learns about gradients."""
    point, g = verified.points[row], verified.claim.values[row]
    with np.errstate(all="ignore"):
        norm = float(np.linalg.norm(g))
    slope = f"{line.slope:.6g} ± {line.bound:.1g}"
    where, along = f"at {show_point(point)}", show_point(u)
    passes = bool((verified.codes[row] == Code.PASS).all())
    but = "; every single partial derivative is right, so f has no gradient at this point" if passes else ""
    if name == DIRECTIONAL:
        return (
            f"{where}, going in the direction u = {along}, f changes at a rate of {slope}, but the claimed gradient"
            f" says g·u = {line.claimed:.6g}: the rate in any direction must be the gradient's product with it{but}"
        )
    if name == LEVEL:
        return (
            f"{where}, going across the claimed gradient, in the direction {along}, f changes at a rate of {slope}:"
            f" a gradient stands at right angles to the level set, along which f does not change at first{but}"
        )
    (direction,), (directed,) = unit(g[None, :])
    if directed and _same(direction, u):
        if line.slope + line.bound < 0:
            return (
                f"{where}, f falls in the direction of the claimed gradient, {along}, at a rate of {slope}: a gradient"
                " points where f rises fastest; is its sign turned round?"
            )
        return (
            f"{where}, f rises at a rate of {slope} in the direction of the claimed gradient, {along}, but the claim's"
            f" length is {norm:.6g}: the length of a gradient is the rate at which f rises along it{but}"
        )
    return (
        f"{where}, f rises at a rate of {slope} in the direction {along}, faster than the {norm:.6g} of the claimed"
        f" gradient's length: in no direction may f rise faster than along its gradient{but}"
    )
