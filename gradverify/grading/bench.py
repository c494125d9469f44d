"""What a question is judged with: f, the points that everybody sees, and the backends, strongest and quickest first.

Made once for each question. A backend whose references are exact is asked without the claim, so its answers at the
visible points are kept and serve every student.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from gradverify.core.arrays import Array, Matrix
from gradverify.core.estimates import Estimate, Estimates, stacked
from gradverify.core.examine import ClaimValues
from gradverify.core.judge import Code
from gradverify.core.problem import Derivative, Evaluation, Problem, Request
from gradverify.core.verdicts import Evidence, Verdict
from gradverify.core.verify import Answer, verify
from gradverify.functions.build import Loaded, domain_of, load, points_of
from gradverify.grading.model import Kind, Question
from gradverify.hookspecs import LoadError
from gradverify.run.asking import asker, problem_for
from gradverify.run.settings import VerifySettings
from gradverify.run.single import run_spec
from gradverify.spec.model import SampledPoints
from gradverify.spec.sampling import draw

if TYPE_CHECKING:
    from gradverify.plugins import Plugins

CONFIRM_SECONDS = 0.25  # a backend that takes longer for TIMED_POINTS points gives no second opinion on each student
TIMED_POINTS = 10
CHECK_POINTS = 5  # at which backends are compared beyond the visible points, before anybody is graded
CHECK_SEED = 20_240_229
POOL_POINTS = 256
POOL_FEWEST = 16
POOL_TYPICAL = 0.9  # the quantile of a component's size that counts as typical
DERIVATIVES = {
    Kind.GRADIENT: Derivative.GRADIENT,
    Kind.JACOBIAN: Derivative.JACOBIAN,
    Kind.HESSIAN: Derivative.HESSIAN,
    Kind.DESCENT: Derivative.GRADIENT,
}


class BenchError(Exception):
    """A question that cannot be graded: its spec's function fails, or its own gradient is wrong. For the instructor."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What trying the backends showed: those that answer, strongest first; how long each took for a
    student's points; which are exact."""

    backends: tuple[str, ...]
    seconds: dict[str, float]
    exact: frozenset[str]

    def to_data(self) -> dict[str, Any]:
        """As plain JSON values, for a worker that need not try again."""
        return {"backends": list(self.backends), "seconds": self.seconds, "exact": sorted(self.exact)}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Plan:
        """The inverse of `to_data`."""
        seconds = {str(name): float(value) for name, value in data["seconds"].items()}
        return cls(tuple(map(str, data["backends"])), seconds, frozenset(map(str, data["exact"])))


@dataclass(frozen=True)
class Pool:
    """Points inside the domain that are the same for every student, with what is known of f there.

    level: of f's values, as large as its round-off shows them to be, (k,); level_of_values: of the output that each
    component belongs to, (k, c); size: of each component there or typically, whichever is larger, (k, c); here: of the
    derivative at the point, (k,).
    """

    points: Matrix
    level: Array
    level_of_values: Array
    size: Array
    here: Array


