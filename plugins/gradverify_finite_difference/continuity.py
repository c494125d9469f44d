"""Does f go on beyond the steps that its slope was read off, or does it break there?

Rounding inside f can hold a part of it still over many decades of steps: 1 − cos(x) near 1e-4 is a multiple of 1.1e-16
and moves only every 1e-12, so that (1 − cos x)/x² has a clean slope of −10⁴ on all smaller steps, where the true one is
−10⁻⁵. No number of small steps shows it. What shows it is how that slope ends: a smooth f leaves it gradually, by at
most a power of h, and is continuous; a rounded one leaves it at a *jump*, again and again.

1. A ladder is suspected where, from one rung to the next, the quotient leaves the value by more than the power of h
   that the expansion allows, and where its value would call a claim wrong that larger steps speak for.
2. Halving the interval in which f leaves its slope ends at a jump, whose height stays, or at nothing, since the change
   of a continuous function shrinks with the interval.
3. A jump or two are branches, and say nothing against the slope beside them. Jumps that go on are either what f is
   (floor(x), x mod 1: as high as f's own variation, near and far alike) or rounding: tiny beside f's variation over
   ordinary steps. Then their height is the noise of f. What is neither clearly has no bound.
4. Steps that lie close, such as those of floor(1000 x) or of floor(x) at 1e6, are tiny beside f's variation as well.
   Rounding inside f grows and shrinks with what is rounded, or is that of single precision; where jumps are as high far
   away as here, and are no rounding to the last places that f may have, the slope between them and that across them
   are both allowed for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np

from gradverify_finite_difference.arrays import Flags, Floats, Indices, pick, unique
from gradverify_finite_difference.extrapolation import Selection, Series
from gradverify_finite_difference.lines import Lines, Samples, Side, by_row
from gradverify_finite_difference.sampling import BudgetError, Sampler

CLIFF = 4.0  # times what the power of h allows: a quotient that leaves the value faster is suspected
FAILS = 0.5  # of the gap to the claim: the first quotient that has moved so far towards it is suspected
SPEAKS = 0.2  # of that gap: a quotient so near to the claim speaks for it
CLEAR_OF_NOISE = 4.0  # in units of the noise that is known already, for jumps that are higher still
HALVINGS = 24  # a continuous change is 1e-7 of itself after them
LAST_HALVINGS = 6  # over which the height of a jump stands still, and a continuous change falls 64-fold
STANDS = 0.5
CLEAR = 16.0  # in units of round-off of f's value: lower jumps are the round-off that the ladder allows for anyway
PART = 0.25  # of how far f has left its slope, and of the last jump: a crossing of this level finds the next jump
GALLOP = 4.0  # the ratio of steps in search of the next crossing
START = 2.0**-12  # of a jump's distance: the first of those steps
REACH = 30.0  # times the component's own size: as far as further jumps are looked for, or
FARTHER = 1e3  # times the rung at which f has left its slope
# Suspected ladders, spread evenly, that are looked at first; where none of them breaks, the others are taken for whole.
# Rounding that half of them have in common shows in none of these once in 2⁸ times.
LOOKED_AT_FIRST = 8
IN_A_ROW = 3  # as many jumps, one after the other on one side, are no branches, nor
ALTOGETHER = 4  # as many on both sides
LIKE = 0.01  # a jump of at least this part of another's height is one more of its kind
# Times what f moves before it leaves its slope: rounding holds back no more than that. Higher jumps are of another
# kind, as where the solution of a differential equation has blown up.
UNLIKE = 1e3
FEW = 1e-3  # a jump this small beside another says that there is none of its kind
ORDINARY = 10.0  # times |x|, and times max(|x|, 1): the steps over which f shows its ordinary variation
AROUND = (4.0, 1e3)  # times a component's own size: values of f at such steps are held against its slope
OUTRUNS = 4.0  # times f's largest change there: so much more a slope says of one that holds near the point only
SPANS = 12  # intervals, from where f leaves its slope to FROM_HERE times its own size, that are searched for jumps each
FROM_HERE = 10.0
RISES = 1e3  # times its least change: so far f has moved within
AT_ONCE = 1e-2  # of the way to where it begins to, if it is an edge
# Heights of jumps beside that variation. Steps of a function that was meant to have them lie above, round-off below.
STEPS_LEAST = 2e-2  # sin(x) rounded to two digits has steps of half as much
INTEGER_STEPS_LEAST = 1e-5  # where all values are whole numbers
TEETH_LEAST = 0.2  # of a sawtooth, which has a slope between its jumps, such as x mod 1
ROUNDING_MOST = 1e-12  # whatever else holds; 1e4 units of round-off
ROUNDING_NEAR_MOST, ROUNDING_FAR_MOST = 1e-3, 1e-6  # single precision has 1e-7
SINGLE_EPSILON = 2.0**-23
# Times the distance of the first jump: so far others are looked for, each time at so many places, up to so many.
CLOSE, CLOSE_PLACES, MOST_CLOSE = (4.0, 8.0, 16.0, 32.0, 64.0), 33, 4
CLOSE_USUAL = 0.25  # the quantile of second differences that says how f usually bends there
FINE, FINE_REACH = 24, 3.0  # places at which f is looked at over so many times the distance of two jumps
FINE_STANDS = 16.0  # times the usual second difference there
ALIKE = 4.0  # the height of jumps far away against that here, either way: such jumps keep their height
STRAIGHT = 4.0  # times their height: so far off a straight line values of evenly spaced steps are at most
ALONE_MOST = 1e-2  # where there are none elsewhere: the rounding is magnified here only


class Nature(IntEnum):
    """What a ladder's slope ends at."""

    WHOLE = 0  # nothing, or one jump: the slope stands
    ROUNDING = 1  # jumps from rounding: their height is the noise of f
    STEPS = 2  # jumps that f is made of: the slope stands
    DOUBTFUL = 3  # jumps that may be either
    EITHER = 4  # jumps that may be either, and are so low and close that f has a slope across them as well


