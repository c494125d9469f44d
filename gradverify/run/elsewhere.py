"""Are the claims wrong beyond the listed points, as far as time allows, and how is that said?"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from functools import partial

from gradverify.core import conclude, search
from gradverify.core.arrays import Vector
from gradverify.core.judge import Code
from gradverify.core.pace import Pace
from gradverify.core.problem import CallableFunction, ExpressionFunction
from gradverify.core.report import Check, Counterexample
from gradverify.core.verdicts import Verdict
from gradverify.core.verify import Verified, verdict_of
from gradverify.expression.analytic import analytic
from gradverify.expression.guards import literals
from gradverify.functions.literals import literals_in_source
from gradverify.run.outcome import GIVEN_UP
from gradverify.run.patience import SHORTEST_PATIENCE, OutOfPatience, patience
from gradverify.run.phases import SLOW_CALL
from gradverify.run.safeguards import unguarded
from gradverify.run.settings import FAR_STEPS, VerifySettings
from gradverify.run.verification import Verification, line_of
from gradverify.spec.model import Spec

SEARCH_SECONDS = 30.0  # several times what the search plans for, so that only a function that hangs gets there
SHARE = 0.8  # of the time that a spec has left, for its search: the explanation needs some as well
PLANNED = 0.8  # of the search's time


def search_claims(work: Verification, settings: VerifySettings, elapsed: float) -> tuple[search.Found, Verified]:
    """The search for the first claim, and for a Hessian beside it; and the claim that what it found is about.

    elapsed: seconds that the spec has taken so far.
    """
    main, *others = work.verified
    until = time.monotonic() + _search_seconds(work.spec, settings, elapsed)
    found, searched = _search_within_limits(work, main, settings, until), main
    for other in others:
        if found.verified is not None:
            break
        further = _search_within_limits(work, other, settings, until)
        if further.verified is not None:
            searched = other
        found = search.together(found, further, other.problem.derivative.value)
    return found, searched


def _search_seconds(spec: Spec, settings: VerifySettings, elapsed: float) -> float:
    """The time that a spec's search may take; where the spec gives it a budget, as much as its time limit leaves."""
    left = math.inf if settings.seconds is None else SHARE * max(0.0, settings.seconds - elapsed)
    return left if spec.search_evaluations is not None and left < math.inf else min(SEARCH_SECONDS, left)


def _pace(main: Verified, seconds: float) -> Pace | None:
    """How slow the function and its claim are, where that counts; asked of them once, at the first listed point."""
    function, claim = main.problem.function, main.problem.claim
    if not isinstance(function, CallableFunction) or not function.first_call >= SLOW_CALL or claim is None:
        return None
    point = main.points[:1]
    taken = []
    for called in (function, claim):
        began = time.perf_counter()
        called.evaluate(point)
        taken.append(time.perf_counter() - began)
    return Pace(taken[0], taken[1], PLANNED * seconds)


def _search_within_limits(work: Verification, main: Verified, settings: VerifySettings, until: float) -> search.Found:
    """The search, or why there is none: candidates are points that nobody listed, and f may hang at one."""
    for phase in ("search", FAR_STEPS):
        if phase in settings.given_up:
            return search.Found(None, 0, 0, 0, settings.given_up[phase], given_up=True)
    seconds = max(until - time.monotonic(), SHORTEST_PATIENCE)
    kept: list[Verified] = []
    try:
        with patience(seconds):
            return _search(work, main, settings, seconds, kept.append)
    except OutOfPatience:
        if kept:  # a counterexample that there was no time to make simpler
            return search.Found(kept[-1], 1, 0, 0)
        late = f"it took more than {seconds:.2g} s: the function is slow, or hangs"
        return search.Found(None, 0, 0, 0, late, given_up=True)


def _search(
    work: Verification, main: Verified, settings: VerifySettings, seconds: float, keep: Callable[[Verified], None]
) -> search.Found:
    if not search.applies_to(main.problem):
        return search.Found(None, 0, 0, 0, "there is no variable to move")
    numbers: list[float] = []
    # Without a backend that could look at other points nothing is searched, and no source need be read for it.
    for function in (main.problem.function, main.problem.claim) if search.can_screen(main) else ():
        if isinstance(function, ExpressionFunction):
            for tree in function.trees:
                numbers += literals(tree)
        elif function is not None:
            numbers += literals_in_source(function)
    return search.search(
        main.problem, main, work.backends, work.quietly, at_kinks=work.spec.at_kinks,
        literals=tuple(dict.fromkeys(numbers)), evaluations=work.spec.search_evaluations, seed=settings.seed,
        smooth=main.proved and all(
            isinstance(f, ExpressionFunction) and all(map(analytic, f.trees))
            for f in (main.problem.function, main.problem.claim)
        ),
        pace=_pace(main, seconds), keep=keep, unguarded=partial(unguarded, main),
    )  # fmt: skip


def search_notes(found: search.Found, searched: Verified, spec: Spec) -> list[str]:
    """What is worth a note of a search: what it could not look at, and what it left open. `searched` is its claim."""
    notes = []
    if found.given_up:
        notes.append(f"{GIVEN_UP}: the search beyond the listed points; {found.skipped}")
    elif found.planned:
        notes.append(f"{GIVEN_UP}: {_shortened(found, spec)}")
    if found.unconfirmed:
        notes.append(_unconfirmed(found.unconfirmed))
    if found.not_meant and found.verified is None:
        notes.append(_not_meant(found, searched))
    if found.safeguarded and found.verified is None:
        notes.append(_safeguarded(found, searched))
    return notes


