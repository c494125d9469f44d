"""One spec, in this process: load it, verify every claim, search, explain, and say it all as a `SpecResult`."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gradverify.core import conclude, search
from gradverify.core.arrays import Array, Matrix, Vector
from gradverify.core.blind_spots import score
from gradverify.core.estimates import DoesNotApply, TooManyComponentsError
from gradverify.core.examine import ScaleProbe, typical_lengths
from gradverify.core.guard import check_estimates, check_screened
from gradverify.core.judge import Code, judge, judge_with_scales
from gradverify.core.problem import (
    Derivative,
    Domain,
    ExpressionFunction,
    Function,
    Precision,
    Problem,
    Request,
    Tolerance,
    one_line,
)
from gradverify.core.report import (
    BlindSpot,
    Check,
    Counterexample,
    Diagnosis,
    Evaluations,
    PointResult,
    SpecResult,
)
from gradverify.core.variables import Variables
from gradverify.core.verdicts import Verdict
from gradverify.core.verify import Answer, Verified, show_point, verdict_of, verify
from gradverify.expression.analytic import analytic
from gradverify.expression.guards import literals
from gradverify.expression.nodes import Node
from gradverify.functions.build import Loaded, domain_of, load, points_of
from gradverify.functions.expressions import function_from_expression
from gradverify.functions.literals import literals_in_source
from gradverify.hookspecs import LoadError
from gradverify.run.beyond import check_beyond
from gradverify.run.outcome import GIVEN_UP
from gradverify.run.patience import OutOfPatience, patience
from gradverify.run.settings import FAR_STEPS, VerifySettings
from gradverify.spec.model import ListedPoint, Spec

if TYPE_CHECKING:
    from gradverify.core.diagnosis.terms import PartFunction
    from gradverify.plugins import Plugins

# In single precision a gradient computed well still carries a relative error of about the square root of its epsilon
# once a
# few hundred terms are added up; the default tolerance follows the format where the spec names none.
SINGLE_PRECISION_TOLERANCE = math.sqrt(float(np.finfo(np.float32).eps))


DEFAULT_SETTINGS = VerifySettings()


@dataclass(frozen=True, slots=True)
class Verification:
    """A spec's verified claims and the means that verified them: what further checks build on."""

    spec: Spec
    loaded: Loaded
    domain: Domain
    points: Matrix
    backends: tuple[str, ...]
    ask: Callable[[str, Problem, Request], Answer]
    verified: tuple[Verified, ...]
    quietly: Callable[[str, Problem, Request], Answer]  # `ask` for the search and the explanation, which stay the phase


def run_spec(
    spec: Spec,
    plugins: Plugins,
    settings: VerifySettings = DEFAULT_SETTINGS,
    progress: Callable[[str], None] = lambda _phase: None,
) -> SpecResult:
    """Check `spec` in this process. Never raises for what the spec, its functions or a backend do.

    `progress` is told the phase before each: "loading", "evaluating the claim", "backend NAME", "search",
    "explanation". The last two are worth having and no more: `settings.given_up` leaves them out.
    """
    started = time.perf_counter()
    progress("loading")
    domain = domain_of(spec)
    try:
        points, origin = points_of(spec)
        loaded = load(spec, {kind: r.value for kind, r in plugins.loaders.items()}, points)
    except LoadError as error:
        return _broken(spec, str(error), started)
    if FAR_STEPS in settings.given_up:
        domain = near(domain, points)
    ask = asker(spec, plugins, settings, progress)
    backends = _backends(spec, plugins, settings)
    progress("evaluating the claim")
    verified = tuple(
        verify(problem, points, backends, ask, spec.at_kinks) for problem in _problems(spec, loaded, domain, settings)
    )
    quietly = asker(spec, plugins, settings)
    work = Verification(spec, loaded, domain, points, backends, ask, verified, quietly)
    return _conclude(work, origin, plugins, settings, progress, started)


REACH = 0.5  # of a variable's size, or of 1 where it is 0: how far from the listed points is still near