@dataclass(frozen=True, slots=True)
class Breaks:
    """For each of R ladders: what its slope ends at, and the height of the jumps. Shapes (R,)."""

    nature: Indices
    height: Floats

    def are(self, nature: Nature) -> Flags:
        """Which ladders end so."""
        return np.asarray(self.nature == nature)


def cliffs(series: Series, found: Selection, claimed: Floats | None, relative: float) -> Indices:
    """The first rung that leaves the value in a way that no smooth f does, shape (R,); −1 where there is none.

    claimed: (R,); where the value would call it wrong by `relative`, but larger steps do not, the first rung that
    is nearer to it counts.
    """
    h, q, g = series.steps, series.quotients, series.gains
    used = np.fmin(found.highest, pick(h, np.maximum(found.plain, 0)))
    fine = np.isfinite(q) & np.isfinite(g) & np.isfinite(series.floors)
    fine = np.logical_and.accumulate(fine, axis=1)
    with np.errstate(all="ignore"):
        off = np.abs(q - found.value[:, None])
        error = np.maximum(series.floors, found.noise[:, None]) * g  # what noise moves is no cliff
        least = np.maximum(off[:, :-1], error[:, :-1])
        allowed = CLIFF * (least * (h[:, 1:] / h[:, :-1]) ** series.power + error[:, 1:])
        leaves = off[:, 1:] > allowed
        if claimed is not None:
            gap = np.abs(found.value - claimed)
            wrong = gap > relative * np.abs(found.value) + found.bound
            beyond = fine & (h > used[:, None])
            wrong &= (beyond & (np.abs(q - claimed[:, None]) <= SPEAKS * gap[:, None])).any(axis=1)
            leaves |= wrong[:, None] & (off[:, 1:] > FAILS * gap[:, None])
        leaves &= fine[:, 1:] & (h[:, 1:] > 0.5 * used[:, None])
    return np.where(leaves.any(axis=1), np.argmax(leaves, axis=1) + 1, -1)


