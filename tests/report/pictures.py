"""A spec whose results hold everything that can be drawn: a step-size ladder, descents, contours."""

from __future__ import annotations

from gradverify.core.report import Check, DescentRun, Evaluations
from gradverify.core.verdicts import Evidence, Verdict
from tests.report.sample import POINT, spec

STEPS = tuple(10.0**-k for k in range(13, 0, -1))
LADDER = {
    "component": "∂f/∂z", "point": 0, "steps": list(STEPS), "values": [-4.0 + 0.1 * h**2 + 4e-16 / h for h in STEPS],
    "bounds": [8e-16 / h for h in STEPS], "reference": -4.0, "error_bound": 3e-11, "claimed": 4.0,
}  # fmt: skip


def bowl(x: float, y: float) -> float:
    return x**2 + 2 * y**2


def descent(name: str, rate: float, behaviour: str, iterations: int) -> DescentRun:
    points = [(4.0, 3.0)]
    for _ in range(iterations):
        x, y = points[-1]
        points.append((x - rate * 2 * x, y - rate * 4 * y))
    values = tuple(bowl(*point) for point in points)
    ends = [-5.0, 5.0]
    ticks = [ends[0] + i for i in range(11)]
    return DescentRun(
        name=name, behaviour=behaviour, iterations=iterations, final_point=points[-1], final_value=values[-1], rate=0.6,
        trajectory=tuple(points), values=values,
        details={
            "learning_rate": rate,
            "contours": {"x": ends, "y": ends, "f": [[bowl(x, y) for x in ticks] for y in ticks]},
        },
    )  # fmt: skip


RUNS = (descent("just right", 0.2, "converges", 12), descent("too far", 0.6, "diverges", 9))
LADDERED = spec(
    "quadratic-with-ladder", Verdict.FAIL,
    Check(
        kind="gradient", backend="finite-difference", verdict=Verdict.FAIL, evidence=Evidence.ESTIMATED,
        points=(POINT,), reason="1 of 3 components wrong", max_relative_error=2.0,
        details={"ladder": [LADDER], "evaluations": 43},
    ),
    reason="1 of 3 components wrong", variables=(("x", ()), ("y", ()), ("z", ())), tags=("drawn",),
)  # fmt: skip
DESCENDED = spec(
    "bowl-descents", Verdict.PASS,
    Check(kind="descent", backend=None, name="just right", verdict=Verdict.PASS),
    variables=(("x", ()), ("y", ())), tags=("drawn", "descent"), descent=RUNS, evaluations=Evaluations(function=900),
)  # fmt: skip
