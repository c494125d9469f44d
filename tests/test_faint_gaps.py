"""Gaps that are the claim's round-off, its overflow, or less than f can show: no faults. Each with a wrong twin."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradverify.core.verdicts import Fault, Verdict
from tests.in_process import of_code, result_of, verdict_of

LOGISTIC = "def f(x):\n    return 1 / (1 + np.exp(-100 * x))\ndef g(x):\n"


def test_a_claim_whose_numbers_grow_too_large_for_floating_point_is_no_counterexample(tmp_path: Path) -> None:
    right = "    e = np.exp(-100 * x)\n    return 100 * e / (1 + e) ** 2\n"
    assert of_code(tmp_path, LOGISTIC + right, "[0.01]").verdict is Verdict.PASS


def test_a_claim_that_is_nan_without_an_overflow_is_one(tmp_path: Path) -> None:
    wrong = "    e = np.exp(-100 * x)\n    return 100 * e / (1 + e) ** 2 * (x - 2) / (x - 2)\n"
    assert of_code(tmp_path, LOGISTIC + wrong, "[0.01]").verdict is Verdict.FAIL


@pytest.mark.parametrize(
    ("claim", "verdict"),
    [("1 - np.tanh(x + 5)**2", Verdict.PASS), ("np.where(x > 0.5, 0, 1 - np.tanh(x + 5)**2)", Verdict.FAIL)],
)
def test_a_saturated_claim_is_no_counterexample_where_f_feels_nothing_of_it(
    tmp_path: Path, claim: str, verdict: Verdict
) -> None:
    code = f"def f(x):\n    return np.tanh(x + 5)\ndef g(x):\n    return {claim}\n"
    assert of_code(tmp_path, code, "[0.004, -0.2]").verdict is verdict


ATTENTION = """
def _a(X):
    S = np.where(np.tril(np.ones((4, 4), bool)), X @ X.T, -1e30)
    E = np.exp(S - S.max(1, keepdims=True))
    return E / E.sum(1, keepdims=True)
def f(X):
    return 0.5 * np.sum((_a(X) @ X) ** 2)
def g(X):
    A = _a(X)
    O = A @ X
    dA = O @ X.T
    dS = A * (dA - (dA * A).sum(1, keepdims=True))
    return A.T @ O + dS @ X + dS.T @ X
"""


@pytest.mark.parametrize(("old", "new", "verdict"), [("", "", Verdict.PASS), ("+ dS.T @ X", "", Verdict.FAIL)])
def test_what_cancels_among_large_components_is_no_counterexample(
    tmp_path: Path, old: str, new: str, verdict: Verdict
) -> None:
    points = "[{sample: 2, seed: 4, distribution: normal}]"
    found = of_code(tmp_path, ATTENTION.replace(old, new) if old else ATTENTION, points, "{X: [4, 2]}")
    assert found.verdict is verdict


@pytest.mark.parametrize(
    ("z", "claim", "verdict"),
    [
        (1.0, "1 - tanh(z + 100)**2", Verdict.INCONCLUSIVE),  # 0, and 1e-88 would be right
        (-100.0, "1 - tanh(z + 100)**2", Verdict.PASS),
        (-100.0, "0*z", Verdict.FAIL),
    ],
)
def test_a_claim_that_has_underflowed_is_undecided(z: float, claim: str, verdict: Verdict) -> None:
    spec = f"variables: [y, z]\nfunction: y*tanh(z + 100)\ngradient: {{y: tanh(z + 100), z: 'y*({claim})'}}\n"
    assert verdict_of(f"{spec}points: [[2, {z}]]\nbackends: [autodiff]\nsearch: off\n") is verdict


FLAT = "variables: [x, y]\nfunction: log(1 + x**8*y**2)\npoints: [[0.002, 0.001]]\nbackends: [finite-difference]\n"


@pytest.mark.parametrize(
    ("gradient", "verdict"),
    [
        ("{x: 8*x**7*y**2/(1 + x**8*y**2), y: 2*x**8*y/(1 + x**8*y**2)}", Verdict.INCONCLUSIVE),
        ("{x: 8*x**7*y**2/(1 + x**8*y**2), y: 0.5 + 2*x**8*y/(1 + x**8*y**2)}", Verdict.FAIL),
    ],
)
def test_differences_of_an_f_that_does_not_move_refute_no_tiny_claim(gradient: str, verdict: Verdict) -> None:
    assert verdict_of(f"{FLAT}gradient: {gradient}\nsearch: off\n") is verdict


@pytest.mark.parametrize(("factor", "verdict"), [("1", Verdict.INCONCLUSIVE), ("2", Verdict.FAIL)])
def test_steps_of_a_claim_as_high_as_its_gap_are_its_round_off(tmp_path: Path, factor: str, verdict: Verdict) -> None:
    # At 4.25 it is about 39 times a multiple of 1.1e-16.
    code = (
        "def f(x):\n    return 13.7 * np.tanh(x ** 2) / 3\n"
        f"def g(x):\n    return {factor} * 27.4 / 3 * x * (1 - np.tanh(x ** 2) ** 2)\n"
    )
    assert of_code(tmp_path, code, "[4.25]", more="search: off\n").verdict is verdict


def test_an_undecided_claim_is_said_to_scatter_and_not_to_have_too_wide_a_bound(tmp_path: Path) -> None:
    last_bit = "np.float64(x).view(np.int64) % 2"
    code = f"def f(x):\n    return x ** 2\ndef g(x):\n    return 2 * x * (1 + 1e-3 * ({last_bit} == 0))\n"
    found = of_code(tmp_path, code, "[0.7]", more="search: off\n")
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "the claim's own round-off" in str(found.reason)


ANGLE = """
def f(a, b):
    return np.arccos(np.clip(a @ b / np.linalg.norm(a) / np.linalg.norm(b), -1, 1))
