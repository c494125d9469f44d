"""What is told of a claim holds in all regions that the branches of f and of the claim make."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from gradverify.core.diagnosis import diagnose
from gradverify.core.diagnosis.evidence import gather
from gradverify.core.report import Diagnosis
from gradverify.core.variables import Shape
from gradverify.core.verdicts import Fault
from tests.core.fakes import Parts, check, function_of, problem_of

SCALAR: Mapping[str, Shape] = {"x": ()}
F, TRUTH = "where(x > 1, x**2, 2*x - 1)", {"x": "where(x > 1, 2*x, 2)"}


def of(f: str, truth: str, claim: str, points: list[list[float]]) -> Diagnosis:
    problem = problem_of(f, {"x": claim}, SCALAR)
    verified, ask = check(problem, {"x": truth}, points)
    (found,) = diagnose(verified, ask, Parts(problem))
    return found


@pytest.mark.parametrize(("claim", "right"), [("where(x > 1, 2, 2*x)", True), ("where(x + 0.2 > 1, 2, 2*x)", False)])
def test_a_formula_is_called_right_only_where_it_is_so_between_the_borders_too(claim: str, right: bool) -> None:
    found = of(F, TRUTH["x"], claim, [[2.7], [-1.9]])
    assert ("right with that changed" in found.message) is right


@pytest.mark.parametrize(
    ("claim", "fault"),
    [("where(x > 1, -2*x, -2)", Fault.SIGN), ("where(x > 1, -2*x, 2)", Fault.WRONG_BRANCH)],
)
def test_a_sign_that_is_wrong_where_points_are_listed_is_looked_at_elsewhere(claim: str, fault: Fault) -> None:
    assert of(F, TRUTH["x"], claim, [[2.7]]).fault is fault


@pytest.mark.parametrize("point", [0.3, 0.5, 0.8, 2.0])
def test_an_active_safeguard_hides_no_mistake(point: float) -> None:
    truth = "-where(x > 1e-12, 1, 0)/maximum(x, 1e-12)"
    found = of("-log(maximum(x, 1e-12))", truth, "1/x", [[point]])
    assert (found.fault, found.message) == (Fault.SIGN, "∂f/∂x: the sign is wrong")


def test_evidence_has_points_with_all_signs_of_the_variables() -> None:
    shapes: Mapping[str, Shape] = {"x": (), "y": ()}
    problem = problem_of("x**2*y", {"x": "2*x*y", "y": "x"}, shapes)
    verified, ask = check(problem, {"x": "2*x*y", "y": "x**2"}, [[1.3, 0.7]])
    assert len(np.unique(np.sign(gather(verified, ask).points), axis=0)) == 4


def test_a_border_between_very_many_entries_adds_no_points() -> None:
    shapes: Mapping[str, Shape] = {"w": (40,)}
    problem = problem_of("sum(relu(w))", {"w": "0*w"}, shapes)
    verified, ask = check(problem, {"w": "where(w > 0, 1, 0)"}, [[0.1 * i - 2.05 for i in range(40)]])
    smooth = problem_of("sum(w**2)", {"w": "0*w"}, shapes)
    other, ask_other = check(smooth, {"w": "2*w"}, [[0.1 * i - 2.05 for i in range(40)]])
    assert len(gather(verified, ask).points) == len(gather(other, ask_other).points)


@pytest.mark.parametrize(("condition", "right"), [("-x > -1", False), ("x < 1", True), ("-(0.5*x) > 1", False)])
def test_a_repaired_condition_is_one_of_fs_own(condition: str, right: bool) -> None:
    found = of(F, TRUTH["x"], f"where({condition}, 2*x, 2)", [[2.2], [-1.3]])
    if right:
        assert "right with that changed" in found.message
    for seed in range(40):
        x = np.random.default_rng(seed).uniform(-4.0, 4.0)
        _, _, formula = found.message.partition("right with that changed: ")
        if formula:
            assert function_of(formula, SCALAR).evaluate(np.array([[x]])).values == (2 * x if x > 1 else 2)


def test_a_formula_is_not_shown_for_components_that_have_others() -> None:
    shapes: Mapping[str, Shape] = {"a": (), "b": ()}
    truth = {"a": "exp(a + b) + cos(a)", "b": "exp(a + b) - sin(b)"}
    claim = {"a": "exp(-a + b) + cos(a)", "b": "exp(-a + b) - sin(b)"}
    problem = problem_of("exp(a + b) + sin(a) + cos(b)", claim, shapes)
    verified, ask = check(problem, truth, [[0.3, 0.8], [1.4, -0.6], [-0.9, 0.2]])
    for found in diagnose(verified, ask, Parts(problem)):
        assert len(found.components) == 1 or "right with that changed" not in found.message
