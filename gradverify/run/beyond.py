"""What a spec states beyond the gradient at its points: each statement becomes checks in the report."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gradverify.core import conclude
from gradverify.core.judge import Code
from gradverify.core.problem import Derivative
from gradverify.core.report import Check, Component, DescentRun, PointResult, SpecResult
from gradverify.core.verdicts import Evidence, Verdict
from gradverify.core.verify import Verified, show_point, verdict_of, verify
from gradverify.spec.beyond import StationaryPoint
from gradverify.spec.model import Spec

if TYPE_CHECKING:
    from gradverify.core.properties import Facts
    from gradverify.core.stationary import Stationary
    from gradverify.plugins import Plugins
    from gradverify.run.verification import Verification

KINDS = {"stationary": "stationary", "properties": "property", "descent": "descent", "rule": "rule"}


@dataclass(frozen=True, slots=True)
class Beyond:
    """What came of it."""

    checks: tuple[Check, ...] = ()
    descent: tuple[DescentRun, ...] = ()
    evaluations: int = 0
    claim_evaluations: int = 0

    def reasons_around(self, reasons: Sequence[str]) -> list[str]:
        """`reasons` of the claim itself with those of these checks: what is to blame for a wrong rule comes first.

        For example `descent "too far": expected to converge, but it diverged …`.
        """
        bad = [check for check in self.checks if check.verdict not in (Verdict.PASS, Verdict.SKIPPED)]
        first = [check for check in bad if check.verdict is Verdict.FAIL and "to_blame" in check.details]
        rest = sorted((c for c in bad if c not in first), key=lambda c: c.verdict is not Verdict.FAIL)
        return [*map(_reason, first), *reasons, *map(_reason, rest)]


def _reason(check: Check) -> str:
    name = f' "{check.name}"' if check.name else ""
    return f"{check.kind}{name}: {check.reason or check.verdict.value}"


def check_beyond(
    work: Verification,
    plugins: Plugins,
    progress: Callable[[str], None],
    run_part: Callable[[Spec], SpecResult],
) -> Beyond:
    """Check everything under `spec.extensions` that the spec's claims are to keep.

    run_part: verifies a spec that is a part of this one's rule.
    """
    extensions = work.spec.extensions
    gradient = next((v for v in work.verified if v.problem.derivative is Derivative.GRADIENT), None)
    parts: list[Beyond] = []
    if work.loaded.composite is not None:
        from gradverify.run.rules import check_rule  # most specs state none of these, and start the sooner

        progress("the rule's parts")
        ruled = check_rule(work, work.loaded.composite, run_part, _line(work, "rule"))
        parts.append(Beyond(ruled.checks, (), ruled.evaluations, ruled.claim_evaluations))
    if "stationary" in extensions:
        progress("stationary points")
        parts.append(_stationary(work, gradient, extensions["stationary"]))
    for key in ("properties", "descent"):
        if key not in extensions:
            continue
        if gradient is None:
            parts.append(Beyond((_without_gradient(work, key),)))
            continue
        progress(key)
        if key == "properties":
            parts.append(_properties(work, gradient, extensions[key]))
        else:
            from gradverify.run.descents import check_descents

            done = check_descents(work, gradient, plugins.descent_methods, extensions[key])
            parts.append(Beyond(done.checks, done.runs, done.evaluations, done.claim_evaluations))
    return Beyond(
        tuple(check for part in parts for check in part.checks),
        tuple(run for part in parts for run in part.descent),
        sum(part.evaluations for part in parts),
        sum(part.claim_evaluations for part in parts),
    )


def _line(work: Verification, key: str) -> int:
    return work.spec.places.get(key, work.spec.place).line


def _without_gradient(work: Verification, key: str) -> Check:
    return Check(
        kind=KINDS[key], backend=None, verdict=Verdict.ERROR, line=_line(work, key),
        reason=f"`{key}` needs a claimed `gradient`, and this spec has none",
    )  # fmt: skip


def _properties(work: Verification, gradient: Verified, names: Sequence[str]) -> Beyond:
    from gradverify.core.properties import check_properties

    started = time.perf_counter()
    told: Facts = check_properties(gradient, names, work.backends, work.ask, gradient.problem.seed)
    seconds = (time.perf_counter() - started) / max(1, len(names))
    checks = []
    for fact in told.facts:
        point = None
        if fact.at is not None:
            point = PointResult(at=fact.at, verdict=fact.verdict, reason=fact.reason)
        decided = fact.verdict in (Verdict.PASS, Verdict.FAIL)
        details: dict[str, Any] = {"points": fact.rows, "directions": fact.directions}
        if fact.direction is not None:
            details["direction"] = list(fact.direction)
        checks.append(
            Check(
                kind="property", backend=None, name=fact.name, verdict=fact.verdict, reason=fact.reason,
                evidence=Evidence.PROJECTED if decided else None, seconds=seconds, line=_line(work, "properties"),
                points=() if point is None else (point,), details=details,
            )
        )  # fmt: skip
    return Beyond(tuple(checks), (), told.evaluations, told.claim_evaluations)


def _stationary(work: Verification, gradient: Verified | None, asked: Sequence[StationaryPoint]) -> Beyond:
    from gradverify.core.stationary import Kind, stationary_points

    started = time.perf_counter()
    points = np.array([point.at for point in asked], dtype=np.float64)
    problem = (gradient or work.verified[0]).problem
    if problem.function.output_shape != ():
        return Beyond((_without_gradient(work, "stationary"),))
    kinds = [None if point.kind is None else Kind(point.kind) for point in asked]
    right = gradient is not None and verdict_of(gradient)[0] is Verdict.PASS
    looked = stationary_points(
        problem, points, kinds, work.backends, work.ask, work.points, problem.claim if right else None
    )
    claimed = verify(problem, points, work.backends, work.ask) if gradient is not None else None
    names = _names(points)
    seconds = (time.perf_counter() - started) / len(asked)
    checks = tuple(
        _stationary_check(point, names[row], looked.points[row], claimed, row, seconds)
        for row, point in enumerate(asked)
    )
    evaluations = looked.evaluations + (claimed.evaluations if claimed is not None else 0)
    return Beyond(checks, (), evaluations, claimed.claim_evaluations if claimed is not None else 0)


def _names(points: Any) -> list[str]:
    """What tells the points apart in reports: the point itself, with a number where that is not enough."""
    names: list[str] = []
    for point in points:
        name = show_point(point)
        count = sum(1 for other in names if other.partition(" #")[0] == name)
        names.append(f"{name} #{count + 1}" if count else name)
    return names


def _disputed(claimed: Verified, found: Stationary, row: int) -> bool:
    """Whether a claim that nobody could judge at the point says of a component that it is not 0."""
    room = claimed.problem.tolerance.relative * found.scale + claimed.problem.tolerance.absolute + found.bound
    with np.errstate(all="ignore"):
        far = ~(np.abs(claimed.claim.values[row]) <= room)
    return bool((far & (claimed.codes[row] == Code.INCONCLUSIVE)).any())


def _stationary_check(
    asked: StationaryPoint, name: str, found: Stationary, claimed: Verified | None, row: int, seconds: float
) -> Check:
    verdict, reason = found.verdict, found.reason
    wrong: tuple[Component, ...] = ()
    values = None
    if claimed is not None:
        values = tuple(claimed.claim.values[row].tolist())
        if claimed.kinks[row] and verdict is Verdict.INCONCLUSIVE:
            reason = "f has a kink there, and so no gradient that could be 0"
        elif (claimed.codes[row] == Code.FAIL).any() or row in claimed.claim.failures:
            wrong = tuple(
                conclude.component(claimed.problem, int(i)) for i in np.flatnonzero(claimed.codes[row] == Code.FAIL)
            )[: conclude.MOST_NAMED]
            told = f"the claimed gradient is wrong there: it is {show_point(claimed.claim.values[row] + 0.0)}"
            told += f", f's own is {show_point(found.gradient + 0.0)}"
            if row in claimed.claim.failures:
                told = claimed.claim.failures[row].message
            reason = told if verdict is Verdict.PASS or not reason else f"{reason}; {told}"
            verdict = Verdict.FAIL
        elif verdict is Verdict.PASS and _disputed(claimed, found, row):
            verdict = Verdict.INCONCLUSIVE
            told = show_point(claimed.claim.values[row] + 0.0)
            reason = f"the claimed gradient is {told} there, and f's own values are too coarse to say that it is 0"
    if claimed is not None and row in claimed.function_failures:
        verdict, reason = Verdict.ERROR, f"the function failed there: {claimed.function_failures[row].message}"
    curved = found.spectrum
    details: dict[str, Any] = {
        "expected": asked.kind,
        "kind": None if found.kind is None else found.kind.value,
        "eigenvalues": None if curved is None else curved.values.tolist(),
        "eigenvalue_error": None if curved is None else curved.error,
        "gradient_norm": found.norm,
        "gradient_norm_error": found.norm_bound,
        "newton_step": None if found.newton is None else float(np.linalg.norm(found.newton)),
        "newton_point": None if found.newton is None else (np.array(asked.at) + found.newton).tolist(),
    }
    point = PointResult(
        at=asked.at, claimed=values, reference=tuple(found.gradient.tolist()), error_bound=tuple(found.bound.tolist()),
        verdict=verdict, wrong_components=wrong, reason=reason,
    )  # fmt: skip
    return Check(
        kind="stationary", backend=None, name=name, verdict=verdict, reason=reason, evidence=found.evidence,
        seconds=seconds, line=asked.place.line, points=(point,), details=details,
    )  # fmt: skip
