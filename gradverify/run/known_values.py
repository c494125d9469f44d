"""Does the claim have the values that are known at listed points from elsewhere?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradverify.core import conclude
from gradverify.core.examine import ScaleProbe, typical_lengths
from gradverify.core.judge import Code, judge, judge_with_scales
from gradverify.core.report import Check, PointResult
from gradverify.core.verdicts import Verdict
from gradverify.core.verify import Verified, show_point
from gradverify.run.verification import Verification, line_of
from gradverify.spec.model import ListedPoint


def known_values(work: Verification, verified: Verified, origin: Sequence[int]) -> list[Check]:
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
            Check(kind="known-value", backend=None, verdict=Verdict.ERROR, reason=short, line=line_of(spec, "points"))
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
            kind="known-value", backend=None, verdict=verdict, reason=reason, points=points,
            line=line_of(spec, "points"), max_relative_error=worst,
        )
    ]  # fmt: skip
