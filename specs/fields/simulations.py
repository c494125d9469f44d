"""Models of engineering, mechanics and finance with hand-written derivatives: right ones, and ones with known slips."""

import math

import numpy as np


def scale(rhs):
    return 1 / abs(rhs) if abs(rhs) >= 2 else 1 / (0.25 * rhs**2 + 1)


def balance(rhs):
    """The residual of a balance, scaled by the size of its right-hand side."""
    return (3 * rhs - rhs**2) * scale(rhs)


def balance_gradient(rhs):
    slope = -math.copysign(1, rhs) / rhs**2 if abs(rhs) >= 2 else -0.5 * rhs / (0.25 * rhs**2 + 1) ** 2
    return (3 - 2 * rhs) * scale(rhs) + (3 * rhs - rhs**2) * slope


def balance_gradient_without_a_sign(rhs):
    slope = math.copysign(1, rhs) / rhs**2 if abs(rhs) >= 2 else -0.5 * rhs / (0.25 * rhs**2 + 1) ** 2
    return (3 - 2 * rhs) * scale(rhs) + (3 * rhs - rhs**2) * slope


STRIKE, YEARS, RATE, YIELD = 120.0, 2.0, 0.03, 0.01


def _d1(spot, volatility):
    drift = (RATE - YIELD + volatility**2 / 2) * YEARS
    return (math.log(spot / STRIKE) + drift) / (volatility * math.sqrt(YEARS))


def delta(spot, volatility):
    """What a European call gains with the price of its share (Black & Scholes)."""
    return math.exp(-YIELD * YEARS) * 0.5 * math.erfc(-_d1(spot, volatility) / math.sqrt(2))


def _density(d1):
    return math.exp(-YIELD * YEARS - d1**2 / 2) / math.sqrt(2 * math.pi)


def delta_gradient(spot, volatility):
    d1 = _d1(spot, volatility)
    d2 = d1 - volatility * math.sqrt(YEARS)
    return _density(d1) / (spot * volatility * math.sqrt(YEARS)), -_density(d1) * d2 / volatility


def delta_gradient_by_another_vanna(spot, volatility):
    d1 = _d1(spot, volatility)
    d2 = d1 - volatility * math.sqrt(YEARS)
    return _density(d1) / (spot * volatility * math.sqrt(YEARS)), math.sqrt(YEARS) * _density(d1) * d2 / volatility


def bouncing(v):
    """Where a ball is after 60 steps of the symplectic Euler method; it is thrown upwards from 0.5."""
    x = 0.5
    for _ in range(60):
        v = v - 0.25
        x = x + 0.025 * v
        if x < 0:
            x, v = -x, -0.9 * v
    return x


def bouncing_gradient(v, bounces=True):
    x, slope, rate = 0.5, 0.0, 1.0
    for _ in range(60):
        v = v - 0.25
        x = x + 0.025 * v
        slope = slope + 0.025 * rate
        if x < 0 and bounces:
            x, v, slope, rate = -x, -0.9 * v, -slope, -0.9 * rate
    return slope


def bouncing_gradient_in_the_air(v):
    return bouncing_gradient(v, bounces=False)


def _cross_lengths(X):
    b1, b2, b3 = X[1] - X[0], X[2] - X[1], X[3] - X[2]
    return b1, b2, b3, np.cross(b1, b2), np.cross(b2, b3), np.linalg.norm(b2)


def torsion(X):
    """The energy of a dihedral angle; it has no value of the angle where atoms lie on a line."""
    b1, _, _, n1, n2, length = _cross_lengths(X)
    return 1 + np.cos(3 * np.arctan2(length * b1 @ n2, n1 @ n2) - 0.4)


def torsion_gradient(X, fold=3):
    b1, b2, b3, n1, n2, length = _cross_lengths(X)
    angle = np.arctan2(length * b1 @ n2, n1 @ n2)
    first, last = -length * n1 / (n1 @ n1), length * n2 / (n2 @ n2)
    s, t = b1 @ b2 / length**2, b3 @ b2 / length**2
    inner = -first - s * first + t * last, -last + s * first - t * last
    return -fold * np.sin(3 * angle - 0.4) * np.array([first, *inner, last])


def torsion_gradient_of_one_fold(X):
    return torsion_gradient(X, fold=1)


TIMES = 45 + 5.0 * np.arange(1, 17)


def meyer(x):
    """The thermistor's resistance at 16 temperatures (Moré, Garbow & Hillstrom 1981, problem 10, without the data)."""
    return x[0] * np.exp(x[1] / (TIMES + x[2]))


def meyer_jacobian(x):
    e = np.exp(x[1] / (TIMES + x[2]))
    return np.column_stack([e, x[0] * e / (TIMES + x[2]), -x[0] * x[1] * e / (TIMES + x[2]) ** 2])


def meyer_jacobian_without_the_square(x):
    e = np.exp(x[1] / (TIMES + x[2]))
    return np.column_stack([e, x[0] * e / (TIMES + x[2]), -x[0] * x[1] * e / (TIMES + x[2])])


BASIS = np.array([[1, 2, 0], [0, 1, 3], [1, 1, 1.0]])
INVERSE = np.linalg.inv(BASIS)


def growth(a, b):
    """The growth rate of a linear system, a term for each control added."""
    return 3 * a + 2 * b + float(np.max(np.linalg.eigvals(BASIS @ np.diag([a, b, -20]) @ INVERSE).real))


def growth_gradient(a, b):
    values, right = np.linalg.eig(BASIS @ np.diag([a, b, -20]) @ INVERSE)
    k = np.argmax(values.real)
    left = np.linalg.inv(right)[k]
    return [3 - i + float((left @ BASIS[:, i] * (INVERSE[i] @ right[:, k])).real) for i in (0, 1)]


def growth_gradient_by_left_vectors(a, b):
    values, right = np.linalg.eig(BASIS @ np.diag([a, b, -20]) @ INVERSE)
    left = np.linalg.inv(right)[np.argmax(values.real)]
    return [3 - i + float((left @ BASIS[:, i] * (INVERSE[i] @ left)).real) for i in (0, 1)]