def near(domain: Domain, points: Matrix) -> Domain:
    """The part of `domain` that is near the points, shape (k, n)."""
    size = REACH * np.where(points != 0, np.abs(points), 1.0)
    low, high = np.min(points - size, axis=0, initial=np.inf), np.max(points + size, axis=0, initial=-np.inf)
    return Domain(
        np.maximum(domain.low, low), np.minimum(domain.high, high),
        domain.low_open & (domain.low >= low), domain.high_open & (domain.high <= high),
    )  # fmt: skip


def _broken(spec: Spec, reason: str, started: float) -> SpecResult:
    check = Check(
        kind=_kinds(spec)[0].value, backend=None, verdict=Verdict.ERROR, reason=reason, line=_line(spec, "function")
    )
    return _result(spec, Verdict.ERROR, started, reason=reason, checks=(check,))


def _kinds(spec: Spec) -> list[Derivative]:
    claims = (
        (Derivative.GRADIENT, spec.gradient),
        (Derivative.JACOBIAN, spec.jacobian),
        (Derivative.HESSIAN, spec.hessian),
    )
    return [kind for kind, source in claims if source is not None] or [Derivative.GRADIENT]


def _line(spec: Spec, key: str) -> int:
    place = spec.places.get(key)
    return place.line if place is not None else spec.place.line


def _tolerance(spec: Spec) -> Tolerance:
    relative = spec.relative_tolerance
    if spec.precision == Precision.FLOAT32.value and "tolerance" not in spec.places:
        relative = SINGLE_PRECISION_TOLERANCE
    return Tolerance(relative, spec.absolute_tolerance)


def _problems(spec: Spec, loaded: Loaded, domain: Domain, settings: VerifySettings) -> list[Problem]:
    return [
        problem_for(spec, loaded, domain, derivative, claim, settings.seed)
        for derivative, claim in loaded.claims.items()
    ]


def problem_for(
    spec: Spec, loaded: Loaded, domain: Domain, derivative: Derivative, claim: Function | None = None, seed: int = 0
) -> Problem:
    """What a backend is asked about one derivative of the spec's function; without a claim, what it is."""
    gradient = loaded.claims.get(Derivative.GRADIENT)
    return Problem(
        name=spec.name, derivative=derivative, variables=spec.variables, function=loaded.function, claim=claim,
        gradient_claim=gradient if derivative is Derivative.HESSIAN else None, domain=domain,
        tolerance=_tolerance(spec), precision=Precision(spec.precision), budget=spec.budget_evaluations, seed=seed,
    )  # fmt: skip


def _backends(spec: Spec, plugins: Plugins, settings: VerifySettings) -> tuple[str, ...]:
    if settings.backends is not None:
        return settings.backends
    return tuple(spec.backends) if spec.backends is not None else tuple(plugins.backends)


def asker(
    spec: Spec,
    plugins: Plugins,
    settings: VerifySettings,
    progress: Callable[[str], None] = lambda _phase: None,
) -> Callable[[str, Problem, Request], Answer]:
    """A function that asks one backend and turns whatever happens into an `Answer`."""

    def ask(name: str, problem: Problem, request: Request) -> Answer:
        if name in settings.skip_backends:
            return Answer(name, broken=settings.skip_backends[name])
        registered = plugins.backends.get(name)
        if registered is None:
            return Answer(
                name, broken=f"no backend is named `{name}` (it may be blocked, or its plugin failed to load)"
            )
        options = (spec.backends or {}).get(name)
        if options:
            problem = dataclasses.replace(problem, options=options)
        progress(f"backend {name}")
        begun = time.perf_counter()
        try:
            reason = registered.value.why_not(problem)
            if reason is not None:
                return Answer(name, not_applicable=reason)
            screen = getattr(registered.value, "screen", None) if request.screening else None
            if screen is not None:
                screened = screen(problem, request)
                fault = check_screened(problem, request, screened)
                if fault is not None:
                    return Answer(name, broken=f"{registered.origin} returned rubbish: {fault}")
                return Answer(name, screened=screened, seconds=time.perf_counter() - begun)
            estimates = registered.value.estimate(problem, request)
        except DoesNotApply as refusal:
            return Answer(
                name, not_applicable=str(refusal), seconds=time.perf_counter() - begun,
                too_many=isinstance(refusal, TooManyComponentsError),
            )  # fmt: skip
        except Exception as error:  # noqa: BLE001 - a plugin's fault, whatever it is, costs its own results only
            return Answer(
                name, broken=f"{registered.origin} raised {one_line(error)}", seconds=time.perf_counter() - begun
            )
        seconds = time.perf_counter() - begun
        fault = check_estimates(problem, request, estimates)
        if fault is not None:
            return Answer(name, broken=f"{registered.origin} returned rubbish: {fault}", seconds=seconds)
        return Answer(name, estimates, seconds=seconds)

    return ask