def _shortened(found: search.Found, spec: Spec) -> str:
    """What is said of a search that had not the time for all its points."""
    tried = f"all but {found.candidates} of up to {found.planned} points of the search"
    if found.skipped is not None:
        tried = "the search beyond the listed points"
    why = found.skipped or "the function is slow, and there is time for no more"
    out = "a longer limit (`--timeout`)"
    if spec.search_evaluations is None:
        out += " with a budget of its own (`search: {evaluations: 1000}`)"
    return f"{tried}; {why}; {out} tries all, `search: off` none"


def _unconfirmed(count: int) -> str:
    """What is said of points that the search had no budget left to confirm."""
    points, them = ("point", "it") if count == 1 else ("points", "them")
    return (
        f"the search found {count} {points} where a first, rough look disagrees with the claim, and could not confirm "
        f"or clear {them} within its budget; "
        "a larger one, such as `search: {evaluations: 20000}`, decides"
    )


def _not_meant(found: search.Found, searched: Verified) -> str:
    """What is said of points that the code seems not to be meant for, and at which the claim is not 0."""
    assert found.not_meant_at is not None
    where = _where(found.not_meant, found.not_meant_at, searched)
    between = "," if found.not_meant > 1 else ""
    return (
        f"the function answers {found.not_meant_value:g} {where}{between} and all around, as for what it is not meant "
        "for, and the claim is not 0 there: such points were left out. If they are meant, list one in `points`; if "
        "not, a `domain` without them says so"
    )


def _safeguarded(found: search.Found, searched: Verified) -> str:
    """What is said of points at which a safeguard of f is active, and the claim is the gradient without it."""
    assert found.safeguarded_at is not None
    where = _where(found.safeguarded, found.safeguarded_at, searched)
    return (
        f"`{found.safeguarded_by}` keeps the function from where it has no value, or overflows, and is active {where}; "
        "the claim goes on there as that of the function without it, as is usual: such points were left out. To have "
        "them judged, list one in `points`"
    )


def _where(count: int, example: Vector, searched: Verified) -> str:
    """`count` of the search's points, of which one is shown."""
    at = _at(example, searched)
    return f"at {count} of the search's points, such as {at}" if count > 1 else f"at {at}"


def _at(point: Vector, searched: Verified) -> str:
    names = searched.problem.variables
    shown = ", ".join(f"{names.component_name(i)} = {v:.6g}" for i, v in enumerate(point[:6]))
    return shown + (", …" if point.size > 6 else "")


def search_check(found: search.Found, main: Verified, spec: Spec) -> Check:
    """The search as a check of the report; `main` is the claim that it was about, at the listed points."""
    details = {"candidates": found.candidates, "evaluations": found.evaluations}
    line = line_of(spec, "search" if "search" in spec.places else "points")
    if found.skipped is not None:
        return Check(
            kind="search", backend=None, verdict=Verdict.SKIPPED, reason=found.skipped, line=line, details=details
        )
    if found.verified is None:
        return Check(kind="search", backend=None, verdict=Verdict.PASS, reason=found.reason, line=line, details=details)
    checks = conclude.checks_of(found.verified, "search", line)
    points = next((c.points for c in checks if c.verdict is Verdict.FAIL), ())
    reason = counterexample_of(found, main).message
    worst = max((c.max_relative_error or 0.0 for c in checks), default=None)
    return Check(
        kind="search", backend=None, verdict=Verdict.FAIL, reason=reason, points=points, line=line, details=details,
        max_relative_error=worst, evidence=conclude.evidence_of(found.verified),
    )  # fmt: skip


def counterexample_of(search_found: search.Found, main: Verified) -> Counterexample:
    """The counterexample that was found to the claim which `main` is about."""
    found = search_found.verified
    assert found is not None
    judged = next((j for j in found.judged if (j.codes == Code.FAIL).any()), found.judged[0] if found.judged else None)
    point = found.points[0]
    shown = _at(point, main)
    if math.isfinite(search_found.not_meant_value):
        shown += (
            f". The function answers {search_found.not_meant_value:g} all around there: if it is not meant for such "
            "points, a `domain` without them says so"
        )
    count = main.points.shape[0]
    listed = "the only listed point" if count == 1 else f"all {count} listed points"
    nothing = (math.nan,) * min(found.claim.values.shape[1], conclude.MOST_COMPONENTS)
    return Counterexample(
        at=_first(point), claimed=_first(found.claim.values[0]),
        reference=_first(judged.reference[0]) if judged else nothing,
        error_bound=_first(judged.bound[0]) if judged else nothing,
        message=f"{'holds' if verdict_of(main)[0] is Verdict.PASS else 'undecided'} at {listed}, fails at {shown}",
    )  # fmt: skip


def _first(vector: Vector) -> tuple[float, ...]:
    """As much of a vector as a report holds."""
    numbers: list[float] = vector[: conclude.MOST_COMPONENTS].tolist()
    return tuple(numbers)
