"""From a ladder of difference quotients to a value and a bound, truncation and round-off kept apart.

A quotient at step h is Q(h) = f′ + c₁ hᵖ + c₂ h²ᵖ + … + δ·g(h), with p = 2 for central and p = 1 for one-sided
differences, δ the noise of one value of f and g(h) the *gain*: 1/h for first, 4/h² for second differences.

1. The noise is measured on the ladder itself. Where rung K is accurate, the rungs i < K below it differ from it
   by their own noise, so N(K) = max |Qᵢ − Q_K| / gᵢ is the noise of f, the same for every such K, and B(K) =
   N(K)·g_K falls as the step grows. Where truncation sets in, N(K) grows like h^(p+1) and B(K) rises. Walking
   up from the smallest step, the first minimum of B that is followed by a clear rise ends the walk: what comes
   after it, such as the false plateau at 0 that every bounded, fast oscillation has at large steps, is never
   looked at. (Gill, Murray, Saunders & Wright 1983, section 3, balance the same two errors; Moré & Wild 2011,
   section 4, demand the same agreement of levels.)
2. Richardson's extrapolation in Neville's form, over every window a..b of consecutive rungs (Ridders 1982 uses windows
   that end at the last rung only). A window's round-off bound is the sum of |weight|·gain·noise.
3. A window's truncation bound is SAFETY times the largest of three changes: when its largest rung is left out, when the
   next larger one is taken in, and when the whole window moves down a rung (less the noise of that one). Several
   neighbours must agree, since one difference alone vanishes by luck wherever an error curve crosses zero (the flaw of
   Ridders' estimate).
4. A window counts only if it agrees with the plain quotient Q_K within that one's own bound, and the one with the least
   total is taken.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradverify_finite_difference.arrays import Flags, Floats, Indices, pick

EPSILON = 2.0**-52
RISE = 10.0  # B(K) above RISE times its least value so far ends the walk: more than noise in the measured noise
LOUDER = 30.0  # N(K) above LOUDER times its least value ends it too: noise is the same at all steps, truncation is not
GRID = 4096.0  # half ulps: exp(−t) rounds t, up to 745, and so is a multiple of up to 1024 of them; 4 for sums in t
NOISE_FACTOR = 4.0  # of the largest of about ten measured deviations; covers a uniform error's amplitude and 5 sigma
SAFETY = 5.0  # on the change between neighbouring windows; calibrated in benchmarks/bounds.py
AGREEMENT = 4.0  # in units of B(K) and of the last change: the noise factor and a margin
FEW = 9.0  # noise measured on K rungs is widened by 1 + FEW/K²: one deviation may be small by luck
FALL_OFF = 0.5  # a slope of the expansion below this part of the one before it no longer follows the expansion
OUTGROW = 3.0  # and one above this multiple has left the expansion's region: f grows like an exponential there
OTHER_POWERS = 3.0  # times |dQ/dh|·h is what a Q like h, or like h^½, is off by at h
SETTLED = 5.0  # over steps of this ratio a slope in h² must stay: beside |x|³ it does so over a ratio of 3 to 4
# Times the change, where a wide gap above a window leaves no larger rung to take in: of 80,640 mixed derivatives of
# log Σ exp 1 bound is too small; with 20 they are 2, with 6 they are 6.
UNWITNESSED = 100.0
DEEPEST = 6  # rungs in one window; beyond that the weights only amplify round-off
PAIRS_AT_ONCE = 1_000_000  # of rungs, whose differences are held in one array
REACH = {1: 1e9, 2: 1e7}  # how far above step K windows may go: from ε^(1/2) or ε^(1/3) to past the scale of f


@dataclass(frozen=True, slots=True)
class Series:
    """R ladders of S rungs, steps rising along axis 1; NaN where a rung is missing.

    steps, quotients, gains, floors: (R, S).  floors: what one value of f is off by at least.
    even: (R, S) or None: second differences, a further witness of noise; they follow c·h² + noise.
    power: p above.
    widest: the largest ratio of two neighbouring steps above rung K in one window.
    """

    steps: Floats
    quotients: Floats
    gains: Floats
    floors: Floats
    power: int
    even: Floats | None = None
    widest: float = np.inf

    def some(self, rows: slice) -> Series:
        """Some of the ladders."""
        return Series(
            self.steps[rows], self.quotients[rows], self.gains[rows], self.floors[rows], self.power,
            None if self.even is None else self.even[rows], self.widest,
        )  # fmt: skip


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
        """On |value − f′|; never below the rounding of the value itself, which quotients of exact differences keep."""
        return self.truncation + self.round_off + EPSILON * np.abs(self.value)


def usable(series: Series) -> Flags:
    """Which rungs count: from the smallest up to the first whose quotient is not finite."""
    fine = np.isfinite(series.quotients) & np.isfinite(series.gains) & np.isfinite(series.floors)
    return np.logical_and.accumulate(fine, axis=1)


def measured_noise(series: Series, valid: Flags) -> Floats:
    """N(K) for each rung K, shape (R, S); infinite where too few rungs speak for it."""
    rows, rungs = series.quotients.shape
    each = max(1, PAIRS_AT_ONCE // rungs**2)
    if rows > each:
        parts = [slice(start, start + each) for start in range(0, rows, each)]
        return np.concatenate([_measured_noise(series.some(part), valid[part]) for part in parts])
    return _measured_noise(series, valid)


def _measured_noise(series: Series, valid: Flags) -> Floats:
    """The same, of few ladders: all pairs of rungs i < K of each at once, in arrays (R, K, i)."""
    q, g, h = series.quotients, series.gains, series.steps
    rungs = np.arange(q.shape[1])
    below = rungs < rungs[:, None]
    worst = np.maximum.reduce(np.abs(q[:, None, :] - q[:, :, None]) / g[:, None, :], axis=2, initial=0.0, where=below)
    if series.even is not None:
        e = series.even
        bend = np.abs(e[:, None, :] - e[:, :, None] * (h[:, None, :] / h[:, :, None]) ** 2)
        worst = np.maximum(worst, np.maximum.reduce(bend, axis=2, initial=0.0, where=below))
    worst *= 1.0 + FEW / np.maximum(rungs, 1) ** 2
    return np.where(valid & (rungs > 0), np.maximum(worst, series.floors), np.inf)


def silent_rungs(series: Series, valid: Flags) -> Indices:
    """How many of the smallest rungs show nothing of f but that its grid is coarser than they are; shape (R,).

    A value of f such as exp(−18) is a multiple of 32 ulps, since its exponent is rounded before. On steps too short to
    move it all differences are exactly 0, which says that f is flat, or that its noise is larger than its changes
    there, and never that it is half an ulp. Where f first moves by no more than such a multiple, it is the latter.
    """
    rows, rungs = series.quotients.shape
    none = np.zeros(rows, dtype=np.intp)
    if series.even is None:
        return none
    still = valid & (series.quotients == 0) & (series.even == 0)
    count: Indices = np.logical_and.accumulate(still, axis=1).sum(axis=1)
    moved = (count > 0) & (count < valid.sum(axis=1))
    at = np.minimum(count, rungs - 1)
    change = np.abs(pick(series.quotients, at)) * pick(series.steps, at) + np.abs(pick(series.even, at))
    return np.where(moved & (change <= GRID * pick(series.floors, at)), count, none)


def walk(noises: Floats, bounds: Floats, floors: Floats, valid: Flags, silent: Indices) -> tuple[Indices, Flags]:
    """The rung of the first clear minimum of `bounds`, and whether a rise followed. Shapes (R,).

    The `silent` smallest rungs, (R,), are passed over.
    """
    rungs = np.arange(bounds.shape[1])
    last = valid.sum(axis=1) - 1
    first = np.minimum(np.maximum(1, silent), last)
    looked_at = valid & (rungs >= first[:, None])
    # The least so far, at each rung: of those before it.
    best, quietest = np.full(bounds.shape, np.inf), np.full(bounds.shape, np.inf)
    np.fmin.accumulate(np.where(looked_at, bounds, np.inf)[:, :-1], axis=1, out=best[:, 1:])
    np.minimum.accumulate(np.where(looked_at, noises, np.inf)[:, :-1], axis=1, out=quietest[:, 1:])
    rises = looked_at & ((bounds > RISE * best) | (noises > LOUDER * np.maximum(quietest, floors)))
    considered = looked_at & ~np.logical_or.accumulate(rises, axis=1) & (bounds < np.inf)
    at = np.where(considered.any(axis=1), np.argmin(np.where(considered, bounds, np.inf), axis=1), np.maximum(first, 0))
    return at, rises.any(axis=1)


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
    plain, rises = walk(noises, plain_bounds, series.floors, valid, silent_rungs(series, valid))
    noise = pick(noises, plain)
    centre, plain_step = pick(q, plain), pick(h, plain)
    # B(K) is blind to truncation below the noise of the rung under it; the change from that rung is not.
    change = np.abs(centre - pick(q, np.maximum(plain - 1, 0)))
    plain_bound = AGREEMENT * (pick(plain_bounds, plain) + np.where(plain > 0, change, np.inf))
    errors = NOISE_FACTOR * np.maximum(noise[:, None], series.floors) * g
    within_reach = valid & (h <= REACH[series.power] * plain_step[:, None])
    within_reach &= convergent(h, q, errors, series.power, plain)
    within_reach &= near_enough(h, series.widest, plain)
    if series.even is not None:
        within_reach &= bends_evenly(h, series.even, errors / g, plain)
        # |x|³ is even and follows no expansion: its bend, which stands out where its odd part does not yet, shows it.
        within_reach &= convergent(h, series.even / h**2, 2.0 * errors / g / h**2, 2, plain, outgrow=np.inf)

    doubt, steepest = unsettled(h, q, errors, series.power)
    best = Candidates(rows)
    value, error = np.where(within_reach, q, np.nan), errors
    # values[d][:, b] is the window of d + 1 rungs that ends at b; P(a..b) = P(a..b−1) + (P(a..b−1) − P(a+1..b)) /
    # (ratio − 1).
    values, all_errors = [value], [error]
    depths = min(DEEPEST, rungs)
    for depth in range(1, min(depths + 1, rungs)):
        weight = 1.0 / ((h[:, depth:] / h[:, :-depth]) ** series.power - 1.0)
        lower, upper = values[-1][:, depth - 1 : -1], values[-1][:, depth:]
        wide = np.full((rows, rungs), np.nan)
        wide[:, depth:] = lower + (lower - upper) * weight
        spread = np.full((rows, rungs), np.nan)
        spread[:, depth:] = all_errors[-1][:, depth - 1 : -1] * (1.0 + weight) + all_errors[-1][:, depth:] * weight
        values.append(wide)
        all_errors.append(spread)
    for depth in range(depths):
        start = max(depth, 1)
        if start >= rungs:
            break
        # All windows of this depth at once; column b is the window that ends at rung start + b.
        window, before = values[depth][:, start:], slice(start - 1, -1)
        if depth:
            change = np.abs(window - values[depth - 1][:, before])
        else:  # two plain quotients at close steps differ by a part of their truncation only
            change = np.abs(window - q[:, before]) / (1.0 - (h[:, before] / h[:, start:]) ** series.power)
        if depth + 1 < len(values):
            wider = np.abs(values[depth + 1][:, start + 1 :] - window[:, :-1])
            change[:, :-1] = np.fmax(change[:, :-1], wider)
            if np.isfinite(series.widest):
                change[:, :-1] *= np.where(np.isfinite(wider), 1.0, UNWITNESSED)
        round_off = all_errors[depth][:, start:]
        # The window one rung below has less truncation; what its noise cannot explain is this one's.
        low = depth + 1
        excess = np.abs(values[depth][:, low:] - values[depth][:, low - 1 : -1]) - all_errors[depth][:, low - 1 : -1]
        change[:, low - start :] = np.fmax(change[:, low - start :], excess)
        agrees = np.abs(window - centre[:, None]) <= plain_bound[:, None] + round_off
        lowest = h[:, start - depth : rungs - depth]
        truncation = np.fmax(SAFETY * change, np.where(doubt, OTHER_POWERS * steepest, 0.0)[:, start:] * lowest)
        best.offer(agrees, window, truncation, round_off, lowest, h[:, start:])
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


def convergent(h: Floats, q: Floats, errors: Floats, power: int, plain: Indices, outgrow: float = OUTGROW) -> Flags:
    """The rungs that the expansion in powers of h can be believed on, shape (R, S): those up to K and a stretch above.

    Where it holds, the slopes s_b = (Q_b − Q_{b−1}) / (h_bᵖ − h_{b−1}ᵖ) stay about the same or grow. Where f saturates
    or oscillates they fall off, while the extrapolated values still look settled, since a far rung has little weight. A
    slope that noise hides speaks for nothing; the first one that stands out of it has to be confirmed by the next.
    """
    rows, rungs = q.shape
    change = np.full((rows, rungs), np.nan)
    change[:, 1:] = np.abs(q[:, 1:] - q[:, :-1])
    stands_out = np.zeros((rows, rungs), dtype=np.bool_)
    stands_out[:, 1:] = change[:, 1:] > errors[:, 1:] + errors[:, :-1]
    steady = np.zeros((rows, rungs), dtype=np.bool_)  # steady[:, b]: s_b against s_{b−1} and the largest one below
    if rungs > 2:
        width = h[:, 1:] ** power - h[:, :-1] ** power
        slope, error = (q[:, 1:] - q[:, :-1]) / width, (errors[:, 1:] + errors[:, :-1]) / width
        clear = np.where(stands_out[:, 1:], np.abs(slope) - error, 0.0)
        # Over close steps a slope falls off little by little: no one of them is far below the last.
        largest = np.maximum.accumulate(clear, axis=1)[:, :-1]
        growth = slope[:, 1:] * np.sign(slope[:, :-1])
        steady[:, 2:] = (growth >= FALL_OFF * np.maximum(np.abs(slope[:, :-1]), largest)) & (
            growth <= outgrow * np.abs(slope[:, :-1])
        )
    fine = ~stands_out
    fine[:, 1:] |= stands_out[:, :-1] & steady[:, 1:]
    fine[:, 1:-1] |= ~stands_out[:, :-2] & stands_out[:, 2:] & steady[:, 2:]
    fine |= np.arange(rungs) <= plain[:, None]
    return np.logical_and.accumulate(fine, axis=1)


def near_enough(h: Floats, widest: float, plain: Indices) -> Flags:
    """The rungs up to the first gap above K that is wider than the ratio `widest`, shape (R, S).

    What leaving out the largest rung b of a window a..b changes is (h_a/h_b)² times the error of the window a+1..b.
    That is the error of a..b−1 only where the expansion holds up to h_b. Across a wide gap f may have left it unseen,
    as log Σ exp does where it saturates, and then the change is small because h_b is far away, and shows nothing.
    """
    fine = np.arange(h.shape[1]) <= plain[:, None]
    fine[:, 1:] |= h[:, 1:] <= widest * h[:, :-1]
    return np.logical_and.accumulate(fine, axis=1)


def unsettled(h: Floats, q: Floats, errors: Floats, power: int) -> tuple[Flags, Floats]:
    """At which rungs nothing shows yet that Q follows hᵖ and no smaller power, and |dQ/dh| there; (R, S) both.

    The second difference of |x|³ + 1 grows like h where h exceeds x, and below that its noise hides it. Over a few
    rungs Neville's scheme makes of c·h a value that looks settled, and is c·h itself, up to a factor below 1. What
    tells the powers apart is the slope in hᵖ from one pair of rungs to the next, where both stand out of the noise: it
    stays where the power is p, and falls like the steps where it is 1. Between the two, as h passes x, it looks steady
    for a while.
    """
    rows, rungs = q.shape
    shows = np.zeros((rows, rungs), dtype=np.bool_)
    steepest = np.zeros((rows, rungs))
    if power == 1 or rungs < 2:  # no smaller whole power is left
        return shows, steepest
    change = q[:, 1:] - q[:, :-1]
    shows[:, 1:] = np.abs(change) > errors[:, 1:] + errors[:, :-1]
    steepest[:, 1:] = np.abs(change) / (h[:, 1:] - h[:, :-1])
    slope = change / (h[:, 1:] ** power - h[:, :-1] ** power)
    expected = (h[:, 1:-1] + h[:, :-2]) / (h[:, 2:] + h[:, 1:-1])  # of two slopes' ratio where Q follows h
    steady = np.zeros((rows, rungs), dtype=np.bool_)
    steady[:, 2:] = shows[:, 2:] & shows[:, 1:-1] & (slope[:, 1:] / slope[:, :-1] > np.sqrt(expected))
    # The first and the last of the steps over which the slopes stay, at each rung.
    at = np.arange(rungs)
    first = np.maximum.accumulate(np.where(steady, 0, np.maximum(at - 1, 0)), axis=1)
    ends = np.full((rows, rungs), rungs - 1)
    ends[:, :-1] = np.where(steady[:, 1:], rungs - 1, at[:-1])
    last = np.minimum.accumulate(ends[:, ::-1], axis=1)[:, ::-1]
    row = np.arange(rows)[:, None]
    return shows & ~(h[row, last] >= SETTLED * h[row, first]), steepest


def bends_evenly(h: Floats, even: Floats, noise: Floats, plain: Indices) -> Flags:
    """The rungs where the even part of f still follows c·h², shape (R, S).

    Near a stationary point the odd part may lie below the noise at every step. Then only the even part tells when the
    steps outgrow the scale on which f varies.
    """
    rows, rungs = h.shape
    bend, error = even / h**2, 2.0 * noise / h**2
    stands_out = np.abs(bend) > error
    steady = np.zeros((rows, rungs), dtype=np.bool_)
    # Held against the largest bend below, not the last one: over close steps a bend falls off little by little.
    largest = np.maximum.accumulate(np.where(stands_out, np.abs(bend) - error, 0.0), axis=1)
    steady[:, 1:] = bend[:, 1:] * np.sign(bend[:, :-1]) >= FALL_OFF * largest[:, :-1]
    fine = ~stands_out
    fine[:, 1:] = np.where(stands_out[:, :-1], steady[:, 1:], fine[:, 1:])
    fine[:, :-1] |= stands_out[:, :-1] & stands_out[:, 1:] & steady[:, 1:]
    # Where the slope falls off, the first of the two is as doubtful as the second.
    fine |= np.arange(rungs) <= plain[:, None]
    return np.logical_and.accumulate(fine, axis=1)


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
        """Take the best of some windows, all (R, B), where it is allowed and better than what there is; of equally good
        ones the first."""
        total = truncation + round_off
        total = np.where(allowed & ~np.isnan(total), total, np.inf)
        at = np.argmin(total, axis=1)
        rows = np.flatnonzero(pick(total, at) < self.truncation + self.round_off)
        at = at[rows]
        self.value[rows], self.truncation[rows] = value[rows, at], truncation[rows, at]
        self.round_off[rows] = round_off[rows, at]
        self.lowest[rows], self.highest[rows] = lowest[rows, at], highest[rows, at]