def _conclude(
    work: Verification,
    origin: Sequence[int],
    plugins: Plugins,
    settings: VerifySettings,
    progress: Callable[[str], None],
    started: float,
) -> SpecResult:
    spec = work.spec
    checks: list[Check] = []
    verdicts: list[Verdict] = []
    reasons: list[str] = []
    notes: list[str] = []
    drawing = settings.pictures and "figures" not in settings.given_up
    for verified in work.verified:
        kind = verified.problem.derivative.value
        found_out = conclude.checks_of(verified, kind, _line(spec, kind))
        if drawing:
            from gradverify.run.pictures import with_ladders

            progress("figures")
            found_out = with_ladders(found_out, verified, plugins)
        checks += found_out
        verdict, reason = verdict_of(verified)
        verdicts.append(verdict)
        if reason is not None:
            reasons.append(reason)
        notes += [o.message for o in verified.claim.notes]
        notes += conclude.function_notes(verified, verdict, reason)
        notes += conclude.contradiction_notes(verified)
        notes += conclude.projection_notes(verified)
    if settings.pictures and not drawing:
        notes.append(f"{GIVEN_UP}: figures; {settings.given_up['figures']}")
    if FAR_STEPS in settings.given_up:
        notes.append(f"{GIVEN_UP}: steps far from the listed points; {settings.given_up[FAR_STEPS]}")
    main = work.verified[0]
    known = _known_values(work, main, origin)
    checks += known
    verdicts += [check.verdict for check in known]
    reasons += [check.reason for check in known if check.verdict is not Verdict.PASS and check.reason]
    bare = dataclasses.replace(settings, blind_spots=False, pictures=False)
    further = check_beyond(work, plugins, progress, lambda part: run_spec(part, plugins, bare))
    checks += further.checks
    verdicts += [check.verdict for check in further.checks]
    reasons = further.reasons_around(reasons)
    counterexample = None
    explained = searched = main
    # What the listed points leave open may show elsewhere: a component that is lost beside 1e16 is not lost beside 1.
    open_ = conclude.worst_verdict(verdicts) in (Verdict.PASS, Verdict.INCONCLUSIVE)
    if settings.search and spec.search_evaluations != 0 and open_:
        progress("search")
        found, searched = _search_claims(work, settings)
        checks.append(_search_check(found, searched, spec))
        if found.given_up:
            notes.append(f"{GIVEN_UP}: the search beyond the listed points; {found.skipped}")
        if found.unconfirmed:
            notes.append(_unconfirmed(found.unconfirmed))
        if found.verified is not None:
            counterexample = _counterexample(found.verified, searched)
            explained = found.verified
            verdicts.append(Verdict.FAIL)
            reasons.insert(0, counterexample.message)
    descent = further.descent
    if drawing:
        from gradverify.run.pictures import with_level_sets

        progress("figures")
        descent = with_level_sets(descent, main)
    progress("explanation")
    verdict = conclude.worst_verdict(verdicts)
    diagnosis: list[Diagnosis] = []
    spots: list[BlindSpot] = []
    mutants: tuple[int, int] | None = None
    wrong = [c for v in (*work.verified, explained) for c in conclude.wrong_components(v)]
    if "explanation" in settings.given_up:
        notes.append(f"{GIVEN_UP}: the explanation; {settings.given_up['explanation']}")
    elif verdict is Verdict.FAIL:
        failing = [v for v in work.verified if verdict_of(v)[0] is Verdict.FAIL]
        for verified in [*failing, *([explained] if explained is not main else [])]:
            right = searched if verified is explained is not main and verdict_of(searched)[0] is Verdict.PASS else None
            diagnosis += _diagnosed(work, verified, right, notes)
    elif verdict is Verdict.PASS and settings.blind_spots:
        notes += _disguises(work)
        # Random directions judge no component, so no mutant of one either.
        scores = [
            score(verified, seed=settings.seed)
            for verified in work.verified
            if verified.judged and not verified.leans_on_projections
        ]
        spots = [spot for one in scores for spot in one.spots]
        mutants = (sum(one.caught for one in scores), sum(one.mutants for one in scores)) if scores else None
    return _result(
        spec, verdict, started,
        reason=reasons[0] if reasons and verdict is not Verdict.PASS else None,
        evidence=conclude.evidence_of(main),
        evaluations=Evaluations(
            function=sum(v.evaluations for v in work.verified) + further.evaluations,
            gradient=sum(v.claim_evaluations for v in work.verified) + further.claim_evaluations,
        ),
        function_source=_source_of(work.loaded.function),
        gradient_source=_source_of(next(iter(work.loaded.claims.values()))),
        checks=tuple(checks), wrong_components=tuple(dict.fromkeys(wrong)), diagnosis=tuple(diagnosis),
        counterexample=counterexample, blind_spots=tuple(spots), mutants=mutants, descent=descent,
        notes=tuple(dict.fromkeys(notes)),
    )  # fmt: skip


