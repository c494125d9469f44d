"""Answers that look right and are not what was asked for: found by evidence that a formula cannot leave.

Each finding needs two kinds of evidence, since an accusation that is false is worse than a cheat that is missed:

in the text a passage that differentiates, and an answer that changes with it in a changed copy (`traced`);
numerical   the answers jump when x moves in its last places, by far more than a formula's do, and by as much as |f|
            foretells from point to point; or f itself was called at a stencil's points, and the answer tilts with f.
hard-coded  see `copied`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from gradverify.core.arrays import Array, Mask, Matrix
from gradverify.core.diagnosis.numerical import STEPS as USUAL_STEPS
from gradverify.core.judge import Code
from gradverify.core.problem import Derivative
from gradverify.grading.assignment import AUTODIFF_LIBRARIES
from gradverify.grading.bench import Bench, Pool
from gradverify.grading.copied import hard_coded
from gradverify.grading.model import Flag, FlagKind
from gradverify.grading.nudges import EPSILON, UNITS, nudged, scattered
from gradverify.grading.source.inlined import runs_unread_text
from gradverify.grading.stencils import SCHEMES
from gradverify.grading.suspect import Suspect
from gradverify.grading.traced import Asked, traced
from gradverify.grading.truncation import truncation
from gradverify.report.safe_text import one_line

_NO_MODULE = re.compile(
    r"No module named '([A-Za-z_][A-Za-z0-9_]*)|cannot import name|`([A-Za-z_][A-Za-z0-9_]*)` is not"
)


def evidence(suspect: Suspect) -> Iterator[Flag]:
    """Everything that is found against an answer."""
    if suspect.seen.deaths:
        return  # it is wrong by itself, and asking it again shows nothing
    in_text = _in_text(suspect)
    yield from in_text
    if not any(flag.kind is FlagKind.NUMERICAL_DERIVATIVE for flag in in_text):
        numerical = stencil_in_calls(suspect) or truncation(suspect) or numerical_noise(suspect)
        if numerical is not None:
            yield Flag(FlagKind.NUMERICAL_DERIVATIVE, numerical)
    unread = _unread(suspect)
    if unread is not None:
        yield Flag(FlagKind.OTHER, unread)
    coded = hard_coded(suspect)
    if coded is not None and not suspect.claim.seat.exhausted:  # else some of its answers were never given
        yield Flag(FlagKind.HARD_CODED, coded)


def _unread(suspect: Suspect) -> str | None:
    """That the submission runs text which nobody can read in it, where the question forbids what it may hold."""
    forbidden = suspect.bench.question.forbid
    if suspect.handed is None or not {FlagKind.NUMERICAL_DERIVATIVE, FlagKind.AUTODIFF} & set(forbidden):
        return None
    tangled = [f"{name} is too long or too tangled" for name in suspect.handed.text.given_up]
    for why in (suspect.handed.unread, *tangled):
        if why:
            return f"{one_line(why, 80)}, so that it was not read for what the question forbids"
    for file, tree in suspect.handed.text.trees.items():
        call = runs_unread_text(tree)
        if call is not None:
            shown = one_line(ast.unparse(call), 100)
            return (
                f"line {call.lineno} of {one_line(file, 40)}, `{shown}`, runs code that does not stand there, so that"
                " it was not read for what the question forbids"
            )
    return None


def _in_text(suspect: Suspect) -> list[Flag]:
    """Passages of the submission's text that differentiate, where the answer is made of them."""
    if suspect.handed is None:
        return []
    flat = suspect.values.values.reshape((suspect.points.shape[0], -1))
    known = suspect.bench.references(suspect.points) if suspect.points.shape[0] else None
    return traced(
        suspect.handed, suspect.claim, suspect.bench, Asked(suspect.points, flat, known[0] if known else None)
    )


