"""A function is taken for one of SciPy's solvers, which stop at a tolerance, only where it may be one."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradverify.core.verdicts import Verdict
from tests.in_process import of_code

CODE = """
def f(x):
    return np.sum(np.fmin(x, x[::-1]))**2 + np.sum(x**3)

def g(x):
    d = np.where(x < x[::-1], 2.0, np.where(x == x[::-1], 1.0, 0.0))
    return 2*np.sum(np.fmin(x, x[::-1]))*d + {}*x**2
"""


@pytest.mark.parametrize(("factor", "verdict"), [("3", Verdict.PASS), ("3.0003", Verdict.FAIL)])
def test_the_minimum_of_two_is_no_solver(tmp_path: Path, factor: str, verdict: Verdict) -> None:
    found = of_code(tmp_path, CODE.format(factor), "[[0.76, -1.33, 0.7], [-0.1, 0.49, 1.2]]", "{x: 3}", "search: off\n")
    assert found.verdict is verdict
