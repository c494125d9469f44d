"""Looking for points where the claim is wrong, beyond those that the spec lists.

Candidates (candidates.py) are screened all at once by one quick backend; what it calls wrong is confirmed
by all backends under the same rule as a listed point, and then shrunk: each component is replaced by the simplest
number that keeps the point a counterexample.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from gradverify.core import cross_examination, on_the_way, overflow, roundoff, wider
from gradverify.core.answers import Ask, Judged
from gradverify.core.arrays import Array, Mask, Matrix, Vector
from gradverify.core.candidates import candidates
from gradverify.core.cross_examination import is_inconsistent
from gradverify.core.estimates import Estimate, Kink, Screened, stacked
from gradverify.core.examine import ClaimValues, examine
from gradverify.core.judge import FAIL, INCONCLUSIVE, PASS, ROUND_OFF_UNITS, judge
from gradverify.core.kinks import find_kinks
from gradverify.core.not_meant import NotMeant
from gradverify.core.pace import Pace
from gradverify.core.problem import Derivative, ExpressionFunction, Problem, Request
from gradverify.core.safeguarded import Safeguarded, Unguarded
from gradverify.core.ties import single_ties, single_values
from gradverify.core.values import values_of
from gradverify.core.verdicts import AtKinks, Evidence, NoteKind
from gradverify.core.verify import Verified, verify
from gradverify.core.withdrawn import LEAVES, SINGLE_EPSILON, is_single
from gradverify.expression.definedness import defined

# A claim that is not finite far from the origin has usually overflowed on the way (exp(800) / exp(800)): that is its
# round-off, not its formula. exp(exp(4)) and exp(100²/20) are finite in double precision.
FAR = 100.0
MOST_WAYS = 16  # candidates without a value for which code is called at WAYS places each
# Relative to a component's ordinary size: the usual tolerance of careful solvers (1e-10), and a margin.
SOLVER_ERROR = 1e-9
SHARP = 1e-3  # of a component, or of the claim's ordinary size: the bound of a derivative that exists
UNSURE = 10.0  # times the tolerance: what differences alone show of code at points that nobody listed
FAINT = 1e-8  # of the claim's ordinary size: what f need not feel
CLOSE = 1e-6  # relative to a variable's usual size: below that a step relative to the variable is a tiny one
ORDINARY = 2.0  # root mean square of a point's components up to which the claim's size there counts as its ordinary one
NEIGHBOURS = 8  # f must be finite at this many points around a counterexample where the claim is not finite
AROUND = 0.1  # relative to |x|: how far the witnesses are at most
UNITS_MOVED = 4  # of round-off, by which a point moves at most
MOST_FLAT = 16  # components that are looked at for a patch of f at one point
WINDOWS = 10.0 ** np.arange(-5, -1)  # relative to max(1, |x|): what is patched with a constant is smaller
TORN = 0.1  # of the difference of the slopes at a kink: values that are farther apart are different ones
BEND_STEP = 1e-3  # relative to max(1, |x|): second differences over it are good to some 1e-6 of f
WITNESSES = 3  # points around one where differences alone accuse a Hessian, which must say so too
CLOSE_BY = 1e-8  # relative to max(1, |x|): where a continuous f has come closer to its value, by half at least
NEIGHBOUR_DISTANCE = 1e-4  # relative to max(1, |x|): near enough to see a natural domain's edge at the point

SIMPLE_VALUES = (
    0.0,
    1.0,
    -1.0,
    2.0,
    -2.0,
    0.5,
    -0.5,
    3.0,
    -3.0,
    4.0,
    5.0,
    10.0,
    -10.0,
)  # simplest first, for shrinking
MOST_CONFIRMED = 6  # candidates that are confirmed by all backends before the search gives up
MOST_EXCUSED = 24  # candidates that are looked at for a safeguard of f, simplest first, and
MOST_EXCUSED_OF_FORMULAS = 96  # where f is a formula: some 5 ms each
MOST_KINKS = 4  # candidates at a kink of f that are confirmed although nothing looks wrong: screening is blind there
MOST_PATCHED = 2  # candidates at a single value of f, such as where(x == 0, 1, sin(x)/x), confirmed for the same reason
MOST_FAINT = 6  # candidates where a component is TINY beside its ordinary size that an exact backend is asked about
TINY = 1e-4
GRIDS = 8.0  # parts of a unit of round-off of the ordinary size: what a difference of ordinary numbers is a multiple of
STEADY_WITNESSES = 6  # points around such a one
STEADY_PART = 0.2  # how far the gap's part of the derivative may move there, relative to itself
MOST_SHRINKS = 40  # confirmations spent on making a counterexample simpler
FEWEST_SHRINKS = 8
BESIDE_WHOLE = 0.05  # nearer to a whole number a point is looked at after others
MOST_LOOKS = 4  # at where a gap begins, with all backends
MOST_ON_THE_WAY = 5_000  # evaluations of f for a look at where a gap begins
CHUNK = 8  # candidates that are looked at closely before the budget is looked at again
FORMULA_EVALUATIONS, CODE_EVALUATIONS = 2000, 1000  # of f: a few milliseconds for a formula
UNDECIDED = 4  # times as many where a listed point is open: it cost a ladder, which other points hardly do
DIFFERENCED = 2  # times as many for a Hessian that differences alone judge, which costs ten times what a gradient does
FEWEST_CANDIDATES = 4  # fewer tell nothing: the search is then left out, and says so


@dataclass(frozen=True, slots=True)
class Found:
    """What a search came to. `verified` is the counterexample's own verification, at one point."""

    verified: Verified | None
    candidates: int
    evaluations: int
    claim_evaluations: int
    skipped: str | None = None
    reason: str | None = None  # for a search that found nothing: what it could leave out
    given_up: bool = False  # it was ended from outside
    planned: int = 0  # points that would have been tried, had there been time; 0 where all were
    unconfirmed: int = 0  # generic points where the claim looks wrong that the budget left no room to confirm
    # Points at which code answers with one huge number, which the claim is no derivative of; one of them, the number.
    not_meant: int = 0
    not_meant_at: Vector | None = None
    not_meant_value: float = math.nan
    # Points at which a safeguard of f is active, and the claim is the gradient of f without it; one of them, and which.
    safeguarded: int = 0
    safeguarded_at: Vector | None = None
    safeguarded_by: str = ""


DIFFERENCES_ALONE = "differences alone judge this Hessian, and do not settle it at the listed points"
PROVED_HESSIAN = "the claim is proved identical to the derivative"
PROVED = "the claim is proved identical to the derivative: only points where it has no value were looked for"


