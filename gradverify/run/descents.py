"""The descents of one spec: each is run with the claimed gradient, looked at on its way, judged and explained."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from gradverify.core import conclude
from gradverify.core.arrays import Array, Matrix, Vector
from gradverify.core.descent import direction
from gradverify.core.descent.advice import Advice, advise
from gradverify.core.descent.behaviour import Behaviour, behaviour, curvature, linear_rate, theoretical_rate
from gradverify.core.descent.direction import Heading, Way
from gradverify.core.descent.expect import Expectation, Finding, Ran, judge
from gradverify.core.descent.methods import GradientDescent
from gradverify.core.descent.oracle import Oracle
from gradverify.core.descent.run import BadOption, DescentMethod, Stop, Trajectory, descend
from gradverify.core.eigen import Spectrum, newton_step, spectrum
from gradverify.core.estimates import DoesNotApply
from gradverify.core.judge import Code
from gradverify.core.judge import judge as judge_components
from gradverify.core.problem import Request, one_line
from gradverify.core.reference import exact, hessian_problem, jacobian_of_claim, reference
from gradverify.core.report import Check, DescentRun, PointResult
from gradverify.core.roundoff import measure
from gradverify.core.search import cost_of_a_point, screening_backends
from gradverify.core.values import flat
from gradverify.core.verdicts import Evidence, Verdict
from gradverify.core.verify import Verified, best_reference, verdict_of, verify
from gradverify.plugins.registry import Registered
from gradverify.spec.beyond import Bounds, Descent, DescentExpectation

if TYPE_CHECKING:
    from gradverify.run.verification import Verification

SECONDS = 20.0  # that all descents of a spec may take together: a third of the default `--timeout`
MOST_HESSIAN = 60  # variables up to which the Hessian is looked at, for the theory's rate and the curvature
HESSIAN_ENOUGH = 1e-4  # relative bound of the Hessian beyond which nobody else is asked
# Evaluations of f that looking at the claim on the way may take, for all descents of a spec.
BUDGET = {"expression": 40_000, "other": 4_000}
MOST_POINTS = 500  # iterates that the report keeps of one descent
MOST_NUMBERS = 20_000  # of all iterates together that the report keeps of one descent


@dataclass(frozen=True, slots=True)
class Descents:
    """What became of a spec's descents."""

    checks: tuple[Check, ...]
    runs: tuple[DescentRun, ...]
    evaluations: int
    claim_evaluations: int


@dataclass(frozen=True, slots=True)
class _Done:
    """A descent that was run, or why it was not."""

    descent: Descent
    method: DescentMethod | None = None
    trajectory: Trajectory | None = None
    failure: str | None = None  # what f said
    claim_failure: str | None = None
    refused: tuple[Verdict, str] | None = None
    seconds: float = 0.0


def check_descents(
    work: Verification, main: Verified, methods: Mapping[str, Registered[DescentMethod]], asked: Sequence[Descent]
) -> Descents:
    """Run and judge every descent of `asked` with the claimed gradient of `main`."""
    claim = main.problem.claim
    assert claim is not None
    oracle = Oracle(main.problem.function, claim, work.domain)
    end = time.perf_counter() + SECONDS
    done = [_run(oracle, d, methods, end) for d in asked]
    bends = _Bends(work, main)
    headings, wrong_at, evidence = _headings(work, main, done)
    checks: list[Check] = []
    runs: list[DescentRun] = []
    for index, one in enumerate(done):
        if one.trajectory is None or one.method is None:
            verdict, reason = one.refused or (Verdict.ERROR, "it was not run")
            checks.append(_check(one, verdict, reason))
            continue
        ran = _ran(one, one.trajectory, main, oracle, bends)
        check, run = _judged(one, ran, oracle, headings[index], bends, end)
        point = wrong_at[index]
        checks.append(_with_point(check, point, evidence))
        runs.append(run)
    return Descents(tuple(checks), tuple(runs), oracle.evaluations, oracle.claim_evaluations)


