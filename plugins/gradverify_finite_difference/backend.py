"""The whole answer: a quick look, the ladder where it is needed, one side at edges, and what the points showed on
the way."""

from __future__ import annotations

import numpy as np

from gradverify.plugin import (
    Derivative,
    DoesNotApply,
    Estimate,
    Estimates,
    Evidence,
    Kink,
    Note,
    NoteKind,
    Precision,
    Problem,
    Request,
    TooManyComponentsError,
    find_kinks,
)
from gradverify_finite_difference.afar import FARTHER, STEPS, holds
from gradverify_finite_difference.arrays import Flags, Floats, Indices, unique
from gradverify_finite_difference.at_once import estimate_at_once
from gradverify_finite_difference.climb import Climbed, Goal, climb
from gradverify_finite_difference.continuity import Nature, sharp_ends
from gradverify_finite_difference.extrapolation import NOISE_FACTOR
from gradverify_finite_difference.hessian import PAIRS_AT_ONCE, Domains, Mixed, diagonal, mixed_cost, scales
from gradverify_finite_difference.lines import Lines, Side, by_row, quotients
from gradverify_finite_difference.noise import DRAWS, all_single, quantum_around
from gradverify_finite_difference.one_sided import rough
from gradverify_finite_difference.quick import HIDDEN_UNITS, hidden_by, look, look_flat, natural_sizes
from gradverify_finite_difference.sampling import BudgetError, Sampler
from gradverify_finite_difference.singular import exact_zeros, singular, size_at, size_nearby
from gradverify_finite_difference.steps import room_in

# Evaluations that the spec's points may cost altogether where neither the spec nor its options say. An expression takes
# many points at once; a Python function is called once a point.
BUDGET = {"expression": 5_000_000, "other": 20_000}
# Beyond this, and where no budget is given, one component after the other is not worth what it costs: an exact backend
# judges them all, or a few dozen evaluations along random directions see nearly as much (docs/SCALE.md).
FULL_COMPONENTS = 500  # of a function that is called for each point
FULL_NUMBERS = 20_000_000  # in the points of an expression, which takes many at once: a second or two
LADDER_COST = 40  # evaluations that a component may take on the ladder
SPENT = "the budget of evaluations is spent; `budget` or `max_evaluations` raises it"
SIGNAL = 30.0  # times the noise: changes of f this large are no noise
NOISY = 1e3  # a noise level this many units of round-off above that of f's value is worth a word
CRAMPED = 1e-3  # room on one side, relative to the other's, below which differences are taken on the other side only
LIKE_SINGLE = 64.0  # noise this many times more or less than one rounding to single precision may come from such ones
ZERO_DECADES = 6.0  # of steps over which all differences must be exactly 0 to confirm a claim of exactly 0


def estimate(problem: Problem, request: Request) -> Estimates:
    """Estimate the derivative at all points, shape (k, n)."""
    plain = estimate_at_once(problem, request, Sampler(problem, budget_of(problem)))
    return estimate_in_turn(problem, request) if plain is None else plain


def estimate_in_turn(problem: Problem, request: Request) -> Estimates:
    """The same, one look after the other, each where the last one leaves something open."""
    budget = budget_of(problem)
    sampler = Sampler(problem, budget)
    points = np.asarray(request.points, dtype=np.float64)
    k, n = points.shape
    cheapest = (2 * n + 2) * k
    _require_few(problem, k, n, cheapest, budget)
    centre = sampler.at(points)
    # An expression is evaluated by our own arithmetic, which answers the same every time.
    again = centre if problem.function.kind == "expression" else sampler.at(points)
    random = np.random.default_rng(problem.seed)
    changed = np.any((centre != again) & ~(np.isnan(centre) & np.isnan(again)), axis=1)
    if problem.derivative is Derivative.HESSIAN:
        value, bound, notes = _second(sampler, problem, request, points, centre, random)
        still = np.zeros(bound.shape, dtype=np.bool_)
    else:
        value, bound, still, notes = _first(sampler, problem, request, points, centre, random)
    for row in np.flatnonzero(changed).tolist():
        bound[row] = np.inf
        # What looks like noise, or like single precision, is that.
        others = [note for note in notes[row] if note.kind is not NoteKind.NOISE]
        random_f = Note(NoteKind.RANDOMNESS, "f answers differently when it is called twice at one point")
        notes[row] = [random_f, *others]
    for row in np.flatnonzero(~np.isfinite(centre).all(axis=1)).tolist():
        value[row], bound[row] = np.nan, np.inf
        notes[row].append(Note(NoteKind.OVERFLOW, sampler.failure or "f is not finite at the point"))
    kinks = _kinks(sampler, problem, points, value, bound, still, notes)
    estimates = tuple(
        Estimate(value=v, error_bound=b, evidence=Evidence.ESTIMATED, notes=tuple(notes[row]), kinks=kinks[row])
        for row, (v, b) in enumerate(zip(value, bound, strict=True))
    )
    return Estimates(points=estimates, evaluations=sampler.evaluations)


