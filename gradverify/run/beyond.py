"""What a spec states beyond the gradient at its points: each statement becomes checks in the report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gradverify.core.problem import Derivative
from gradverify.core.report import Check, DescentRun
from gradverify.core.verdicts import Verdict
from gradverify.run.descents import check_descents

if TYPE_CHECKING:
    from gradverify.plugins import Plugins
    from gradverify.run.single import Verification

KINDS = {"stationary": "stationary", "properties": "property", "descent": "descent", "rule": "rule"}


@dataclass(frozen=True, slots=True)
class Beyond:
    """What came of it."""

    checks: tuple[Check, ...] = ()
    descent: tuple[DescentRun, ...] = ()
    evaluations: int = 0
    claim_evaluations: int = 0


def check_beyond(work: Verification, plugins: Plugins, progress: Callable[[str], None]) -> Beyond:
    """Check everything under `spec.extensions` that the spec's claims are to keep."""
    extensions = work.spec.extensions
    gradient = next((v for v in work.verified if v.problem.derivative is Derivative.GRADIENT), None)
    checks: list[Check] = []
    runs: tuple[DescentRun, ...] = ()
    evaluations = claim_evaluations = 0
    if "descent" in extensions:
        if gradient is None:
            checks.append(_without_gradient(work, "descent"))
        else:
            progress("descent")
            descents = check_descents(work, gradient, plugins.descent_methods, extensions["descent"])
            checks += descents.checks
            runs = descents.runs
            evaluations += descents.evaluations
            claim_evaluations += descents.claim_evaluations
    return Beyond(tuple(checks), runs, evaluations, claim_evaluations)


def named_reason(check: Check) -> str:
    """The reason of a check that did not pass, for the spec as a whole: `descent "too far": expected to converge …`."""
    name = f' "{check.name}"' if check.name else ""
    return f"{check.kind}{name}: {check.reason or check.verdict.value}"


def _without_gradient(work: Verification, key: str) -> Check:
    place = work.spec.places.get(key, work.spec.place)
    return Check(
        kind=KINDS[key], backend=None, verdict=Verdict.ERROR, line=place.line,
        reason=f"`{key}` needs a claimed `gradient`, and this spec has none",
    )  # fmt: skip
