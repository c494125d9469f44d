"""erf, erfc, log-gamma and digamma for NumPy arrays, without SciPy.

Element by element in C or Python: about 0.2 µs an element for erf and erfc, 1 µs for gammaln, 2 µs for digamma.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from gradverify.core.arrays import Array

# ζ(k) − 1 for k = 2, 3, …, 23 (Abramowitz & Stegun 1964, table 23.3).
_ZETA_MINUS_1 = (
    0.6449340668482264,
    0.2020569031595943,
    0.08232323371113819,
    0.03692775514336993,
    0.01734306198444914,
    0.008349277381922827,
    0.00407735619794434,
    0.0020083928260822143,
    0.0009945751278180853,
    0.0004941886041194645,
    0.0002460865533080483,
    0.00012271334757848915,
    6.124813505870483e-05,
    3.058823630702049e-05,
    1.528225940865187e-05,
    7.637197637899763e-06,
    3.81729326499984e-06,
    1.908212716553939e-06,
    9.539620338727962e-07,
    4.769329867878064e-07,
    2.38450502727733e-07,
    1.1921992596531106e-07,
)
_1_MINUS_EULER_GAMMA = 0.42278433509846713
_LAST_ZETA = 45
# Coefficients (−1)^k (ζ(k) − 1)/k of log Γ(2 + w) for w^k, k ≥ 2 (Abramowitz & Stegun 6.1.33). Beyond the table six
# terms of ζ(k) − 1 = Σ n^(−k) give all of its digits.
_NEAR_TWO = tuple(
    (-1) ** k * (_ZETA_MINUS_1[k - 2] if k - 2 < len(_ZETA_MINUS_1) else sum(n**-k for n in range(2, 8))) / k
    for k in range(2, _LAST_ZETA + 1)
)
# Where that series is used: the first term left out is below 1e-28 for |w| ≤ 0.5.
_SERIES_RADIUS = 0.5
# B_2k / (2k) of the asymptotic series of digamma (Abramowitz & Stegun 6.3.18).
_DIGAMMA_SERIES = (1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760, 1 / 12)
# From here the first term left out, 0.44/x**16, is below 5e-17.
_DIGAMMA_LARGE = 10.0


def _elementwise(function: Callable[[float], float]) -> Callable[[Array], Array]:
    """`function` over arrays, in the precision of its argument."""
    over_objects = np.frompyfunc(function, 1, 1)

    def apply(x: Array) -> Array:
        with np.errstate(all="ignore"):
            return np.asarray(over_objects(x), dtype=x.dtype if x.dtype == np.float32 else np.float64)

    return apply


def _gammaln(x: float) -> float:
    if x <= 0 and (math.isinf(x) or x == math.floor(x)):
        return math.inf
    if abs(x - 2) <= _SERIES_RADIUS:
        return _gammaln_near_two(x - 2)
    if abs(x - 1) <= _SERIES_RADIUS:
        return _gammaln_near_two(x - 1) - math.log(x)
    try:
        return math.lgamma(x)
    except OverflowError:
        return math.inf


def _gammaln_near_two(w: float) -> float:
    """log Γ(2 + w), to full relative accuracy near its zero, where `math.lgamma` keeps absolute accuracy only."""
    total = 0.0
    for coefficient in reversed(_NEAR_TWO):
        total = (total + coefficient) * w
    return (total + _1_MINUS_EULER_GAMMA) * w


def _digamma(x: float) -> float:
    if not math.isfinite(x):
        return math.inf if x > 0 else math.nan
    if x <= 0:
        if x == math.floor(x):
            return math.nan
        return _digamma(1 - x) - math.pi / math.tan(math.pi * (x - round(x)))
    shift = 0.0
    while x < _DIGAMMA_LARGE:
        shift += 1 / x
        x += 1
    inverse_square = 1 / (x * x)
    series = 0.0
    for coefficient in reversed(_DIGAMMA_SERIES):
        series = (series + coefficient) * inverse_square
    return math.log(x) - 0.5 / x - series - shift


erf = _elementwise(math.erf)
erf.__doc__ = "The error function; relative error about 1e-16 (the C library's)."
erfc = _elementwise(math.erfc)
erfc.__doc__ = "1 − erf, without cancellation; relative error about 1e-15 down to underflow."
gammaln = _elementwise(_gammaln)
gammaln.__doc__ = """log |Γ(x)|; +inf at the poles 0, −1, −2, ….

For x > 0 the relative error is about 2e-15, the zeros at 1 and 2 included. For x < 0 the absolute error is about
1e-14 of max(1, |value|); relative accuracy is lost near zeros there.
"""
digamma = _elementwise(_digamma)
digamma.__doc__ = """The derivative of gammaln; NaN at the poles.

For x > 0 the error is below 2e-15·max(1, |value|): absolute near the zero at 1.4616…. For x < 0 it is that of
the reflection, below 2e-15·max(1, |value|, 1/distance to the nearest pole).
"""
