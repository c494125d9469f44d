"""The special functions that the reports' code calls, by NumPy alone: SciPy is no dependency of gradverify."""

import math

import numpy as np

TERMS = 60  # of a power series, for arguments of a few units


def expit(x):
    return 1 / (1 + np.exp(-x))


def logsumexp(a, axis=None, keepdims=False):
    top = np.max(a, axis=axis, keepdims=True)
    total = np.log(np.sum(np.exp(a - top), axis=axis, keepdims=True)) + top
    return total if keepdims else np.squeeze(total, axis=axis)


def softmax(a, axis=None):
    return np.exp(a - logsumexp(a, axis=axis, keepdims=True))


def gammaln(x):
    return math.lgamma(x)


def digamma(x):
    """Abramowitz & Stegun 6.3.5 and 6.3.18."""
    shift = 0.0
    while x < 10:
        shift, x = shift - 1 / x, x + 1
    y = 1 / (x * x)
    series = y * (1 / 12 - y * (1 / 120 - y * (1 / 252 - y * (1 / 240 - y * (1 / 132 - y * 691 / 32760)))))
    return shift + math.log(x) - 0.5 / x - series


def i0(x):
    """Abramowitz & Stegun 9.6.12."""
    return sum((x / 2) ** (2 * k) / math.factorial(k) ** 2 for k in range(TERMS))


def i1(x):
    """Abramowitz & Stegun 9.6.10."""
    return sum((x / 2) ** (2 * k + 1) / (math.factorial(k) * math.factorial(k + 1)) for k in range(TERMS))


def spherical_j1(x, derivative=False):
    """Abramowitz & Stegun 10.1.2 and 10.1.11."""
    if abs(x) < 1:
        powers = range(TERMS // 4)
        terms = [(-0.5) ** k / (math.factorial(k) * math.prod(range(3, 2 * k + 4, 2))) for k in powers]
        if derivative:
            return sum((2 * k + 1) * t * x ** (2 * k) for k, t in zip(powers, terms, strict=True))
        return sum(t * x ** (2 * k + 1) for k, t in zip(powers, terms, strict=True))
    value = math.sin(x) / x**2 - math.cos(x) / x
    return math.sin(x) / x - 2 * value / x if derivative else value
