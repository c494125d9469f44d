"""Kinks are found where they are, and nowhere else: a false one would excuse a wrong gradient."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradverify.core.kinks import find_kinks
from tests.core.fakes import problem_of

ONE = np.ones(1)


def slopes(f: str, x: float, typical: float = 1.0) -> tuple[float, float] | None:
    found = find_kinks(problem_of(f, {"x": "0*x"}), np.array([x]), [0], typical * ONE)
    return (found[0].left, found[0].right) if found else None


@pytest.mark.parametrize(
    ("f", "x", "left", "right"),
    [
        ("abs(x)", 0.0, -1, 1),
        ("maximum(x, 0)", 0.0, 0, 1),
        ("maximum(0, 1 - x)", 1.0, -1, 0),
        ("3*abs(x - 2) + x**2", 2.0, 1, 7),
        ("abs(sin(x))*exp(x)", 0.0, -1, 1),
        ("minimum(x, 2*x) + 100", 0.0, 2, 1),
        ("1e-9*abs(x)", 0.0, -1e-9, 1e-9),
        ("abs(x - 1e6)", 1e6, -1, 1),
    ],
)
def test_a_kink_is_found_with_its_slopes(f: str, x: float, left: float, right: float) -> None:
    assert slopes(f, x) == pytest.approx((left, right), rel=1e-5, abs=1e-5 * max(abs(left), abs(right)))


@pytest.mark.parametrize(
    ("f", "x"),
    [
        ("abs(x)", 1.0),
        ("abs(x)", 3e-8),  # near a kink is not at one
        ("maximum(0, 1 - x)", 1 - 1e-6),
        ("x**2", 0.0),
        ("1e6*x**2", 0.0),  # high curvature
        ("sqrt(x**2 + 1e-8)", 0.0),  # a rounded corner
        ("sin(1000*x)", 0.3),
        ("x**3", 0.0),
        ("exp(x)", 2.0),
        ("1e8 + x", 0.5),
        ("cos(x)", 3.141592653589793),
        ("where(x > 0, 1, 0)", 0.0),  # a jump is no kink
        ("sqrt(abs(x))", 0.0),  # a cusp has no slopes
        ("cbrt(x)", 0.0),
        ("0*x", 1.0),
    ],
)
def test_what_is_no_kink_is_not_called_one(f: str, x: float) -> None:
    assert slopes(f, x) is None


@given(st.floats(-3, 3), st.floats(-8, 8), st.floats(0.1, 30), st.floats(-5, 5))
def test_smooth_functions_have_no_kinks(x: float, exponent: float, frequency: float, offset: float) -> None:
    scale = 10.0**exponent
    assert slopes(f"{scale!r}*(sin({frequency!r}*x) + {offset!r}*x**2)", x) is None


@given(st.floats(1e-3, 1e3), st.floats(0.01, 100), st.floats(-5, 5))
def test_a_kink_is_found_wherever_it_is(x: float, strength: float, slope: float) -> None:
    found = slopes(f"{strength!r}*abs(x - {x!r}) + {slope!r}*x", x)
    assert found == pytest.approx((slope - strength, slope + strength), rel=1e-4, abs=1e-4 * strength)


@pytest.mark.parametrize("offset", [0.0, 100.0])
@pytest.mark.parametrize("curvature", [0.5, 3.0])
def test_the_slopes_beside_a_kink_of_a_curved_function_are_known_within_a_small_bound(
    offset: float, curvature: float
) -> None:
    f = f"{offset} + relu(x - 1) + {curvature}*x**2 + sin(x)"
    kink = find_kinks(problem_of(f, {"x": "x"}), np.array([1.0]), [0], np.array([1.0]))[0]
    smooth = 2 * curvature + np.cos(1.0)
    assert max(abs(kink.left - smooth), abs(kink.right - smooth - 1)) <= kink.bound <= 2e-6


def test_the_bound_covers_what_rounding_the_argument_does_where_f_is_small() -> None:
    f = "0.3806924762430092*abs(x + 2.5)*exp(-0.33621322049705094*x) + 1.164447913936147*sin(3.771351046653869*x)"
    kink = find_kinks(problem_of(f, {"x": "x"}), np.array([-2.5]), [0], np.array([1.0]))[0]
    smooth = 1.164447913936147 * 3.771351046653869 * np.cos(-2.5 * 3.771351046653869)
    jump = 0.3806924762430092 * np.exp(2.5 * 0.33621322049705094)
    assert max(abs(kink.left - smooth + jump), abs(kink.right - smooth - jump)) <= kink.bound


def test_the_kinks_of_many_variables_are_the_same_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = problem_of("sum(abs(w)*[1, 2, 3, 4, 5])", {"w": "0*w"}, {"w": (5,)})
    at, everyone = np.array([0.0, 1.0, 0.0, 2.0, 0.0]), list(range(5))
    together = find_kinks(problem, at, everyone, np.ones(5))
    monkeypatch.setattr("gradverify.core.kinks.MOST_NUMBERS", 1)
    assert sorted(together) == [0, 2, 4]
    assert find_kinks(problem, at, everyone, np.ones(5)) == together
