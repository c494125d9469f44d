"""Properties of gradients: right claims keep them, wrong ones do not, and what cannot be decided is not decided."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradverify.core.directions import across, unit
from gradverify.core.report import Check
from gradverify.core.verdicts import Evidence, Verdict
from tests.beyond.support import QUICK, checks, run

ALL = "properties: [directional, steepest-ascent, level-set]\n"
XY = "variables: [x, y]\nfunction: {f}\ngradient: [{g}]\npoints: [{at}]\n"


def properties(f: str, g: str, at: str = "[1, 1]", more: str = "") -> dict[str, Check]:
    return checks(run(XY.format(f=f, g=g, at=at) + more + ALL), "property")


@pytest.mark.parametrize(
    ("f", "g"),
    [
        ("x**2 + 2*y**2", "2*x, 4*y"),
        ("exp(x)*sin(y)", "exp(x)*sin(y), exp(x)*cos(y)"),
        ("1.0e+8*x + 1.0e-8*y", "1.0e+8, 1.0e-8"),
        ("x - y", "1, -1"),
    ],
)
def test_a_right_gradient_keeps_all_properties(f: str, g: str) -> None:
    found = properties(f, g, "[1, 1], [-0.5, 3], [0, 0]")
    assert {check.verdict for check in found.values()} == {Verdict.PASS}
    assert found["directional"].evidence is Evidence.PROJECTED
    assert found["directional"].details["points"] == 3


def test_they_hold_at_a_stationary_point_where_the_gradient_has_no_direction() -> None:
    assert {c.verdict for c in properties("x**2 - y**2", "2*x, -2*y", "[0, 0]").values()} == {Verdict.PASS}


@pytest.mark.parametrize(
    ("g", "name", "words"),
    [
        ("2*x, 2*y", "directional", "going in the direction u = (0.707107, 0.707107), f changes at a rate of 4.24264"),
        ("2*x, 2*y", "directional", "says g·u = 2.82843: the rate in any direction must be the gradient's product"),
        ("2*x, 2*y", "level-set", "a gradient stands at right angles to the level set"),
        ("4*x, 8*y", "steepest-ascent", "but the claim's length is 8.94427: the length of a gradient is the rate"),
        ("-2*x, -4*y", "steepest-ascent", "f falls in the direction of the claimed gradient"),
        ("-2*x, -4*y", "steepest-ascent", "is its sign turned round?"),
        ("0*x, 0*y", "steepest-ascent", "faster than the 0 of the claimed gradient's length"),
    ],
)
def test_a_wrong_gradient_fails_in_words_that_teach(g: str, name: str, words: str) -> None:
    check = properties("x**2 + 2*y**2", g)[name]
    assert check.verdict is Verdict.FAIL
    assert words in (check.reason or "")


@pytest.mark.parametrize("g", ["4*x, 8*y", "-2*x, -4*y"])
def test_level_sets_see_the_direction_only(g: str) -> None:
    found = properties("x**2 + 2*y**2", g)
    assert found["level-set"].verdict is Verdict.PASS
    assert found["directional"].verdict is Verdict.FAIL


def test_partial_derivatives_do_not_make_a_gradient() -> None:
    f = "where(x**2 + y**2 > 0, x**2*y/(x**2 + y**2 + 1.0e-300), 0)"
    text = XY.format(f=f"'{f}'", g="0, 0", at="[0, 0]") + ALL
    # Differences of an f that is 0 along both axes say nothing of slopes as small as its round-off; algebra does.
    check = checks(run(text, settings=replace(QUICK, backends=("sympy", "finite-difference"))), "property")[
        "directional"
    ]
    assert check.verdict is Verdict.FAIL
    assert "every single partial derivative is right, so f has no gradient at this point" in (check.reason or "")


def test_a_kink_at_a_point_leaves_it_out() -> None:
    found = properties("abs(x) + y**2", "sign(x), 2*y", "[0, 1], [1, 2]")
    assert {check.verdict for check in found.values()} == {Verdict.PASS}
    assert found["directional"].details["points"] == 1


def test_kinks_at_all_points_are_inconclusive() -> None:
    found = properties("abs(x) + y**2", "sign(x), 2*y", "[0, 1]")
    assert {check.verdict for check in found.values()} == {Verdict.INCONCLUSIVE}
    assert "f has a kink at every point, and so no gradient" in (found["directional"].reason or "")


def test_a_kink_in_some_direction_only_is_inconclusive() -> None:
    check = properties("sqrt(abs(x*y))", "0, 0", "[0, 0]")["directional"]
    assert check.verdict is Verdict.INCONCLUSIVE
    assert "f has a kink in this direction" in (check.reason or "")


def test_with_one_variable_there_is_no_level_set_to_follow() -> None:
    found = checks(run(f"variables: [x]\nfunction: x**2\ngradient: [2*x]\npoints: [[1]]\n{ALL}"), "property")
    assert found["level-set"].verdict is Verdict.SKIPPED
    assert found["directional"].verdict is found["steepest-ascent"].verdict is Verdict.PASS


def test_points_at_the_edge_of_the_domain_are_looked_at_from_inside() -> None:
    found = properties("x**1.5 + y", "1.5*sqrt(x), 1", "[0, 1]", "domain: {x: [0, inf]}\n")
    assert Verdict.FAIL not in {check.verdict for check in found.values()}


numbers = st.floats(-4, 4).map(lambda v: round(v, 3))


@given(numbers, numbers, numbers, numbers, numbers)
@settings(max_examples=20, deadline=None)
def test_no_right_gradient_fails(a: float, b: float, c: float, x: float, y: float) -> None:
    f = f"({a})*x**2 + ({b})*x*y + sin(({c})*y)"
    g = f"2*({a})*x + ({b})*y, ({b})*x + ({c})*cos(({c})*y)"
    found = properties(f, g, f"[{x}, {y}]")
    assert Verdict.FAIL not in {check.verdict for check in found.values()}


@given(numbers, numbers, st.sampled_from([0, 1]), st.sampled_from([1e-3, -1e-2, 0.5, -2.0]))
@settings(max_examples=20, deadline=None)
def test_no_wrong_component_keeps_the_rates(x: float, y: float, which: int, factor: float) -> None:
    parts = ["2*x + y + 9", "x + 6*y + 50"]
    parts[which] = f"({parts[which]})*(1 + ({factor}))"
    found = properties("x**2 + x*y + 3*y**2 + 9*x + 50*y", ", ".join(parts), f"[{x}, {y}]")
    size = [2 * x + y + 9, x + 6 * y + 50]
    if abs(size[which] * factor) > 1e-4 * np.hypot(size[0], size[1]):
        assert found["directional"].verdict is Verdict.FAIL


@given(st.integers(2, 9), st.integers(0, 999), st.floats(1e-150, 1e150))
def test_what_is_across_is_at_right_angles_whatever_the_length(n: int, seed: int, length: float) -> None:
    rng = np.random.default_rng(seed)
    gradient = length * rng.normal(size=n)
    directions, good = unit(across(rng.normal(size=(4, n)), gradient))
    (along,), _ = unit(gradient[None, :])
    assert good.all()
    assert (np.abs(directions @ along) <= 1e-13).all()