def g(a, b):
    na, nb = np.linalg.norm(a), np.linalg.norm(b)
    c = a @ b / na / nb
    s = -1 / np.sqrt(1 - c**2)
    return s * (b / nb - c * a / na) / na, s * (a / na - c * b / nb) / {last}
"""


@pytest.mark.parametrize(("last", "verdict"), [("nb", Verdict.PASS), ("na", Verdict.FAIL)])
def test_a_claim_is_not_blamed_for_having_no_value_where_only_wide_bounds_speak_for_a_derivative(
    tmp_path: Path, last: str, verdict: Verdict
) -> None:
    points, variables = "[[1, 0, 0, 0, 1, 0], [1, 2, 3, -1, 0.5, 2]]", "{a: 3, b: 3}"
    assert of_code(tmp_path, ANGLE.format(last=last), points, variables).verdict is verdict


TINY = "def f(x):\n    return {f}\ndef g(x):\n    return {g}\n"


@pytest.mark.parametrize(
    ("f", "right", "wrong"),
    [
        ("x**3", "3 * x**2", "np.where(np.abs(x) < 1e-5, 6 * x**2, 3 * x**2)"),
        ("np.exp(-x * x)", "-2 * x * np.exp(-x * x)", "np.where(np.abs(x) > 5.8, -x, -2 * x) * np.exp(-x * x)"),
        ("x - np.sin(x)", "1 - np.cos(x)", None),
        ("1.7 * np.tanh(1.3 * x)", "1.3 * 1.7 * (1 - np.tanh(1.3 * x) ** 2)", None),
    ],
)
def test_a_component_that_is_tiny_at_a_point_is_held_to_its_own_size_there_as_far_as_it_has_digits(
    tmp_path: Path, f: str, right: str, wrong: str | None
) -> None:
    assert of_code(tmp_path, TINY.format(f=f, g=right), "[1.3, 0.4]").verdict is Verdict.PASS
    if wrong is not None:
        assert of_code(tmp_path, TINY.format(f=f, g=wrong), "[1.3, 0.4]").verdict is Verdict.FAIL


@pytest.mark.parametrize(
    ("function", "claim", "verdict"),
    [
        ("erfc(x)", "where(x < 8, -2/sqrt(pi)*exp(-x**2), 0)", Verdict.FAIL),
        ("erfc(x)", "-(x < 8)*2/sqrt(pi)*exp(-x**2)", Verdict.FAIL),
        ("erfc(x)", "-2/sqrt(pi)*exp(-x**2)", Verdict.PASS),
        ("1 + erfc(x)", "where(x < 8, -2/sqrt(pi)*exp(-x**2), 0)", Verdict.PASS),  # f feels nothing of it
        ("where(x < 8, erfc(x), erfc(8))", "where(x < 8, -2/sqrt(pi)*exp(-x**2), 0)", Verdict.PASS),
    ],
)
def test_a_zero_that_is_written_has_no_digits_to_lose(function: str, claim: str, verdict: Verdict) -> None:
    spec = f"variables: [x]\nfunction: '{function}'\ngradient: ['{claim}']\npoints: [[0.3], [1.2]]\n"
    assert verdict_of(spec) is verdict


def test_where_f_has_underflowed_a_fault_is_explained_by_who_still_sees_it() -> None:
    found = result_of("name: t\nvariables: [x]\nfunction: x**2\ngradient: [3*x]\npoints: [[1.0e-200]]\n")
    assert found.verdict is Verdict.FAIL
    assert [d.fault for d in found.diagnosis] == [Fault.FACTOR]
