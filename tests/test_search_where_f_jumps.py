"""The search where f jumps, has poles, or overflows on the way to a limit: each right claim with a wrong twin."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradverify.core.verdicts import Verdict
from tests.in_process import of_code, verdict_of

SIMULATIONS = Path(__file__).parents[1] / "specs" / "fields" / "simulations.py"
BOUNCING = """
variables: [v]
function: {{python: '{file}:bouncing'}}
gradient: {{python: '{file}:{claim}'}}
points: [9]
domain: {{v: [-8, 10]}}
"""


@pytest.mark.parametrize(
    ("claim", "verdict"), [("bouncing_gradient", Verdict.PASS), ("bouncing_gradient_in_the_air", Verdict.FAIL)]
)
def test_traces_decide_where_differences_see_only_jumps(claim: str, verdict: Verdict) -> None:
    assert verdict_of(BOUNCING.format(file=SIMULATIONS, claim=claim)) is verdict


MISSING = [
    ("np.exp(-1e-3 / x)", "1e-3 * np.exp(-1e-3 / x) / x**2", "np.float64(0)", Verdict.PASS),  # a pole
    ("x + np.sin(np.arctan2(x * y, 2 * abs(x * y)))", "1 + 0 * x * y / (x * y)", "0 / (x * y)", Verdict.PASS),  # jumps
    ("np.cos(x)", "-np.sin(x) * x / x", "0.0", Verdict.FAIL),
    ("np.where(x == 0, 1.0, np.sin(x) / x)", "np.cos(x) / x - np.sin(x) / x**2", "0.0", Verdict.FAIL),
]


@pytest.mark.parametrize(("f", "along_x", "along_y", "verdict"), MISSING)
def test_a_claim_without_a_value_is_a_fault_only_where_f_is_continuous(
    tmp_path: Path, f: str, along_x: str, along_y: str, verdict: Verdict
) -> None:
    start = "(x, y):\n    x, y = np.float64(x), np.float64(y)\n    return"
    code = f"def f{start} {f}\ndef g{start} {along_x}, {along_y}\n"
    assert of_code(tmp_path, code, "[[1, 2], [2.5, -1]]", "[x, y]", "domain: {x: [-3, 3]}\n").verdict is verdict


@pytest.mark.parametrize(
    ("claim", "verdict"),
    [
        ("428*exp(428/T)/(T**2*(exp(428/T) - 1)**2)", Verdict.PASS),  # infinite by infinite where T is small
        ("428*exp(428/T)/(T**2*(exp(428/T) - 1)**2)*(T - 1)/(T - 1)", Verdict.FAIL),
        ("428*exp(428/T)/(T**2*(exp(428/T) - 1)**2)*where(T < 10, 2, 1)", Verdict.FAIL),
    ],
)
def test_an_overflow_near_an_end_of_the_domain_is_no_counterexample(claim: str, verdict: Verdict) -> None:
    text = f"variables: [T]\nfunction: 1/(exp(428/T) - 1)\ngradient: ['{claim}']\npoints: [300, 77]\n"
    assert verdict_of(text + 'domain: {T: "(0, 2000)"}\n') is verdict


def test_the_gradient_of_a_double_eigenvalue_is_no_counterexample_whatever_round_off_makes_of_it(
    tmp_path: Path,
) -> None:
    code = (
        "S = np.array([[1, 2, 0], [0, 1, 3], [1, 1, 1.0]])\nT = np.linalg.inv(S)\n"
        "def f(a, b):\n    return 3 * a + 2 * b + float(np.max(np.linalg.eigvals(S @ np.diag([a, b, -20]) @ T).real))\n"
        "def g(a, b):\n    w, V = np.linalg.eig(S @ np.diag([a, b, -20]) @ T)\n    k = np.argmax(w.real)\n"
        "    left = np.linalg.inv(V)[k]\n"
        "    return [3 - i + float((left @ S[:, i] * (T[i] @ V[:, k])).real) for i in (0, 1)]\n"
    )
    assert of_code(tmp_path, code, "[[2, 1], [-1, 3]]", "[a, b]").verdict is Verdict.PASS


def test_a_value_at_a_kink_that_round_off_does_not_touch_is_one(tmp_path: Path) -> None:
    code = "def f(x):\n    return abs(x - 3)\ndef g(x):\n    return 5.0 if abs(x - 3) < 1e-9 else np.sign(x - 3)\n"
    assert of_code(tmp_path, code, "[1, 4.5]").verdict is Verdict.FAIL