def outrun(lines: Lines, samples: Samples, series: Series, found: Selection, side: Side) -> Indices:
    """The first rung above the value's where f, farther off than a component's own size, moves far less than its slope
    says; shape (R,), −1 where there is none.

    (1 − cos x)/x² at 2e-8 is 2.2e-16/x² between two of its jumps, with a slope to match, and 1/2 some of them farther.
    """
    outputs = lines.centre.shape[1]
    centre = lines.centre.reshape(-1)[:, None]
    own = np.repeat(np.where(lines.x != 0, np.abs(lines.x), lines.size), outputs)
    h = series.steps
    values = (by_row(samples.up), by_row(samples.down))
    with np.errstate(all="ignore"):
        moves = np.fmax(*(np.abs(value - centre) for value in values))
        far = (h >= AROUND[0] * own[:, None]) & (h <= AROUND[1] * own[:, None]) & np.isfinite(moves)
        most = np.max(np.where(far, moves, 0.0), axis=1)
        used = np.fmax(found.highest, pick(h, np.maximum(found.plain, 0)))
        suspected = far.any(axis=1) & (np.abs(found.value) * own > OUTRUNS * most) & (side is not Side.SECOND)
        above = h > used[:, None]
    first = np.argmax(above, axis=1)
    return np.where(suspected & above.any(axis=1) & (first > 0), first, -1)


@dataclass(frozen=True, slots=True)
class _Rows:
    """Some ladders, and how f less its slope is evaluated on them."""

    sampler: Sampler
    lines: Lines
    rows: Indices  # of L·M
    slope: Floats  # (r,)
    noise: Floats  # (r,), of one value of f, known so far
    line: Indices = field(init=False)  # (r,), of L
    own: Lines = field(init=False)  # one for each of the ladders

    def __post_init__(self) -> None:
        line = self.rows // self.lines.centre.shape[1]
        object.__setattr__(self, "line", line)
        object.__setattr__(self, "own", self.lines.subset(line))

    def some(self, which: Indices) -> _Rows:
        """Some of them."""
        return _Rows(self.sampler, self.lines, self.rows[which], self.slope[which], self.noise[which])

    def least_jump(self, size: Floats) -> Floats:
        """The height from which on a jump counts; `size` is that of f's values there."""
        return np.maximum(CLEAR * self.lines.epsilon * size, CLEAR_OF_NOISE * self.noise)

    @property
    def x(self) -> Floats:
        return self.own.x

    def at(self, coordinate: Floats) -> tuple[Floats, Floats]:
        """f less its slope, and f, at one coordinate a ladder; NaN where that is NaN. Shapes (r,)."""
        found = self.own.values(self.sampler, coordinate[:, None])[:, 0, :]
        outputs = found.shape[1]
        value = found[:, 0] if outputs == 1 else found[np.arange(len(found)), self.rows % outputs]
        with np.errstate(all="ignore"):
            return value - self.slope * (coordinate - self.own.x), value


@dataclass(frozen=True, slots=True)
class _Bracket:
    """An interval of distances on one side of x, and f less its slope at both ends; shape (r,) each."""

    near: Floats
    far: Floats
    at_near: Floats
    at_far: Floats

    def but(self, where: Flags, other: _Bracket) -> _Bracket:
        """This one, but the other one at some places."""
        return _Bracket(
            np.where(where, other.near, self.near), np.where(where, other.far, self.far),
            np.where(where, other.at_near, self.at_near), np.where(where, other.at_far, self.at_far),
        )  # fmt: skip