def _disguises(work: Verification) -> list[str]:
    """A sentence for each claim in code that is right because it differentiates numerically, and well enough."""
    in_code = [v for v in work.verified if not isinstance(v.problem.claim, ExpressionFunction)]
    if not in_code:
        return []
    from gradverify.core.diagnosis.numerical import in_disguise  # what most runs do not need

    try:
        found = [difference for verified in in_code if (difference := in_disguise(verified)) is not None]
    except Exception as error:  # noqa: BLE001 - the verdict stands, whatever becomes of a note on it
        return [f"whether the claim is a numerical derivative was not found out: {one_line(error)}"]
    return [f"the claim equals {one}: it is a numerical derivative, near enough to pass" for one in found]


def _diagnosed(work: Verification, verified: Verified, right: Verified | None, notes: list[str]) -> list[Diagnosis]:
    """The likely mistakes; a fault in looking for them costs nobody the verdict, and is noted."""
    from gradverify.core.diagnosis import diagnose  # what most runs do not need
    from gradverify.run.formulas import with_formulas

    try:
        spelled = with_formulas(verified)
        return diagnose(spelled, work.quietly, _part_function(work, spelled.problem.function), right)
    except Exception as error:  # noqa: BLE001 - the verdict stands, whatever becomes of its explanation
        notes.append(
            f"no likely mistake was looked for: gradverify's own search for it broke off with {one_line(error)}"
        )
        return []


def _part_function(work: Verification, function: Function) -> PartFunction:
    known = function.constants if isinstance(function, ExpressionFunction) else {}  # a rule's parts bring their own

    def make(
        node: Node, variables: Variables | None = None, constants: Mapping[str, Array] | None = None
    ) -> ExpressionFunction:
        own = {**known, **work.loaded.constants} if constants is None else constants
        return function_from_expression(node, variables or work.spec.variables, own)

    return make


def _source_of(function: object) -> tuple[str, int] | None:
    source = getattr(function, "source", None)
    return (source.file, source.line) if source is not None else None


