from __future__ import annotations

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradverify.expression.special import digamma, erf, erfc, gammaln

POSITIVE = st.floats(1e-100, 1e100) | st.floats(0.01, 30) | st.floats(0.9, 2.1)
NEGATIVE = st.floats(-30, -0.01).filter(lambda x: abs(x - round(x)) > 1e-6)


def apply(function: object, x: float) -> float:
    return float(function(np.array([x]))[0])  # type: ignore[operator]


def exact(function: str, x: float) -> float:
    with mpmath.workdps(50):
        return float(mpmath.re(getattr(mpmath, function)(mpmath.mpf(x))))


@given(POSITIVE)
def test_gammaln_is_accurate_relative_to_its_value_zeros_included(x: float) -> None:
    assert apply(gammaln, x) == pytest.approx(exact("loggamma", x), rel=4e-15, abs=0)


@given(NEGATIVE)
def test_gammaln_of_negative_numbers_is_accurate_in_absolute_terms(x: float) -> None:
    expected = exact("loggamma", x)
    assert apply(gammaln, x) == pytest.approx(expected, rel=0, abs=1e-14 * max(1, abs(expected)))


@given(POSITIVE)
def test_digamma_is_as_accurate_as_it_says(x: float) -> None:
    expected = exact("digamma", x)
    assert apply(digamma, x) == pytest.approx(expected, rel=0, abs=2e-15 * max(1, abs(expected)))


@given(NEGATIVE)
def test_digamma_of_negative_numbers_is_as_accurate_as_it_says(x: float) -> None:
    expected = exact("digamma", x)
    scale = max(1, abs(expected), 1 / abs(x - round(x)))
    assert apply(digamma, x) == pytest.approx(expected, rel=0, abs=2e-15 * scale)


@given(st.floats(-26, 26))
def test_erfc_keeps_its_digits_in_the_tail(x: float) -> None:
    assert apply(erfc, x) == pytest.approx(exact("erfc", x), rel=1e-14, abs=1e-300)


@given(st.floats(-10, 10))
def test_erf_is_accurate(x: float) -> None:
    assert apply(erf, x) == pytest.approx(exact("erf", x), rel=1e-15, abs=1e-300)


@pytest.mark.parametrize(
    ("function", "x", "expected"),
    [
        (gammaln, 0.0, np.inf),
        (gammaln, -3.0, np.inf),
        (gammaln, -np.inf, np.inf),
        (gammaln, 1e306, np.inf),
        (gammaln, np.inf, np.inf),
        (gammaln, 1.0, 0.0),
        (gammaln, 2.0, 0.0),
        (gammaln, np.nan, np.nan),
        (digamma, 0.0, np.nan),
        (digamma, -2.0, np.nan),
        (digamma, np.inf, np.inf),
        (digamma, np.nan, np.nan),
        (erf, np.inf, 1.0),
        (erfc, -np.inf, 2.0),
        (erf, np.nan, np.nan),
    ],
)
def test_poles_and_limits_have_their_values(function: object, x: float, expected: float) -> None:
    assert apply(function, x) == pytest.approx(expected, nan_ok=True)


def test_an_array_keeps_its_shape_and_precision() -> None:
    found = digamma(np.ones((2, 3), dtype=np.float32))
    assert found.shape == (2, 3)
    assert found.dtype == np.float32


def test_an_empty_array_stays_empty() -> None:
    assert gammaln(np.ones((2, 0))).shape == (2, 0)
