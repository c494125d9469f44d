"""A claim in code that differentiates numerically is told so, whether it is near enough or not; a formula never is."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradverify.core.report import SpecResult
from gradverify.core.verdicts import Fault, Verdict
from tests.in_process import result_of

MODULE = """
import numpy as np


def f(x):
    return np.sum(x**4) + np.sin(x[0] * x[1])


def by_difference(x, scheme, step):
    found = np.empty_like(x)
    for j in range(x.size):
        h = step(x[j]) if callable(step) else step
        e = np.zeros_like(x)
        e[j] = h
        if scheme == "central":
            found[j] = (f(x + e) - f(x - e)) / (2 * h)
        else:
            found[j] = (f(x + e) - f(x)) / h
    return found


def central(x):
    return by_difference(x, "central", 1e-5)


def relative(x):
    return by_difference(x, "central", lambda t: 1e-6 * max(1.0, abs(t)))


def forward(x):
    return by_difference(x, "forward", 1e-6)


def coarse(x):
    return by_difference(x, "central", 1e-2)


def formula(x):
    return 4 * x**3 + np.cos(x[0] * x[1]) * x[::-1]


def rough_formula(x):  # with some digits less than it might have
    return (4 * x**3 + np.cos(x[0] * x[1]) * x[::-1] + 1e5) - 1e5


def rounded(x):
    return np.round(formula(x), 9)


def one_component(x):
    found = formula(x)
    found[1] = central(x)[1]
    return found
"""


def judged(folder: Path, claim: str, points: str = "[[1.0, 2.0], [-0.5, 0.7]]") -> SpecResult:
    (folder / "module.py").write_text(MODULE)
    return result_of(
        f'variables: {{x: 2}}\nfunction: {{python: "module.py:f"}}\ngradient: {{python: "module.py:{claim}"}}\n'
        f"points: {points}\nsearch: off\n",
        folder,
    )


@pytest.mark.parametrize(
    ("claim", "named"),
    [
        ("central", "a central difference of f with step 1e-05"),
        ("relative", "a central difference of f with step 1e-06 times max(1, |x|)"),
        ("one_component", "a central difference of f with step 1e-05"),
    ],
)
@pytest.mark.parametrize("points", ["[[1.5, 2.0], [-0.5, 0.7]]", "[[1.5, 2.0]]"])
def test_a_claim_that_is_right_because_it_differentiates_numerically_passes_with_a_note(
    tmp_path: Path, claim: str, named: str, points: str
) -> None:
    result = judged(tmp_path, claim, points)
    assert result.verdict is Verdict.PASS
    assert [note for note in result.notes if note.startswith(f"the claim equals {named}: ")], result.notes


@pytest.mark.parametrize("claim", ["formula", "rough_formula", "rounded"])
def test_a_formula_passes_without_that_note_however_many_digits_it_loses(tmp_path: Path, claim: str) -> None:
    result = judged(tmp_path, claim)
    assert result.verdict is Verdict.PASS
    assert not [note for note in result.notes if "numerical" in note]


@pytest.mark.parametrize(("claim", "named"), [("forward", "forward"), ("coarse", "central")])
def test_a_difference_that_is_not_near_enough_fails_as_what_it_is(tmp_path: Path, claim: str, named: str) -> None:
    result = judged(tmp_path, claim)
    assert result.verdict is Verdict.FAIL
    assert [one.fault for one in result.diagnosis] == [Fault.NUMERICAL_DERIVATIVE]
    assert f"a {named} difference" in result.diagnosis[0].message
