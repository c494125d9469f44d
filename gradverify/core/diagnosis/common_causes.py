"""What wrong components have in common and none of them shows alone: a factor or a term that all of them share.

Code has no formula to look into. But a forgotten outer derivative leaves the claim parallel to the right gradient at
every point, a forgotten centring or normalisation leaves a gap along (1, …, 1) or along the point itself, and weights
that were left out are factors of the components that stay the same from point to point.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from gradverify.core.arrays import Array, Mask, Matrix, Vector
from gradverify.core.conclude import component
from gradverify.core.diagnosis.constants import plain
from gradverify.core.diagnosis.evidence import Evidence
from gradverify.core.diagnosis.hypotheses import CONFIDENCE, INFORMATIVE, SIGN_TERM, Guess
from gradverify.core.problem import Derivative
from gradverify.core.verdicts import Fault

FEWEST_ROWS = 3  # points at which a law that has one free number a point has to hold
MOST_POWERS = ((1.0, "f"), (-1.0, "1/f"), (2.0, "f²"), (-2.0, "1/f²"), (0.5, "√f"), (-0.5, "1/√f"))
FEWEST_FACTORS = 3  # factors that differ from component to component: two may be two mistakes
MOST_SHOWN = 4
SAME = 1e-3  # how far apart two factors are, relatively, that are as good as one


def common_causes(evidence: Evidence, wrong: Sequence[int]) -> Iterator[tuple[Guess, list[int]]]:
    """What explains several of the `wrong` components together, and which: all of them, else those of one variable."""
    if evidence.problem.derivative is not Derivative.GRADIENT:
        return
    left = list(wrong)
    everyone = _shared(evidence, left) if len(left) > 1 else None
    if everyone is not None:
        yield everyone, left
        return
    for indices in by_variable(evidence, left).values():
        found = _shared(evidence, indices) if len(indices) > 1 else None
        if found is not None:
            yield found, indices


def by_variable(evidence: Evidence, indices: Sequence[int]) -> dict[str, list[int]]:
    """The flat indices of each variable."""
    found: dict[str, list[int]] = {}
    for index in indices:
        found.setdefault(component(evidence.problem, index).variable, []).append(index)
    return found


def _shared(evidence: Evidence, indices: list[int]) -> Guess | None:
    rows, columns = np.flatnonzero(evidence.usable[:, indices].all(axis=1)), np.array(indices, dtype=np.intp)
    if rows.size < FEWEST_ROWS:
        return None
    c, r, b = (table[np.ix_(rows, columns)] for table in (evidence.claimed, evidence.reference, evidence.bound))
    differs: Mask = np.asarray(evidence.differs[np.ix_(rows, columns)].any(axis=1))
    at = evidence.points[np.ix_(rows, columns)]
    return (
        _parallel(evidence, rows, c, r, b, differs)
        or _term(evidence, c, r, b, differs, np.ones_like(r), "the same amount", FLAT)
        or _term(evidence, c, r, b, differs, at, "a multiple of themselves", ALONG)
    )


FLAT = "a term that all components share, as the mean in a centring or the sum in a softmax"
ALONG = "a term along the point, as of a normalisation or a penalty"


def _multiples(table: Matrix, of: Matrix) -> Vector:
    """For each row the multiple of the row of `of` that is nearest to that of `table`."""
    with np.errstate(all="ignore"):
        return np.asarray((table * of).sum(axis=1) / (of * of).sum(axis=1))


def _parallel(evidence: Evidence, rows: Array, c: Matrix, r: Matrix, b: Matrix, differs: Mask) -> Guess | None:
    """At every point a multiple of the right values, by a factor that differs from point to point."""
    telling = (np.abs(r) > b / INFORMATIVE).sum(axis=1) >= 2
    factors = _multiples(c, r)
    with np.errstate(all="ignore"):
        predicted = factors[:, None] * r
        size = np.maximum(np.abs(c), np.abs(predicted))
        near = (
            np.abs(c - predicted)
            <= evidence.fit * np.max(size, axis=1, keepdims=True) + np.abs(factors)[:, None] * b + b
        )
    known = telling & differs
    # Two entries of a symmetric matrix are parallel whatever is claimed of them.
    if (
        known.sum() < FEWEST_ROWS
        or not _turns(r[known], evidence.fit)
        or not near[telling].all()
        or not np.isfinite(factors[known]).all()
    ):
        return None
    if not factors[known].all():  # 0 where it is wrong: nothing is told of a factor
        return None
    values = evidence.problem.function.evaluate(evidence.points[rows[known]]).values
    named = _power_of(np.asarray(values, dtype=np.float64).reshape(-1), factors[known], evidence.fit)
    low, high = float(factors[known].min()), float(factors[known].max())
    if high - low <= SAME * max(abs(low), abs(high)):
        if not differs[telling].all():
            return None  # where the claim is right it is off by no factor
        return Guess(Fault.FACTOR, "factor", f"off by a factor of {plain(low)}", CONFIDENCE[3], low)
    message = f"parallel to the right gradient, but multiplied by {named or f'{low:.4g} to {high:.4g}'}"
    message += ": a factor that all components share is wrong, as an outer derivative or a denominator"
    return Guess(Fault.MISSING_CHAIN_FACTOR, "parallel", message, CONFIDENCE[3])


def _turns(r: Matrix, fit: float) -> bool:
    """Whether parallel to the right values, (k, m), says much: they turn, or are not all as large as one another."""
    with np.errstate(all="ignore"):
        unit = r / np.linalg.norm(r, axis=1, keepdims=True)
        along = np.abs(unit @ unit[0])
    return bool((along < 1.0 - 1e3 * fit).any() or np.ptp(np.abs(unit[0])) > 1e3 * fit)


def _power_of(f: Vector, factors: Vector, fit: float) -> str | None:
    """The factors as a multiple of a power of f's value, in words."""
    if f.shape != factors.shape or np.ptp(factors) <= 1e3 * fit * np.abs(factors).max():
        return None
    with np.errstate(all="ignore"):
        for power, text in MOST_POWERS:
            ratio = factors / np.abs(f) ** power
            if np.isfinite(ratio).all() and np.ptp(ratio) <= 1e3 * fit * np.abs(ratio).max():
                times = f"{ratio[0]:.4g}·" if abs(ratio[0] - 1) > 1e3 * fit else ""
                return f"{times}{text}, a power of f's own value"
    return None