def halved(rows: _Rows, sign: float, bracket: _Bracket, level: Floats | None) -> tuple[_Bracket, Floats]:
    """The bracket after HALVINGS, and the height of the jump in it, 0 where there is none; shapes (r,).

    level: (r,), how far f may leave its value at the near end: its first crossing is found. None: the half over which
    f changes more is kept each time.
    """
    x = rows.x
    a, b, at_a, at_b = bracket.near, bracket.far, bracket.at_near, bracket.at_far
    start = at_a
    size = np.zeros(len(a))
    changes = [np.abs(at_b - at_a)]
    for _ in range(HALVINGS):
        middle = a + 0.5 * (b - a)
        between = x + sign * middle
        fresh = (between != x + sign * a) & (between != x + sign * b)
        at_m, value = rows.at(between if fresh.all() else np.where(fresh, between, np.nan))
        crossed = np.abs(at_m - start) > level if level is not None else None
        nearer = crossed if crossed is not None else ~(np.abs(at_m - at_a) < np.abs(at_b - at_m))
        left, right = fresh & nearer, fresh & ~nearer
        b, at_b = np.where(left, middle, b), np.where(left, at_m, at_b)
        a, at_a = np.where(right, middle, a), np.where(right, at_m, at_a)
        size = np.fmax(size, np.abs(value))
        changes.append(np.abs(at_b - at_a))
        if not fresh.any():
            break
    stays = changes[-1] >= STANDS * changes[max(0, len(changes) - 1 - LAST_HALVINGS)]
    clear = changes[-1] > rows.least_jump(size)
    return _Bracket(a, b, at_a, at_b), np.where(stays & clear, changes[-1], 0.0)


def gallop(rows: _Rows, sign: float, bracket: _Bracket, level: Floats, limit: Floats, step: Floats) -> _Bracket:
    """From the far end outwards by growing steps until f has left its value there by more than `level`.

    The far end of the result is NaN where it does not do so before `limit`.
    """
    near, at_near, reference = bracket.far, bracket.at_far, bracket.at_far
    far, at_far = np.full(len(near), np.nan), np.full(len(near), np.nan)
    start = near
    open_ = np.isfinite(reference)
    while (open_ & (start + step <= limit)).any():
        tried = np.where(open_ & (start + step <= limit), start + step, np.nan)
        value, _ = rows.at(rows.x + sign * tried)
        open_ &= np.isfinite(value)
        crossed = open_ & (np.abs(value - reference) > level)
        far, at_far = np.where(crossed, tried, far), np.where(crossed, value, at_far)
        open_ &= ~crossed
        near, at_near = np.where(open_, tried, near), np.where(open_, value, at_near)
        step = step * GALLOP
    return _Bracket(near, far, at_near, at_far)


def jumps_in_a_row(
    rows: _Rows, sign: float, low: Floats, high: Floats, limit: Floats
) -> tuple[Indices, Floats, Floats, Floats]:
    """How many jumps follow one another on one side, IN_A_ROW at most, the height of the highest, how far away the
    first one is and how far apart the last two are, NaN where there are none; shapes (r,).

    The first is looked for between the distances `low`, up to which f follows its slope, and `high`, or beyond where f
    has not left it there.
    """
    count = np.zeros(len(low), dtype=np.intp)
    height = np.zeros(len(low))
    low, high = np.minimum(low, limit), np.minimum(high, limit)
    at_low, value_low = rows.at(rows.x + sign * low)
    at_high, _ = rows.at(rows.x + sign * high)
    bracket = _Bracket(low, high, at_low, at_high)
    least = rows.least_jump(np.abs(value_low))
    level = np.where((rows.slope == 0) & (rows.noise <= least / CLEAR), 0.0, PART * np.abs(at_high - at_low))
    still = np.abs(at_high - at_low) <= least
    if still.any():  # the other side may have left its slope alone
        level = np.where(still & (level > 0), least, level)
        farther = gallop(rows, sign, _Bracket(low, high, at_low, np.where(still, at_high, np.nan)), level, limit, high)
        bracket = bracket.but(still, farther)
    found, jump = halved(rows, sign, bracket, level)
    if (jump == 0).any():
        other, another = halved(rows, sign, bracket, None)
        found, jump = other.but(jump > 0, found), np.where(jump > 0, jump, another)
    height = jump
    going = jump > 0
    count += going
    first, apart = np.where(going, found.far, np.nan), np.full(len(low), np.nan)
    while going.any() and count.max() < IN_A_ROW:
        part = _Bracket(found.near, found.far, found.at_near, np.where(going, found.at_far, np.nan))
        step = np.maximum(START * found.far, 2.0 * (found.far - found.near))
        bracket = gallop(rows, sign, part, PART * height, limit, step)
        before = found.far
        found, jump = halved(rows, sign, bracket, PART * height)
        going = going & (jump >= LIKE * height) & (jump > 0)
        height = np.where(going, np.maximum(height, jump), height)
        apart = np.where(going, found.far - before, apart)
        count += going
    return count, height, first, apart


