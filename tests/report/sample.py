# ruff: noqa: E501 - one value a line reads better here than broken values
"""One report with everything that is hard to write: all verdicts, Unicode, NaN, hostile names."""

from __future__ import annotations

import math
from typing import Any

from gradverify.core.report import (
    BlindSpot,
    Check,
    Component,
    Counterexample,
    Diagnosis,
    Evaluations,
    PluginInfo,
    PointResult,
    Report,
    ShardInfo,
    SpecResult,
)
from gradverify.core.verdicts import Evidence, Fault, Verdict

Z = Component(2, "z", (), None, "∂f/∂z")
W = Component(5, "W", (1, 2), None, "∂f/∂W[1, 2]")
POINT = PointResult(
    at=(1.0, 2.0, 3.0), claimed=(8.0, 3.0, 4.0), reference=(8.0, 3.0, -4.0), error_bound=(1e-15, 1e-15, 1e-15),
    tolerance=(8e-6, 3e-6, 4e-6), verdict=Verdict.FAIL, wrong_components=(Z,),
)  # fmt: skip
HOSTILE = "x\x1b[31m]]>&<script>::error::\x00 ٣ =1+1"


def spec(name: str, verdict: Verdict, *checks: Check, **more: Any) -> SpecResult:
    return SpecResult(
        name=name, file="specs/sample.yaml", line=3, verdict=verdict, found=verdict, checks=checks, **more
    )


RIGHT = spec(
    "bowl", Verdict.PASS,
    Check(kind="gradient", backend="sympy", verdict=Verdict.PASS, evidence=Evidence.PROVED, max_relative_error=0.0, seconds=0.004),
    Check(kind="gradient", backend="autodiff", verdict=Verdict.SKIPPED, reason="it needs an expression"),
    evidence=Evidence.PROVED, evaluations=Evaluations(function=12, gradient=2), tags=("textbook",), seconds=0.01,
    variables=(("x", ()), ("W", (2, 3))),
    blind_spots=(BlindSpot(fault=Fault.SIGN, components=(Z,), message="∂f/∂z could have the wrong sign", better_point=(1.0, 0.5)),),
    mutants=(7, 8),
)  # fmt: skip
WRONG = spec(
    "quadratic", Verdict.FAIL,
    Check(
        kind="gradient", backend="finite-difference", verdict=Verdict.FAIL, evidence=Evidence.ESTIMATED,
        reason="1 of 3 components wrong", max_relative_error=2.0, points=(POINT,), line=7, seconds=0.0123456,
        details={"formulas": [{"component": "∂f/∂z", "right": "2 - 2*z", "claimed": "2*z - 2", "difference": "4*z - 4"}]},
    ),
    reason="1 of 3 components wrong", wrong_components=(Z,), evidence=Evidence.ESTIMATED, seconds=1.5,
    diagnosis=(Diagnosis(fault=Fault.SIGN, components=(Z,), message="∂f/∂z: the sign is wrong", confidence=0.95),),
    counterexample=Counterexample(
        at=(0.0, 0.0, 0.0), claimed=(0.0, 0.0, -2.0), reference=(0.0, 0.0, 2.0), error_bound=(0.0, 0.0, 0.0),
        message="fails at x = 0, y = 0, z = 0",
    ),
)  # fmt: skip
NOT_FINITE = spec(
    "not-finite", Verdict.FAIL,
    Check(
        kind="gradient", backend="autodiff", verdict=Verdict.FAIL, max_relative_error=math.inf,
        points=(
            PointResult(
                at=(1e-300,), claimed=(math.nan,), reference=(-math.inf,), error_bound=(math.inf,), verdict=Verdict.FAIL,
                wrong_components=(Component(0, "x", (), None, "∂f/∂x"),),
            ),
        ),
    ),
    reason="NaN where f is finite",
)  # fmt: skip
UNDECIDED = spec(
    "noisy", Verdict.INCONCLUSIVE,
    Check(kind="gradient", backend="finite-difference", verdict=Verdict.INCONCLUSIVE, reason="f is noisy at a level of 1e-07"),
    reason="∂f/∂x at (1): f is noisy at a level of 1e-07",
)  # fmt: skip
BROKEN = spec(
    HOSTILE, Verdict.ERROR,
    Check(kind="gradient", backend=None, verdict=Verdict.ERROR, reason=f"the function raised {HOSTILE}"),
    reason=f"the function raised {HOSTILE}", output=f"{HOSTILE}\nsecond line",
)  # fmt: skip
TWIN = spec(
    "twin", Verdict.PASS,
    Check(kind="gradient", backend="sympy", verdict=Verdict.FAIL, reason="1 of 3 components wrong", points=(POINT,)),
    expected="fail: sign",
)  # fmt: skip
NOT_WRONG = spec(
    "not-wrong", Verdict.FAIL, Check(kind="gradient", backend="sympy", verdict=Verdict.PASS), expected="fail",
    reason="expected to fail, but the claim was found right",
)  # fmt: skip

REPORT = Report(
    gradverify="0.1.0", started="2026-01-02T03:04:05+00:00", seconds=2.5, isolation="processes",
    plugins=(PluginInfo(name="sympy", version="0.1.0"), PluginInfo(name="odd", version="9", status="failed", reason="no such module")),
    specs=(RIGHT, WRONG, NOT_FINITE, UNDECIDED, BROKEN, TWIN, NOT_WRONG), not_run=("later",), interrupted=True, seed=7,
    shard=ShardInfo(index=2, count=3, specs=20),
)  # fmt: skip
EMPTY = Report(
    gradverify="0.1.0", started="2026-01-02T03:04:05+00:00", seconds=0.0, isolation="none", plugins=(), specs=()
)
