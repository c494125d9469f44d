"""What of a claim was taken for something else that f has is named, with the formula that is right."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from gradverify.core.diagnosis import diagnose
from gradverify.core.report import Diagnosis
from gradverify.core.variables import Shape
from gradverify.core.verdicts import Fault
from tests.core.fakes import Parts, check, problem_of

SCALAR: Mapping[str, Shape] = {"x": ()}
PAIR: Mapping[str, Shape] = {"x": (), "y": ()}
MATRIX: Mapping[str, Shape] = {"Z": (2, 3)}
LINE = [[1.3], [0.4], [-2.7], [-0.6], [3.5]]
PLANE = [[0.6, 0.7], [-0.3, 0.4], [0.1, -0.5]]
ROWS = [[1.0, 2.0, 3.0, 0.5, -1.0, 0.2], [0.3, -0.7, 0.1, 1.0, 2.0, -1.5]]


def of(
    f: str, right: Mapping[str, str], wrong: Mapping[str, str], points: list[list[float]], shapes: Mapping[str, Shape]
) -> Diagnosis:
    problem = problem_of(f, {**right, **wrong}, shapes)
    verified, ask = check(problem, right, points)
    (found,) = diagnose(verified, ask, Parts(problem))
    return found


@pytest.mark.parametrize(
    ("f", "right", "wrong", "points", "shapes", "fault", "words"),
    [
        (
            "sum(logsumexp(Z, axis=1))",
            {"Z": "softmax(Z, axis=1)"},
            {"Z": "softmax(Z, axis=0)"},
            ROWS,
            MATRIX,
            Fault.TRANSPOSED,
            "axis=1) belongs: the wrong axis",
        ),
        (
            "sqrt(4 - x**2 - y**2)",
            {"x": "-x/sqrt(4 - x**2 - y**2)", "y": "-y/sqrt(4 - x**2 - y**2)"},
            {"x": "-x/sqrt(4 - x**2)"},
            PLANE,
            PAIR,
            Fault.MISSING_TERM,
            "4 - x**2 stands where 4 - x**2 - y**2 belongs",
        ),
        (
            "where(abs(x) < 2, x**2, 4*abs(x) - 4)",
            {"x": "where(abs(x) < 2, 2*x, 4*sign(x))"},
            {"x": "where(abs(x) < 2, 2*x, 4)"},
            LINE,
            SCALAR,
            Fault.WRONG_BRANCH,
            "lacks the factor sign(x)",
        ),
        (
            "where(abs(x) < 2, x**2, 4*abs(x) - 4)",
            {"x": "where(abs(x) < 2, 2*x, 4*sign(x))"},
            {"x": "where(abs(x) < 3, 2*x, 4*sign(x))"},
            LINE,
            SCALAR,
            Fault.WRONG_BRANCH,
            "3 stands where 2 belongs",
        ),
        (
            "sin(x)/3 + log(cosh(x))",
            {"x": "cos(x)/3 + sinh(x)/cosh(x)"},
            {"x": "cos(x)/3 + sinh(x)*cosh(x)"},
            LINE,
            SCALAR,
            Fault.FACTOR,
            "sinh(x)*cosh(x) stands where sinh(x)/cosh(x) belongs",
        ),
    ],
)
def test_what_was_taken_for_something_else_is_named(
    f: str,
    right: Mapping[str, str],
    wrong: Mapping[str, str],
    points: list[list[float]],
    shapes: Mapping[str, Shape],
    fault: Fault,
    words: str,
) -> None:
    found = of(f, right, wrong, points, shapes)
    assert found.fault is fault
    assert words in found.message


def test_a_claim_of_another_kind_is_taken_for_nothing() -> None:
    right = {"x": "-x/sqrt(4 - x**2 - y**2)", "y": "-y/sqrt(4 - x**2 - y**2)"}
    assert of("sqrt(4 - x**2 - y**2)", right, {"x": "tanh(x*y) - 0.3*x"}, PLANE, PAIR).fault is Fault.UNKNOWN
