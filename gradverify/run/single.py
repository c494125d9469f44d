"""One spec, in this process: load it, verify every claim, search, explain, and say it all as a `SpecResult`."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from gradverify.core import conclude
from gradverify.core.arrays import Matrix
from gradverify.core.blind_spots import score
from gradverify.core.problem import (
    Derivative,
    Domain,
    Problem,
)
from gradverify.core.report import (
    BlindSpot,
    Check,
    Diagnosis,
    Evaluations,
    SpecResult,
)
from gradverify.core.verdicts import Verdict
from gradverify.core.verify import verdict_of, verify
from gradverify.functions.build import Loaded, domain_of, load, points_of
from gradverify.hookspecs import LoadError
from gradverify.run.asking import asker, problem_for
from gradverify.run.beyond import check_beyond
from gradverify.run.elsewhere import counterexample_of, search_check, search_claims, search_notes
from gradverify.run.explanation import disguises, explained_within
from gradverify.run.known_values import known_values
from gradverify.run.outcome import GIVEN_UP
from gradverify.run.phases import slowed
from gradverify.run.settings import FAR_STEPS, VerifySettings
from gradverify.run.verification import Verification, line_of
from gradverify.spec.model import Spec

if TYPE_CHECKING:
    from gradverify.plugins import Plugins

DEFAULT_SETTINGS = VerifySettings()


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
    progress(slowed("evaluating the claim", getattr(loaded.function, "first_call", 0.0)))
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
        kind=_kinds(spec)[0].value, backend=None, verdict=Verdict.ERROR, reason=reason, line=line_of(spec, "function")
    )
    return _result(spec, Verdict.ERROR, started, reason=reason, checks=(check,))


def _kinds(spec: Spec) -> list[Derivative]:
    claims = (
        (Derivative.GRADIENT, spec.gradient),
        (Derivative.JACOBIAN, spec.jacobian),
        (Derivative.HESSIAN, spec.hessian),
    )
    return [kind for kind, source in claims if source is not None] or [Derivative.GRADIENT]


def _problems(spec: Spec, loaded: Loaded, domain: Domain, settings: VerifySettings) -> list[Problem]:
    return [
        problem_for(spec, loaded, domain, derivative, claim, settings.seed)
        for derivative, claim in loaded.claims.items()
    ]


def _backends(spec: Spec, plugins: Plugins, settings: VerifySettings) -> tuple[str, ...]:
    if settings.backends is not None:
        return settings.backends
    return tuple(spec.backends) if spec.backends is not None else tuple(plugins.backends)


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
        found_out = conclude.checks_of(verified, kind, line_of(spec, kind))
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
    known = known_values(work, main, origin)
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
        found, searched = search_claims(work, settings, time.perf_counter() - started)
        checks.append(search_check(found, searched, spec))
        notes += search_notes(found, searched, spec)
        if found.verified is not None:
            counterexample = counterexample_of(found, searched)
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
        elsewhere = None if explained is main else (explained, searched)
        limit = None if settings.seconds is None else settings.seconds - (time.perf_counter() - started)
        diagnosis = explained_within(limit, work, elsewhere, notes)
    elif verdict is Verdict.PASS and settings.blind_spots:
        notes += disguises(work)
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


def _source_of(function: object) -> tuple[str, int] | None:
    source = getattr(function, "source", None)
    return (source.file, source.line) if source is not None else None


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