def _run(oracle: Oracle, descent: Descent, methods: Mapping[str, Registered[DescentMethod]], end: float) -> _Done:
    started = time.perf_counter()
    registered = methods.get(descent.method)
    if registered is None:
        known = ", ".join(sorted(methods)) or "none"
        return _Done(
            descent, refused=(Verdict.ERROR, f"no descent method is named `{descent.method}` (installed: {known})")
        )
    method = registered.value
    oracle.function_failure = oracle.claim_failure = None
    try:
        trajectory = _descend(oracle, descent, method, descent.learning_rate, end)
    except DoesNotApply as error:
        return _Done(descent, refused=(Verdict.INCONCLUSIVE, str(error)))
    except BadOption as error:
        return _Done(descent, refused=(Verdict.ERROR, str(error)))
    except Exception as error:  # noqa: BLE001 - a plugin's fault, whatever it is, costs its own results only
        return _Done(descent, refused=(Verdict.ERROR, f"{registered.origin} raised {one_line(error)}"))
    return _Done(
        descent, method, trajectory, oracle.function_failure, oracle.claim_failure,
        seconds=time.perf_counter() - started,
    )  # fmt: skip


def _descend(
    oracle: Oracle, descent: Descent, method: DescentMethod, learning_rate: float | None, end: float
) -> Trajectory:
    return descend(
        oracle.value, oracle.gradient, np.array(descent.start, dtype=np.float64), method, learning_rate,
        max_iterations=descent.max_iterations, gradient_tolerance=descent.gradient_tolerance,
        options=descent.options, domain=oracle.domain, go_on=lambda: time.perf_counter() < end,
    )  # fmt: skip


class _Bends:
    """The Hessian and its eigenvalues at single points, asked for when they are wanted, and kept."""

    def __init__(self, work: Verification, main: Verified) -> None:
        self.work, self.main = work, main
        self.known: dict[bytes, tuple[Matrix, Spectrum] | None] = {}

    def at(self, point: Vector) -> Spectrum | None:
        """The eigenvalues at `point`, shape (n,); None where nobody knows, or there are too many variables."""
        found = self._at(point)
        return None if found is None else found[1]

    def _at(self, point: Vector) -> tuple[Matrix, Spectrum] | None:
        key = point.tobytes()
        if key not in self.known:
            self.known[key] = self._ask(point)
        return self.known[key]

    def newton(self, point: Vector, gradient: Vector) -> Vector | None:
        """The Newton step from `point` to the minimiser beside it; None where the Hessian may have no inverse there."""
        found = self._at(point)
        if found is None or not found[1].definite or not np.isfinite(gradient).all():
            return None
        return newton_step(found[0], gradient)

    def _ask(self, point: Vector) -> tuple[Matrix, Spectrum] | None:
        main, work, n = self.main, self.work, point.size
        if n > MOST_HESSIAN or not np.isfinite(point).all():
            return None
        rows = point[None, :]
        problem, claim = hessian_problem(main.problem), main.problem.claim
        told = reference(problem, rows, exact(main, work.backends), work.ask, enough=HESSIAN_ENOUGH)
        if not told.known(0) and claim is not None and verdict_of(main)[0] is Verdict.PASS:
            along = jacobian_of_claim(claim, main.problem)
            told = reference(along, rows, work.backends, work.ask, enough=HESSIAN_ENOUGH)
        if not told.known(0):
            return None
        value = told.value[0].reshape((n, n))
        return value, spectrum(value, told.bound[0].reshape((n, n)))


