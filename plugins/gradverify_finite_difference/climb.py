"""Climbing the ladder: scan, look, add steps where they are missing, look again."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from gradverify_finite_difference.arrays import Flags, Floats, Indices, pick
from gradverify_finite_difference.continuity import Breaks, Nature, breaks, kinds_between
from gradverify_finite_difference.extrapolation import NOISE_FACTOR, Selection, select
from gradverify_finite_difference.lines import Lines, Samples, Side, by_row, quotients, sample
from gradverify_finite_difference.noise import grain, quantum_of
from gradverify_finite_difference.sampling import BudgetError, Sampler
from gradverify_finite_difference.steps import LARGEST, SCAN_RATIO, SMALLEST_ULPS, scan, shaken, smallest_step, thirds

CLOSE = 1.2  # steps nearer to one another than this factor say the same
SECOND_SMALLEST = 1e4  # second differences amplify noise like 1/h²: the smallest steps are that much larger
SECOND_RATIO = 20.0
FAR = (1e12, 1e30, 1e60, 1e100)  # steps for a function that never moved
LOW_RUNG = 2  # a walk that ends this early has seen too few small steps
LEVELS = 3  # of rounding inside rounding: (x + 1e8)² − 1e16 − 2e8 x has its own last bit, and that of 1e16
FEWEST_AGREE = 3  # of the smallest steps that agree to round-off, over at least
AGREE_SPAN = 1e3  # times the smallest one
MOST_OVERRULED = 8  # ladders whose jumps are looked for, at some 200 evaluations each
ROUNDS = 6  # after the scan; most lines need one
FAINT = 1e-8  # relative to f: what is written in steps so small is none that people mean, but a solver's tolerance
APART = 0.5  # of a claim from a slope, relative to the larger of both, that makes them two different slopes
BELOW = 1e-4  # how much smaller the next steps are where even the smallest ones are too large (x = 0 only)


@dataclass(frozen=True, slots=True)
class Goal:
    """When a bound is small enough: a part of the tolerance, relative to the value, or of the gap to the claim."""

    tolerance: float
    claimed: Floats | None  # (R,)

    TOLERANCE_PART = 0.01  # a bound that small decides everything
    GAP_PART = 0.02

    def at(self, value: Floats, settled: Flags) -> Floats:
        """The bound that suffices, for each ladder; `settled` are those that more steps would tell nothing new."""
        with np.errstate(all="ignore"):
            enough = self.TOLERANCE_PART * self.tolerance * np.abs(value)
            if self.claimed is not None:
                gap = np.abs(value - self.claimed)
                enough = np.fmax(enough, np.where(gap > 50 * enough, self.GAP_PART * gap, 0.0))
                # A claim of exactly 0 where f does not move at all: more steps would say the same.
                enough = np.where(settled & (value == 0) & (self.claimed == 0), np.inf, enough)
        return enough


@dataclass(frozen=True, slots=True)
class Climbed:
    """What was sampled, and what was selected: one row of `selection` for each line and output, L·M.

    quantum: (L·M,), the least noise of one value of f.  breaks: what the slopes end at.
    """

    samples: Samples
    selection: Selection
    quantum: Floats
    breaks: Breaks


def climb(
    sampler: Sampler,
    lines: Lines,
    side: Side,
    goal: Goal,
    random: np.random.Generator,
    coarse: Floats | None = None,
) -> Climbed:
    """Estimate the derivative along each line, with as few rungs as reach the goal.

    coarse: (L·M,), what f's values are known to be multiples of; 0 where nothing is.
    """
    count, outputs = lines.centre.shape
    room = {Side.UP: lines.room.up, Side.DOWN: lines.room.down}.get(side, lines.room.both)
    smallest = smallest_step(lines.x, lines.epsilon, lines.size)
    ratio = SCAN_RATIO
    if side is Side.SECOND:
        smallest, ratio = smallest * SECOND_SMALLEST, SECOND_RATIO
    samples = sample(sampler, lines, scan(smallest, room, ratio, random), side)
    least = np.zeros(count * outputs) if coarse is None else coarse
    climber = _Climber(sampler, lines, side, goal, random, room)
    wanted: Flags = np.ones(count, dtype=np.bool_)
    nature, height = np.zeros(count * outputs, dtype=np.intp), np.zeros(count * outputs)
    low, high = np.full(count * outputs, np.inf), np.full(count * outputs, -np.inf)  # slopes between jumps
    for _ in range(LEVELS):
        samples, found, quantum = climber.rounds(samples, least, wanted)
        broken = _faint_ones_rounded(_breaks(climber, samples, found, quantum), lines, found.value, goal)
        fresh = broken.nature != int(Nature.WHOLE)
        nature, height = np.where(fresh, broken.nature, nature), np.where(fresh, broken.height, height)
        either = broken.are(Nature.EITHER)
        low = np.where(either, np.minimum(low, found.value - found.bound), low)
        high = np.where(either, np.maximum(high, found.value + found.bound), high)
        rounded = broken.are(Nature.ROUNDING) | either
        if not rounded.any():
            break
        up, down = by_row(samples.up), by_row(samples.down)
        coarse = np.maximum(broken.height, grain(lines.centre.reshape(-1)[:, None], up, down))
        least = np.where(rounded, np.maximum(coarse, least), least)
        wanted = np.asarray(rounded.reshape((count, outputs)).any(axis=1))
    else:
        samples, found, quantum = climber.rounds(samples, least, wanted)
    if side is not Side.SECOND:
        small, jumps, which = overruled(sampler, lines, samples, found, side, goal, nature)
        low[which], high[which] = np.fmin(low[which], small.min(axis=0)), np.fmax(high[which], small.max(axis=0))
        nature[which], height[which] = int(Nature.EITHER), jumps
    with np.errstate(all="ignore"):
        apart = np.maximum(found.value - low, high - found.value)
    found = replace(found, truncation=found.truncation + np.where(apart > 0, apart, 0.0))
    return Climbed(samples, found, quantum, Breaks(nature, height))


def overruled(
    sampler: Sampler, lines: Lines, samples: Samples, found: Selection, side: Side, goal: Goal, nature: Indices
) -> tuple[Floats, Floats, Indices]:
    """The least and largest slope that small steps agree on to round-off, (2, r), where larger ones overruled them and
    f jumps; the heights of the jumps, and the rows; (r,).

    Such jumps were taken for noise that the small steps do not show. Where they are not known to be rounding, they may
    be what f is made of, as 1000·floor(1000 x) at 7e4 is, whose slope is 0.
    """
    with np.errstate(all="ignore"):
        series = quotients(lines, samples, side, np.zeros(len(found.value)))
        error = NOISE_FACTOR * series.floors * series.gains
        fine = np.logical_and.accumulate(np.isfinite(series.quotients + error), axis=1)
        least = np.maximum.accumulate(np.where(fine, series.quotients - error, -np.inf), axis=1)
        most = np.minimum.accumulate(np.where(fine, series.quotients + error, np.inf), axis=1)
        agree = fine & np.logical_and.accumulate(least <= most, axis=1)
        last = agree.sum(axis=1) - 1
        at = np.maximum(last, 0)
        slope = np.where(agree & (series.quotients == 0), 0.0, (least + most) / 2)
        slope, uncertain = pick(slope, at), (pick(most, at) - pick(least, at)) / 2
        off = np.abs(found.value - slope) - uncertain - found.bound
        suspected = (last >= FEWEST_AGREE - 1) & (nature == int(Nature.WHOLE)) & (found.lowest > pick(series.steps, at))
        suspected &= (off > 0) & (off > goal.tolerance * np.abs(found.value)) & (at + 1 < fine.shape[1])
        suspected &= pick(series.steps, at) >= AGREE_SPAN * series.steps[:, 0]
    rows = np.flatnonzero(suspected)[:MOST_OVERRULED]
    if not rows.size:
        return np.zeros((2, 0)), np.zeros(0), rows
    before, after = pick(series.steps, at)[rows], pick(series.steps, np.minimum(at + 1, fine.shape[1] - 1))[rows]
    kinds, height = kinds_between(sampler, lines, samples, rows, slope[rows], before, after, side)
    doubted = (kinds != int(Nature.WHOLE)) & (kinds != int(Nature.ROUNDING))
    doubted &= ~_faint(height, rows, lines, slope[rows], goal)
    ends = np.stack([slope - uncertain, slope + uncertain])
    return ends[:, rows[doubted]], height[doubted], rows[doubted]


def _faint_ones_rounded(broken: Breaks, lines: Lines, slope: Floats, goal: Goal) -> Breaks:
    """The same, where tiny jumps that may be either are rounding unless the claim is the slope between them."""
    either = broken.are(Nature.EITHER)
    if not either.any():
        return broken
    rounded = either & _faint(broken.height, np.arange(len(slope)), lines, slope, goal)
    return Breaks(np.where(rounded, int(Nature.ROUNDING), broken.nature), broken.height)


def _faint(height: Floats, rows: Indices, lines: Lines, slope: Floats, goal: Goal) -> Flags:
    """Whether jumps of these heights are tiny beside f and nobody claims the slope between them; (r,).

    A bisection that stops at a width of 1e-10 makes f a staircase of such steps. height, slope: (r,), of `rows`.
    """
    if goal.claimed is None:
        return np.zeros(len(rows), dtype=np.bool_)
    claimed, centre = goal.claimed[rows], lines.centre.reshape(-1)[rows]
    with np.errstate(all="ignore"):
        other = np.abs(claimed - slope) >= APART * np.maximum(np.abs(claimed), np.abs(slope))
        faint: Flags = (height <= FAINT * np.abs(centre)) & other & (claimed != slope)
    return faint


def _breaks(climber: _Climber, samples: Samples, found: Selection, quantum: Floats) -> Breaks:
    """What the ladders' slopes end at; second differences are looked at by the first ones on the same samples."""
    lines, side, claimed = climber.lines, climber.side, climber.goal.claimed
    if side is Side.SECOND:
        side = Side.BOTH
        found = select(quotients(lines, samples, side, quantum))
        claimed = None
    series = quotients(lines, samples, side, quantum)
    return breaks(climber.sampler, lines, samples, series, found, side, claimed, climber.goal.tolerance, quantum)