def _known_values(work: Verification, verified: Verified, origin: Sequence[int]) -> list[Check]:
    """The check of listed points whose derivative is known from elsewhere."""
    spec, problem = work.spec, verified.problem
    rows, values = [], []
    for row, index in enumerate(origin):
        point = spec.points[index]
        if isinstance(point, ListedPoint) and point.known is not None:
            rows.append(row)
            values.append(point.known)
    if not rows:
        return []
    size = verified.claim.values.shape[1]
    if any(len(value) != size for value in values):
        short = f"a known value has {len(values[0])} components, the derivative has {size}"
        return [
            Check(kind="known-value", backend=None, verdict=Verdict.ERROR, reason=short, line=_line(spec, "points"))
        ]
    claimed, known = verified.claim.values[rows], np.array(values, dtype=np.float64)
    zero = np.zeros_like(known)
    codes = judge(claimed, known, zero, problem.tolerance)
    claim = problem.claim
    assert claim is not None
    for i in np.flatnonzero((codes != Code.PASS).any(axis=1)).tolist():
        probe = verified.probe or ScaleProbe(problem, claim, verified.points, typical_lengths(verified.points, problem))
        codes[i] = judge_with_scales(
            claimed[i], known[i], zero[i], problem.tolerance, probe.at(rows[i]), problem.precision.epsilon
        )
    points = tuple(
        PointResult(
            at=tuple(verified.points[row].tolist()),
            claimed=tuple(claimed[i].tolist()), reference=tuple(known[i].tolist()),
            error_bound=tuple(zero[i].tolist()), verdict=conclude.point_verdict(codes[i]),
            tolerance=tuple((problem.tolerance.relative * np.abs(known[i]) + problem.tolerance.absolute).tolist()),
            wrong_components=tuple(conclude.component(problem, int(c)) for c in np.flatnonzero(codes[i] == Code.FAIL)),
        )
        for i, row in enumerate(rows)
    )  # fmt: skip
    verdict = conclude.worst_verdict([p.verdict for p in points])
    reason: str | None = None
    if verdict is Verdict.FAIL:
        bad = next(i for i, p in enumerate(points) if p.verdict is Verdict.FAIL)
        reason = f"the claim differs from the value known at {show_point(verified.points[rows[bad]])}"
        if (verified.codes[rows[bad]] == Code.PASS).all():
            reason += ", although it agrees with every backend there: look at the known value"
    with np.errstate(all="ignore"):
        worst = float(np.nanmax(np.abs(claimed - known) / np.where(known != 0, np.abs(known), 1.0)))
    return [
        Check(
            kind="known-value", backend=None, verdict=verdict, reason=reason, points=points, line=_line(spec, "points"),
            max_relative_error=worst,
        )
    ]  # fmt: skip


def _search_claims(work: Verification, settings: VerifySettings) -> tuple[search.Found, Verified]:
    """The search for the first claim, and for a Hessian beside it; and the claim that what it found is about."""
    main, *others = work.verified
    found, searched = _search_within_limits(work, main, settings), main
    for other in others:
        if found.verified is not None:
            break
        further = _search_within_limits(work, other, settings)
        if further.verified is not None:
            searched = other
        found = search.together(found, further, other.problem.derivative.value)
    return found, searched


def _search(work: Verification, main: Verified, settings: VerifySettings) -> search.Found:
    if not search.applies_to(main.problem):
        return search.Found(None, 0, 0, 0, "there is no variable to move")
    numbers: list[float] = []
    # Without a backend that could look at other points nothing is searched, and no source need be read for it.
    for function in (main.problem.function, main.problem.claim) if search.screening_backends(main) else ():
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
    )  # fmt: skip


SEARCH_SECONDS = 30.0  # several times what the search plans for, so that only a function that hangs gets there


def _search_within_limits(work: Verification, main: Verified, settings: VerifySettings) -> search.Found:
    """The search, or why there is none: candidates are points that nobody listed, and f may hang at one."""
    for phase in ("search", FAR_STEPS):
        if phase in settings.given_up:
            return search.Found(None, 0, 0, 0, settings.given_up[phase], given_up=True)
    try:
        with patience(SEARCH_SECONDS):
            return _search(work, main, settings)
    except OutOfPatience:
        late = f"it took more than {SEARCH_SECONDS:g} s: the function is slow, or hangs"
        return search.Found(None, 0, 0, 0, late, given_up=True)