def library_wanted(texts: Iterable[str]) -> str | None:
    """The library that differentiates, if one is missed by name: what is not allowed is not there to be imported."""
    for text in texts:
        for match in _NO_MODULE.finditer(text):
            name = match[1] or match[2]
            if name in AUTODIFF_LIBRARIES:
                return name
    return None


# --- numerical derivatives -------------------------------------------------------------------------------------------

# A formula's error is a few units of round-off of its own terms. A difference quotient divides the round-off of f by
# its step h: its error is about eps·|f|/h, which is 1e-11·|f| and more for the best central difference, and changes
# with every unit in the last place of x (Nocedal & Wright 2006, section 8.1). So it is looked for where |f| is large
# beside the gradient, at points that are the same for every student, and it has to follow |f| from point to point: what
# a formula loses by cancellation does not.
ROUGH = 1e-13  # a relative error from which an answer is looked at more closely
LARGEST = 1e-2  # errors beyond this are mistakes, not differences
ABOVE_BOUND = 10.0  # how far above the reference's own bound an error has to stand
PROMINENT = 0.01  # values smaller than this part of their size are left out
FEWEST_VALUES = 4  # that can be looked at
LOOKED_AT = 5  # points where |f| is largest beside the gradient, and as many where it is smallest
FEWEST_DISTINCT = 2  # values on the way: single precision gives one and the same
LOUD = 200.0  # units of round-off of the gradient's size: the scatter of no formula that is fit for use
MOSTLY = 0.6  # of the values where |f| is large have to be loud
QUOTIENT_NOISE = 0.2  # of eps·|f|/h: the standard deviation of two rounded values' difference, divided by 2h
ROUNDED = 0.2  # of eps·|f|: the standard deviation of one rounded value
OWN = 12.0  # units of round-off of the gradient's size that a formula's own scatter may have
FOLLOWS = 4.0  # how far off the scatter may be from what |f| foretells
CLOSER = 0.7  # of the spread of what a formula's own loss foretells
BETTER = 0.15  # … or by how much more of the values have to follow |f|
SPREAD_WITHIN = 30.0  # beyond this a value is as far off as it counts
FOLLOWING = 0.8  # of the values have to be as near as that
RANGE = 30.0  # by which |f| has to differ between points for this to say anything
ON_GRID = 4 * EPSILON  # relative: how far off its grid a rounded number may be
STEPS = (*USUAL_STEPS, 2.0**-10, 2.0**-20, 2.0**-26)
MATCH = 0.02  # of the stencil's own error: how near the claim has to be to it
TELLING = 40.0  # units of f's round-off over the step that the stencil's own error has to be
MATCH_UNITS = 6.0  # … and that the claim may be off by beside that
STENCIL_VALUES = 16  # values at which a stencil has to match


def numerical_noise(suspect: Suspect) -> str | None:
    """The error of a difference quotient in answers that are right to the tolerance."""
    bench = suspect.bench
    if bench.primary not in bench.exact or not _is_rough(suspect):
        return None
    pool = bench.pool
    if pool is None:
        return None
    rows = _telling(pool)
    if not rows.size:
        return None
    scatter = _scatter(suspect, pool, rows)
    if scatter is None:
        return None
    stencil = _stencil(suspect.bench, scatter)
    return f"{scatter.words}; {stencil}" if stencil is not None else scatter.words


def _is_rough(suspect: Suspect) -> bool:
    """Whether any answer is off by more than round-off, and yet right: those of a formula seldom are."""
    known = suspect.bench.references(suspect.points) if suspect.points.shape[0] else None
    if known is None:
        return False
    reference, bound = known
    with np.errstate(all="ignore"):
        gap = np.abs(suspect.values.values - reference)
        largest = np.max(np.abs(reference), axis=1, keepdims=True)
        usable = np.isfinite(gap) & (np.abs(reference) > PROMINENT * largest) & (suspect.codes != Code.SKIPPED)
        rough = usable & (gap > ROUGH * np.abs(reference)) & (gap > ABOVE_BOUND * bound)
        small = usable & (gap <= LARGEST * np.abs(reference))
    return bool(rough.any() and np.count_nonzero(small) >= MOSTLY * np.count_nonzero(usable))