def jumps_on_the_way(rows: _Rows, sign: float, low: Floats, high: Floats) -> tuple[Indices, Floats]:
    """How many of SPANS intervals between the distances `low` and `high` hold a jump, and the highest; shapes (r,).

    For an f that varies as much between its jumps as at them, where the next crossing of a level tells nothing.
    """
    count = len(low)
    each = rows.some(np.repeat(np.arange(count), SPANS))
    ends = np.geomspace(low, np.maximum(high, low * 2.0), SPANS + 1, axis=1)
    near, far = ends[:, :-1].ravel(), ends[:, 1:].ravel()
    at_near, _ = each.at(each.x + sign * near)
    at_far, _ = each.at(each.x + sign * far)
    _, jump = halved(each, sign, _Bracket(near, far, at_near, at_far), None)
    jump = np.where(np.isfinite(jump), jump, 0.0).reshape((count, SPANS))
    height = jump.max(axis=1)
    alike: Indices = ((jump >= LIKE * height[:, None]) & (jump > 0)).sum(axis=1)
    return alike, height


def jumps_close_by(
    rows: _Rows, sign: float, first: Floats, limit: Floats, behind: Floats, height: Floats
) -> tuple[Indices, Floats]:
    """How many jumps there are within a few times the distance `first` of one of that height, and the highest.

    f may vary by more than that on the way: what stands out are second differences over short distances. MOST_CLOSE at
    most are counted, at the reach that shows most.
    limit, behind: the room on this side, and on the other one, where one of the places lies. Shapes (r,).
    """
    r = len(first)
    most, highest = np.zeros(r, dtype=np.intp), np.zeros(r)
    for reach in CLOSE:
        end = np.minimum(reach * first, limit)
        ends = end[:, None] * np.linspace(-1.0 / (CLOSE_PLACES - 2), 1.0, CLOSE_PLACES)
        ends[:, 0] = np.where(-ends[:, 0] <= behind, ends[:, 0], np.nan)
        each = rows.some(np.repeat(np.arange(r), CLOSE_PLACES))
        value = each.at(each.x + sign * ends.ravel())[0].reshape(ends.shape)
        moved = np.diff(value, axis=1)
        off = np.abs(moved[:, 1:-1] - 0.5 * (moved[:, :-2] + moved[:, 2:]))
        off = np.where(np.isfinite(off), off, 0.0)
        beside = np.pad(off, ((0, 0), (1, 1)))
        peaks = (off >= beside[:, :-2]) & (off >= beside[:, 2:])
        usual = np.quantile(off, CLOSE_USUAL, axis=1)  # a jump stands out in three of them
        stands_out = off > np.maximum(FINE_STANDS * usual, LIKE * height)[:, None]
        ranked = np.argsort(np.where(peaks & stands_out, -off, np.inf), axis=1)[:, :MOST_CLOSE]
        count, top = np.zeros(r, dtype=np.intp), np.zeros(r)
        for place in ranked.T:
            wanted = np.where((peaks & stands_out)[np.arange(r), place], 1.0, np.nan)
            at = place + 1  # of the interval's near end
            bracket = _Bracket(
                pick(ends, at) * wanted, pick(ends, at + 1) * wanted, pick(value, at), pick(value, at + 1)
            )
            _, jump = halved(rows, sign, bracket, None)
            counts = jump >= LIKE * height
            count += counts & (jump > 0)
            top = np.maximum(top, np.where(counts, jump, 0.0))
        highest = np.where(count > most, top, highest)
        most = np.maximum(most, count)
    return most, highest