def _headings(
    work: Verification, main: Verified, done: Sequence[_Done]
) -> tuple[list[Heading], list[PointResult | None], Evidence | None]:
    """How the claimed gradient stands to f's own on each descent's way, and a point where it was found wrong."""
    unknown: tuple[list[Heading], list[PointResult | None]] = [Heading(Way.UNKNOWN) for _ in done], [None] * len(done)
    if main.proved:
        return [Heading(Way.RIGHT) for _ in done], unknown[1], Evidence.PROVED
    screens = screening_backends(main)[:1]
    if not screens:
        return *unknown, None
    kind = "expression" if main.problem.function.kind == "expression" else "other"
    affordable = BUDGET[kind] // cost_of_a_point(main, screens[0])
    picks = [direction.sampled(o.trajectory) if o.trajectory is not None else np.array([], dtype=int) for o in done]
    rows = [(index, place) for index, pick in enumerate(picks) for place in pick.tolist()]
    # Of too many the first of every descent are looked at, then the second ones, and so on.
    order = sorted(range(len(rows)), key=lambda i: picks[rows[i][0]].tolist().index(rows[i][1]))
    rows = [rows[i] for i in sorted(order[:affordable])]
    if not rows:
        return *unknown, None
    points = np.array([_trajectory(done[index]).points[place] for index, place in rows])
    if (main.codes == Code.FAIL).any():
        glance = _glance(work, main, points, screens[0])
        if glance is None:
            return *unknown, None
        claimed, value, bound, wrong = glance
        shown: Sequence[PointResult] = ()
        evidence = None
    else:
        looked = verify(main.problem, points, screens, work.ask)
        suspects = np.flatnonzero((looked.codes == Code.FAIL).any(axis=1))
        if suspects.size and len(work.backends) > len(screens):
            looked.codes[suspects] = verify(main.problem, points[suspects], work.backends, work.ask).codes
        wrong = (looked.codes == Code.FAIL).any(axis=1)
        wrong[looked.rows_without_function()] = False
        claimed = looked.claim.values
        value, bound = best_reference(looked)
        shown = next((c.points for c in conclude.checks_of(looked, "descent", None) if c.points), ())
        evidence = conclude.evidence_of(looked)
    headings, at = unknown
    for index, one in enumerate(done):
        own = np.array([k for k, (i, _) in enumerate(rows) if i == index], dtype=int)
        if not own.size or one.trajectory is None:
            continue
        numbers = one.trajectory.kept[np.array([rows[k][1] for k in own], dtype=int)]
        headings[index] = direction.heading(numbers, points[own], claimed[own], value[own], bound[own], wrong[own])
        first = next((int(k) for k in own if wrong[k]), None)
        at[index] = shown[first] if first is not None and first < len(shown) else None
    return headings, at, evidence


def _glance(
    work: Verification, main: Verified, points: Matrix, screen: str
) -> tuple[Matrix, Matrix, Matrix, Array] | None:
    """Claimed, reference, bound, and where they differ for certain, at the points of a claim known to be wrong.

    Its round-off and the kinks of f do not matter here: the spec fails already, and this only explains how.
    """
    claim = main.problem.claim
    assert claim is not None
    claimed = flat(claim.evaluate(points).values)
    answer = work.ask(screen, main.problem, Request(points, claimed))
    if answer.estimates is None:
        return None
    value = np.array([e.value for e in answer.estimates.points], dtype=np.float64).reshape(claimed.shape)
    bound = np.array([e.error_bound for e in answer.estimates.points], dtype=np.float64).reshape(claimed.shape)
    wrong = (judge_components(claimed, value, bound, main.problem.tolerance) == Code.FAIL).any(axis=1)
    return claimed, value, bound, wrong


def _trajectory(one: _Done) -> Trajectory:
    assert one.trajectory is not None
    return one.trajectory


def _ran(one: _Done, trajectory: Trajectory, main: Verified, oracle: Oracle, bends: _Bends) -> Ran:
    named = behaviour(trajectory)
    theory = None
    eta = one.descent.learning_rate
    # The theory is that of plain gradient descent; a method of that name is ours or behaves like it.
    if named is Behaviour.CONVERGES and eta is not None and one.descent.method == GradientDescent().name:
        end = bends.at(trajectory.last)
        if end is not None and end.definite:
            theory = theoretical_rate(eta, end.values, end.error)
    minimiser, value = one.descent.expect.minimiser, one.descent.expect.value
    newton = None
    if named is Behaviour.CONVERGES and (minimiser is not None or value is not None):
        newton = bends.newton(trajectory.last, trajectory.gradients[-1])
    return Ran(
        trajectory=trajectory, behaviour=named, theory=theory, newton=newton,
        rate=linear_rate(trajectory),
        gradient_tolerance=one.descent.gradient_tolerance, variables=main.problem.variables,
        value_at_minimiser=None if minimiser is None else oracle.value(np.array(minimiser, dtype=np.float64)),
        failure=one.failure, noise=lambda k: _noise(main, trajectory, k),
    )  # fmt: skip


