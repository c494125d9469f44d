"""Very many components that an exact backend judges: memory and work stay in proportion to their number."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradverify
from gradverify.core.diagnosis import evidence
from gradverify.core.diagnosis.hypotheses import column
from gradverify.core.problem import Problem
from gradverify.core.search import MOST_COMPONENTS
from gradverify.core.verdicts import Fault, Verdict
from tests.finite_difference.support import Rowwise, problem


def half_square(x: Any) -> Any:
    return (x * x).sum() / 2


def test_a_component_that_is_diagnosed_copies_no_points() -> None:
    about: Problem = problem(Rowwise(lambda p: p.sum(axis=1)), 3)
    points = np.arange(12.0).reshape((4, 3))
    usable = np.ones((4, 3), dtype=bool)
    usable[1, 2] = False
    found = evidence.Evidence(about, points, points, points, points, usable, usable)
    col = column(found, 2)
    assert col.points is points
    assert col.x(0).tolist() == [0.0, 6.0, 9.0]


def test_the_more_components_the_fewer_further_points_explain_a_wrong_claim(monkeypatch: pytest.MonkeyPatch) -> None:
    n = 1_000

    def asked(points: int) -> int:
        """How many points the claim is asked at where the diagnosis may take so many further ones."""
        monkeypatch.setattr(evidence, "MOST_EXTRA_NUMBERS", points * n)
        seen = set()

        def doubled(x: Any) -> Any:
            seen.add(x.tobytes())
            return 2 * x

        report = gradverify.check(half_square, doubled, at=np.linspace(1, 2, n), variables={"x": (n,)}, search=False)
        assert report.result.verdict is Verdict.FAIL
        return len(seen)

    none = asked(0)
    assert [asked(3) - none, asked(1_000) - none] == [3, evidence.EXTRA_POINTS]


def test_what_differences_find_of_a_fault_of_everything_is_called_a_part_of_it() -> None:
    n = 200_000

    def check(factor: float) -> gradverify.Report:
        return gradverify.check(
            half_square, lambda x: factor * x, at=np.linspace(1, 2, n), variables={"x": (n,)},
            backends=["finite-difference"], search=False,
        )  # fmt: skip

    wrong = check(1.001).result
    assert wrong.verdict is Verdict.FAIL
    assert f"at least 8 of {n} components wrong" in str(wrong.reason)
    assert len(wrong.diagnosis) <= 2
    assert check(1.0).result.verdict is Verdict.PASS


def test_very_many_components_are_not_searched_and_the_report_says_so() -> None:
    n = MOST_COMPONENTS + 1
    report = gradverify.check(half_square, lambda x: x, at=np.linspace(1, 2, n), variables={"x": (n,)})
    assert report.result.verdict is Verdict.PASS
    assert "500,001 components are too many" in str(report.result)


@pytest.mark.parametrize("count", [6_000, 30_000])
def test_components_that_are_looked_at_among_very_many_are_not_said_to_be_all(count: int) -> None:
    def claim(w: Any) -> Any:
        g = np.cos(w)
        g[1000:1100] = 0.0
        g[5] *= -1.0
        return g

    at = [np.linspace(0.1, 1.0, count)]
    found = gradverify.check(
        lambda w: np.sin(w).sum(), claim, at=at, backends=["finite-difference"], search=False
    ).result
    zeroed = [d for d in found.diagnosis if d.fault is Fault.ZEROED_COMPONENT]
    assert len(zeroed) == 1  # and not one for each
    assert zeroed[0].message == f"{len(zeroed[0].components)} components of w: the claim is 0"
