"""Code that answers with one huge number beyond the listed points: where it is not meant, and where it is after all."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradverify.core.verdicts import Verdict
from tests.in_process import of_code

LEFT_OUT = "not meant for"


def domain_of(text: str | None) -> str:
    return f"domain: {text}\n" if text else ""


PENALTY = """
def f(x):
    if x >= 3:
        return 1e6
    return x * x
def g(x):
    {guard}
    return 2 * x
"""


@pytest.mark.parametrize(
    ("guard", "domain", "verdict", "noted"),
    [
        ("if x >= 3: return 0.0", None, Verdict.PASS, False),
        ("if x >= 3: return 0.0", "{x: [0, 10]}", Verdict.PASS, False),
        ("pass", None, Verdict.PASS, True),  # it may be meant or not: nobody says
        ("pass", "{x: '[0, 3)'}", Verdict.PASS, False),
        ("pass", "{x: [0, 10]}", Verdict.FAIL, False),
        ("if x >= 3: return 1.0", None, Verdict.FAIL, False),
        ("if x >= 3: return float('nan')", None, Verdict.PASS, True),
    ],
)
def test_a_penalty_is_meant_where_the_domain_or_a_branch_of_the_claim_says_so(
    tmp_path: Path, guard: str, domain: str | None, verdict: Verdict, noted: bool
) -> None:
    result = of_code(tmp_path, PENALTY.format(guard=guard), "[1.0, 2.0]", more=domain_of(domain))
    assert result.verdict is verdict
    assert any(LEFT_OUT in note for note in result.notes) is noted
    assert not any("larger one" in note for note in result.notes)


def test_the_counterexample_in_a_declared_domain_says_how_to_leave_such_points_out(tmp_path: Path) -> None:
    found = of_code(tmp_path, PENALTY.format(guard="pass"), "[1.0, 2.0]", more=domain_of("{x: [0, 10]}")).counterexample
    assert found is not None
    assert "answers 1e+06 all around" in found.message
    assert "`domain`" in found.message


def test_what_a_point_in_the_penalty_shows_is_judged(tmp_path: Path) -> None:
    assert of_code(tmp_path, PENALTY.format(guard="pass"), "[1.0, 5.0]").verdict is Verdict.FAIL


@pytest.mark.parametrize(("claim", "verdict"), [("* (x < 9.2)", Verdict.PASS), ("", Verdict.FAIL)])
def test_a_huge_plateau_that_f_rises_to_is_meant(tmp_path: Path, claim: str, verdict: Verdict) -> None:
    code = "def f(x):\n    return np.exp(np.minimum(x, 9.2))\n"
    code += f"def g(x):\n    return np.exp(np.minimum(x, 9.2)) {claim}\n"
    assert of_code(tmp_path, code, "[0.3, 1.0]").verdict is verdict


DENSITY = """
def f(m, s):
    if s <= 0:
        return -1e10
    return -0.5 * ((m - 1) / s) ** 2 - np.log(s)
def g(m, s):
    return [-(m - 1) / s**2, (m - 1) ** 2 / s**3 {sign} 1 / s]
"""
ORDER = """
def f(a, b):
    if a >= b:
        return 1e10
    return np.log(b - a) + a * a
def g(a, b):
    return [-1 / (b - a) + 2 * a, {factor} / (b - a)]
"""
BALL = """
def f(p):
    if np.linalg.norm(p) > 2:
        return 1e9
    return np.sum(p**3)
def g(p):
    return {factor} * p**2
"""


@pytest.mark.parametrize(
    ("right", "wrong", "variables", "points", "domain"),
    [
        (DENSITY.format(sign="-"), DENSITY.format(sign="+"), "[m, s]", "[[0.5, 1.5], [2.0, 0.7]]", None),
        (ORDER.format(factor=1), ORDER.format(factor=2), "[a, b]", "[[0.5, 1.5]]", "{a: [-3, 3], b: [-3, 3]}"),
        (BALL.format(factor=3), BALL.format(factor=2), "{p: 2}", "[[0.5, 0.3]]", "{p: [-2, 2]}"),
    ],
)
def test_invalid_arguments_that_no_box_leaves_out_are_no_counterexamples(
    tmp_path: Path, right: str, wrong: str, variables: str, points: str, domain: str | None
) -> None:
    assert of_code(tmp_path, right, points, variables, domain_of(domain)).verdict is Verdict.PASS
    assert of_code(tmp_path, wrong, points, variables, domain_of(domain)).verdict is Verdict.FAIL


def test_a_fault_elsewhere_is_found_though_most_points_are_not_meant(tmp_path: Path) -> None:
    code = "def f(x):\n    if x > 3: return 1e6\n    return x * x + max(-x - 1, 0)\ndef g(x):\n    return 2 * x\n"
    assert of_code(tmp_path, code, "[1.0, 2.0]").verdict is Verdict.FAIL