@dataclass(frozen=True, slots=True)
class _Climber:
    """What stays the same from round to round."""

    sampler: Sampler
    lines: Lines
    side: Side
    goal: Goal
    random: np.random.Generator
    room: Floats

    def rounds(self, samples: Samples, least: Floats, wanted: Flags) -> tuple[Samples, Selection, Floats]:
        """Add steps to the `wanted` lines, shape (L,), until their bounds reach the goal, or no step is left to take.

        least: (L·M,), the noise of f at least.  Also returns the noise that was reckoned with at least.
        """
        lines, side, room = self.lines, self.side, self.room
        count, outputs = lines.centre.shape
        with np.errstate(all="ignore"):
            reach = np.repeat(LARGEST * np.maximum(np.abs(lines.x), lines.size), outputs)
        quantum = np.maximum(quantum_of(lines, samples), least)
        found = select(quotients(lines, samples, side, quantum))
        for turn in range(ROUNDS):
            enough = self.goal.at(found.value, found.rises | beyond(samples, reach, outputs))
            with np.errstate(all="ignore"):
                lack = np.where(found.bound <= enough, 0.0, found.bound / np.where(enough > 0, enough, 5e-324))
            lack = np.where(np.isnan(lack), np.inf, lack).reshape((count, outputs))
            active = np.flatnonzero(((lack.max(axis=1) > 0) | (turn == 0)) & wanted)
            if len(active) == 0:
                break
            rows = active * outputs + lack[active].argmax(axis=1)
            steps = next_steps(samples.subset(active), part(found, rows), lines.subset(active), room[active], turn)
            steps = shaken(steps, self.random)
            steps = np.where(steps <= room[active][:, None], steps, np.nan)
            steps = apart(steps, samples.subset(active).steps)
            if not np.isfinite(steps).any():
                break
            try:
                more = sample(self.sampler, lines.subset(active), steps, side)
            except BudgetError:
                break
            samples = samples.joined(more.spread(active, count))
            quantum = np.maximum(quantum_of(lines, samples), least)
            found = select(quotients(lines, samples, side, quantum))
        return samples, found, quantum


