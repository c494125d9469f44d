"""Which wrong claims are told as a wrong branch, a bound or a missing part, and which only look like one."""

from __future__ import annotations

from pathlib import Path

import pytest

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


@pytest.mark.parametrize(
    ("function", "claim", "said"),
    [
        ("0.45724*x**2/y + x**3", "0.45724*2*2*x/y + 3*x**2", "the factor 2 does not belong in 0.45724*2*2*x"),
        ("2**(-x/5.27)", "-0.693/5.27*2**(-x/5.27)", "the number 0.693 stands where 0.69314718 belongs"),
        ("2.302585093*x**2 + x**3", "2.303*2*x + 3*x**2", "the number 2.303 stands where 2.3025851 belongs"),
    ],
)
def test_a_number_is_mistaken_for_a_short_one_or_rounded(function: str, claim: str, said: str) -> None:
    text = (
        f"variables: [x]\nconstants: {{y: 1.7}}\nfunction: {function}\ngradient: ['{claim}']\npoints: [0.3, 1.1, 2]\n"
    )
    assert said in _said(result_of(text))


def test_a_number_that_nobody_would_write_makes_up_for_no_other_fault() -> None:
    """std divides by n; the spread that f has divides by n − 1."""
    text = "variables: {x: 4}\nfunction: sqrt(sum((x - mean(x))**2)/3)\ngradient: (x - mean(x))/(3*std(x))\n"
    assert "3.4641016" not in _said(result_of(text + "points: [[1, 2, 4, 3], [0.3, -1, 2, 0.5]]\n"))


TURNED = """
def f(t, A):
    c, s = math.cos(t), math.sin(t)
    R = np.array([[c, -s], [s, c]])
    return (R.T @ A @ R)[0, 1]**2

def g(t, A):
    c, s = math.cos(t), math.sin(t)
    a = (A[1, 1] - A[0, 0]) * c * s + A[0, 1] * (c * c - s * s)
    return 2 * a * ((A[1, 1] - A[0, 0]) * (c * c - s * s) - 2 * A[0, 1] * c * s)
"""


def test_a_symmetric_matrix_is_not_said_to_lack_its_transpose(tmp_path: Path) -> None:
    said = _said(of_code(tmp_path, TURNED, "[0.3, 2.0]", "[t]", "constants: {A: [[1, 0.4], [0.4, -0.5]]}\n"))
    assert "the number 2 stands where 4 belongs" in said


def test_a_matrix_that_is_taken_to_be_symmetric_is_told_as_that() -> None:
    text = "variables: {x: 2}\nconstants: {A: [[1, 0.4], [0.1, -0.5]]}\nfunction: 0.5*x @ A @ x\n"
    assert "A is taken to be symmetric" in _said(result_of(text + "gradient: A @ x\npoints: [[1, 2], [0.3, -1]]\n"))


SERIES = """
def f(x):
    return np.sinc(x / np.pi)

def g(x):
    if abs(x) < 0.5:
        return -x / 3 + x**3 / 30
    return (x * np.cos(x) - np.sin(x)) / x**2
"""


def test_a_border_is_no_power_and_no_sign_of_what_is_compared(tmp_path: Path) -> None:
    said = _said(of_code(tmp_path, SERIES, "[0.0, 0.5, 3.3, 1e-4]"))
    assert "x**0.5" not in said
    assert "sign(" not in said


def test_a_border_beside_a_number_is_moved_by_the_number() -> None:
    text = "variables: [x]\nfunction: where(abs(x) < 0.25, x**2, 3*x)\n"
    text += "gradient: ['where(abs(x) < 0.5, 2*x, 3)']\npoints: [0.1, 0.4, 3.3, -0.3, -2]\n"
    assert "in the condition abs(x) < 0.5: the number 0.5 stands where 0.25 belongs" in _said(result_of(text))