def _require_few(problem: Problem, k: int, n: int, cheapest: int, budget: int) -> None:
    """Raise where all n components at k points cost too much; directions through a gradient may be asked about."""
    refusal = TooManyComponentsError if problem.derivative is Derivative.GRADIENT else DoesNotApply
    if cheapest > budget:
        raise refusal(f"{n} components at {k} points need {cheapest:,} evaluations at least, the budget is {budget:,}")
    if problem.budget is not None or "max_evaluations" in problem.options or refusal is DoesNotApply:
        return
    if problem.function.kind == "expression":
        if cheapest * n > FULL_NUMBERS:
            raise refusal(f"{n} components at {k} points take {cheapest:,} evaluations; `budget` pays for them")
    elif n > FULL_COMPONENTS:
        raise refusal(f"{n} components take {2 * n + 2:,} calls at each point; `budget` pays for them")


def _kinks(
    sampler: Sampler,
    problem: Problem,
    points: Floats,
    value: Floats,
    bound: Floats,
    still: Flags,
    notes: list[list[Note]],
) -> list[tuple[Kink, ...]]:
    """Kinks among the components whose bound is too wide to decide; they have no value. Changes `value` and `bound`.

    still: where f does not move on either side.
    """
    found: list[tuple[Kink, ...]] = []
    if ((bound <= problem.tolerance.relative * np.abs(value)) | still).all():
        return [()] * points.shape[0]
    for row in range(points.shape[0]):
        wide = ~(bound[row] <= problem.tolerance.relative * np.abs(value[row])) & np.isfinite(bound[row])
        wide &= ~still[row]
        suspects = np.flatnonzero(wide.ravel())[: max(0, sampler.left // LADDER_COST)].tolist()
        kinks = find_kinks(problem, points[row], suspects, np.ones(points.shape[1]))
        for index in kinks:
            value[row].reshape(-1)[index], bound[row].reshape(-1)[index] = np.nan, np.inf
        if kinks:
            notes[row] = [
                note for note in notes[row] if not (note.kind is NoteKind.NOISE and set(note.components) <= set(kinks))
            ]
            second = problem.derivative is Derivative.HESSIAN
            text = (
                "the slope of f has a kink: its one-sided second derivatives differ"
                if second
                else "f has a kink: its one-sided slopes differ"
            )
            notes[row].append(Note(NoteKind.KINK, text, tuple(sorted(kinks))))
        sampler.evaluations += LADDER_COST * len(suspects)
        found.append(tuple(kinks.values()))
    return found


def budget_of(problem: Problem) -> int:
    """Evaluations that may be spent: what the spec says, else the default of the function's kind."""
    default = BUDGET["expression" if problem.function.kind == "expression" else "other"]
    return int(problem.options.get("max_evaluations") or problem.budget or default)


def _first(
    sampler: Sampler, problem: Problem, request: Request, points: Floats, centre: Floats, random: np.random.Generator
) -> tuple[Floats, Floats, Flags, list[list[Note]]]:
    """First derivatives: value, bound and whether f does not move at all, of shape (k, *problem.shape); notes."""
    k, n = points.shape
    m = sampler.outputs
    lines = _lines(problem, points, centre)
    value, bound = np.full((k * n, m), np.nan), np.full((k * n, m), np.inf)
    notes: list[list[Note]] = [[] for _ in range(k)]
    claimed = _claimed(request, k, n, m)
    left = np.flatnonzero(np.repeat(np.isfinite(centre).all(axis=1), n))
    if claimed is not None and left.size:
        quick = look(sampler, lines.subset(left), claimed[left], problem.tolerance.relative, random)
        done = quick.taken.all(axis=1) & _holds_afar(sampler, lines, left, quick.value, claimed, random)
        value[left[done]], bound[left[done]] = quick.value[done], quick.bound[done]
        left = left[~done]
    still, quantum = np.zeros((k * n, m), dtype=np.bool_), np.zeros((k * n, m))
    if left.size and sampler.left > DRAWS * k + LADDER_COST:
        quantum = quantum_around(sampler, lines, n, np.random.default_rng((problem.seed, k)))
    if claimed is not None and left.size:
        flat = _flat(sampler, lines, left, claimed, quantum, random, value, bound)
        still[left[flat]] = True
        left = left[~flat]
    named = np.zeros(k * n, dtype=np.bool_)
    for side in (Side.BOTH, Side.UP, Side.DOWN):
        left = left[~named[left]]
        if not left.size:
            break
        rows = _for_side(left, lines, bound, side)
        affordable = rows[: max(0, sampler.left // LADDER_COST)]
        if affordable.size:
            _ladder(
                sampler, problem, lines, affordable, side, claimed, quantum, random, value, bound, still, notes, named
            )
        skipped = rows[affordable.size :]
        if skipped.size:
            _note_cost(notes, skipped, n, m)
            break
    shape = (k, *problem.shape)
    return (
        value.reshape((k, n, m)).transpose(0, 2, 1).reshape(shape),
        bound.reshape((k, n, m)).transpose(0, 2, 1).reshape(shape),
        still.reshape((k, n, m)).transpose(0, 2, 1).reshape(shape),
        notes,
    )


def _holds_afar(
    sampler: Sampler, lines: Lines, left: Indices, value: Floats, claimed: Floats, random: np.random.Generator
) -> Flags:
    """Which of the lines `left` belong to points where slopes like `value`, shape (len(left), M), hold afar."""
    n = lines.base.shape[1]
    slopes = claimed.copy()
    slopes[left] = np.where(np.isfinite(value), value, claimed[left])
    points = np.flatnonzero(np.bincount(left // n))
    if (2 * len(STEPS) + len(FARTHER)) * len(points) + LADDER_COST * len(left) > sampler.left:
        return np.ones(len(left), dtype=np.bool_)  # a budget so close leaves nothing for ladders either
    rows = (points[:, None] * n + np.arange(n)).ravel()
    fine = np.ones(len(lines) // n, dtype=np.bool_)
    fine[points] = holds(sampler, lines.subset(rows), slopes[rows], n, random)
    return np.asarray(fine[left // n])


def _lines(problem: Problem, points: Floats, centre: Floats) -> Lines:
    k, n = points.shape
    at, component = np.divmod(np.arange(k * n), n)
    domain = problem.domain
    x = points[at, component]
    return Lines(
        points, component, centre[at], room_in(domain, x, component), np.ones(k * n), problem.precision.epsilon, at
    )


def _claimed(request: Request, k: int, n: int, m: int) -> Floats | None:
    """The claim in the order of the lines, shape (k·n, m)."""
    if request.claimed is None:
        return None
    return np.asarray(request.claimed, dtype=np.float64).reshape((k, m, n)).transpose(0, 2, 1).reshape((k * n, m))


def _for_side(left: Indices, lines: Lines, bound: Floats, side: Side) -> Indices:
    """Which lines to climb on `side`: both sides first; one side where the other has no room or no finite values."""
    up, down = lines.room.up[left], lines.room.down[left]
    with np.errstate(all="ignore"):
        # What lies farther off than the component's own size says nothing about the slope at it.
        own = np.where(lines.x[left] != 0, np.abs(lines.x[left]), lines.size[left])
        cramped = np.minimum(up, down) <= CRAMPED * np.minimum(np.maximum(up, down), own)
    size = np.zeros_like(up)
    match side:
        case Side.BOTH:
            return left[~cramped]
        case Side.UP:
            wanted = np.where(cramped, up >= down, ~np.isfinite(bound[left]).all(axis=1))
            return left[wanted & (up > size)]
        case _:
            wanted = np.where(cramped, up < down, ~np.isfinite(bound[left]).all(axis=1))
            return left[wanted & (down > size)]


def _ladder(
    sampler: Sampler,
    problem: Problem,
    lines: Lines,
    rows: Indices,
    side: Side,
    claimed: Floats | None,
    quantum: Floats,
    random: np.random.Generator,
    value: Floats,
    bound: Floats,
    still: Flags,
    notes: list[list[Note]],
    named: Flags,
) -> None:
    """Climb for the lines `rows` and enter what comes of it; `named` marks those where f has no slope to find."""
    n, m = problem.variables.size, sampler.outputs
    part = lines.subset(rows)
    flat = None if claimed is None else claimed[rows].reshape(-1)
    goal = Goal(problem.tolerance.relative, flat)
    try:
        done = climb(sampler, part, side, goal, random, quantum[rows].reshape(-1))
    except BudgetError:
        _note_cost(notes, rows, n, m)
        return
    found, error = (a.reshape((-1, m)) for a in (done.selection.value, done.selection.bound))
    error = np.where(np.isfinite(found) & ~np.isnan(error), error, np.inf)
    error = np.maximum(error, _hidden(part, done, flat).reshape((-1, m)))
    if side is not Side.BOTH:
        found, error = _smooth_enough(part, done, side, found, error)
        usable = rows[np.isfinite(error).any(axis=1)]
        which = "up" if side is Side.UP else "down"
        _note(notes, usable, n, m, NoteKind.EDGE, f"differences were taken on one side only, {which}")
    if claimed is not None:
        zero = exact_zeros(part, done.samples, side, done.selection, ZERO_DECADES).reshape((-1, m))
        zero &= claimed[rows] == 0
        unsure = np.flatnonzero(zero.ravel() & ~done.breaks.are(Nature.STEPS))
        if unsure.size:
            sharp = sharp_ends(sampler, part, done.samples, side, unsure)
            zero.reshape(-1)[unsure] = sharp & done.breaks.are(Nature.WHOLE)[unsure]
        # However long the steps are, f hides whatever its own round-off hides.
        natural, hidden = natural_sizes(lines, claimed)[rows], hidden_by(part, quantum[rows])
        error = np.where(zero, hidden, error)
        still[rows] = zero
        for row in np.flatnonzero(
            (zero & (natural > 0) & (hidden > HIDDEN_UNITS * lines.epsilon * natural)).any(axis=1)
        ).tolist():
            text = f"f does not move with it at all, and may hide a slope of {np.max(hidden[row]):.0e} in its round-off"
            _note(notes, rows[[row]], n, m, NoteKind.OTHER, text)
    shown = singular(part, done.samples, side, done.selection, done.quantum)
    jumps, steep, drowned = (flags.reshape((-1, m)) for flags in (shown.jumps, shown.steep, shown.drowned))
    doubtful, rounded = (done.breaks.are(nature).reshape((-1, m)) for nature in (Nature.DOUBTFUL, Nature.ROUNDING))
    doubtful &= ~(jumps | steep | drowned)
    found = np.where(jumps | steep | doubtful, np.nan, found)
    named[rows] = (jumps | steep | drowned | doubtful).any(axis=1)
    value[rows], bound[rows] = found, np.where(jumps | steep | drowned | doubtful, np.inf, error)
    _note(notes, rows[jumps.any(axis=1)], n, m, NoteKind.JUMP, "f jumps at the point")
    steeper = "the slope of f grows without bound as the steps shrink"
    _note(notes, rows[steep.any(axis=1)], n, m, NoteKind.OTHER, steeper)
    faster = "f varies, or is noisy, by more than the steps can resolve"
    _note(notes, rows[drowned.any(axis=1)], n, m, NoteKind.OSCILLATION, faster)
    height = done.breaks.height.reshape((-1, m))
    in_double = problem.precision is Precision.FLOAT64  # as far as the spec says
    single = all_single(done.samples).reshape((-1, m))
    for row in np.flatnonzero(doubtful.any(axis=1)).tolist():
        text = f"f moves in jumps of {np.max(height[row], where=doubtful[row], initial=0.0):.0e} near the point"
        text += ", which are round-off or what f is made of"
        if in_double and (single & doubtful)[row].any():
            text += "; all its values are single-precision numbers: if it computes so, `precision: float32` says it"
        _note(notes, rows[[row]], n, m, NoteKind.OTHER, text)
    made_of_jumps = done.breaks.are(Nature.STEPS).reshape((-1, m))
    apart = "f jumps again and again, by as much as it varies: its slope is the one between the jumps"
    _note(notes, rows[made_of_jumps.any(axis=1)], n, m, NoteKind.JUMP, apart)
    either = done.breaks.are(Nature.EITHER).reshape((-1, m))
    for row in np.flatnonzero(either.any(axis=1)).tolist():
        text = (
            f"f moves in jumps of {np.max(height[row], where=either[row], initial=0.0):.0e}, here as elsewhere, which"
        )
        text += " are round-off or what f is made of: the slope between them and that across them are both allowed for"
        _note(notes, rows[[row]], n, m, NoteKind.OTHER, text)
    level = done.selection.noise.reshape((-1, m))
    wide = ~(error <= problem.tolerance.relative * np.abs(found)) & ~(jumps | steep | drowned)
    if in_double:
        message = "f computes in single precision; `precision: float32` says so"
        _note(notes, rows[(single & wide & ~doubtful).any(axis=1)], n, m, NoteKind.SINGLE_PRECISION, message)
    nearby = size_nearby(part, done.samples).reshape((-1, m))
    noisy = (
        (level > NOISY * problem.precision.epsilon * nearby) & np.isfinite(level) & wide & ~single & ~doubtful & ~either
    )
    for row in np.flatnonzero(noisy.any(axis=1)).tolist():
        text = f"f is noisy at a level of {np.max(level[row], where=noisy[row], initial=0.0):.0e}"
        if rounded[row].any():
            text = f"f is rounded to steps of {np.max(height[row], where=rounded[row], initial=0.0):.0e}"
        units = np.where(noisy[row], level[row], 0.0) / Precision.FLOAT32.epsilon
        if (
            in_double
            and ((units >= nearby[row] / LIKE_SINGLE) & (units <= nearby[row] * LIKE_SINGLE) & noisy[row]).any()
        ):
            text += ", as if in single precision: if it computes so, `precision: float32` says it"
        _note(notes, rows[[row]], n, m, NoteKind.NOISE, text)


def _hidden(lines: Lines, done: Climbed, claimed: Floats | None) -> Floats:
    """The slope that a f may have whose changes stay within its noise however long the steps are; shape (L·M,).

    A bounded f, such as 1e8 + 1e-8 sin x, shows a slope of 0 to far steps. They speak for a straight line only where f
    comes out of its noise on the way. Where f never moves at all they speak for a claim of 0, but not against another
    one that is as small: 1e8 + 1e-9 sin x is the number 1e8 everywhere.  claimed: (L·M,).
    """
    found, centre = done.selection, lines.centre.reshape(-1)[:, None]
    own = np.repeat(np.maximum(np.abs(lines.x), lines.size), lines.centre.shape[1])
    with np.errstate(all="ignore"):
        change = np.fmax(np.abs(by_row(done.samples.up) - centre), np.abs(by_row(done.samples.down) - centre))
        moves = (change > 0).any(axis=1)
        silent = moves & (found.highest > own) & (np.abs(found.value) * found.highest <= SIGNAL * found.noise)
        hidden = np.where(silent, NOISE_FACTOR * found.noise / own, 0.0)
        if claimed is not None:
            ulp = NOISE_FACTOR * lines.epsilon * np.abs(centre[:, 0]) / own
            hidden = np.where(~moves & (claimed != 0), ulp, hidden)
    return hidden


def _flat(
    sampler: Sampler,
    lines: Lines,
    left: Indices,
    claimed: Floats,
    quantum: Floats,
    random: np.random.Generator,
    value: Floats,
    bound: Floats,
) -> Flags:
    """Which of the lines `left` are claimed to have the derivative 0, and do not move at all. Enters them."""
    zero = (claimed[left] == 0).all(axis=1)
    flat = np.zeros(len(left), dtype=np.bool_)
    if zero.any():
        rows = left[zero]
        most = HIDDEN_UNITS * lines.epsilon * natural_sizes(lines, claimed)[rows]
        seen = look_flat(sampler, lines.subset(rows), most, quantum[rows], random)
        flat[zero] = seen.taken.all(axis=1)
        value[left[flat]], bound[left[flat]] = 0.0, seen.bound[flat[zero]]
    return flat


def _second(
    sampler: Sampler, problem: Problem, request: Request, points: Floats, centre: Floats, random: np.random.Generator
) -> tuple[Floats, Floats, list[list[Note]]]:
    """Hessians: value and bound of shape (k, n, n), and the notes of each point."""
    k, n = points.shape
    notes: list[list[Note]] = [[] for _ in range(k)]
    value, bound = np.full((k, n, n), np.nan), np.full((k, n, n), np.inf)
    lines = _lines(problem, points, centre)
    wanted = np.flatnonzero(np.repeat(np.isfinite(centre).all(axis=1), n))
    part = lines.subset(wanted)
    affordable = len(wanted) * LADDER_COST + mixed_cost(n) * k <= sampler.left
    if not len(wanted) or not affordable:
        for row in range(k) if not affordable else ():
            notes[row].append(Note(NoteKind.COST, SPENT))
        return value, bound, notes
    claimed = None
    if request.claimed is not None:
        claimed = np.diagonal(request.claimed.reshape((k, n, n)), axis1=1, axis2=2).reshape(-1)[wanted]
    found = diagonal(sampler, part, Goal(problem.tolerance.relative, claimed), random)
    at, j = np.divmod(wanted, n)
    drowned = singular(part, found.samples, Side.SECOND, found.selection, found.quantum)
    doubtful = drowned.jumps | drowned.steep | drowned.drowned
    value[at, j, j] = found.selection.value
    bound[at, j, j] = np.where(np.isfinite(found.selection.value) & ~doubtful, found.selection.bound, np.inf)
    step = np.ones(k * n)
    step[wanted] = scales(part, found.selection)
    least = np.zeros((k * n, 2))
    with np.errstate(all="ignore"):
        relative = found.selection.noise / size_at(found.samples, found.selection)
    least[wanted, 0] = np.where(np.isfinite(relative), relative, 0.0)
    least[wanted, 1] = found.quantum
    edge = ~(lines.room.both > 0)
    for row in unique(np.flatnonzero(edge) // n).tolist():
        notes[row].append(Note(NoteKind.EDGE, "second differences need room on both sides"))
    _mixed(sampler, problem, points, centre, unique(at), step, least, random, value, bound)
    # Beside f's size at the steps that were taken: along a straight line they go very far, and f is as large there.
    noisy = relative > NOISY * problem.precision.epsilon
    for row in unique(at[noisy]).tolist():
        level = np.max(found.selection.noise[noisy & (at == row)])
        notes[row].append(Note(NoteKind.NOISE, f"f is noisy at a level of {level:.0e}"))
    return value, bound, notes


def _mixed(
    sampler: Sampler,
    problem: Problem,
    points: Floats,
    centre: Floats,
    usable: Indices,
    step: Floats,
    least: Floats,
    random: np.random.Generator,
    value: Floats,
    bound: Floats,
) -> None:
    """Enter the mixed derivatives. step, least: (k·n,) and (k·n, 2), the diagonals' steps and noise."""
    n = points.shape[1]
    first, second = np.triu_indices(n, 1)
    domain = problem.domain
    inside = Domains(domain.low, domain.high, domain.low_open, domain.high_open)
    row = np.repeat(usable, len(first))
    i, j = np.tile(first, len(usable)), np.tile(second, len(usable))
    for start in range(0, len(row), PAIRS_AT_ONCE):
        part = slice(start, start + PAIRS_AT_ONCE)
        r, a, b = row[part], i[part], j[part]
        scale = np.stack([step[r * n + a], step[r * n + b]], axis=1)
        noise = np.maximum(least[r * n + a], least[r * n + b])
        mixed = Mixed(sampler, points[r], a, b, inside)
        found = mixed.estimate(centre[r, 0], scale, noise, problem.precision.epsilon, random)
        for p, q in ((a, b), (b, a)):
            value[r, p, q] = found.value
            bound[r, p, q] = np.where(np.isfinite(found.value), found.bound, np.inf)


def _smooth_enough(part: Lines, done: Climbed, side: Side, found: Floats, error: Floats) -> tuple[Floats, Floats]:
    """The same value and bound, but for ladders that are too rough to be extrapolated."""
    series = quotients(part, done.samples, side, done.quantum)
    is_rough, value, bound = rough(series.steps, series.quotients, series.gains * series.floors)
    shape = found.shape
    return (
        np.where(is_rough.reshape(shape), value.reshape(shape), found),
        np.where(is_rough.reshape(shape), bound.reshape(shape), error),
    )


def _note(notes: list[list[Note]], rows: Indices, n: int, m: int, kind: NoteKind, message: str) -> None:
    """One note a point for the lines `rows`, naming the derivative's components."""
    for point in unique(rows // n).tolist():
        variables = (rows[rows // n == point] % n).tolist()
        components = tuple(output * n + j for output in range(m) for j in variables)
        notes[point].append(Note(kind, message, components))


def _note_cost(notes: list[list[Note]], rows: Indices, n: int, m: int) -> None:
    _note(notes, rows, n, m, NoteKind.COST, SPENT)
