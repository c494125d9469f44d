"""Points at which f's formula is not defined, but has a value that infinity is made of: nobody's gradient is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradverify.core.verdicts import Verdict
from tests.in_process import of_code, verdict_of

SPEC = "variables: [x, y]\nfunction: '{f}'\ngradient: ['{gx}', '{gy}']\npoints: [[1.2, 0.7], [-0.6, 2.3]]\n"


@pytest.mark.parametrize(
    ("f", "gx", "gy"),
    [
        ("exp(-1/x**2) + y", "2/x**3 * exp(-1/x**2)", "1"),
        ("x*arctan2(y, x)", "arctan2(y, x) - x*y/(x**2 + y**2)", "x**2/(x**2 + y**2)"),
        ("erf(log(x**2)) * y", "y * 2/sqrt(pi) * exp(-log(x**2)**2) * 2/x", "erf(log(x**2))"),
    ],
)
def test_a_right_gradient_need_have_no_value_where_f_is_not_defined(f: str, gx: str, gy: str) -> None:
    assert verdict_of(SPEC.format(f=f, gx=gx, gy=gy)) is Verdict.PASS


@pytest.mark.parametrize(
    ("f", "gx", "gy"),
    [
        ("x*y", "x*y/x", "x"),
        ("where(x == 0, 1, sin(x)/x) + y", "cos(x)/x - sin(x)/x**2", "1"),
        ("exp(-1/x**2) + y", "-2/x**3 * exp(-1/x**2)", "1"),
    ],
)
def test_a_gradient_without_a_value_or_with_a_wrong_one_where_f_is_defined_fails(f: str, gx: str, gy: str) -> None:
    assert verdict_of(SPEC.format(f=f, gx=gx, gy=gy)) is Verdict.FAIL


SPREAD = """
def f(x):
    return W @ ((x - x.mean()) / (x.std() + {}))

def g(x):
    s, c = x.std(), x - x.mean()
    d = s + {}
    out = W / d - (W @ c) * c / (len(x) * s * d**2)
    return out - out.mean()

W = np.array([0.5, -1.0, 2.0, 0.3])
"""


@pytest.mark.parametrize(("added", "verdict"), [("1e-8", Verdict.PASS), ("0.5", Verdict.FAIL)])
def test_a_value_is_missing_only_where_f_has_a_derivative_over_ordinary_steps(
    tmp_path: Path, added: str, verdict: Verdict
) -> None:
    """Where all entries are equal, entries divided by their spread and 1e-8 jump; by 0.5, they do not."""
    code = SPREAD.format(added, added)
    assert of_code(tmp_path, code, "[[-2.596, 0.444, -1.423, 1.172]]", "{x: 4}").verdict is verdict