@dataclass
class Bench:
    """A question ready to be graded. `problem` has no claim."""

    question: Question
    loaded: Loaded
    problem: Problem
    visible: Matrix  # (k, n)
    plan: Plan
    _ask: Callable[[str, Problem, Request], Answer] = field(repr=False)
    _kept: dict[tuple[str, str, bytes], Estimate] = field(default_factory=dict, repr=False)
    _visible_rows: frozenset[bytes] = field(default=frozenset(), repr=False)

    @property
    def backends(self) -> tuple[str, ...]:
        """The backends that answer this problem, strongest first."""
        return self.plan.backends

    @property
    def exact(self) -> frozenset[str]:
        """Those whose references are exact to round-off, or better."""
        return self.plan.exact

    @property
    def primary(self) -> str:
        """The backend that is asked first."""
        return self.backends[0]

    @property
    def confirming(self) -> tuple[str, ...]:
        """The backends whose opinion is heard before an answer is called wrong."""
        return tuple(b for b in self.backends if b == self.primary or self.plan.seconds[b] <= CONFIRM_SECONDS)

    def ask(self, name: str, problem: Problem, request: Request) -> Answer:
        """Ask a backend as `verify` does."""
        if name not in self.exact or problem.derivative is not self.problem.derivative:
            return self._call(name, problem, request)
        unseen = problem.function is not self.problem.function  # a part of f, in a diagnosis
        if unseen:
            return self._call(name, dataclasses.replace(problem, claim=None), Request(request.points))
        return self._from_kept(name, dataclasses.replace(problem, claim=None), request.points)

    def _from_kept(self, name: str, problem: Problem, points: Matrix) -> Answer:
        keys = [(name, problem.derivative.value, point.tobytes()) for point in points]
        missing = [row for row, key in enumerate(keys) if key not in self._kept]
        found: dict[int, Estimate] = {row: self._kept[key] for row, key in enumerate(keys) if key in self._kept}
        evaluations, seconds, proof = 0, 0.0, None
        if missing:
            answer = self._call(name, problem, Request(points[missing]))
            if answer.estimates is None:
                return answer
            evaluations, seconds, proof = answer.estimates.evaluations, answer.seconds, answer.estimates.proof
            for row, estimate in zip(missing, answer.estimates.points, strict=True):
                found[row] = estimate
                if keys[row][2] in self._visible_rows:
                    self._kept[keys[row]] = estimate
        estimates = Estimates(
            points=tuple(found[row] for row in range(points.shape[0])), evaluations=evaluations, proof=proof
        )
        return Answer(name, estimates, seconds=seconds)

    def _call(self, name: str, problem: Problem, request: Request) -> Answer:
        return self._ask(name, problem, request)

    def references(self, points: Matrix) -> tuple[Array, Array] | None:
        """The primary backend's values and bounds, flat: both (k, c); None where it does not answer."""
        answer = self.ask(self.primary, self.problem, Request(points))
        if answer.estimates is None:
            return None
        return stacked(answer.estimates.points, math.prod(self.problem.shape))

    @functools.cached_property
    def pool(self) -> Pool | None:
        """Points to look at an answer's round-off; None where f or its derivative is not known at enough of them."""
        spec = self.question.spec
        kind = self.question.hidden.distribution if self.question.hidden is not None else "uniform"
        points = draw(SampledPoints(POOL_POINTS, CHECK_SEED, kind, spec.place), spec.variables, spec.domain)
        known = self.references(points)
        if known is None:
            return None
        k = points.shape[0]
        derivative = np.abs(known[0])
        values = np.abs(self.problem.function.evaluate(points).values.reshape((k, -1)))
        finite = np.isfinite(derivative).all(axis=1) & np.isfinite(values).all(axis=1)
        points, derivative, values = points[finite], derivative[finite], values[finite]
        if points.shape[0] < POOL_FEWEST:
            return None
        size = np.maximum(derivative, np.quantile(derivative, POOL_TYPICAL, axis=0))
        # A Jacobian's components belong to one output each, in order.
        each = np.repeat(values, derivative.shape[1] // values.shape[1], axis=1)
        return Pool(points, np.max(values, axis=1), each, size, np.sqrt(np.mean(derivative**2, axis=1)))


def make_bench(question: Question, plugins: Plugins, plan: Plan | None = None) -> Bench:
    """Load a question's spec and, without a `plan`, try every backend on it. Raises BenchError, for the instructor."""
    spec = question.spec
    points, _ = points_of(spec)
    derivative = DERIVATIVES[question.kind]
    claimed = {"gradient": spec.gradient, "jacobian": spec.jacobian, "hessian": spec.hessian}[derivative.value]
    if derivative is Derivative.JACOBIAN and claimed is None:
        spec = dataclasses.replace(spec, gradient=None, hessian=None)
    try:
        loaded = load(spec, {kind: r.value for kind, r in plugins.loaders.items()}, points)
    except LoadError as error:
        raise BenchError(str(error)) from None
    if derivative is not Derivative.JACOBIAN and loaded.function.output_shape != ():
        raise BenchError(f"the function returns shape {loaded.function.output_shape}; a {derivative} needs one number")
    problem = problem_for(spec, loaded, domain_of(spec), derivative)
    ask = asker(spec, plugins, VerifySettings())
    if plan is None:
        plan = _tried(
            tuple(spec.backends) if spec.backends is not None else tuple(plugins.backends), ask, problem, points
        )
    rows = frozenset(point.tobytes() for point in points)
    return Bench(question, loaded, problem, points, plan, ask, _visible_rows=rows)


def _tried(
    names: tuple[str, ...], ask: Callable[[str, Problem, Request], Answer], problem: Problem, points: Matrix
) -> Plan:
    strengths: dict[str, int] = {}
    seconds: dict[str, float] = {}
    reasons: list[str] = []
    # As many points as a student has, so that what costs by the point and what costs by the call compare fairly.
    timed = np.resize(points, (max(TIMED_POINTS, points.shape[0]), points.shape[1]))
    for name in names:
        answer = ask(name, problem, Request(points))
        if answer.estimates is None:
            reasons.append(f"{name}: {answer.not_applicable or answer.broken}")
            continue
        again = ask(name, problem, Request(timed))  # the first time includes imports
        strengths[name] = min((e.evidence.strength for e in answer.estimates.points), default=0)
        seconds[name] = again.seconds
    if not strengths:
        raise BenchError(f"no backend can differentiate the function ({'; '.join(reasons)})")
    enough = Evidence.EXACT.strength  # of two that are exact to round-off, the quicker serves better
    order = sorted(strengths, key=lambda name: (-min(strengths[name], enough), seconds[name]))
    return Plan(tuple(order), seconds, frozenset(name for name, strength in strengths.items() if strength >= enough))


def check_bench(bench: Bench, plugins: Plugins) -> None:
    """Before anybody is graded: the instructor's own claim is right, and the backends agree. Raises BenchError."""
    spec = bench.question.spec
    has_claim = any(source is not None for source in (spec.gradient, spec.jacobian, spec.hessian))
    if has_claim:
        result = run_spec(spec, plugins, VerifySettings(search=False, blind_spots=False))
        if result.found in (Verdict.FAIL, Verdict.ERROR):
            raise BenchError(f"the spec itself does not pass: {result.reason}")
    further = draw(SampledPoints(CHECK_POINTS, CHECK_SEED, "uniform", spec.place), spec.variables, spec.domain)
    points = np.concatenate([bench.visible, further])
    function = bench.problem.function.evaluate(points)
    usable = np.atleast_1d(np.isfinite(function.values).reshape((points.shape[0], -1)).all(axis=1))
    if not usable[: bench.visible.shape[0]].any():
        told = f": {function.failures[0].message}" if function.failures else ""
        raise BenchError(f"the function is finite at none of the spec's points{told}")
    points = points[usable]
    known = bench.references(points)
    if known is None or not np.isfinite(known[0]).any():
        raise BenchError(f"the backend {bench.primary} has no value at any of the spec's points")
    _require_agreement(bench, points, known[0])


def _require_agreement(bench: Bench, points: Matrix, reference: Array) -> None:
    """The primary backend's own values, taken as a claim, are not refuted by any other backend."""
    others = [name for name in bench.backends if name != bench.primary]
    rows = np.isfinite(reference).all(axis=1)
    if not others or not rows.any():
        return
    values = ClaimValues(reference[rows], {}, (), (), 0)
    problem = dataclasses.replace(bench.problem, claim=_Fixed(bench))
    verified = verify(problem, points[rows], others, bench.ask, bench.question.spec.at_kinks, values)
    for row, component in np.argwhere(verified.codes == Code.FAIL)[:1].tolist():
        where = ", ".join(f"{x:.6g}" for x in points[rows][row][:6])
        raise BenchError(
            f"the backends contradict one another on component {component} at ({where}):"
            f" {bench.primary} says {reference[rows][row, component]:.10g}, and {' and '.join(others)} refute it"
        )


@dataclass(frozen=True)
class _Fixed:
    """The primary backend's answers as a function that can be evaluated."""

    bench: Bench
    kind: str = "expression"

    @property
    def output_shape(self) -> tuple[int, ...]:
        return self.bench.problem.shape

    def evaluate(self, points: Array) -> Evaluation:
        known = self.bench.references(points)
        shape = (points.shape[0], *self.bench.problem.shape)
        return Evaluation(np.full(shape, np.nan) if known is None else known[0].reshape(shape))