def breaks(
    sampler: Sampler,
    lines: Lines,
    samples: Samples,
    series: Series,
    found: Selection,
    side: Side,
    claimed: Floats | None,
    relative: float,
    noise: Floats,
) -> Breaks:
    """Look where the ladders' slopes end. Those that are not looked at for want of budget are taken as they are.

    claimed: (R,), what is held against them, with the tolerance `relative`.  noise: (R,), that is known so far.
    """
    count = len(found.value)
    nature = np.full(count, int(Nature.WHOLE), dtype=np.intp)
    height = np.zeros(count)
    rung = np.where(np.isfinite(found.value), cliffs(series, found, claimed, relative), -1)
    rung = np.where(rung > 0, rung, np.where(np.isfinite(found.value), outrun(lines, samples, series, found, side), -1))
    suspects = np.flatnonzero(rung > 0)
    spread = unique(np.linspace(0, suspects.size - 1, min(LOOKED_AT_FIRST, suspects.size)).round().astype(np.intp))
    for rows in (suspects[spread], np.delete(suspects, spread)):
        if not rows.size:
            break
        part = _Rows(sampler, lines, rows, found.value[rows], noise[rows])
        steps = series.steps[rows]
        low, high = pick(steps, rung[rows] - 1), pick(steps, rung[rows])
        try:
            with np.errstate(all="ignore"):
                nature[rows], height[rows] = _judge(part, samples, low, high, side)
        except BudgetError:
            break
        if (nature[rows] == int(Nature.WHOLE)).all():
            break  # what is asked of hundreds of components is not rounding in some of them
    return Breaks(nature, height)


def kinds_between(
    sampler: Sampler,
    lines: Lines,
    samples: Samples,
    rows: Indices,
    slope: Floats,
    low: Floats,
    high: Floats,
    side: Side,
) -> tuple[Indices, Floats]:
    """What the slopes of the ladders `rows` end at between the steps `low` and `high`, and how high; shapes (r,)."""
    part = _Rows(sampler, lines, rows, slope, np.zeros(len(rows)))
    try:
        with np.errstate(all="ignore"):
            return _judge(part, samples, low, high, side)
    except BudgetError:
        return np.full(len(rows), int(Nature.WHOLE), dtype=np.intp), np.zeros(len(rows))


def _judge(rows: _Rows, samples: Samples, low: Floats, high: Floats, side: Side) -> tuple[Indices, Floats]:
    """Nature and height for some ladders whose slopes end between the steps `low` and `high`, shape (r,)."""
    lines, line, x = rows.lines, rows.line, rows.x
    own = np.where(x != 0, np.abs(x), lines.size[line])
    signs = {Side.UP: (1.0,), Side.DOWN: (-1.0,)}.get(side, (1.0, -1.0))
    room = {1.0: lines.room.up[line], -1.0: lines.room.down[line]}
    found = [
        jumps_in_a_row(rows, sign, low, high, np.minimum(np.maximum(REACH * own, FARTHER * high), room[sign]))
        for sign in signs
    ]
    counts, heights, firsts, aparts = (np.array(part) for part in zip(*found, strict=True))
    height = heights.max(axis=0)
    apart = np.fmax.reduce(aparts)
    apart = np.where(np.isfinite(apart), apart, np.nansum(firsts, axis=0))  # else that of the two around the point
    some_jump = counts.max(axis=0) > 0
    few = np.flatnonzero(some_jump & (counts.max(axis=0) < IN_A_ROW) & (counts.sum(axis=0) < ALTOGETHER))
    if few.size:
        some = rows.some(few)
        for at, sign in enumerate(signs):
            limit = np.minimum(FROM_HERE * own, room[sign])[few]
            more, highest = jumps_on_the_way(some, sign, np.minimum(low[few], limit / 2), limit)
            counts[at, few] = np.maximum(counts[at, few], more)
            height[few] = np.maximum(height[few], highest)
            nearest = np.fmin.reduce(firsts)[few]  # on either side
            more, highest = jumps_close_by(some, sign, nearest, limit, room[-sign][few], heights.max(axis=0)[few])
            counts[at, few] = np.maximum(counts[at, few], more)
            height[few] = np.maximum(height[few], highest)
    alike = (rows.slope == 0) | ~(height > UNLIKE * np.abs(rows.slope) * high)
    suspects = np.flatnonzero(alike & ((counts.max(axis=0) >= IN_A_ROW) | (counts.sum(axis=0) >= ALTOGETHER)))
    nature = np.full(len(line), int(Nature.WHOLE), dtype=np.intp)
    if suspects.size:
        nature[suspects] = _kind(rows.some(suspects), samples, height[suspects], apart[suspects], signs)
    return nature, height