def _telling(pool: Pool) -> Array:
    """Rows of the pool: first those where |f| is largest beside the gradient, then those where it is smallest.

    Large is beside the gradient there as well as beside its usual size, so that the scatter can be seen, and what
    follows |f| is told from what follows the gradient.
    """
    with np.errstate(all="ignore"):
        ratio = pool.level / pool.here
        visible = pool.level / pool.size.max(axis=1)
    usable = np.flatnonzero(np.isfinite(ratio) & np.isfinite(visible) & (pool.level > 0))
    some = min(LOOKED_AT, (usable.size + 1) // 2)
    order = usable[np.argsort(-ratio[usable])]
    clear = order[visible[order] >= np.median(visible[usable])]
    return np.concatenate([clear[:some], order[order.size - some :]])


@dataclass(frozen=True)
class _Scatter:
    """What was seen around the points looked at: the answers, right values and errors at the points themselves."""

    words: str
    points: Matrix
    claimed: Matrix
    reference: Matrix
    loud: Array


def _scatter(suspect: Suspect, pool: Pool, rows: Array) -> _Scatter | None:
    """Whether the errors are round-off of f that was divided by a step: loud where |f| is large, and following it."""
    bench = suspect.bench
    lines = np.concatenate([nudged(point, bench) for point in pool.points[rows]])
    known = bench.references(lines)
    if known is None:
        return None
    shape = (rows.size, UNITS.size, -1)
    claimed = suspect.claim.evaluate(lines).values.reshape(shape)
    if suspect.claim.seat.exhausted:
        return None
    reference = known[0].reshape(shape)
    error = claimed - reference
    middle = UNITS.size // 2
    plain = pool.level_of_values[rows]
    terms = _levels(bench, lines.reshape((rows.size, UNITS.size, -1)), plain)
    with np.errstate(all="ignore"):
        noise = scattered(error)
        size = pool.size[rows]
        distinct = 1 + np.count_nonzero(np.diff(np.sort(claimed, axis=1), axis=1), axis=1)
        usable = np.isfinite(noise) & (np.abs(error[:, middle]) <= LARGEST * size) & (size > 0)
        usable &= np.abs(reference[:, middle]) > PROMINENT * size
        moving = usable & (distinct >= FEWEST_DISTINCT)
        loud = moving & (noise > LOUD * EPSILON * size)
    large = np.zeros(noise.shape, dtype=np.bool_)
    large[: (rows.size + 1) // 2] = True
    count = int(np.count_nonzero(usable & large))
    if count < min(FEWEST_VALUES, noise[large].size) or not count:
        return None
    if not np.count_nonzero(loud & large) >= MOSTLY * count:
        return None
    if _is_rounded(claimed, noise, loud):
        return None
    # x + h is rounded as well, which counts as an error of |x| in f's terms.
    at = np.abs(pool.points[rows])[:, np.arange(noise.shape[1]) % pool.points.shape[1]]
    right = np.abs(reference[:, middle])
    rivals = (right, np.ones(at.shape), np.ptp(reference, axis=1))
    seen = (noise, size, loud, moving)
    best = _best(np.maximum(terms, right * at), at, rivals, seen)
    if not best.follows and (terms > plain).any():
        # Where the spec's f cancels, the student's own may be written so that it does not.
        other = _best(np.maximum(plain, right * at), at, rivals, seen)
        best = other if other.follows else best
    if not best.follows:
        return None
    typical = float(np.median(noise[loud] / size[loud]))
    words = (
        f"around {rows.size} points that are the same for everybody its answers jump by {typical:.1g} of the"
        f" gradient's size when x moves in its last places, where a formula's stay within 1e-14, and this follows |f|,"
        f" which differs by a factor of {best.span:.0f} between these points: as f's round-off divided by a step of"
        f" about {QUOTIENT_NOISE * best.h:.1g} does"
    )
    return _Scatter(words, pool.points[rows], claimed[:, middle], reference[:, middle], loud)


class _Followed(NamedTuple):
    """How well the scatter follows |f|: the step that it tells of, |f|'s range, the share of values that follow, and
    how far apart (standard deviation of the logarithm) the others' steps are."""

    h: float
    span: float
    share: float
    spread: float

    @property
    def follows(self) -> bool:
        """Whether it follows |f|, and |f| differs enough for this to say anything."""
        return self.span >= RANGE and self.share >= FOLLOWING


def _best(level: Array, at: Array, rivals: tuple[Array, ...], seen: tuple[Array, Array, Mask, Mask]) -> _Followed:
    """How well the scatter follows |f|, with the step that fits best: a constant, or one that grows with |x|.

    What a formula loses is a part of its own values, the same everywhere, or, where it rounds x, a part of how much its
    values move: where one of these rivals foretells the scatter as well as |f| does, nothing follows.
    """
    tried = [_follows(level / shape, *seen) for shape in (np.ones(at.shape), np.maximum(1, at), at)]
    best = min(tried, key=lambda one: one.spread)
    others = [_follows(each, *seen) for each in rivals]
    closer = best.spread <= CLOSER * min(other.spread for other in others)
    if closer or best.share >= max(other.share for other in others) + BETTER:
        return best
    return best._replace(share=0.0)


def _follows(level: Array, noise: Array, size: Array, loud: Mask, moving: Mask) -> _Followed:
    with np.errstate(all="ignore"):
        h = float(np.median((EPSILON * level / noise)[loud]))
        own, foretold = OWN * EPSILON * size, EPSILON * level / h
        follows = (noise <= FOLLOWS * foretold + own) & (noise >= foretold / FOLLOWS - own)
        seen = moving & np.isfinite(foretold) & ((noise > own) | (foretold > own))
        span = float(np.max(level[seen]) / np.min(level[seen]))
        apart = np.clip(np.log(noise / foretold)[seen], -np.log(SPREAD_WITHIN), np.log(SPREAD_WITHIN))
    if not seen.any():
        return _Followed(h, 1.0, 0.0, np.inf)
    return _Followed(h, span, float(np.mean(follows[seen])), float(np.std(apart)))


def _is_rounded(claimed: Array, noise: Array, loud: Array) -> bool:
    """Whether the answers are multiples of a power of ten about as large as their scatter, as rounded ones are."""
    with np.errstate(all="ignore"):
        places = 1.0 - np.floor(np.log10(noise))[:, None, :]
        shifted = claimed * 10.0**places
        on = (np.abs(shifted - np.rint(shifted)) <= ON_GRID * np.maximum(1.0, np.abs(shifted))).all(axis=1)
    return bool(np.count_nonzero(on & loud) >= MOSTLY * np.count_nonzero(loud))


def _levels(bench: Bench, lines: Array, values: Array) -> Array:
    """How large f is at each value's point, (k, c), for its round-off: that of its terms, where they cancel."""
    k, count, n = lines.shape
    found = bench.problem.function.evaluate(lines.reshape((k * count, n))).values.reshape((k, count, -1))
    own = scattered(found) / EPSILON / ROUNDED
    out: Array = np.maximum(values, np.repeat(own, values.shape[1] // own.shape[1], axis=1))
    return out


def _stencil(bench: Bench, seen: _Scatter) -> str | None:
    """The scheme and step whose truncation error the answer has, where that can be told as well."""
    problem = bench.problem
    places = np.argwhere(seen.loud)
    if problem.derivative is not Derivative.GRADIENT or places.shape[0] < FEWEST_VALUES:
        return None
    pick = places[np.linspace(0, places.shape[0] - 1, min(STENCIL_VALUES, places.shape[0])).astype(int)]
    x = seen.points[pick[:, 0]]
    index = pick[:, 1]
    rows = np.arange(pick.shape[0])
    claimed = seen.claimed[pick[:, 0], index]
    right = seen.reference[pick[:, 0], index]
    own = np.abs(x[rows, index])
    for step in STEPS:
        for h, words in ((np.full(own.shape, step), f"{step:.3g}"), (step * own, f"{step:.3g}·|x|")):
            for scheme in SCHEMES:
                slopes, round_off = scheme.slopes(problem.function, x, index, h)
                with np.errstate(all="ignore"):
                    error = np.abs(slopes - right)
                    telling = error > TELLING * round_off  # else it is f's round-off that matches, or nothing
                    near = np.abs(claimed - slopes) <= MATCH * error + MATCH_UNITS * round_off
                if near.all() and np.count_nonzero(telling) >= FEWEST_VALUES:
                    return (
                        f"it equals a {scheme.name} difference of f with step {words} at {rows.size} of {rows.size}"
                        " values"
                    )
    return None


CALL_REACH = 0.2  # how far, relative to the component or to 1, a stencil's point may lie
CALL_SHARE = 0.5  # of the components have to be stepped along


def stencil_in_calls(suspect: Suspect) -> str | None:
    """f, where the entry got it, was called beside the point along one variable after the other."""
    if suspect.claim.function is None:
        return None
    n = suspect.bench.problem.variables.size
    stepped: dict[bytes, dict[int, float]] = {}
    for asked, called in suspect.claim.called_at:
        moved = np.flatnonzero(called != asked)
        if moved.size != 1 and not (n == 1 and moved.size == 1):
            continue
        i = int(moved[0])
        h = float(abs(called[i] - asked[i]))
        if h <= CALL_REACH * max(1.0, abs(float(asked[i]))):
            stepped.setdefault(asked.tobytes(), {})[i] = h
    full = [steps for steps in stepped.values() if len(steps) >= max(1, CALL_SHARE * n)]
    asked_at = {asked.tobytes() for asked, _ in suspect.claim.called_at}
    if not full or len(full) < CALL_SHARE * len(asked_at):
        return None
    if not _tilts_with_f(suspect):
        return None
    i, h = next(iter(full[0].items()))
    name = suspect.bench.problem.variables.component_name(i)
    return (
        f"its answer follows what f says beside the point: it called f {suspect.seen.calls} times, along one variable"
        f" after the other ({name} ± {h:.3g}, for example), at {len(full)} of {len(asked_at)} points"
    )


TILT = 1e-3  # of the largest component, by which f is tilted
TILTED_POINTS = 3
AS_TILTED = 0.2  # how far off the tilt, relative to it, an answer that follows it may be


def _tilts_with_f(suspect: Suspect) -> bool:
    """Whether the answer changes by t when f is replaced by f + t·(y − x), where x is the point asked for.

    At x itself nothing changes, so a formula that uses f(x) stays as it is; so does an answer that is only checked by
    differences. For a Hessian the tilt is (t·(y − x))²/2, whose own is t tᵀ.
    """
    claim, hessian = suspect.claim, suspect.bench.problem.derivative is Derivative.HESSIAN
    points = np.unique(np.array([asked for asked, _ in claim.called_at]), axis=0)[:TILTED_POINTS]
    n = points.shape[1]
    plain = claim.evaluate(points).values
    scale = np.max(np.abs(plain[np.isfinite(plain)]), initial=0.0) or 1.0
    tilt = np.linspace(0.5, 1.0, n) * (np.sqrt(TILT * scale) if hessian else TILT * scale)
    claim.tilt = tilt
    try:
        tilted = claim.evaluate(points).values
    finally:
        claim.tilt = None
    wanted = np.outer(tilt, tilt) if hessian else np.broadcast_to(tilt, plain.shape[1:])
    with np.errstate(all="ignore"):
        near = np.abs(tilted - plain - wanted) <= AS_TILTED * np.abs(wanted)
    return bool(np.count_nonzero(near) >= MOSTLY * near.size) and not claim.seat.exhausted
