"""The result of a spec that could not be run to its end: verdict `error`, with the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradverify.core.report import Check, SpecResult
from gradverify.core.verdicts import Verdict

if TYPE_CHECKING:
    from gradverify.spec.model import Spec

GIVEN_UP = "given up"  # begins the note on a result that was come to without its search or its explanation


def broken(spec: Spec, reason: str, *, seconds: float = 0.0, output: str = "") -> SpecResult:
    """`spec` with verdict `error`; what it was expected to come to does not matter, since nothing was found out."""
    kind = next((k for k in ("gradient", "jacobian", "hessian") if getattr(spec, k) is not None), "gradient")
    place = spec.places.get("function", spec.place)
    return SpecResult(
        name=spec.name,
        file=spec.place.file,
        line=spec.place.line,
        tags=spec.tags,
        verdict=Verdict.ERROR,
        found=Verdict.ERROR,
        expected=str(spec.expect),
        reason=reason,
        seconds=seconds,
        variables=tuple((variable.name, variable.shape) for variable in spec.variables),
        checks=(
            Check(kind=kind, backend=None, verdict=Verdict.ERROR, reason=reason, seconds=seconds, line=place.line),
        ),
        output=output,
    )


def counts_as_failure(result: SpecResult, *, allow_inconclusive: bool) -> bool:
    """Whether a spec's verdict makes the run fail."""
    if result.verdict is Verdict.INCONCLUSIVE:
        return not allow_inconclusive
    return result.verdict in (Verdict.FAIL, Verdict.ERROR)
