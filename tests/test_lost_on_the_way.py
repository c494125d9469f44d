"""Right formulas that have lost their digits far from the listed points, and wrong ones that are wrong there."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradverify.core.verdicts import Verdict
from tests.in_process import result_of

CODE = """
import math

import numpy as np
from scipy import special, stats

Y = np.array([0.4, -1.3, 2.1])
WALK = [0.3, 1.1, 0.8, 2.0]


def student(log_nu):
    return stats.t.logpdf(Y, df=np.exp(log_nu)).sum()


def student_gradient(log_nu):
    nu = np.exp(log_nu)
    weight = (nu + 1) / (nu + Y**2)
    digammas = special.digamma((nu + 1) / 2) - special.digamma(nu / 2)
    return 0.5 * np.sum(digammas - 1 / nu - np.log1p(Y**2 / nu) + weight * Y**2 / nu) * nu


def student_gradient_that_ends(log_nu):
    return student_gradient(log_nu) if log_nu < 5 else -0.02


def filtered(log_q, log_r):
    q, r = math.exp(log_q), math.exp(log_r)
    m, p, total = 0.0, 10.0, 0.0
    for seen in WALK:
        p = p + q
        s = p + r
        v = seen - m
        total -= 0.5 * (math.log(2 * math.pi * s) + v * v / s)
        k = p / s
        m += k * v
        p *= 1 - k
    return total


def filtered_gradient(log_q, log_r, ends=-1e9):
    q, r = math.exp(log_q), math.exp(log_r)
    m, p, dm, dp, gradient = 0.0, 10.0, np.zeros(2), np.zeros(2), np.zeros(2)
    for seen in WALK:
        p, dp = p + q, dp + np.array([q, 0.0])
        s, ds = p + r, dp + np.array([0.0, r if log_r > ends else 1.01 * r])
        v = seen - m
        gradient -= 0.5 * (ds / s - 2 * v * dm / s - v * v * ds / s**2)
        k, dk = p / s, dp / s - p * ds / s**2
        m, dm = m + k * v, dm + dk * v - k * dm
        p, dp = p * (1 - k), dp * (1 - k) - p * dk
    return gradient


def filtered_gradient_that_errs(log_q, log_r):
    return filtered_gradient(log_q, log_r, ends=-4.0)


def distance(u, v):
    return np.arccosh(1 + 2 * np.sum((u - v) ** 2))


def distance_gradient(u, v):
    far = 4 * (u - v) / np.sqrt((1 + 2 * np.sum((u - v) ** 2)) ** 2 - 1)
    return far, -far


def square(u, v):
    return float(np.sum((u - v) ** 2))


def square_gradient(u, v):
    gap = 2 * np.sum((u - v) ** 2) * (u - v) / np.sum((u - v) ** 2)
    return gap, -gap
"""

PAIRS = [
    ("[log_nu]", "[[1], [3]]", "student", "student_gradient", "student_gradient_that_ends"),
    ("[log_q, log_r]", "[[0, 0], [-2, 1]]", "filtered", "filtered_gradient", "filtered_gradient_that_errs"),
]


@pytest.mark.parametrize(("variables", "points", "function", "right", "wrong"), PAIRS)
def test_what_loses_its_digits_on_the_way_to_a_far_point_is_right_and_a_branch_that_is_wrong_there_is_not(
    variables: str, points: str, function: str, right: str, wrong: str, tmp_path: Path
) -> None:
    (tmp_path / "models.py").write_text(CODE)
    for claim, verdict in ((right, Verdict.PASS), (wrong, Verdict.FAIL)):
        text = f"""
variables: {variables}
points: {points}
function: {{python: "models.py:{function}"}}
gradient: {{python: "models.py:{claim}"}}
"""
        assert result_of(text, tmp_path).verdict is verdict, claim


def test_no_value_where_f_has_a_kink_that_short_steps_do_not_show_is_no_fault_and_none_at_a_smooth_point_is_one(
    tmp_path: Path,
) -> None:
    (tmp_path / "models.py").write_text(CODE)
    for function, verdict in (("distance", Verdict.PASS), ("square", Verdict.FAIL)):
        text = f"""
variables: {{u: 2, v: 2}}
points: [[0.1, 0.2, -0.3, 0.5], [0.6, 0.1, 0.6, 0.2]]
function: {{python: "models.py:{function}"}}
gradient: {{python: "models.py:{function}_gradient"}}
"""
        assert result_of(text, tmp_path).verdict is verdict, function
