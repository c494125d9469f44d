"""From a ladder of difference quotients to a value and a bound, truncation and round-off kept apart.

A quotient at step h is Q(h) = f′ + c₁ hᵖ + c₂ h²ᵖ + … + δ·g(h), with p = 2 for central and p = 1 for one-sided
differences, δ the noise of one value of f and g(h) the *gain*: 1/h for first, 4/h² for second differences.

1. The noise is measured on the ladder itself. Where rung K is accurate, the rungs i < K below it differ from it by their
   own noise, so N(K) = max |Qᵢ − Q_K| / gᵢ is the noise of f, the same for every such K, and B(K) = N(K)·g_K falls as the
   step grows. Where truncation sets in, N(K) grows like h^(p+1) and B(K) rises. Walking up from the smallest step, the
   first minimum of B that is followed by a clear rise ends the walk: what comes after it, such as the false plateau at 0
   that every bounded, fast oscillation has at large steps, is never looked at. (Gill, Murray, Saunders & Wright 1983,
   section 3, balance the same two errors; Moré & Wild 2011, section 4, demand the same agreement of successive levels.)
2. Richardson's extrapolation in Neville's form, over every window a..b of consecutive rungs (Ridders 1982 uses windows
   that end at the last rung only). A window's round-off bound is the sum of |weight|·gain·noise.
3. A window's truncation bound is SAFETY times the larger of two changes: when its largest rung is left out and when the
   next larger one is taken in. Three neighbouring windows must agree, since one difference alone vanishes by luck
   wherever an error curve crosses zero (the flaw of Ridders' estimate).
4. A window counts only if it agrees with the plain quotient Q_K within that one's own bound, and the one with the least
   total is taken.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradverify_finite_difference.arrays import Flags, Floats, Indices, pick

RISE = 10.0  # B(K) above RISE times its least value so far ends the walk: more than noise in the measured noise
NOISE_FACTOR = 3.0  # of the largest of about ten measured deviations; covers a uniform error's amplitude and 5 sigma
SAFETY = 3.0  # on the change between neighbouring windows; calibrated in benchmarks/bounds.py
AGREEMENT = 4.0  # in units of B(K): the noise factor, and as much truncation again as B could hide
FEW = 9.0  # noise measured on K rungs is widened by 1 + FEW/K²: one deviation may be small by luck
DEEPEST = 6  # rungs in one window; beyond that the weights only amplify round-off
REACH = {1: 1e9, 2: 1e7}  # how far above step K windows may go: from ε^(1/2) or ε^(1/3) to past the scale of f


@dataclass(frozen=True, slots=True)
class Series:
    """R ladders of S rungs, steps rising along axis 1; NaN where a rung is missing.

    steps, quotients, gains, floors: (R, S).  floors: what one value of f is off by at least.
    even: (R, S) or None: second differences, a further witness of noise; they follow c·h² + noise.
    power: p above.
    """

    steps: Floats
    quotients: Floats
    gains: Floats
    floors: Floats
    power: int
    even: Floats | None = None


@dataclass(frozen=True, slots=True)
class Selection:
    """What came of R ladders; every field has shape (R,).

    value, bound = truncation + round_off; noise: measured, of one value of f; floor: what it would be at least.
    plain: the index of rung K.  lowest, highest: the steps of the window taken.
    rises: the walk ended before the last rung.  last: the index of the last usable rung, −1 if there is none.
    """

    value: Floats
    truncation: Floats
    round_off: Floats
    noise: Floats
    floor: Floats
    plain: Indices
    plain_bound: Floats
    lowest: Floats
    highest: Floats
    rises: Flags
    last: Indices

    @property
    def bound(self) -> Floats:
        """On |value − f′|."""
        return self.truncation + self.round_off


def usable(series: Series) -> Flags:
    """Which rungs count: from the smallest up to the first whose quotient is not finite."""
    fine = np.isfinite(series.quotients) & np.isfinite(series.gains) & np.isfinite(series.floors)
    return np.logical_and.accumulate(fine, axis=1)


def measured_noise(series: Series, valid: Flags) -> Floats:
    """N(K) for each rung K, shape (R, S); infinite where too few rungs speak for it."""
    q, g, h = series.quotients, series.gains, series.steps
    noise = np.full(q.shape, np.inf)
    for k in range(1, q.shape[1]):
        worst = np.max(np.abs(q[:, :k] - q[:, k : k + 1]) / g[:, :k], axis=1)
        if series.even is not None:
            e = series.even
            bend = np.abs(e[:, :k] - e[:, k : k + 1] * (h[:, :k] / h[:, k : k + 1]) ** 2)
            worst = np.maximum(worst, np.max(bend, axis=1))
        worst *= 1.0 + FEW / k**2
        noise[:, k] = np.where(valid[:, k], np.maximum(worst, series.floors[:, k]), np.inf)
    return noise


def walk(bounds: Floats, valid: Flags) -> tuple[Indices, Flags]:
    """The rung of the first clear minimum of `bounds`, and whether a rise followed. Shapes (R,)."""
    rows, rungs = bounds.shape
    last = valid.sum(axis=1) - 1
    first = np.minimum(1, last)
    best = np.full(rows, np.inf)
    at = np.maximum(first, 0)
    ended = np.zeros(rows, dtype=np.bool_)
    for k in range(rungs):
        active = valid[:, k] & ~ended & (k >= first)
        rise = active & (bounds[:, k] > RISE * best)
        ended |= rise
        better = active & ~rise & (bounds[:, k] < best)
        best = np.where(better, bounds[:, k], best)
        at = np.where(better, k, at)
    return at, ended


def select(series: Series) -> Selection:
    """Choose value and bound for each ladder."""
    with np.errstate(all="ignore"):
        return _select(series)


def _select(series: Series) -> Selection:
    h, q, g = series.steps, series.quotients, series.gains
    rows, rungs = q.shape
    valid = usable(series)
    last = valid.sum(axis=1) - 1
    noises = measured_noise(series, valid)
    plain_bounds = noises * g
    plain, rises = walk(plain_bounds, valid)
    noise = pick(noises, plain)
    centre, plain_bound, plain_step = pick(q, plain), pick(plain_bounds, plain), pick(h, plain)
    within_reach = valid & (h <= REACH[series.power] * plain_step[:, None])
    errors = NOISE_FACTOR * np.maximum(noise[:, None], series.floors) * g
    t = (h / np.nanmax(np.where(valid, h, np.nan), axis=1, initial=0.0)[:, None]) ** series.power

    best = Candidates(rows)
    value, error = np.where(within_reach, q, np.nan), errors
    values = [value]
    depths = min(DEEPEST, rungs)
    # values[d][:, b] is the window of d + 1 rungs that ends at b.
    all_errors = [error]
    for depth in range(1, min(depths + 1, rungs)):
        high, low = t[:, depth:], t[:, :-depth]
        lower, upper = values[-1][:, :-1][:, depth - 1 :], values[-1][:, depth:]
        wide = np.full((rows, rungs), np.nan)
        wide[:, depth:] = (high * lower - low * upper) / (high - low)
        spread = np.full((rows, rungs), np.nan)
        spread[:, depth:] = (high * all_errors[-1][:, depth - 1 : -1] + low * all_errors[-1][:, depth:]) / (high - low)
        values.append(wide)
        all_errors.append(spread)
    for depth in range(depths):
        for b in range(max(depth, 1), rungs):
            window = values[depth][:, b]
            without = values[depth - 1][:, b - 1] if depth else q[:, b - 1]
            change = np.abs(window - without)
            if b + 1 < rungs and depth + 1 < len(values):
                change = np.fmax(change, np.abs(values[depth + 1][:, b + 1] - window))
            round_off = all_errors[depth][:, b]
            agrees = np.abs(window - centre) <= AGREEMENT * plain_bound + round_off
            best.offer(agrees, window, SAFETY * change, round_off, h[:, b - depth], h[:, b])
    return Selection(
        value=best.value,
        truncation=best.truncation,
        round_off=best.round_off,
        noise=noise,
        floor=pick(series.floors, plain),
        plain=plain,
        plain_bound=plain_bound,
        lowest=best.lowest,
        highest=best.highest,
        rises=rises,
        last=last,
    )


class Candidates:
    """Keeps the window with the least total bound, for each of R ladders."""

    def __init__(self, rows: int) -> None:
        self.value = np.full(rows, np.nan)
        self.truncation = np.full(rows, np.inf)
        self.round_off = np.full(rows, np.inf)
        self.lowest = np.full(rows, np.nan)
        self.highest = np.full(rows, np.nan)

    def offer(
        self, allowed: Flags, value: Floats, truncation: Floats, round_off: Floats, lowest: Floats, highest: Floats
    ) -> None:
        """Take a window where it is allowed and better than what there is."""
        better = allowed & (truncation + round_off < self.truncation + self.round_off)
        self.value = np.where(better, value, self.value)
        self.truncation = np.where(better, truncation, self.truncation)
        self.round_off = np.where(better, round_off, self.round_off)
        self.lowest = np.where(better, lowest, self.lowest)
        self.highest = np.where(better, highest, self.highest)