def search(
    problem: Problem,
    listed: Verified,
    backends: Sequence[str],
    ask: Ask,
    *,
    at_kinks: AtKinks,
    literals: Sequence[float],
    evaluations: int | None,
    seed: int,
    smooth: bool = False,
    pace: Pace | None = None,
    keep: Callable[[Verified], None] = lambda _found: None,
    unguarded: Callable[[], Unguarded | None] = lambda: None,
) -> Found:
    """Look for a counterexample to `problem.claim`; `listed` is the verification at the listed points.

    evaluations: the budget in evaluations of f; None for the default of the function's kind.  smooth: neither function
    nor claim have branches, so that a proof of identity leaves nothing to look for but missing values.
    pace: of a slow function, for which fewer points are tried.  keep: told a counterexample before it is made simpler.
    unguarded: f and the claim without safeguards; asked once something looks wrong.
    """
    usual = FORMULA_EVALUATIONS if _is_formula(problem) else CODE_EVALUATIONS
    if (listed.codes != PASS).any():
        usual *= UNDECIDED
    second = problem.derivative is Derivative.HESSIAN
    # Whatever the function costs, a point costs work in proportion to its components.
    elements = problem.variables.size ** (2 if second else 1)
    most_points = max(FEWEST_CANDIDATES, min(MOST_CANDIDATES, MOST_ELEMENTS // max(1, elements)))
    screens = screening_backends(listed)
    if second and screens:
        exact = [backend for backend in screens if is_exact(listed, backend)]
        if not exact and (listed.codes != PASS).any():
            return Found(None, 0, 0, 0, DIFFERENCES_ALONE)
        # Differences come last, and only where they settle the listed points: a trace may not be followed at others.
        screens = exact + ([b for b in screens if b not in exact] if (listed.codes == PASS).all() else [])
        usual *= 1 if exact else DIFFERENCED
    wanted = budget = usual if evaluations is None else evaluations
    usual_points = most_points
    if pace is not None:
        spare = pace.less(listed)
        budget, most_points = spare.evaluations(budget), spare.points(most_points)
    if not screens:
        along = "the listed points were compared along random directions only"
        return Found(None, 0, 0, 0, along if listed.projected else "no backend could judge the listed points")
    # A backend that is too dear for the search confirms nothing either: its one point would cost more than the whole
    # search.
    affordable = [b for b in backends if b not in screens or cost_of_a_point(listed, b) * FEWEST_CANDIDATES <= budget]
    if evaluations is None and problem.variables.size > MOST_COMPONENTS:
        return Found(
            None, 0, 0, 0, f"{problem.variables.size:,} components are too many for points of the search's own"
        )
    hunt = _Hunt(problem, listed, affordable, ask, at_kinks, budget, CHUNK if budget == wanted else 1, unguarded)
    points, suspects = np.empty((0, problem.variables.size)), None
    proved = smooth and listed.proved
    if proved and second:  # 3x²/r + 3r has no value at r = 0, and nobody means it there
        return Found(None, 0, 0, 0, reason=PROVED_HESSIAN)
    if proved:
        points = candidates(problem, listed.points, literals, max(FEWEST_CANDIDATES, min(budget, most_points)), seed)
        if points.shape[0] == 0:
            return Found(None, 0, 0, 0, "the domain leaves no room for other points")
        suspects = hunt.without_value(points)
    too_dear: str | None = None
    planned = 0
    for screen in () if proved else screens:
        each = cost_of_a_point(listed, screen)
        if second and is_exact(listed, screen) and not _is_formula(problem):
            each = max(each, 1 + problem.variables.size)  # a call of code is pulled back once for each row
        count = min(int(budget // each), most_points)
        planned = min(int(wanted // each), usual_points)
        if count < FEWEST_CANDIDATES <= planned and pace is not None:
            time = f"there is time for {count}" if count else "there is no time for any"
            too_dear = f"{pace}, of points to try it needs {FEWEST_CANDIDATES} at least, and {time}"
            return Found(None, 0, 0, 0, too_dear, planned=planned)
        planned = planned if count < planned else 0
        if count < FEWEST_CANDIDATES:
            too_dear = too_dear or f"a point costs {each} evaluations, the search's budget is {budget}"
            if screen is not screens[-1]:  # a trace may be cheap where differences climb ladders beside jumps
                continue
            break
        if second and not is_exact(listed, screen):  # which accuses nobody at special points
            points = candidates(problem, listed.points, literals, most_points, seed)
            points = points[is_generic(points)]
            points = points[hunt.likeliest(points, count)]
        else:
            points = candidates(problem, listed.points, literals, min(count, most_points), seed)
        if points.shape[0] == 0:
            return Found(None, 0, 0, 0, "the domain leaves no room for other points")
        suspects = hunt.screen(points, screen)
        if suspects is not None:
            break
    if suspects is None and too_dear is not None:
        return Found(None, 0, 0, 0, too_dear)
    if suspects is None:
        return Found(None, 0, hunt.spent, hunt.claims_spent, "no backend could estimate at other points")
    most_confirmed = max(1, min(MOST_CONFIRMED, most_points // FEWEST_CANDIDATES))
    looked_at = points.shape[0]
    verified = hunt.first_confirmed(points, suspects[:most_confirmed])
    if verified is None and hunt.open.size:
        # Differences saw jumps there, or cost too much: a trace has exact values at the same points.
        tracing = next((b for b in screens[screens.index(screen) + 1 :] if is_exact(listed, b)), None)
        if tracing is not None:
            points = points[hunt.open[: int(budget // cost_of_a_point(listed, tracing))]]
            again = hunt.screen_again(points, tracing)
            if again is not None:
                suspects = again
                verified = hunt.first_confirmed(points, suspects[:most_confirmed])
    if verified is not None:
        simplest = verified
        keep(verified)
        if problem.variables.size <= MOST_SHRUNK:
            each = max(1, verified.evaluations)
            most = min(MOST_SHRINKS, max(FEWEST_SHRINKS if pace is None else 0, budget // each))
            simplest = shrink(verified.points[0], verified, hunt.confirm, problem, listed.points, most)
        value = simplest.function_values[0]
        flat = hunt.not_meant.told_off(value[None])[0] and value.tobytes() in hunt.not_meant.meant
        return Found(
            simplest, looked_at, hunt.spent, hunt.claims_spent,
            not_meant_value=float(value[0]) if flat else math.nan,
        )  # fmt: skip
    left = hunt.unlooked + len(hunt.looks_wrong.intersection(suspects[most_confirmed:]))
    said = [PROVED] if proved else []
    if hunt.overflowed:
        many = f"{hunt.overflowed} points" if hunt.overflowed > 1 else "1 point"
        said.append(f"the claim overflows, or has no digits left, at {many}, which is no fault of its formula")
    if hunt.blurred:
        many = f"{hunt.blurred} points" if hunt.blurred > 1 else "1 point"
        said.append(f"the claim has lost its digits at {many}, which is no fault of its formula")
    left_out = [hunt.not_meant.left_out[row] for row in sorted(hunt.not_meant.left_out)]
    example, answer = min(left_out, key=lambda out: complexity(out[0]), default=(None, math.nan))
    safe = hunt.safeguarded_points
    safe_at, safe_by = min(safe, key=lambda out: complexity(out[0]), default=(None, ""))
    return Found(
        None, looked_at, hunt.spent, hunt.claims_spent, reason="; ".join(said) or None, unconfirmed=left,
        planned=planned, not_meant=len(left_out), not_meant_at=example, not_meant_value=answer,
        safeguarded=len(safe), safeguarded_at=safe_at, safeguarded_by=safe_by,
    )  # fmt: skip


def together(first: Found, second: Found, name: str) -> Found:
    """What the searches for two claims of one spec came to; the second claim is called `name`."""
    said = second.skipped or second.reason
    reason = first.reason
    if said is not None and said != reason:
        reason = "; ".join(part for part in (reason, f"{name}: {said}") if part is not None)
    return Found(
        second.verified, first.candidates + second.candidates, first.evaluations + second.evaluations,
        first.claim_evaluations + second.claim_evaluations,
        skipped=None if first.skipped is None or second.skipped is None else first.skipped, reason=reason,
        given_up=first.given_up or second.given_up, unconfirmed=first.unconfirmed + second.unconfirmed,
        planned=max(first.planned, second.planned),
        not_meant=max(first.not_meant, second.not_meant),
        not_meant_at=first.not_meant_at if first.not_meant else second.not_meant_at,
        not_meant_value=second.not_meant_value if second.verified or not first.not_meant else first.not_meant_value,
        safeguarded=max(first.safeguarded, second.safeguarded),
        safeguarded_at=first.safeguarded_at if first.safeguarded else second.safeguarded_at,
        safeguarded_by=first.safeguarded_by or second.safeguarded_by,
    )  # fmt: skip


def _is_formula(problem: Problem) -> bool:
    """Whether f is written in the expression language; all else is code, each of whose values is a call."""
    return isinstance(problem.function, ExpressionFunction)


MOST_CANDIDATES = 96
# Components beyond which no other points are tried unless the spec gives the search a budget: four of them and what
# automatic differentiation keeps of them take 150 vectors.
MOST_COMPONENTS = 500_000
MOST_ELEMENTS = 20_000  # components of all candidates together
MOST_SHRUNK = (
    64  # components beyond which a counterexample is shown as it is: nobody reads so many numbers, however simple
)


def screening_backends(listed: Verified) -> list[str]:
    """The backends that judged the listed points: with the fewest evaluations of f first, then the strongest evidence.

    What decides must not depend on the clock: a search finds the same each time. A backend without evaluations of its
    own (symbolic algebra) pays in time instead, and comes last.
    """

    def cost(judged: Judged) -> tuple[bool, int, int]:
        estimates = judged.answer.estimates
        spent = estimates.evaluations if estimates is not None else 0
        return spent == 0, spent, -min((e.strength for e in judged.evidence if e is not None), default=0)

    return [judged.backend for judged in sorted(filter(_is_able, listed.judged), key=cost)]


def can_screen(listed: Verified) -> bool:
    """Whether any backend could screen other points."""
    return any(map(_is_able, listed.judged))


def _is_able(judged: Judged) -> bool:
    return bool((judged.codes != INCONCLUSIVE).any())


def is_exact(listed: Verified, backend: str) -> bool:
    """Whether the backend's values at the listed points are exact to round-off, where it has any."""
    judged = next(j for j in listed.judged if j.backend == backend)
    return all(
        evidence.strength >= Evidence.EXACT.strength
        for row, evidence in enumerate(judged.evidence)
        if np.isfinite(judged.reference[row]).any()
    )


def cost_of_a_point(listed: Verified, backend: str) -> int:
    """What the backend's estimate costs at one point, in evaluations of f, as met at the listed points."""
    answer = next(j.answer for j in listed.judged if j.backend == backend)
    spent = answer.estimates.evaluations if answer.estimates is not None else 0
    rows: int = max(1, listed.points.shape[0])
    return max(1, math.ceil(spent / rows))


JUMP_STEPS = 10.0 ** -np.arange(2.0, 6.0)  # of a component's usual size: what f does over all of these it does at once
STAYS = 0.5  # of its change over the longest: so much a jump changes f by over the shortest, and a kink a thousandth
MOST_TORN = 16  # variables that are looked along


class _Hunt:
    """The search's means: screening by one backend, confirming by all, and a count of what they cost."""

    def __init__(
        self, problem: Problem, listed: Verified, backends: Sequence[str], ask: Ask, at_kinks: AtKinks, budget: int,
        chunk: int, unguarded: Callable[[], Unguarded | None] = lambda: None,
    ) -> None:  # fmt: skip
        self._unguarded = unguarded
        self._bare: _Hunt | None = None  # the same for f and the claim without safeguards
        self.problem, self.listed, self.backends, self.ask, self.at_kinks = problem, listed, backends, ask, at_kinks
        self.budget, self.chunk = budget, chunk
        self.second = problem.derivative is Derivative.HESSIAN
        # f may compute in single precision without saying so, and its gradient then does too.
        rows = range(listed.points.shape[0])
        single = any(any(is_single(listed.judged, row)) for row in rows)
        self.epsilon = max(problem.precision.epsilon, SINGLE_EPSILON if single else 0.0)
        self.evaluations = self.claim_evaluations = 0
        self.unlooked = 0  # generic points that screening calls wrong, and the budget left no room to look at closely
        self.looks = 0  # at where a gap begins
        self.blurred = 0  # points at which the claim has lost its digits on the way
        self.overflowed = 0  # points at which the claim has no value for want of a wider range of numbers
        self.looks_wrong: set[int] = set()  # rows of the generic points that a closer look calls wrong
        self.open: Array = np.empty(0, dtype=np.intp)  # rows of those that only a rough look calls wrong
        # A component's size at ordinary points, and round-off on that: 1 − tanh(x)² has none of its digits left at
        # x = 20, and is right.
        self.ordinary: Vector = np.zeros(listed.claim.values.shape[1])
        self.exact = [j.backend for j in listed.judged if is_exact(listed, j.backend)]
        self.not_meant = NotMeant(problem, listed.points, listed.function_values, listed.claim.values)

    @cached_property
    def tolerance(self) -> float:
        """At which what is in the code stops; 0 where nothing does. Sources are read for it."""
        found = None if _is_formula(self.problem) else self.problem.approximation()
        return found.tolerance if found is not None else 0.0

    @property
    def spent(self) -> int:
        """Evaluations of f."""
        return self.evaluations + self.not_meant.evaluations + (self._bare.spent if self._bare else 0)

    @property
    def claims_spent(self) -> int:
        """Evaluations of the claim."""
        return (
            self.claim_evaluations + self.not_meant.claim_evaluations + (self._bare.claims_spent if self._bare else 0)
        )

    @cached_property
    def safeguarded(self) -> Safeguarded:
        """What is known of f's safeguards; made when something looks wrong."""
        unguarded = self._unguarded()
        if unguarded is not None:
            problem = replace(self.problem, function=unguarded.function, claim=unguarded.claim)
            # Code that was read as a formula is not handed to backends for formulas only: they would have to be as
            # fast, and as robust, for what nobody wrote as a formula.
            able = [j.backend for j in self.listed.judged if j.backend in self.backends]
            self._bare = _Hunt(problem, self.listed, able, self.ask, self.at_kinks, self.budget, self.chunk)
            self._bare.ordinary = self.ordinary
        bare = self._bare or self
        return Safeguarded(self.problem, self.listed, unguarded, bare.verified_at, bare.confirm)

    @property
    def safeguarded_points(self) -> list[tuple[Vector, str]]:
        """The points that were left out for a safeguard of f, each with its name."""
        known: Safeguarded | None = self.__dict__.get("safeguarded")
        return list(known.left_out.values()) if known is not None else []

    @property
    def floor(self) -> Vector:
        """What is no more than round-off on the component's ordinary size; shape (c,)."""
        return ROUND_OFF_UNITS * self.epsilon * self.ordinary

    def screen(self, points: Matrix, backend: str) -> list[int] | None:
        """The rows of `points` that look wrong to one backend, simplest points first; None if it has no estimates."""
        values = self._claimed_at(points)
        rows = np.arange(points.shape[0])
        # A rough look at second differences would tell nothing.
        rough = not self.second or is_exact(self.listed, backend)
        self.unlooked, self.open = 0, self.open[:0]
        answer = self.ask(backend, self.problem, self._request(points, values.values, screening=rough))
        if answer.screened is not None:
            self.evaluations += answer.screened.evaluations
            doubtful = self._doubtful(points, values.values, answer.screened)
            rows = np.flatnonzero(doubtful | (answer.screened.finite & self._is_single_value(points)))
            rows = self._meant(points, values.values, rows)
            if not rows.size:
                return self._faint(points, values.values, answer.screened)
            if not _is_formula(self.problem):  # the budget may end the closer look at any of them
                # At whole numbers, and beside them, floor and round jump, and differences decide nothing.
                apart = is_generic(points) & (np.abs(points - np.round(points)) > BESIDE_WHOLE).all(axis=1)
                rows = np.array(alternating(rows.tolist(), apart))
            estimates = self._closer(points, values.values, rows, backend)
            unlooked, rows = rows[len(estimates) :], rows[: len(estimates)]
            differs = self._differs(values.values[unlooked], answer.screened, unlooked)
            self.open = unlooked[differs & is_generic(points[unlooked])]
            self.unlooked = self.open.size
        elif answer.estimates is not None:
            self.evaluations += answer.estimates.evaluations
            estimates = list(answer.estimates.points)
        else:
            return None
        if not estimates:
            return None
        claimed = values.values[rows]
        reference, bound = stacked(estimates, claimed.shape[1])
        codes = judge(claimed, reference, bound, self.problem.tolerance)
        if answer.screened is not None:
            undecided = (codes == INCONCLUSIVE).any(axis=1) & self._differs(claimed, answer.screened, rows)
            self.open = np.concatenate([self.open, rows[undecided & is_generic(points[rows])]])
        wrong = codes == FAIL
        if wrong.any():
            matters = self._matters(claimed, reference)
            wrong &= matters | self._is_real(points[rows], claimed, reference, wrong & ~matters)
        wrong |= np.isnan(claimed)
        wrong = self._worth_a_look(points[rows], claimed, reference, wrong, [e.evidence for e in estimates])
        suspects = set(rows[wrong.any(axis=1)].tolist()) | set(values.failures)
        if answer.screened is None:
            self._meant(points, values.values, np.array(sorted(suspects), dtype=np.intp))
        suspects -= self._excused(points, values.values) | set(self.not_meant.left_out)
        generic = is_generic(points)
        self.looks_wrong = {row for row in suspects if generic[row]}
        kinks = [any(n.kind is NoteKind.KINK for n in e.notes) for e in estimates]
        kinked = rows[kinks]
        if kinked.size and _is_formula(self.problem):
            kinked = kinked[single_ties(self.problem.function, points[kinked])]

        def simplest(rows: set[int]) -> list[int]:
            return sorted(rows, key=lambda row: complexity(points[row]))

        if self.second:
            kinked = kinked[:0]
        patched = set(rows[self._is_single_value(points[rows])].tolist())
        others = [*simplest(set(kinked.tolist()) - suspects)[:MOST_KINKS], *simplest(patched - suspects)[:MOST_PATCHED]]
        if not suspects and answer.screened is not None:
            others += self._faint(points, values.values, answer.screened)
        ordered = alternating(simplest(suspects), generic)
        failing = dict(zip(rows.tolist(), wrong, strict=True))
        most = MOST_EXCUSED_OF_FORMULAS if _is_formula(self.problem) else MOST_EXCUSED
        out = [row for row in ordered[:most] if self._is_excused(points[row], failing.get(row))]
        self.looks_wrong -= set(out)
        return [*(row for row in ordered if row not in out), *dict.fromkeys(others)]

    def screen_again(self, points: Matrix, backend: str) -> list[int] | None:
        """The same for some of the points, with rows of their own."""
        before, self.not_meant.left_out = self.not_meant.left_out, {}
        found = self.screen(points, backend)
        self.not_meant.left_out |= {-1 - row: out for row, out in before.items()}
        return found

    def _meant(self, points: Matrix, claimed: Matrix, rows: Array) -> Array:
        """`rows` without those at which code answers with what stands for "not here", or a safeguard is active."""
        left_out = self.not_meant.among(points, claimed, rows.tolist())
        left_out |= self._unneeded(points, [row for row in rows.tolist() if row not in left_out])
        return np.array([row for row in rows.tolist() if row not in left_out], dtype=np.intp) if left_out else rows

    def _unneeded(self, points: Matrix, rows: Sequence[int]) -> set[int]:
        """Those of `rows` that are left out since a safeguard of f is active, and the claim is f's gradient without."""
        if not rows:
            return set()
        return {row for row, out in zip(rows, self.safeguarded.among(points[list(rows)]), strict=True) if out}

    def _is_excused(self, point: Vector, failing: Mask | None) -> bool:
        """Whether a point at which these components, (c,), look wrong is left out for a safeguard of f."""
        return failing is not None and self.safeguarded.excuses(point, failing)

    def _faint(self, points: Matrix, claimed: Matrix, screened: Screened) -> list[int]:
        """Rows of candidates where a component is tiny beside its ordinary size, and wrong by its own; claimed: (k, c).

        For the rough look 6x² is 3x² at 1e-7 but for round-off, as 1 − cos(x) has there. What is outside its bound by
        the component's own size, and not on the grid of what such a difference is made of, an exact backend tells.
        """
        exact = [name for name in self.exact if name in self.backends]
        if self.second or _is_formula(self.problem) or not exact:
            return []
        with np.errstate(all="ignore"):
            tiny = (claimed != 0) & (np.abs(claimed) <= TINY * self.ordinary)
            grid = np.exp2(np.floor(np.log2(self.epsilon * self.ordinary / GRIDS)))
            tiny &= claimed / grid != np.round(claimed / grid)
            rough, bound = screened.values.reshape(claimed.shape), screened.error_bounds.reshape(claimed.shape)
            tiny &= np.abs(claimed - rough) > bound + self.problem.tolerance.relative * np.abs(rough)
        rows = np.flatnonzero(tiny.any(axis=1) & is_generic(points))
        if not rows.size:
            return []
        share = np.where(tiny[rows], np.abs(claimed[rows]), np.inf).min(axis=1)
        spread = np.unique(np.linspace(0, rows.size - 1, MOST_FAINT).round().astype(np.intp))
        rows = rows[np.argsort(share, kind="stable")[spread]]
        answer = self.ask(exact[0], self.problem, self._request(points[rows], claimed[rows]))
        if answer.estimates is None:
            return []
        self.evaluations += answer.estimates.evaluations
        reference, bound = stacked(answer.estimates.points, claimed.shape[1])
        codes = judge(claimed[rows], reference, bound, self.problem.tolerance)
        found: list[int] = rows[((codes == FAIL) & tiny[rows]).any(axis=1)].tolist()
        return found

    def _is_single_value(self, points: Matrix) -> Mask:
        """Where f has a value of its own, whose branch has another slope than f; shape (k,)."""
        return single_values(self.problem.function, points)

    def _closer(self, points: Matrix, claimed: Matrix, rows: Array, backend: str) -> list[Estimate]:
        """Estimates in full at the first of `rows`: as many as the budget allows where each is a call of code."""
        chunk = rows.size if _is_formula(self.problem) else self.chunk
        estimates: list[Estimate] = []
        for start in range(0, rows.size, chunk):
            part = rows[start : start + chunk]
            found = self._estimates(points[part], claimed[part], backend)
            if found is None and part.size > 1 and not _is_formula(self.problem):
                # One point where a trace is not the function, as far off, is no reason to give up the others.
                alone = [self._estimates(points[[row]], claimed[[row]], backend) for row in part]
                if any(one is not None for one in alone):
                    nothing = np.full(self.problem.shape, np.nan)
                    unknown = Estimate(
                        value=nothing, error_bound=np.full(nothing.shape, np.inf), evidence=Evidence.ESTIMATED
                    )
                    found = [unknown if one is None else one[0] for one in alone]
            if found is None:
                break
            estimates += found
            if self.evaluations >= self.budget:
                break
        return estimates

    def _estimates(self, points: Matrix, claimed: Matrix, backend: str) -> list[Estimate] | None:
        """The backend's estimates, counted, or None where it has none."""
        answer = self.ask(backend, self.problem, self._request(points, claimed))
        if answer.estimates is None:
            return None
        self.evaluations += answer.estimates.evaluations
        return list(answer.estimates.points)

    def likeliest(self, points: Matrix, count: int) -> Array:
        """`count` of the rows of `points` at which a Hessian is worth its dear differences, in their order.

        Half of them are those where f curves least as the claim says along one random direction, at three evaluations
        a point; the others are spread evenly. It only says where to look, and accuses nobody.
        """
        if len(points) <= count:
            return np.arange(len(points))
        spread = np.unique(np.linspace(0, len(points) - 1, count - count // 2).astype(int))
        claim = self.problem.claim
        if claim is None or self.problem.function.output_shape != ():
            return spread
        rng = np.random.default_rng(self.problem.seed)
        move = BEND_STEP * np.maximum(1.0, np.abs(points)) * rng.choice([-1.0, 1.0], size=points.shape)
        move *= rng.uniform(0.5, 1.0, size=points.shape)
        up, down = points + move, points - move
        inside = (self.problem.domain.contains(up) & self.problem.domain.contains(down)).all(axis=1)
        rows = np.flatnonzero(inside)
        if not rows.size:
            return spread
        at_up, here, at_down = (values_of(self.problem.function, part[rows])[:, 0] for part in (up, points, down))
        self.evaluations += 3 * rows.size
        self.claim_evaluations += rows.size
        hessians = claim.evaluate(points[rows]).values.reshape((rows.size, points.shape[1], points.shape[1]))
        with np.errstate(all="ignore"):
            half = (up - down)[rows] / 2
            said = np.einsum("ki,kij,kj->k", half, hessians, half)
            size = np.einsum("ki,kij,kj->k", np.abs(half), np.abs(hessians), np.abs(half))
            noise = ROUND_OFF_UNITS * self.epsilon * np.max(np.abs([at_up, here, at_down]), axis=0)
            off = np.maximum(np.abs(at_up - 2 * here + at_down - said) - noise, 0.0) / (size + noise)
        worst = rows[np.argsort(-np.where(np.isfinite(off), off, 0.0), kind="stable")]
        left = [row for row in worst.tolist() if row not in set(spread.tolist())]
        return np.sort(np.concatenate([spread, np.array(left[: count - spread.size], dtype=np.intp)]))

    def without_value(self, points: Matrix) -> list[int]:
        """The rows of `points` where the claim has no finite value, simplest points first: all that is left to look
        for where claim and derivative are proved to be the same function."""
        values = self._claim_at(points)
        finite = np.isfinite(values.values)
        if finite.all() and not values.failures:
            return []
        self._learn_size(points, values)
        missing = set(np.flatnonzero(~finite.all(axis=1)).tolist()) | set(values.failures)
        missing -= self._excused(points, values.values)
        return sorted(missing, key=lambda row: complexity(points[row]))

    def _claimed_at(self, points: Matrix) -> ClaimValues:
        """The claim at `points`; also learns the components' ordinary size."""
        values = self._claim_at(points)
        self._learn_size(points, values)
        return values

    def _claim_at(self, points: Matrix) -> ClaimValues:
        claim = self.problem.claim
        assert claim is not None
        self.claim_evaluations += points.shape[0]
        return examine(claim, points, repeat=False)

    def _learn_size(self, points: Matrix, values: ClaimValues) -> None:
        with np.errstate(all="ignore"):
            near = values.values[np.sqrt(np.mean(points**2, axis=1)) <= ORDINARY]
            size = np.where(np.isfinite(near), np.abs(near), 0.0)
        if size.any():
            self.ordinary = _median(size)

    def _request(self, points: Matrix, claimed: Matrix, *, screening: bool = False) -> Request:
        return Request(points, claimed.reshape((points.shape[0], *self.problem.shape)), screening)

    def _doubtful(self, points: Matrix, claimed: Matrix, screened: Screened) -> Mask:
        """Which points need a closer look: where f is finite, those at which not every component agrees. Shape (k,).

        A rough value agrees where it would pass, or where the claim lies within its bound, and the bound says enough:
        it is within the tolerance on the component's size at ordinary points. So a component that is 0 here can agree.
        """
        values, bounds = screened.values.reshape(claimed.shape), screened.error_bounds.reshape(claimed.shape)
        with np.errstate(all="ignore"):
            relative, gap = self.problem.tolerance.relative, np.abs(claimed - values)
            agrees = gap + bounds <= relative * np.abs(values)
            small = ~agrees & (gap <= bounds + self.floor) & (bounds <= relative * self.ordinary)
            off = small & (gap > bounds + relative * np.abs(values))
        if off.any():
            small &= ~self._is_real(points, claimed, values, off)
        agrees |= small
        doubtful: Mask = screened.finite & ~agrees.all(axis=1)
        return doubtful

    def _differs(self, claimed: Matrix, screened: Screened, rows: Array) -> Mask:
        """At which of `rows` some component of the claim, (k, c), lies outside the rough value's bound; shape (k,)."""
        values = screened.values.reshape((-1, claimed.shape[1]))[rows]
        bounds = screened.error_bounds.reshape((-1, claimed.shape[1]))[rows]
        with np.errstate(all="ignore"):
            allowed = bounds + self.floor + self.problem.tolerance.relative * np.abs(values)
            outside: Mask = ~(np.abs(claimed - values) <= allowed)
        return np.asarray((outside & np.isfinite(bounds)).any(axis=1))

    def _worth_a_look(
        self, points: Matrix, claimed: Matrix, reference: Matrix, wrong: Mask, evidence: Sequence[Evidence]
    ) -> Mask:
        """`wrong`, (k, c), without gaps that `confirm` would take for round-off: they would use up its few trials."""
        kept = wrong.copy()
        rows = np.flatnonzero((wrong & np.isfinite(claimed)).any(axis=1))
        if not rows.size:
            return kept
        self.evaluations += rows.size
        values = self.problem.function.evaluate(points[rows]).values.reshape((rows.size, -1))
        for row, value in zip(rows.tolist(), values, strict=True):
            grown = self._growth(points[row], claimed[row])
            matters = self._matters(claimed[row], reference[row], evidence[row], grown)
            at = slice(row, row + 1)
            matters |= self._is_real(points[at], claimed[at], reference[at], kept[at] & ~matters)[0]
            kept[row] &= matters & self._felt(points[row], value, np.abs(claimed[row] - reference[row]))
        return kept

    def _exists(self, reference: Vector, bound: Vector) -> bool:
        """Whether a derivative is known so well that there is one: of ‖x‖ at 0 differences have wide bounds only."""
        size = np.maximum(np.abs(reference), np.max(self.ordinary, initial=0.0))
        with np.errstate(all="ignore"):
            return bool((np.isfinite(reference) & (bound <= SHARP * size)).all())

    def _felt(self, point: Vector, value: Vector, gap: Vector) -> Mask:
        """Where f would feel a gap, shape (c,): over a step of its variable's size it makes more than f's round-off.

        tanh(x) at 25 is 1 whatever its slope is said to be, 0 as computed or 8e-22 as it is.
        """
        if self.second:
            return np.ones(gap.shape, dtype=np.bool_)
        step = np.maximum(1.0, np.abs(point))
        with np.errstate(all="ignore"):
            unfelt = ROUND_OFF_UNITS * self.epsilon * np.abs(value)[:, None] / step
            most = FAINT * np.max(self.ordinary, initial=0.0)  # beside a huge offset f feels nothing
            underflow = unfelt * self.epsilon / ROUND_OFF_UNITS
            felt: Mask = ~(gap <= np.maximum(np.minimum(unfelt, most), underflow).ravel())
        return felt

    def _growth(self, point: Vector, claimed: Vector) -> float:
        """By how much what the claim is made of is larger at `point` than at ordinary ones, and so is its round-off.

        Components are sums of products of other components and variables, as in attention: where those have grown,
        what cancels in a small one leaves more.
        """
        ordinary = np.max(self.ordinary, initial=0.0)
        with np.errstate(all="ignore"):
            grown = np.max(np.abs(claimed), initial=0.0) / ordinary if ordinary > 0 else 1.0
        return float(max(1.0, grown) * max(1.0, np.max(np.abs(point), initial=0.0)))

    def _is_real(self, points: Matrix, claimed: Matrix, reference: Matrix, small: Mask) -> Mask:
        """Which of the `small` gaps, (k, c), a formula shows in numbers of less round-off as well."""
        found = np.zeros(small.shape, dtype=np.bool_)
        rows = np.flatnonzero(small.any(axis=1))
        if rows.size and not self.second:
            gap = np.abs(claimed[rows] - reference[rows])
            found[rows] = small[rows] & wider.holds(self.problem, points[rows], claimed[rows], gap)
        return found

    def _matters(
        self, claimed: Vector, reference: Vector, evidence: Evidence = Evidence.EXACT, grown: float = 1.0
    ) -> Mask:
        """Where the gap is more than what computing leaves on the component's ordinary size; NaN matters.

        That is round-off; in code also what a solver leaves that its source names, in the claim as in f; and where only
        differences could look into f, what an unnamed one may leave, whose error has a slope of its own.
        """
        with np.errstate(all="ignore"):  # a size that nobody could measure
            floor = self.floor * grown
        if not _is_formula(self.problem):
            floor = np.maximum(floor, LEAVES * self.tolerance * np.max(self.ordinary, initial=0.0))
            if evidence.strength < Evidence.EXACT.strength:
                floor = np.maximum(floor, SOLVER_ERROR * self.ordinary)
                floor = np.maximum(floor, UNSURE * self.problem.tolerance.relative * np.abs(reference))
        with np.errstate(all="ignore"):
            mask: Mask = ~(np.abs(claimed - reference) <= floor)
        return mask

    def first_confirmed(self, points: Matrix, rows: Sequence[int]) -> Verified | None:
        """The verification at the first of `rows` where the claim is wrong; None where it is at none."""
        for row in rows:
            found = self.confirm(points[row])
            if found is not None and not self._has_lost_its_digits(found):
                return found
        return None

    def _has_lost_its_digits(self, found: Verified) -> bool:
        """Whether all that is wrong begins as round-off on the way from a listed point where the claim is right."""
        right = np.flatnonzero((self.listed.codes == PASS).all(axis=1))
        wrong = found.codes[0] == FAIL
        claimed, point = found.claim.values[0], found.points[0]
        if not right.size or found.kinks[0] or self.second or not np.isfinite(claimed[wrong]).all():
            return False
        accusers = [j for j in found.judged if (j.codes[0] == FAIL).any()]
        grown = self._growth(point, claimed)
        matters = [self._matters(claimed, j.reference[0], j.evidence[0], grown) for j in accusers]
        if any(self._is_real(point[None], claimed[None], j.reference, wrong[None]).any() for j in accusers):
            return False  # it has all its digits
        wrong &= np.any(matters, axis=0)
        if not wrong.any():  # gaps that keep their share of the derivative all around, which round-off does not
            return False
        references = [j.reference[0] for j in accusers]
        with np.errstate(all="ignore"):
            relative = [np.abs(claimed - r) / np.maximum(np.abs(claimed), np.abs(r)) for r in references]
        gap = np.max(np.nan_to_num(np.array(relative)), axis=0)
        start = self.listed.points[right[np.argmin(np.abs(self.listed.points[right]).max(axis=1))]]
        self.claim_evaluations += on_the_way.STATIONS * roundoff.steps_along(self.epsilon).size
        lost = on_the_way.begins_as_round_off(self.problem, start, point, gap)
        self.looks += 1
        each = max(cost_of_a_point(self.listed, j.backend) for j in found.judged)
        # Where the time has cut the budget, what is left of it has to do: no counterexample is lost to a further look.
        left = MOST_ON_THE_WAY if self.chunk == CHUNK else min(MOST_ON_THE_WAY, self.budget - self.evaluations)
        if not lost[wrong].all() and self.looks <= MOST_LOOKS and on_the_way.STATIONS * each <= 2 * left:
            places = on_the_way.stations(start, point, self.problem)[::2]
            if places.shape[0]:
                lost = lost | on_the_way.begins_undecided(self.verified_at(places).codes)
        all_lost = bool(lost[wrong].all())
        self.blurred += all_lost
        return all_lost

    def verified_at(self, points: Matrix) -> Verified:
        """What all backends say of `points`."""
        verified = verify(self.problem, points, self.backends, self.ask, self.at_kinks)
        self.evaluations += verified.evaluations
        self.claim_evaluations += verified.claim_evaluations
        return verified

    def _values_around(self, point: Vector, reach: float) -> Matrix:
        """f at random points at most `reach` away, relative to max(1, |x|), as far as they lie inside: (k, m)."""
        rng = np.random.default_rng(self.problem.seed)
        step = reach * np.maximum(1.0, np.abs(point))
        around = point + step * rng.uniform(-1.0, 1.0, size=(NEIGHBOURS, point.size))
        self.evaluations += NEIGHBOURS
        inside = around[self.problem.domain.contains(around).all(axis=1)]
        return values_of(self.problem.function, inside) if len(inside) else np.empty((0, 1))

    def confirm(self, point: Vector) -> Verified | None:
        """Verify at one point with all backends; the result if the claim is wrong there, else None."""
        found = self._confirmed(point)
        return None if found is None or self.safeguarded.excuses(point, found.codes[0] == FAIL) else found

    def _confirmed(self, point: Vector) -> Verified | None:
        """The same for f as it is, where a safeguard is active as well."""
        verified = self.verified_at(point[None, :])
        if verified.rows_without_function() or self.not_meant.concerns(point, verified.function_values[0]):
            return None
        claimed = verified.claim.values[0]
        if verified.claim.failures or not np.isfinite(claimed).all():
            # det(A)·A⁻ᵀ is right, and has no value where A is singular; nobody listed such a point.
            if any(failure.undefined for failure in verified.claim.failures.values()):
                return None
            if self.second:
                return None
            # Only a derivative that exists can be missed: neither x/‖x‖ nor the gradient of arctan2 has a value at 0.
            known = [j for j in verified.judged if self._exists(j.reference[0], j.bound[0])]
            if verified.kinks[0] or not known or self._is_hidden_kink(point, known) or self._jumps_at(point):
                return None
            return verified if self._is_no_overflow(point, claimed) and (verified.codes == FAIL).any() else None
        for judged in verified.judged:
            failing = (judged.codes[0] == FAIL) & (verified.codes[0] == FAIL)
            failing[list(verified.kinks[0])] = False  # there the slopes decide, below
            grown = self._growth(point, claimed)
            matters = self._matters(claimed, judged.reference[0], judged.evidence[0], grown)
            small = failing & ~matters
            matters |= self._is_real(point[None], claimed[None], judged.reference, small[None])[0]
            if (small & ~matters).any() and judged.evidence[0].strength >= Evidence.EXACT.strength:
                matters |= self._is_steadily_wrong(point, judged, small & ~matters)
            failing &= matters
            failing &= self._felt(point, verified.function_values[0], np.abs(claimed - judged.reference[0]))
            failing &= ~self._is_patched(point, claimed, judged.reference[0], failing)
            if failing.any() and self.second and judged.evidence[0].strength < Evidence.EXACT.strength:
                failing &= self._fails_around(point)
            if failing.any():
                shows = self._shows(verified, failing, judged.evidence[0])
                shows = shows and not self._only_at_an_edge(verified, failing)
                return verified if shows else None
        if self.second:
            return None
        # At a kink the codes come from the slopes, not from a reference.
        farthest = claimed.copy()
        for i, kink in verified.kinks[0].items():
            left_is_farther = abs(kink.left - claimed[i]) > abs(kink.right - claimed[i])
            farthest[i] = kink.left if left_is_farther else kink.right
        matters = self._matters(claimed, farthest)
        matters &= self._felt(point, verified.function_values[0], np.abs(claimed - farthest))
        at_kink = [
            i
            for i, kink in verified.kinks[0].items()
            if verified.codes[0, i] == FAIL and matters[i] and self._is_no_convention(claimed[i], kink)
        ]
        if not at_kink or self._is_torn(point, claimed, [verified.kinks[0][i] for i in at_kink]):
            return None
        return verified if self.at_kinks is AtKinks.ACCEPT_SUBGRADIENT else None

    def _is_patched(self, point: Vector, claimed: Vector, reference: Vector, failing: Mask) -> Mask:
        """Which `failing` components, (c,), are the slopes that f has around a point where a constant stands for it.

        where(abs(x) < 1e-8, 1, sin(x)/x) is flat in its tiny middle, and −x/3 there is right all the same.
        """
        out = np.zeros(failing.shape, dtype=np.bool_)
        if self.second:
            return out
        for i in np.flatnonzero(failing & (reference == 0) & (claimed != 0))[:MOST_FLAT].tolist():
            output, variable = divmod(i, point.size)
            step = WINDOWS * max(1.0, abs(float(point[variable])))
            beside = np.repeat(point[None], 2 * step.size, axis=0)
            beside[:, variable] += np.concatenate([step, -step])
            if not self.problem.domain.contains(beside).all():
                continue
            self.evaluations += len(beside)
            above, below = values_of(self.problem.function, beside)[:, output].reshape((2, -1))
            with np.errstate(all="ignore"):
                slopes = (above - below) / (2 * step)
                out[i] = (np.abs(slopes - claimed[i]) <= TORN * abs(claimed[i])).any()
        return out

    def _is_torn(self, point: Vector, claimed: Vector, kinks: Sequence[Kink]) -> bool:
        """Whether round-off in the point moves code's claim about, from one value beyond f's slopes to the next.

        Where an eigenvalue is a double one, its eigenvector is what round-off makes it, and f has no other slopes to
        offer either. A convention that is wrong at a kink stays, or gives way to a slope.
        """
        if _is_formula(self.problem) or self.problem.claim is None:
            return False
        rng = np.random.default_rng(self.problem.seed)
        moved = rng.integers(-UNITS_MOVED, UNITS_MOVED, size=(NEIGHBOURS, point.size), endpoint=True)
        beside = point + self.epsilon * moved * np.maximum(1.0, np.abs(point))
        beside = beside[self.problem.domain.contains(beside).all(axis=1)]
        self.claim_evaluations += len(beside)
        values = values_of(self.problem.claim, beside) if len(beside) else np.empty((0, claimed.size))
        for kink in kinks:
            low, high = min(kink.left, kink.right), max(kink.left, kink.right)
            value, clear = values[:, kink.component], TORN * (high - low) + kink.bound
            beyond = (value < low - clear) | (value > high + clear)
            if (beyond & (np.abs(value - claimed[kink.component]) > clear)).any():
                return True
        return False

    def _is_hidden_kink(self, point: Vector, known: Sequence[Judged]) -> bool:
        """Whether longer steps show a kink where differences see a derivative: arccosh(1 + 2·(x − y)²) is flat at x = y
        over steps below 1e-8, and 2·|x − y| beyond."""
        if any(j.evidence[0].strength >= Evidence.EXACT.strength for j in known):
            return False
        usual = self.listed.probe.typical if self.listed.probe is not None else np.ones(point.shape)
        outputs = range(self.ordinary.size)
        return bool(find_kinks(self.problem, point, outputs, usual, faint=True, at_least=float(np.min(usual))))

    def _jumps_at(self, point: Vector) -> bool:
        """Whether f jumps at the point over steps of an ordinary length, whatever slope it has over tiny ones.

        Entries that are divided by their spread and 1e-8 are continuous where all are equal, and ±1 next to it.
        """
        usual = self.listed.probe.typical if self.listed.probe is not None else np.ones(point.shape)
        variables = np.arange(min(point.size, MOST_TORN))
        size = np.maximum(np.abs(point), usual)
        steps = np.outer(size[variables], np.concatenate([JUMP_STEPS, -JUMP_STEPS]))
        beside = np.repeat(point[None], steps.size, axis=0)
        beside[np.arange(steps.size), np.repeat(variables, steps.shape[1])] += steps.ravel()
        if not self.problem.domain.contains(beside).all():
            return False
        self.evaluations += len(beside) + 1
        values = values_of(self.problem.function, np.concatenate([point[None], beside]))
        with np.errstate(all="ignore"):
            change = np.abs(values[1:] - values[:1]).reshape((2 * variables.size, JUMP_STEPS.size, -1))
            clear = ROUND_OFF_UNITS * self.epsilon * np.max(np.abs(values), initial=0.0)
            stays = (change[:, -1] >= STAYS * change[:, 0]) & (change[:, -1] > clear)
        return bool(stays.any())

    def _is_no_convention(self, claimed: float, kink: Kink) -> bool:
        """Whether no usual rule gives `claimed` at the kink. How many parts of code are tied at once cannot be told.

        With several tied, relu'(0) = 0 and sign(0) = 0 give values beside the one-sided slopes: 0, or some of the
        slopes' difference beyond them. Formulas come here only with a single part tied, where every value is judged.
        """
        if _is_formula(self.problem):
            return True
        low, high = min(kink.left, kink.right, 0.0), max(kink.left, kink.right, 0.0)
        beside = abs(kink.right - kink.left) + kink.bound
        return not low - beside <= claimed <= high + beside

    def _shows(self, verified: Verified, failing: Mask, evidence: Evidence) -> bool:
        """Whether the fault shows at steps of an ordinary length too, where differences alone accuse code.

        A root finder that stops at 1e-12 has slopes of its own at an argument of 1e-12; nobody's gradient is that.
        Only the variables of the failing components move: beside 1e8 in one variable f shows nothing of 1 in another.
        """
        if evidence.strength >= Evidence.EXACT.strength or _is_formula(self.problem):
            return True
        point, claimed = verified.points[0], verified.claim.values.reshape((-1, self.problem.variables.size))
        usual = self.listed.probe.typical if self.listed.probe is not None else np.ones(point.shape)
        size = np.maximum(np.abs(point), usual)
        if not (np.abs(point) < CLOSE * size).any():
            return True
        self.evaluations += cross_examination.COST
        moved = failing.reshape((-1, point.size)).any(axis=0)
        return is_inconsistent(self.problem, point, claimed, np.zeros_like(claimed), np.where(moved, size, 0.0))

    def _fails_around(self, point: Vector) -> Mask:
        """Which entries of a Hessian differences call wrong all around a generic point too; shape (c,).

        Second differences see a jump of the slope beside a point no better than one at it. Special points are full of
        them; that one passes by a generic point and by all its neighbours at random distances is not to be expected.
        """
        around = self._witnesses(point, WITNESSES) if is_generic(point[None])[0] else None
        if around is None:
            return np.zeros(self.listed.claim.values.shape[1], dtype=np.bool_)
        fails: Mask = (self.verified_at(around).codes == FAIL).all(axis=0)
        return fails

    def _witnesses(self, point: Vector, count: int) -> Matrix | None:
        """Points around `point`, (count, n), which must tell the same; None where the domain ends among them."""
        rng = np.random.default_rng(self.problem.seed)
        around: Matrix = point * (1.0 + AROUND * rng.uniform(-1.0, 1.0, size=(count, point.size)))
        return around if self.problem.domain.contains(around).all() else None

    def _is_steadily_wrong(self, point: Vector, judged: Judged, faint: Mask) -> Mask:
        """Where gaps no larger than round-off on ordinary sizes are none, as they keep their share of the derivative.

        faint: (c,).  Around the point all must fail too, each by about the same part; round-off differs each time.
        """
        around = None if self.second or not (point != 0).any() else self._witnesses(point, STEADY_WITNESSES)
        if around is None:
            return np.zeros(faint.shape, dtype=np.bool_)
        # Round-off is seldom steady, and one backend tells that much; all are asked about what is.
        claimed = self._claim_at(around).values
        answer = self.ask(judged.backend, self.problem, self._request(around, claimed))
        if answer.estimates is None:
            return np.zeros(faint.shape, dtype=np.bool_)
        self.evaluations += answer.estimates.evaluations
        steady = faint & _is_steady(claimed, stacked(answer.estimates.points, claimed.shape[1])[0])
        if not steady.any():
            return steady
        verified = self.verified_at(around)
        same = next((j for j in verified.judged if j.backend == judged.backend), None)
        if same is None:
            return np.zeros(faint.shape, dtype=np.bool_)
        steady &= _is_steady(verified.claim.values, same.reference)
        found: Mask = steady & (verified.codes == FAIL).all(axis=0) & (same.codes == FAIL).all(axis=0)
        return found

    def _only_at_an_edge(self, verified: Verified, wrong: Mask) -> bool:
        """Whether code is wrong in derivatives across the domain's edge alone, and right just inside it; wrong: (c,).

        clip(x, 0, 1) has a kink at 1 that no difference inside [0, 1] shows: a claim of 0 there is the slope outside.
        But where a trace, which knows ties, has the slope that differences see inside, code has no kink at the edge.
        """
        if _is_formula(self.problem):
            return False
        point, kinds = verified.points[0], set()
        for judged in verified.judged:
            exact = judged.evidence[0].strength >= Evidence.EXACT.strength
            if (judged.codes[0][wrong] == FAIL).all():
                kinds.add(exact)
        if len(kinds) == 2:
            return False
        domain, across = self.problem.domain, np.unique(np.flatnonzero(wrong) % point.size)
        low, high = domain.low[across], domain.high[across]
        if not ((point[across] == low) | (point[across] == high)).all():
            return False
        step = NEIGHBOUR_DISTANCE * np.maximum(1.0, np.abs(point[across]))
        inside = point.copy()
        inside[across] += np.where(point[across] == low, step, -step)
        if not domain.contains(inside).all():
            return False
        return bool((self.verified_at(inside[None]).codes[0, wrong] == PASS).all())

    def _excused(self, points: Matrix, claimed: Matrix) -> set[int]:
        """The rows at which nobody can ask the claim, (k, c), for a finite value."""
        over = self._overflowing(points, claimed)
        self.overflowed = len(over)
        return over | self._undefined(points, claimed)

    def _undefined(self, points: Matrix, claimed: Matrix) -> set[int]:
        """The rows without a claimed value at which f's own formula has one only by what infinity is made of."""
        function = self.problem.function
        lost = np.flatnonzero(~np.isfinite(claimed).all(axis=1))
        if not lost.size or not isinstance(function, ExpressionFunction):
            return set()
        values = function.variables.split(points[lost])
        return set(lost[~defined(function.trees, values, lost.size, function.constants)].tolist())

    def _overflowing(self, points: Matrix, claimed: Matrix) -> set[int]:
        """The rows whose claim, (k, c), is not finite for want of a wider range of numbers."""
        lost = np.flatnonzero(~np.isfinite(claimed).all(axis=1))
        claim = self.problem.claim
        if not lost.size or claim is None:
            return set()
        most = lost.size if _is_formula(self.problem) else MOST_WAYS
        over, spent = overflow.overflows(claim, points[lost], self.listed.points, most)
        self.claim_evaluations += spent
        return set(lost[over].tolist())

    def _is_no_overflow(self, point: Vector, claimed: Vector) -> bool:
        """Whether a claim that is not finite at `point` is to blame: f lives all around it, and it is not far out."""
        if not np.max(np.abs(point), initial=0.0) <= FAR:
            return False
        if self._overflowing(point[None], np.full((1, 1), np.nan)):
            return False
        values = self._values_around(point, NEIGHBOUR_DISTANCE)
        return bool(len(values) and np.isfinite(values).all()) and self._is_continuous(point, claimed, values)

    def _is_continuous(self, point: Vector, claimed: Vector, around: Matrix) -> bool:
        """Whether the outputs of f with a claim that is not finite come close to their values at `point` beside it.

        exp(−1/x) at 0 is a number where 1/0 is infinite, and arctan2(0, 0) is 0; neither has a derivative there.
        around: (k, m), f at NEIGHBOUR_DISTANCE.
        """
        lost = ~np.isfinite(claimed.reshape((around.shape[1], -1))).all(axis=1)
        self.evaluations += 1
        here = values_of(self.problem.function, point[None])[0]
        beside = self._values_around(point, CLOSE_BY)
        with np.errstate(all="ignore"):
            far, near = (np.max(np.abs(values - here), axis=0, initial=0.0) for values in (around, beside))
            round_off = ROUND_OFF_UNITS * self.epsilon * np.abs(here)
            return bool((near <= np.maximum(far / 2, round_off))[lost].all())


def _is_steady(claimed: Matrix, reference: Matrix) -> Mask:
    """Which gaps are about the same part of the derivative at all of some points, (k, c) each; shape (c,)."""
    with np.errstate(all="ignore"):
        parts = claimed / reference - 1.0
        steady: Mask = np.ptp(parts, axis=0) <= STEADY_PART * np.abs(np.median(parts, axis=0))
    return steady


def _median(values: Matrix) -> Vector:
    """The median of each column of (k, c) finite numbers; what np.median gives, in a tenth of its time."""
    ordered = np.sort(values, axis=0)
    half = len(ordered) // 2
    middle: Vector = ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2
    return middle


def is_generic(points: Matrix) -> Mask:
    """Which of the points, (k, n), have no component that is 0 and no two that are equal; shape (k,).

    The others are where functions have their kinks: there a closer look is dear, and a difference may be a convention.
    """
    ordered = np.sort(points, axis=1)
    generic: Mask = (points != 0).all(axis=1) & (np.diff(ordered, axis=1) != 0).all(axis=1)
    return generic


def alternating(rows: Sequence[int], generic: Mask) -> list[int]:
    """`rows` with generic points and others in turn while there are both, each kind in its order, the first row first.

    So no budget is spent on one kind alone: neither on ties, where each point costs most, nor on what is no special
    point. generic: for each point that a row can name, shape (k,).
    """
    if not rows:
        return []
    first = [row for row in rows if generic[row] == generic[rows[0]]]
    second = [row for row in rows if generic[row] != generic[rows[0]]]
    both = min(len(first), len(second))
    turns = [row for pair in zip(first, second, strict=False) for row in pair]
    return [*turns, *first[both:], *second[both:]]


def complexity(point: Vector) -> float:
    """How hard a point is to read: digits and magnitudes of its components, 0 for the origin."""
    return sum(_complexity_of(float(v)) for v in point)


def _complexity_of(value: float) -> float:
    if value in SIMPLE_VALUES:
        return float(SIMPLE_VALUES.index(value))
    digits = len(f"{abs(value):.17g}".replace(".", "").replace("e", "").strip("0"))
    return len(SIMPLE_VALUES) + digits + abs(np.log10(abs(value))) if value else 0.0


def shrink(
    point: Vector,
    found: Verified,
    confirm: Callable[[Vector], Verified | None],
    problem: Problem,
    listed: Matrix,
    most: int = MOST_SHRINKS,
) -> Verified:
    """Make a counterexample simpler, one component after the other, while it stays one, with at most `most` trials."""
    best, spent = found, 0
    current = point.copy()
    same = {tuple(row) for row in listed.tolist()}
    for j in np.argsort([-_complexity_of(float(v)) for v in current]).tolist():
        value = float(current[j])
        options = (*SIMPLE_VALUES, float(np.round(value)), float(f"{value:.1g}"), float(f"{value:.2g}"))
        for option in dict.fromkeys(options):
            if spent >= most:
                return best
            if not _complexity_of(option) < _complexity_of(value):
                continue
            trial = current.copy()
            trial[j] = option
            if not problem.domain.contains(trial[None, :]).all() or tuple(trial.tolist()) in same:
                continue
            spent += 1
            verified = confirm(trial)
            if verified is not None:
                best, current = verified, trial
                break
    return best


def applies_to(problem: Problem) -> bool:
    """Whether a search makes sense: for derivatives by at least one variable."""
    return problem.variables.size > 0
