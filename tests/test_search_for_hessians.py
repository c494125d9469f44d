"""A Hessian that is right at the listed points and wrong elsewhere is found, and a right one is left alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradverify.core.report import SpecResult
from gradverify.core.verdicts import Verdict
from tests.in_process import result_of

POINTS = "points: [[1.3, 0.7], [2.1, 1.9]]\n"
BEYOND = "minimum(0, x + 3)"  # 0 at the listed points, and for all x above -3
MODULE = """
import ctypes
import ctypes.util
import numpy as np

libm = ctypes.CDLL(ctypes.util.find_library("m"))
libm.exp.restype, libm.exp.argtypes = ctypes.c_double, [ctypes.c_double]


def f(x, y):
    return np.exp(x * y / 2) + x**4


def opaque(x, y):
    return libm.exp(float(x * y / 2)) + float(x)**4


def right(x, y):
    e = np.exp(x * y / 2)
    return np.array([[y**2 / 4 * e + 12 * x**2, (1 / 2 + x * y / 4) * e], [(1 / 2 + x * y / 4) * e, x**2 / 4 * e]])


def beyond(x, y):
    return right(x, y) + np.array([[min(0, x + 1), 0], [0, 0]])
"""


def hessian_of(function: str, entries: str) -> SpecResult:
    return result_of(f"variables: [x, y]\nfunction: {function}\nhessian: {entries}\n{POINTS}")


@pytest.mark.parametrize(
    ("function", "xx", "xy", "yy"),
    [
        ("x**3 + x*y**2", "6*x", "2*y", "2*x"),
        ("log(exp(x) + exp(y))", "exp(x + y)/(exp(x) + exp(y))**2", "-exp(x + y)/(exp(x) + exp(y))**2",
         "exp(x + y)/(exp(x) + exp(y))**2"),
        ("sqrt(x**2 + y**2)", "y**2/(x**2 + y**2)**1.5", "-x*y/(x**2 + y**2)**1.5", "x**2/(x**2 + y**2)**1.5"),
        # Removable at the origin, where the formula has no value.
        ("(x**2 + y**2)**1.5", "3*x**2/sqrt(x**2 + y**2) + 3*sqrt(x**2 + y**2)", "3*x*y/sqrt(x**2 + y**2)",
         "3*y**2/sqrt(x**2 + y**2) + 3*sqrt(x**2 + y**2)"),
        # The second derivative jumps at x = 0, and at |x| = 1.
        ("maximum(x, 0)**2 + y**2", "where(x > 0, 2, 0)", "0", "2"),
        ("where(abs(x) <= 1, x**2/2, abs(x) - 1/2) + x*y**2", "where(abs(x) <= 1, 1, 0)", "2*y", "2*x"),
    ],
)  # fmt: skip
def test_a_hessian_wrong_beyond_the_listed_points_fails_and_the_right_one_passes(
    function: str, xx: str, xy: str, yy: str
) -> None:
    assert hessian_of(function, f'[["{xx}", "{xy}"], ["{xy}", "{yy}"]]').verdict is Verdict.PASS
    wrong = hessian_of(function, f'[["{xx} + {BEYOND}", "{xy}"], ["{xy}", "{yy}"]]')
    assert wrong.verdict is Verdict.FAIL
    assert wrong.counterexample is not None
    assert wrong.counterexample.at[0] < -3


@pytest.mark.parametrize("function", ["f", "opaque"])  # differentiated automatically, and by differences alone
def test_a_hessian_in_code_is_searched_for_too(tmp_path: Path, function: str) -> None:
    (tmp_path / "module.py").write_text(MODULE)
    for claim, verdict in (("right", Verdict.PASS), ("beyond", Verdict.FAIL)):
        text = (
            f'variables: [x, y]\nfunction: {{python: "module.py:{function}"}}\n'
            f'hessian: {{python: "module.py:{claim}"}}\n{POINTS}'
        )
        assert result_of(text, tmp_path).verdict is verdict, claim


def test_a_hessian_that_differences_alone_judge_is_looked_at_where_f_bends_otherwise_than_it_says(
    tmp_path: Path,
) -> None:
    far = "\n\ndef far(x, y):\n    return right(x, y) + np.array([[0, 0], [0, (y > 9) * 0.3]])\n"
    (tmp_path / "module.py").write_text(MODULE + far)
    text = (
        f'variables: [x, y]\nfunction: {{python: "module.py:opaque"}}\nhessian: {{python: "module.py:far"}}\n{POINTS}'
    )
    assert result_of(text, tmp_path).verdict is Verdict.FAIL


ROSENBROCK = """
def f(x, y):
    return 100 * (y - x**2) ** 2 + (1 - x) ** 2


def right(x, y):
    return [[1200 * x * x - 400 * y + 2, -400 * x], [-400 * x, 200]]


def wrong(x, y):
    return [[1200 * abs(x) * x - 400 * y + 2, -400 * x], [-400 * x, 200]]
"""


def test_a_hessian_is_searched_for_where_its_gradient_is_0_at_a_candidate(tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text(ROSENBROCK)
    for claim, verdict in (("right", Verdict.PASS), ("wrong", Verdict.FAIL)):
        text = (
            'variables: [x, y]\nfunction: {python: "module.py:f"}\n'
            f'hessian: {{python: "module.py:{claim}"}}\npoints: [[1.3, 0.7], [0.4, -0.9]]\n'
        )
        assert result_of(text, tmp_path).verdict is verdict, claim


def test_a_hessian_beside_a_right_gradient_is_searched_and_both_are_counted() -> None:
    gradient = "gradient: [3*x**2 + y**2, 2*x*y]\n"
    both = [
        result_of(
            f'variables: [x, y]\nfunction: x**3 + x*y**2\n{gradient}hessian: [["{entry}", 2*y], [2*y, 2*x]]\n{POINTS}'
        )
        for entry in ("6*x", "6*abs(x)")
    ]
    assert [result.verdict for result in both] == [Verdict.PASS, Verdict.FAIL]
    search = next(check for check in both[1].checks if check.kind == "search")
    assert search.verdict is Verdict.FAIL
    assert [component.label for component in both[1].wrong_components] == ["∂²f/∂x∂x"]


def test_differences_alone_accuse_no_hessian_that_they_do_not_settle_at_the_listed_points() -> None:
    text = (
        "variables: [x, y]\nfunction: where(abs(x) <= 1, x**2/2, abs(x) - 1/2) + x*y**2\n"
        'hessian: [["where(abs(x) <= 1, 1, 0)", 2*y], [2*y, 2*x]]\n'
        "points: [[1, 0.7]]\nbackends: [finite-difference]\n"
    )
    result = result_of(text)
    assert result.verdict is Verdict.INCONCLUSIVE
    search = next(check for check in result.checks if check.kind == "search")
    assert search.verdict is Verdict.SKIPPED
