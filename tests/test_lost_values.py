"""Where f has lost its digits, its differences are those of another function: they accuse nobody."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradverify.core.verdicts import Verdict
from tests.in_process import of_code

# The expected improvement as people write it: 1 + erf(z/√2) is 0 at z = −10, and only s·φ(z) is left of f.
IMPROVEMENT = """
from scipy.special import erf
def f(mu, s):
    z = (1.0 - mu) / s
    return (1.0 - mu) * 0.5 * (1 + erf(z / np.sqrt(2))) + s * np.exp(-z * z / 2) / np.sqrt(2 * np.pi)
def g(mu, s):
    z = (1.0 - mu) / s
    return -0.5 * (1 + erf(z / np.sqrt(2))), {by_s} * np.exp(-z * z / 2) / np.sqrt(2 * np.pi)
"""
TAIL = """
from scipy.special import erfc
def f(x):
    return float(erfc(x))
def g(x):
    return {factor} * np.exp(-x * x) / np.sqrt(np.pi)
"""
DOMAIN = "domain: {mu: [-5, 5], s: [0.05, 5]}\n"


@pytest.mark.parametrize(
    ("by_s", "points", "verdict"),
    [
        ("1", "[[0, 1], [3, 0.2]]", Verdict.INCONCLUSIVE),
        ("1", "[[0, 1], [1, 0.5]]", Verdict.PASS),
        ("2", "[[0, 1], [3, 0.2]]", Verdict.FAIL),
    ],
)
def test_a_right_claim_is_not_failed_by_what_is_left_of_f(
    tmp_path: Path, by_s: str, points: str, verdict: Verdict
) -> None:
    assert of_code(tmp_path, IMPROVEMENT.format(by_s=by_s), points, "[mu, s]", DOMAIN).verdict is verdict


@pytest.mark.parametrize(("factor", "verdict"), [("-2", Verdict.PASS), ("-1", Verdict.FAIL)])
def test_a_tail_that_keeps_its_digits_is_judged(tmp_path: Path, factor: str, verdict: Verdict) -> None:
    assert of_code(tmp_path, TAIL.format(factor=factor), "[9]", more="domain: {x: [0, 12]}\n").verdict is verdict


# A staircase of steps of 7e-11, which is all that a bisection leaves of a smooth solution.
BISECTION = """
def f(p):
    low, high = 0.0, 10.0
    while high - low > 1e-10:
        middle = 0.5 * (low + high)
        if middle * math.exp(middle) > p:
            high = middle
        else:
            low = middle
    return 0.5 * (low + high)
def g(p):
    w = f(p)
    return {claim}
"""


@pytest.mark.parametrize(
    ("claim", "verdict"),
    [
        ("w / (p * (1 + w))", Verdict.PASS),
        ("1.001 * w / (p * (1 + w))", Verdict.FAIL),
        ("0.0 * w", Verdict.INCONCLUSIVE),
    ],
)
def test_the_steps_that_a_bisection_leaves_are_no_part_of_f(tmp_path: Path, claim: str, verdict: Verdict) -> None:
    found = of_code(tmp_path, BISECTION.format(claim=claim), "[1, 5]", "[p]", "domain: {p: [0.1, 50]}\n")
    assert found.verdict is verdict


# As textbooks write it: where 1 − p is a few units of round-off, f moves in jumps, and between them as the ridge alone.
LOGISTIC = """
X = np.array([[0.7, 0.92, -0.75], [0.78, -0.66, -0.04], [0.01, 1.88, 0.0], [-0.91, -0.92, 1.2], [-1.67, -0.47, -0.38]])
Y = np.array([0.0, 1.0, 0.0, 1.0, 0.0])
def f(w):
    p = 1/(1 + np.exp(-(X @ w)))
    return np.mean(-Y*np.log(p) - (1 - Y)*np.log(1 - p)) + 0.1*w @ w
def g(w):
    p = 1/(1 + np.exp(-(X @ w)))
    return X.T @ (p - Y)/5 + {ridge}*w
"""
SATURATED = "{w: [-17.03544587637298, -10.392388147791863, 2.3566606953963425]}"


@pytest.mark.parametrize(
    ("ridge", "point", "verdict"),
    [
        ("0.2", SATURATED, Verdict.INCONCLUSIVE),
        ("0.1", SATURATED, Verdict.FAIL),
        ("0.2", "{w: [-1.7, -1.0, 0.2]}", Verdict.PASS),
        ("0.1", "{w: [-1.7, -1.0, 0.2]}", Verdict.FAIL),
    ],
)
def test_a_saturated_loss_accuses_no_right_gradient(tmp_path: Path, ridge: str, point: str, verdict: Verdict) -> None:
    code, points = LOGISTIC.format(ridge=ridge), f"[{point}]"
    assert of_code(tmp_path, code, points, "{w: 3}", "search: off\n").verdict is verdict