def beyond(samples: Samples, reach: Floats, outputs: int) -> Flags:
    """Which ladders have been looked at far beyond `reach`, shape (R,)."""
    farthest = np.max(np.where(np.isfinite(samples.steps), samples.steps, 0.0), axis=1)
    return np.repeat(farthest, outputs) > 100.0 * reach


def apart(steps: Floats, there: Floats) -> Floats:
    """`steps` without those that lie close to one that was taken already; shapes (L, s) and (L, S)."""
    with np.errstate(all="ignore"):
        ratio = steps[:, :, None] / there[:, None, :]
        close = (ratio < CLOSE) & (ratio > 1.0 / CLOSE)
    return np.where(close.any(axis=2), np.nan, steps)


def part(selection: Selection, rows: Indices) -> Selection:
    """Some rows of a selection."""
    return Selection(**{f.name: getattr(selection, f.name)[rows] for f in fields(selection)})


def next_steps(samples: Samples, found: Selection, lines: Lines, room: Floats, turn: int) -> Floats:
    """The steps that the next round should add, shape (L, 8), NaN where none."""
    h = samples.steps
    last = np.maximum(found.last, 0)

    def rung(index: Indices) -> Floats:
        return pick(h, np.minimum(np.maximum(index, 0), last))

    nothing = np.full(len(h), np.nan)
    with np.errstate(all="ignore"):
        largest = np.minimum(room / 1.25, LARGEST * np.maximum(np.abs(lines.x), lines.size))
    top = rung(last)
    if turn == 0:
        k = found.plain
        around = thirds(rung(k), rung(k + 1)) + thirds(rung(k + 1), rung(k + 2))
        around = [
            np.where(offset < found.last, step, nothing)
            for offset, step in zip((k, k, k + 1, k + 1), around, strict=True)
        ]
    else:
        centre = found.highest
        around = [centre * factor for factor in (0.4, 0.65, 1.6, 2.6)]
    usable = found.last >= 0
    stuck = found.rises & (found.plain <= LOW_RUNG)
    below = thirds(rung(np.zeros_like(last)), rung(np.ones_like(last)))
    below += thirds(rung(np.ones_like(last)), rung(np.full_like(last, 2)))
    at_zero = np.abs(lines.x) < SMALLEST_ULPS * lines.epsilon * lines.size
    deeper = [rung(np.zeros_like(last)) * BELOW**power for power in (0.25, 0.5, 0.75, 1.0)]
    below = [np.where(at_zero, d, b) for d, b in zip(deeper, below, strict=True)]
    # The next larger rung gave no finite value, or there is none yet.
    beyond_value = np.isfinite(pick(h, np.minimum(last + 1, h.shape[1] - 1))) & (last + 1 < h.shape[1])
    climbing = usable & ~found.rises & ~beyond_value
    # f has not moved at any step: only steps beyond all measure tell a constant from 1e16 + 1e-10 x.
    still = climbing & (found.value == 0) & (found.plain == last) & (top * 10.0 >= largest)
    with np.errstate(all="ignore"):
        own = np.maximum(np.abs(lines.x), lines.size)
        far = [np.where(factor * own <= room, factor * own, nothing) for factor in FAR]
    above = [np.minimum(top * factor, largest) for factor in (5.0, 30.0, 2e2, 3e3)]
    above = [np.where(climbing & (step > 1.3 * top), step, nothing) for step in above]
    first = [np.where(stuck, low, near) for low, near in zip(below, around, strict=True)]
    first = [np.where(still, distant, near) for distant, near in zip(far, first, strict=True)]
    return np.stack([*first, *above], axis=1)