@pytest.mark.parametrize(
    ("claim", "said"),
    [
        ("['y*x**(y - 1)', 'y*x**(y - 1)']", "∂f/∂y: it holds the value of ∂f/∂x"),
        ("['y*x**(y - 1)', 'y*x**(y - 2)']", "unknown"),
    ],
)
def test_the_value_of_another_component_is_told(claim: str, said: str) -> None:
    text = f"variables: [x, y]\nfunction: x**y\ngradient: {claim}\ndomain: {{x: '(0, 5]'}}\n"
    text += "points: [[1.5, 2], [0.3, -1]]\n"
    assert said in _said(result_of(text))


BLOCKS = """
def f(A, b, x):
    return np.sum((A @ x + b)**2)

def g(A, b, x):
    r = 2 * (A @ x + b)
    return np.concatenate([{}])
"""


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ("r, np.outer(r, x).ravel()", "all 6 components: the variables' parts stand in the order b, A"),
        ("np.outer(r, x).T.ravel(), r", "the block of `A` is transposed"),
    ],
)
def test_parts_in_the_wrong_order_are_told_as_one_mistake(tmp_path: Path, parts: str, said: str) -> None:
    points, more = "[[0.3, -1, 0.5, 2, 0.7, -0.4]]", "constants: {x: [0.4, 1.3]}\n"
    assert said in _said(of_code(tmp_path, BLOCKS.format(parts), points, "{A: [2, 2], b: 2}", more))


@pytest.mark.parametrize(
    ("claim", "said"),
    [("-d*s", "the term gam*w @ sn is missing"), ("1.37*d*(gam*sn - s)", "the factor 1.37 does not belong")],
)
def test_a_missing_term_is_no_factor_without_a_name(tmp_path: Path, claim: str, said: str) -> None:
    code = "def f(w, s, sn, gam):\n    return 0.5*(0.5 + gam*w @ sn - w @ s)**2\n\n\n"
    code += f"def g(w, s, sn, gam):\n    d = 0.5 + gam*w @ sn - w @ s\n    return {claim}\n"
    more = "constants: {s: [0.4, 1.3], sn: [0.9, -0.2], gam: 0.9}\n"
    assert said in _said(of_code(tmp_path, code, "[[0.3, -1], [1.2, 0.7]]", "{w: 2}", more))


def test_a_mean_that_is_missing_is_no_factor_of_each_component(tmp_path: Path) -> None:
    code = """
def f(x, w):
    return w @ ((x - x.mean()) / (x.std() + 1e-8))

def g(x, w):
    s, c = x.std(), x - x.mean()
    d = s + 1e-8
    return w / d - (w @ c) * c / (len(x) * s * d**2)
"""
    more = "constants: {w: [0.5, -1, 2, 0.3]}\nsearch: off\n"
    said = _said(of_code(tmp_path, code, "[[-2.596, 0.444, -1.423, 1.172]]", "{x: 4}", more))
    assert "off by the same amount" in said
    assert "the same at every point (" not in said


def test_weights_that_are_left_out_are_still_told(tmp_path: Path) -> None:
    code = """
def f(x, w):
    return np.exp(np.sum(w * np.sin(x)))

def g(x, w):
    return np.exp(np.sum(w * np.sin(x))) * np.cos(x)
"""
    more = "constants: {w: [0.53, -1.17, 2.19, 0.31]}\nsearch: off\n"
    said = _said(of_code(tmp_path, code, "[[-2.6, 0.4, -1.4, 1.2], [0.3, 1.7, 0.2, -0.5]]", "{x: 4}", more))
    assert "w" in said
    assert "unknown" not in said


@pytest.mark.parametrize(
    ("rule", "said"),
    [("out[i[2]] = 1.0", False), ("out[i[1]] = out[i[2]] = 0.5\n    out = out + 0.3*np.sign(x)", True)],
)
def test_a_sign_that_fits_by_chance_is_no_term(tmp_path: Path, rule: str, said: bool) -> None:
    code = f"""
def f(x):
    return np.median(x)

def g(x):
    i = np.argsort(x, kind="stable")
    out = np.zeros(4)
    {rule}
    return out
"""
    told = _said(of_code(tmp_path, code, "[[3, 1, 2, 5], [0.1, 0.6, -0.05, 0.7]]", "{x: 4}", "search: off\n"))
    assert ("sign(x)" in told) is said