def _noise(main: Verified, trajectory: Trajectory, number: int) -> float:
    """The round-off level of f at iterate `number`, or at the nearest one that was kept; 0 where it is not finite."""
    problem = main.problem
    place = int(np.argmin(np.abs(trajectory.kept - number)))
    point = trajectory.points[place]

    def values(rows: Array) -> Array:
        rows = np.where(problem.domain.contains(rows), rows, point)
        return problem.function.evaluate(rows).values.reshape((rows.shape[0], 1))

    level = float(measure(values, point, problem.precision.epsilon, problem.seed)[0])
    return level if np.isfinite(level) else 0.0


def _judged(
    one: _Done, ran: Ran, oracle: Oracle, heading: Heading, bends: _Bends, end: float
) -> tuple[Check, DescentRun]:
    assert one.method is not None
    findings = judge(ran, expectation(one.descent.expect))
    trouble = _trouble(one, ran, heading)
    if trouble is not None:
        findings = [trouble, *findings]
    advice = None
    failed = [f for f in findings if f.verdict is Verdict.FAIL]
    about_rate = any(f.key not in ("minimiser", "value") for f in failed) or ran.behaviour is not Behaviour.CONVERGES
    if failed and trouble is None and about_rate:
        advice = _advice(one, ran, oracle, bends, end)
    verdict = conclude.worst_verdict([f.verdict for f in findings]) if findings else Verdict.PASS
    reason = _reason(one, ran, findings, advice)
    run = _report(one, ran, heading, bends, advice)
    return _check(one, verdict, reason, run.details), run


def _trouble(one: _Done, ran: Ran, heading: Heading) -> Finding | None:
    """What is wrong whatever was expected: functions that fail, a claim that is wrong on the way."""
    start = ran.trajectory.values[0]
    if not np.isfinite(start):
        if one.failure is not None:
            return Finding("start", Verdict.ERROR, f"the function failed at the start: {one.failure}")
        return Finding("start", Verdict.INCONCLUSIVE, "the function is not finite at the start")
    if one.claim_failure is not None:
        return Finding("claim", Verdict.FAIL, one.claim_failure)
    g, f = ran.trajectory.gradients[-1], ran.trajectory.values[-1]
    if np.isfinite(f) and not np.isfinite(g).all() and ran.trajectory.stop is Stop.NOT_FINITE:
        number = ran.trajectory.iterations
        return Finding("claim", Verdict.FAIL, f"the claimed gradient is not finite at iterate {number}, where f is")
    if heading.wrong or (heading.way is Way.UNKNOWN and heading.at):
        words = heading.words() or "the claimed gradient is wrong on the way"
        return Finding("claim", Verdict.FAIL, f"{words}; it {ran.story}")
    return None


def _reason(one: _Done, ran: Ran, findings: Sequence[Finding], advice: Advice | None) -> str | None:
    if not findings:
        return None
    parts = list(dict.fromkeys(finding.message for finding in findings))
    told = f", but it {ran.story}"  # once is enough
    parts = [parts[0], *(part.replace(told, "") for part in parts[1:])]
    if findings[0].key not in ("behaviour", "claim", "start", "max_iterations") and told not in parts[0]:
        parts.append(f"it {ran.story}")
    if advice is not None:
        expected = one.descent.expect.behaviour
        parts.append(advice.words(one.descent.learning_rate, Behaviour(expected) if expected else None))
    return "; ".join(parts)


def _advice(one: _Done, ran: Ran, oracle: Oracle, bends: _Bends, end: float) -> Advice | None:
    method = one.method
    largest = getattr(method, "largest_learning_rate", None)
    if method is None or not callable(largest) or one.descent.learning_rate is None:
        return None
    options = one.descent.options
    t = ran.trajectory
    ends = [t.points[0], t.last] if ran.behaviour is not Behaviour.DIVERGES else [t.points[0]]
    known = [float(s.values[-1]) + s.error for s in map(bends.at, ends) if s is not None]

    def try_out(rate: float) -> Trajectory | None:
        if time.perf_counter() >= end:
            return None
        return _descend(oracle, one.descent, method, rate, end)

    try:
        return advise(ran.trajectory, max(known, default=None), lambda lip: float(largest(lip, options)), try_out)
    except Exception:  # noqa: BLE001 - a plugin's method that breaks when asked for advice gives none
        return None


