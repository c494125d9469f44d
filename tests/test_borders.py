"""Which wrong claims are told as a wrong branch, a bound or a missing part, and which only look like one."""

from __future__ import annotations

from pathlib import Path

from gradverify.core.report import SpecResult
from gradverify.core.verdicts import Fault, Verdict
from tests.in_process import of_code, result_of

MISH = """
def f(x):
    return np.sum(x * np.tanh(np.logaddexp(0, x)))

def g(x):
    t = np.tanh(np.logaddexp(0, x))
    return t + x * (1 - t * t)
"""
HINGE_OF_TWO = """
def f(x):
    return np.sum(np.where(x > 1.5, x**3, x))

def g(x):
    return np.where(x > 1.5, 3*x, 1.0)
"""


def _said(result: SpecResult) -> str:
    assert result.verdict is Verdict.FAIL
    return " ".join(f"{d.fault.value}: {d.message}" for d in result.diagnosis)


def test_what_fades_far_off_is_no_branch(tmp_path: Path) -> None:
    found = of_code(tmp_path, MISH, "[[0.5, -1, 2], [30, -30, 0]]", "{x: 3}")
    assert "branch" not in _said(found)


def test_a_wrong_branch_is_still_told(tmp_path: Path) -> None:
    found = of_code(tmp_path, HINGE_OF_TWO, "[[0.5, 2], [3, -1]]", "{x: 2}")
    assert Fault.WRONG_BRANCH in {d.fault for d in found.diagnosis}


def test_a_variable_that_separates_points_by_chance_decides_nothing(tmp_path: Path) -> None:
    """The column of a matrix of singular vectors for its row: right where some sign of LAPACK's is so."""
    code = """
def f(A):
    return np.linalg.norm(A, 2)

def g(A):
    U, s, Vt = np.linalg.svd(A)
    return np.outer(U[:, 0], Vt[:, 0])
"""
    found = of_code(tmp_path, code, "[[1, 2, 0.5, -1]]", "{A: [2, 2]}", more="search: off\n")
    assert "right where A" not in _said(found)


def test_a_bound_that_does_not_belong_there_is_told_as_that() -> None:
    text = "variables: [w]\nfunction: log(w)\ngradient: ['1/maximum(w, 0.05)']\ndomain: '(0, 1]'\npoints: [0.01, 0.5]\n"
    assert "the bound 0.05 of maximum(w, 0.05) does not belong there" in _said(result_of(text))


def test_a_branch_that_does_not_belong_there_is_told_as_that(tmp_path: Path) -> None:
    code = """
def f(w):
    return 0.5*np.sum(w**2)

def g(w):
    n = np.linalg.norm(w)
    return w if n < 10 else 10*w/n
"""
    found = of_code(tmp_path, code, "[[1, 2, 3]]", "{w: 3}")
    assert "the branch for not (norm(w) < 10) does not belong" in _said(found)


def test_a_bound_that_belongs_there_is_not_blamed() -> None:
    text = "variables: [w]\nfunction: maximum(w, 0.5)**2\ngradient: ['3*maximum(w, 0.5)*(w > 0.5)']\npoints: [0.1, 2]\n"
    assert "bound" not in _said(result_of(text))


def test_a_part_that_stands_twice_is_missing_rather_than_of_the_wrong_sign(tmp_path: Path) -> None:
    code = """
def f(w, C):
    rc = w * (C @ w)
    return np.sum((rc[:, None] - rc[None, :]) ** 2)

def g(w, C):
    m = C @ w
    rc = w * m
    return 4 * (len(w) * rc - rc.sum()) * m
"""
    more = "constants: {C: [[0.04, 0.006, 0.01], [0.006, 0.09, 0.012], [0.01, 0.012, 0.16]]}\n"
    said = _said(of_code(tmp_path, code, "[[0.2, 0.3, 0.5], [0.33, 0.33, 0.34]]", "{w: 3}", more))
    assert said.startswith("missing-term")
    assert "is missing, in all 2 places where it stands" in said


def test_a_part_that_takes_on_another_shape_is_tried_where_it_can(tmp_path: Path) -> None:
    """A sum that stands twice, once where a vector fits and once where none does, broke the search off."""
    code = """
def f(p, t, s):
    i = np.sum(p * t)
    return 1 - (2 * i + s) / (np.sum(p) + np.sum(t) + s)

def g(p, t, s):
    i = np.sum(p * t)
    d = np.sum(p) + np.sum(t) + s
    return -(2 * t * d - 2 * p * (2 * i + s)) / d**2
"""
    more = "constants: {t: [0, 1, 1, 1], s: 1}\ndomain: '[0, 1]'\n"
    found = of_code(tmp_path, code, "[[0.2, 0.8, 0.5, 0.9], [0.1, 0.1, 0.3, 0.4]]", "{p: 4}", more)
    assert found.verdict is Verdict.FAIL
    assert not any("broke off" in note for note in found.notes)
