"""The numbers that a diagnosis rests on: claim and reference at the listed points and at further ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradverify.core.answers import Judged
from gradverify.core.arrays import Array, Mask, Matrix
from gradverify.core.diagnosis.regions import in_other_regions, without_safeguards
from gradverify.core.examine import examine
from gradverify.core.judge import ROUND_OFF_UNITS
from gradverify.core.problem import ExpressionFunction, Problem, Request
from gradverify.core.verdicts import Evidence as Level
from gradverify.core.verify import Ask, Verified, best_reference
from gradverify.core.withdrawn import LEAVES

EXTRA_POINTS = 16  # further points, so that a hypothesis fitted at one point has to hold at others
SPREAD = 0.4  # how far the nearer half lies from the listed points, relative to their components
MOST_EXTRA_NUMBERS = 4_000_000  # in all further points: each is kept several times over
MOST_EXTRA_COST = 40_000  # evaluations of f that the further points may cost altogether
MOST_EXTRA_CALLS = 10_000  # of code, which is called once an evaluation: some seconds for a call of a millisecond

PATIENCE = 3.0  # seconds that the further points may take a backend where another one is much quicker
MUCH_QUICKER = 0.1
FEWEST = 4  # further points that are always waited for: a factor that fits at one or two fits by chance

# A hypothesis fits when its prediction is this near to the claim, relative to either: the claim of a planted mistake
# equals the
# prediction to round-off, and the reference's own bound is added on top.
FIT = 1e-7
HIDES = 1e-3  # of what the claim is usually off by: the most that round-off may explain
USUAL_TOLERANCE = 1e-6  # a spec that allows for more expects its claim, or f, to be computed less exactly


@dataclass(frozen=True, slots=True)
class Evidence:
    """Claim, reference and bound at k points: arrays of shape (k, c); `points` of shape (k, n).

    usable: where all are finite.  differs: where claim and reference are apart beyond doubt.
    """

    problem: Problem
    points: Matrix
    claimed: Matrix
    reference: Matrix
    bound: Matrix
    usable: Mask
    differs: Mask
    fit: float = FIT  # how near a prediction has to come, relatively

    def slack(self, predicted: Matrix, amplification: Array | float = 1.0) -> Matrix:
        """How far the claim may lie from a prediction; `amplification` is how much the bound is magnified by it."""
        with np.errstate(all="ignore"):
            size = np.maximum(np.abs(predicted), np.abs(self.claimed))
            out: Matrix = (self.fit + ROUND_OFF_UNITS * self.problem.precision.epsilon) * size + np.abs(
                amplification
            ) * self.bound
        return out


def round_off_floor(reference: Array, epsilon: float, gaps: Array) -> float:
    """The round-off that a value of the ordinary size of `reference`, its upper quartile, carries.

    gaps: by how much the claim is off beyond doubt. Where values span many orders, as those of exp(x) at 0 and at 75,
    what the largest carry would hide all that is wrong with the others.
    """
    sizes = np.abs(reference[np.isfinite(reference)])
    floor = ROUND_OFF_UNITS * epsilon * float(np.quantile(sizes, 0.75)) if sizes.size else 0.0
    return min(floor, HIDES * float(np.median(gaps))) if gaps.size else floor


def gather(verified: Verified, ask: Ask) -> Evidence:
    """The evidence at the verified points and, where they are cheap enough, at further ones."""
    reference, bound = best_reference(verified)
    if any(verified.kinks):
        reference = reference.copy()
        for row, kinks in enumerate(verified.kinks):
            reference[row, list(kinks)] = np.nan  # an estimate is the mean of both sides, and no right value
    points, claimed = verified.points, verified.claim.values
    more = _further_points(verified)
    best = cheapest(verified)
    more = _as_many_as_are_waited_for(more, best, verified)
    claim = verified.problem.claim
    if best is not None and claim is not None and more.shape[0]:
        values = examine(claim, more, repeat=False)
        shaped = values.values.reshape((more.shape[0], *verified.problem.shape))
        answer = ask(best, verified.problem, Request(more, shaped))
        if answer.estimates is not None:
            shape = values.values.shape
            points = np.concatenate([points, more])
            claimed = np.concatenate([claimed, values.values])
            reference = np.concatenate([reference, np.array([e.value for e in answer.estimates.points]).reshape(shape)])
            bound = np.concatenate([bound, np.array([e.error_bound for e in answer.estimates.points]).reshape(shape)])
    usable = np.isfinite(claimed) & np.isfinite(reference) & np.isfinite(bound)
    with np.errstate(all="ignore"):
        gap = np.abs(claimed - reference)
        tol = verified.problem.tolerance.relative * np.abs(reference)
        differs = usable & (gap > tol + bound + ROUND_OFF_UNITS * verified.problem.precision.epsilon * np.abs(claimed))
    # What the verdict rests on counts as it was judged: round-off and kinks are accounted for there.
    rows = verified.codes.shape[0]
    differs[:rows] &= verified.codes == 1
    fit = _fit(verified.problem, claimed[usable])
    return Evidence(verified.problem, points, claimed, reference, bound, usable, differs, fit)


NEARLY = 1e-2  # how near to a prediction a claim always comes: no two hypotheses are nearer to one another


def _fit(problem: Problem, claimed: Array) -> float:
    """How near to a prediction a claim comes that is computed as the spec, or its own values, say."""
    epsilon = problem.precision.epsilon
    with np.errstate(all="ignore"):
        single = claimed.astype(np.float32)
        if claimed.size and (single == claimed).all() and (claimed != np.round(claimed)).any():
            epsilon = max(epsilon, float(np.finfo(np.float32).eps))
    tolerance = problem.tolerance.relative
    found = problem.approximation()
    left = min(NEARLY, LEAVES * found.tolerance) if found is not None else 0.0
    return max(FIT, ROUND_OFF_UNITS * epsilon, tolerance if tolerance > USUAL_TOLERANCE else 0.0, left)


def cheapest(verified: Verified) -> str | None:
    """The backend whose references tell most for what they cost."""
    able = [j for j in verified.judged if np.isfinite(j.reference).any()]

    def rank(judged: Judged) -> tuple[int, float]:
        # What is exact to round-off is exact enough, and a proof costs a hundred times as much.
        strength = judged.evidence[0].strength if judged.evidence else 0
        return -min(strength, Level.EXACT.strength), judged.answer.seconds

    best = min(able, key=rank, default=None)
    if best is None:
        return None
    # Tracing a loop of many steps takes a hundred times as long as the loop; differences tell nearly as much.
    quickest = min(able, key=lambda judged: judged.answer.seconds)
    slow = _seconds(best, verified) > PATIENCE and quickest.answer.seconds <= MUCH_QUICKER * best.answer.seconds
    return (quickest if slow else best).backend


def _seconds(judged: Judged, verified: Verified) -> float:
    """What all further points would take this backend, as met at the verified ones."""
    return float(judged.answer.seconds / max(1, verified.points.shape[0]) * EXTRA_POINTS)


def _as_many_as_are_waited_for(more: Matrix, backend: str | None, verified: Verified) -> Matrix:
    """Of the further points as many as the backend has done with after PATIENCE, FEWEST at least, from all of them."""
    judged = next((j for j in verified.judged if j.backend == backend), None)
    total = 0.0 if judged is None else _seconds(judged, verified) * more.shape[0] / EXTRA_POINTS
    if not total > PATIENCE:
        return more
    count = min(more.shape[0], max(FEWEST, int(more.shape[0] * PATIENCE / total)))
    few: Matrix = more[np.linspace(0, more.shape[0] - 1, count).astype(int)]
    return few


def _further_points(verified: Verified) -> Matrix:
    problem = verified.problem
    n = problem.variables.size
    spent = max((j.answer.estimates.evaluations for j in verified.judged if j.answer.estimates is not None), default=0)
    rows = max(1, verified.points.shape[0])
    count = min(EXTRA_POINTS, MOST_EXTRA_NUMBERS // max(1, n))
    code = not isinstance(problem.function, ExpressionFunction)
    count = min(count, (MOST_EXTRA_CALLS if code else MOST_EXTRA_COST) // max(1, spent // rows))
    if not count or not verified.points.shape[0]:
        return np.empty((0, n))
    rng = np.random.default_rng((problem.seed, 7))
    base = verified.points[rng.integers(0, rows, size=count)]
    length = np.where(base != 0, np.abs(base), np.maximum(np.max(np.abs(base), axis=1, keepdims=True), 1.0))
    near = base + SPREAD * length * rng.uniform(-1.0, 1.0, size=base.shape)
    half = near[count // 2 :]
    wide = np.concatenate([near[: count // 2], 2.5 * half * rng.choice((-1.0, 1.0), size=half.shape)])
    inside = problem.domain.contains(wide)
    mixed = np.where(inside, wide, near)
    out: Matrix = mixed[problem.domain.contains(mixed).all(axis=1)]
    others = in_other_regions(problem, np.concatenate([verified.points, out]))
    return without_safeguards(problem, np.concatenate([out, others]))