def _unconfirmed(count: int) -> str:
    points, them = ("point", "it") if count == 1 else ("points", "them")
    return (
        f"the search found {count} {points} where the claim looks wrong and could not confirm {them} within its "
        "budget; a larger one, such as `search: {evaluations: 20000}`, decides"
    )


def _search_check(found: search.Found, main: Verified, spec: Spec) -> Check:
    details = {"candidates": found.candidates, "evaluations": found.evaluations}
    line = _line(spec, "search" if "search" in spec.places else "points")
    if found.skipped is not None:
        return Check(
            kind="search", backend=None, verdict=Verdict.SKIPPED, reason=found.skipped, line=line, details=details
        )
    if found.verified is None:
        return Check(kind="search", backend=None, verdict=Verdict.PASS, reason=found.reason, line=line, details=details)
    checks = conclude.checks_of(found.verified, "search", line)
    points = next((c.points for c in checks if c.verdict is Verdict.FAIL), ())
    reason = _counterexample(found.verified, main).message
    worst = max((c.max_relative_error or 0.0 for c in checks), default=None)
    return Check(
        kind="search", backend=None, verdict=Verdict.FAIL, reason=reason, points=points, line=line, details=details,
        max_relative_error=worst, evidence=conclude.evidence_of(found.verified),
    )  # fmt: skip


def _first(vector: Vector) -> tuple[float, ...]:
    """As much of a vector as a report holds."""
    numbers: list[float] = vector[: conclude.MOST_COMPONENTS].tolist()
    return tuple(numbers)


def _counterexample(found: Verified, main: Verified) -> Counterexample:
    judged = next((j for j in found.judged if (j.codes == Code.FAIL).any()), found.judged[0] if found.judged else None)
    names = main.problem.variables
    point = found.points[0]
    shown = ", ".join(f"{names.component_name(i)} = {v:.6g}" for i, v in enumerate(point[:6]))
    shown += ", …" if point.size > 6 else ""
    count = main.points.shape[0]
    listed = "the only listed point" if count == 1 else f"all {count} listed points"
    nothing = (math.nan,) * min(found.claim.values.shape[1], conclude.MOST_COMPONENTS)
    return Counterexample(
        at=_first(point), claimed=_first(found.claim.values[0]),
        reference=_first(judged.reference[0]) if judged else nothing,
        error_bound=_first(judged.bound[0]) if judged else nothing,
        message=f"{'holds' if verdict_of(main)[0] is Verdict.PASS else 'undecided'} at {listed}, fails at {shown}",
    )  # fmt: skip


def _expected(
    spec: Spec, found: Verdict, diagnosis: Sequence[Diagnosis], reason: str | None
) -> tuple[Verdict, str | None]:
    """The verdict with `expect` taken into account: a wrong twin passes when it is found wrong, in the way expected."""
    if spec.expect.verdict != "fail":
        return found, reason
    if found is Verdict.PASS:
        return Verdict.FAIL, "expected to fail, but the claim was found right"
    if found is not Verdict.FAIL:
        return found, reason
    fault = spec.expect.fault
    if fault is None or any(d.fault is fault for d in diagnosis):
        return Verdict.PASS, None
    named = ", ".join(sorted({d.fault.value for d in diagnosis})) or "none"
    return Verdict.FAIL, f"found wrong as expected, but the diagnosis is {named}, not {fault.value}"


def _result(
    spec: Spec,
    found: Verdict,
    started: float,
    *,
    reason: str | None,
    checks: tuple[Check, ...],
    diagnosis: tuple[Diagnosis, ...] = (),
    **more: object,
) -> SpecResult:
    verdict, reason = _expected(spec, found, diagnosis, reason)
    return SpecResult(
        name=spec.name, file=spec.place.file, line=spec.place.line, tags=spec.tags, verdict=verdict, found=found,
        expected=str(spec.expect), variables=tuple([(v.name, v.shape) for v in spec.variables]), checks=checks,
        diagnosis=diagnosis, reason=reason, seconds=time.perf_counter() - started, **more,  # type: ignore[arg-type]
    )  # fmt: skip