def _fine_jump(rows: _Rows, sign: float, end: Floats, apart: Floats) -> Floats:
    """The height of the highest jump within a few times the distance `apart` before `end`, 0 where none stands out.

    What f does smoothly over so short a distance its second differences hardly show, however far it goes. Shapes (r,).
    """
    count = len(end)
    fractions = np.linspace(0.0, 1.0, FINE)
    each = rows.some(np.repeat(np.arange(count), FINE))
    value, _ = each.at(each.x + sign * (end[:, None] - FINE_REACH * apart[:, None] * fractions).ravel())
    bends = np.sort(np.abs(np.diff(value.reshape((count, FINE)), n=2, axis=1)), axis=1)
    highest, usual = bends[:, -1], bends[:, bends.shape[1] // 2]
    return np.where(highest > FINE_STANDS * usual, highest, 0.0)


def _kind(rows: _Rows, samples: Samples, height: Floats, apart: Floats, signs: tuple[float, ...]) -> Indices:
    """Whether jumps of that height and distance, which go on, are meant or rounding; shape (r,)."""
    lines, line, x = rows.lines, rows.line, rows.x
    own = np.where(x != 0, np.abs(x), lines.size[line])
    wide = ORDINARY * np.maximum(own, 1.0)
    centre = lines.centre[line, rows.rows % lines.centre.shape[1]]
    remote, far_values = np.zeros(len(line)), [centre]
    fine = np.zeros(len(line))  # jumps as close to one another as here
    straight = np.zeros(len(line), dtype=np.bool_)
    for sign in signs:
        room = (lines.room.up if sign > 0 else lines.room.down)[line]
        ends = [np.minimum(part * wide, room) for part in (0.5, 1.0)]
        (at_near, near), (at_far, far) = (rows.at(x + sign * end) for end in ends)
        _, jump = halved(rows, sign, _Bracket(ends[0], ends[1], at_near, at_far), None)
        remote = np.maximum(remote, jump)
        fine = np.fmax(fine, _fine_jump(rows, sign, ends[1], apart))
        # Of evenly spaced steps those in the middle lie in the middle.
        straight |= np.abs(near - centre - (far - centre) * ends[0] / ends[1]) <= STRAIGHT * height
        far_values += [near, far]
    values = np.concatenate([by_row(samples.up)[rows.rows], by_row(samples.down)[rows.rows]], axis=1)
    steps = np.concatenate([samples.steps[line], samples.steps[line]], axis=1)
    afar = np.stack(far_values, axis=1)
    near_range = _range(np.where(steps <= ORDINARY * own[:, None], values, np.nan), centre)
    far_range = np.maximum(_range(np.where(steps <= wide[:, None], values, np.nan), centre), _range(afar, centre))
    everything = np.concatenate([values, afar], axis=1)
    whole = (~np.isfinite(everything) | (everything == np.round(everything))).all(axis=1)
    beside_near, beside_far = height / near_range, height / far_range
    least = np.where(rows.slope != 0, TEETH_LEAST, np.where(whole, INTEGER_STEPS_LEAST, STEPS_LEAST))
    meant = (beside_near >= least) & (beside_far >= least) & ((remote >= LIKE * height) | whole)
    rounding = beside_far <= ROUNDING_MOST
    rounding |= (beside_far <= ROUNDING_FAR_MOST) & (beside_near <= ROUNDING_NEAR_MOST)
    rounding |= (beside_far <= ALONE_MOST) & (remote <= FEW * height)
    lasting = np.where(fine > 0, fine, remote)
    alike = (lasting >= height / ALIKE) & (lasting <= height * ALIKE) & (beside_far > ROUNDING_MOST)
    single = np.isfinite(everything)
    single = (~single | (everything.astype(np.float32) == everything)).all(axis=1)
    alike &= ~(single & (height <= ALIKE * SINGLE_EPSILON * np.nanmax(np.abs(everything), axis=1)))
    alike &= (rows.slope != 0) | straight
    either = rounding & alike
    kind = np.where(rounding, int(Nature.ROUNDING), int(Nature.DOUBTFUL))
    kind = np.where(meant, int(Nature.STEPS), np.where(either, int(Nature.EITHER), kind))
    return np.asarray(kind, dtype=np.intp)


def sharp_ends(sampler: Sampler, lines: Lines, samples: Samples, side: Side, rows: Indices) -> Flags:
    """Which of the ladders `rows`, on which f is flat near the point, it leaves at an edge; shape (r,).

    A hinge leaves its flat part at once: within a fraction of the way it has moved by many times the least that it can.
    A saturated f, such as tanh(x) at 20, only seems to be flat, and takes a good part of the way for that.
    """
    sharp = np.ones(len(rows), dtype=np.bool_)
    part = _Rows(sampler, lines, rows, np.zeros(len(rows)), np.zeros(len(rows)))
    centre = lines.centre.reshape(-1)[rows]
    steps = samples.steps[part.line]
    sides = ((1.0, samples.up), (-1.0, samples.down))
    for sign, values in sides if side is Side.BOTH else sides[:1] if side is Side.UP else sides[1:]:
        value = by_row(values)[rows]
        with np.errstate(all="ignore"):
            change = np.where(np.isfinite(value), np.abs(value - centre[:, None]), 0.0)
            moved = change > 0
            first = np.argmax(moved, axis=1)
            moves = moved.any(axis=1) & (first > 0)
            low, high = pick(steps, np.maximum(first - 1, 0)), pick(steps, first)
            low, high = np.where(moves, low, np.nan), np.where(moves, high, np.nan)
            nothing = np.zeros(len(rows))
            try:
                edge, _ = halved(part, sign, _Bracket(low, high, centre, pick(value, first)), nothing)
                least = np.maximum(np.abs(edge.at_far - centre), lines.epsilon * np.abs(centre))
                level = RISES * least
                reached = change > level[:, None]
                reaches = reached.any(axis=1)
                far = np.argmax(reached, axis=1)
                bracket = _Bracket(edge.far, pick(steps, far), centre, pick(value, far))
                risen, _ = halved(part, sign, bracket, level)
            except BudgetError:
                return np.zeros(len(rows), dtype=np.bool_)
            at_once = np.where(reaches, risen.far <= (1.0 + AT_ONCE) * edge.far, least > RISES * lines.epsilon * centre)
        sharp &= ~moves | at_once
    return sharp


def _range(values: Floats, centre: Floats) -> Floats:
    """How far apart the finite values of each row and its centre lie, shape (r,)."""
    joined = np.concatenate([values, centre[:, None]], axis=1)
    finite = np.isfinite(joined)
    top = np.max(np.where(finite, joined, -np.inf), axis=1)
    bottom = np.min(np.where(finite, joined, np.inf), axis=1)
    return np.where(np.isfinite(top - bottom), top - bottom, np.inf)