def _term(
    evidence: Evidence, c: Matrix, r: Matrix, b: Matrix, differs: Mask, along: Matrix, what: str, why: str
) -> Guess | None:
    """Off by a multiple of `along`, which is another one at each point."""
    spread = 1e3 * evidence.fit
    telling = np.count_nonzero(along, axis=1) >= 2
    gaps = c - r
    multiples = _multiples(gaps, along)
    with np.errstate(all="ignore"):
        size = np.max(np.abs(c) + np.abs(r), axis=1, keepdims=True)
        near = np.abs(gaps - multiples[:, None] * along) <= evidence.fit * size + 2 * np.max(b, axis=1, keepdims=True)
        clear = np.max(np.abs(gaps), axis=1) > spread * size[:, 0]
    known = telling & differs & clear
    # At a single multiple the components' own hypotheses say more: a constant, or a penalty's term.
    if known.sum() < FEWEST_ROWS or not near[telling].all() or np.ptp(multiples[known]) == 0:
        return None
    message = f"off by {what}, which differs from point to point: {why}, is missing or too much"
    return Guess(Fault.MISSING_TERM, f"along {what}", message, CONFIDENCE[2])


def signs_together(guesses: dict[int, Guess], indices: Sequence[int]) -> dict[int, Guess]:
    """What looks like a constant beside terms such as 0.3·sign(w), for components that have one sign at all points."""
    known = [guesses[i] for i in indices]
    terms = {guess.factor: guess for guess in known if guess.key.endswith(SIGN_TERM) and guess.factor is not None}
    found = {}
    for index in indices:
        offset = guesses[index].factor if guesses[index].fault is Fault.CONSTANT_OFFSET else None
        for weight, guess in terms.items():
            if offset is not None and abs(abs(offset) - abs(weight)) <= SAME * abs(weight):
                found[index] = guess
    return found


WHOLE_FACTOR = "factor "  # how the keys of guesses begin that are no factor of a part alone


def factors_together(guesses: dict[int, Guess], indices: Sequence[int]) -> Guess | None:
    """Factors without a name that differ from component to component, each the same at every point: one mistake."""
    whole = (g for g in (guesses.get(i) for i in indices) if g is not None and g.key.startswith(WHOLE_FACTOR))
    known = [g for g in whole if g.fault is Fault.FACTOR]
    factors = dict.fromkeys(f"{g.factor:.6g}" for g in known if g.factor is not None)
    if len(known) < len(indices) or len(factors) < FEWEST_FACTORS or any(g.factor is None for g in known):
        return None
    shown = ", ".join(list(factors)[:MOST_SHOWN]) + (", …" if len(factors) > MOST_SHOWN else "")
    message = f"each component is off by a factor of its own, the same at every point ({shown}): weights or an incoming"
    return Guess(
        Fault.FACTOR, "factors", f"{message} gradient were left out, or are those of others", known[0].confidence
    )