def expectation(expect: DescentExpectation) -> Expectation:
    """What the spec expects, as the core judges it."""
    return Expectation(
        behaviour=Behaviour(expect.behaviour) if expect.behaviour is not None else None,
        minimiser=None if expect.minimiser is None else np.array(expect.minimiser, dtype=np.float64),
        value=expect.value, tolerance=expect.tolerance, iterations=_ends(expect.iterations), rate=_ends(expect.rate),
        monotone=expect.monotone, armijo=expect.armijo,
    )  # fmt: skip


def _ends(bounds: Bounds | None) -> tuple[float, float] | None:
    if bounds is None:
        return None
    low = -np.inf if bounds.at_least is None else bounds.at_least
    high = np.inf if bounds.at_most is None else bounds.at_most
    return float(low), float(high)


def _check(one: _Done, verdict: Verdict, reason: str | None, details: dict[str, Any] | None = None) -> Check:
    return Check(
        kind="descent", backend=None, name=one.descent.name, verdict=verdict, reason=reason, seconds=one.seconds,
        line=one.descent.place.line, details={k: v for k, v in (details or {}).items() if k not in _SERIES},
    )  # fmt: skip


_SERIES = ("trajectory_iterations", "value_iterations", "gradient_norms")  # they stand in the run alone


def _with_point(check: Check, point: PointResult | None, evidence: Evidence | None) -> Check:
    if check.verdict is Verdict.FAIL and point is not None:
        return replace(check, points=(point,), evidence=evidence)
    return check


def _report(one: _Done, ran: Ran, heading: Heading, bends: _Bends, advice: Advice | None) -> DescentRun:
    t = ran.trajectory
    series = _thinned(t.values.size, MOST_POINTS)
    most = max(2, min(MOST_POINTS, MOST_NUMBERS // max(1, t.last.size)))
    places = _thinned(t.kept.size, most)
    details: dict[str, Any] = {
        "method": one.descent.method,
        "learning_rate": one.descent.learning_rate,
        "stop": t.stop.value,
        "gradient_norm": float(t.norms[-1]),
        "rate_error": ran.rate.error if ran.rate is not None else None,
        "theory": None,
        "curvature": curvature(t),
        "heading": heading.way.value,
        "angle": heading.angle,
        "advice": None,
        "trajectory_iterations": [int(k) for k in t.kept[places]],
        "value_iterations": [int(k) for k in series],
        "gradient_norms": [float(v) for v in t.norms[series]],
    }
    end = bends.at(t.last) if ran.theory is not None else None
    if ran.theory is not None and end is not None:
        details["theory"] = {
            "rate": ran.theory.value, "error": ran.theory.error,
            "smallest_eigenvalue": float(end.values[0]), "largest_eigenvalue": float(end.values[-1]),
        }  # fmt: skip
    if advice is not None:
        trial = advice.trial
        details["advice"] = {
            "largest_learning_rate": advice.limit, "curvature": advice.lipschitz,
            "tried": None if trial is None else trial.learning_rate,
            "came_to": None if trial is None else trial.behaviour.value,
            "iterations": None if trial is None else trial.iterations,
        }  # fmt: skip
    return DescentRun(
        name=one.descent.name, behaviour=ran.behaviour.value, iterations=t.iterations,
        final_point=_numbers(t.last), final_value=float(t.values[-1]),
        rate=ran.rate.value if ran.rate is not None else None,
        trajectory=tuple(_numbers(p) for p in t.points[places]), values=_numbers(t.values[series]), details=details,
    )  # fmt: skip


def _thinned(count: int, most: int) -> Any:
    """At most `most` of `count` positions, the first, the last and many early ones among them."""
    if count <= most:
        return np.arange(count)
    early = np.arange(most // 2)  # where most happens
    late = np.round(np.linspace(most // 2, count - 1, most - most // 2)).astype(int)
    return np.unique(np.concatenate([early, late]))


def _numbers(vector: Any) -> tuple[float, ...]:
    return tuple(float(v) for v in vector)
