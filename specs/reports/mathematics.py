"""Special functions, geometry, mechanics and linear algebra whose derivatives were reported wrong."""

import math

import numpy as np
import special


def i0(x):
    return float(special.i0(x))


def i0_gradient(x):
    return float(special.i1(x))


def i0_gradient_at_zero(x):
    return float(special.i1(x)) if x != 0 else 1.0


def spherical_bessel(x):
    return special.spherical_j1(x)


def spherical_bessel_gradient(x):
    return special.spherical_j1(x, derivative=True)


def spherical_bessel_gradient_at_zero(x):
    return special.spherical_j1(x, derivative=True) if x != 0 else 0.0


def product(x):
    return np.prod(x)


def product_gradient(x):
    return np.array([np.prod(np.delete(x, i)) for i in range(len(x))])


def product_gradient_by_division(x):
    return np.prod(x) / x


def sine_times(x, y):
    return math.sin(x) * y


def sine_times_gradient(x, y):
    return math.cos(x) * y, math.sin(x)


def sine_times_gradient_negated(x, y):
    return math.cos(x) * y, -math.sin(x)


def clamped_probability(t):
    s = special.expit(np.clip(t, -20, 20))
    return np.sum(np.log(1 - s + 1e-3))


def clamped_probability_gradient(t):
    s = special.expit(np.clip(t, -20, 20))
    return np.where(np.abs(t) < 20, -s * (1 - s) / (1 - s + 1e-3), 0.0)


def clamped_probability_gradient_unclamped(t):
    s = special.expit(np.clip(t, -20, 20))
    return -s * (1 - s) / (1 - s + 1e-3)


CUTOFF = 2.5


def _lennard_jones_slope(r):
    return 4 * (-12 * r**-13 + 6 * r**-7)


def lennard_jones(r):
    """The potential with a shifted force: value and slope are 0 at the cutoff."""
    if r >= CUTOFF:
        return 0.0
    shift = 4 * (CUTOFF**-12 - CUTOFF**-6) + (r - CUTOFF) * _lennard_jones_slope(CUTOFF)
    return 4 * (r**-12 - r**-6) - shift


def lennard_jones_gradient(r):
    return _lennard_jones_slope(r) - _lennard_jones_slope(CUTOFF) if r < CUTOFF else 0.0


def lennard_jones_gradient_shifted_the_other_way(r):
    return _lennard_jones_slope(r) + _lennard_jones_slope(CUTOFF) if r < CUTOFF else 0.0


MASSES = np.array([1.0, 2.0, 3.0])


def gravity(q):
    q = q.reshape(3, 2)
    pairs = ((0, 1), (0, 2), (1, 2))
    return -sum(MASSES[i] * MASSES[j] / np.sqrt(np.sum((q[i] - q[j]) ** 2) + 0.01) for i, j in pairs)


def _gravity_gradient(q, by_mass):
    q, grad = q.reshape(3, 2), np.zeros((3, 2))
    for i in range(3):
        for j in range(3):
            d = q[i] - q[j]
            grad[i] += (MASSES[i] if by_mass else 1.0) * MASSES[j] * d / (np.sum(d**2) + 0.01) ** 1.5
    return grad.ravel()


def gravity_gradient(q):
    return _gravity_gradient(q, by_mass=True)


def gravity_acceleration(q):
    return _gravity_gradient(q, by_mass=False)


POINT = np.array([0.5, -1.2, 2.0])


def _skew(v):
    return np.array([[0, -v[2], v[1]], [v[2], 0, -v[0]], [-v[1], v[0], 0]])


def rotated(w):
    """POINT turned by the rotation vector w."""
    angle = np.sqrt(w @ w)
    K = _skew(w) / angle
    return POINT + np.sin(angle) * K @ POINT + (1 - np.cos(angle)) * K @ K @ POINT


def _rotated_jacobian(w, side):
    angle = np.sqrt(w @ w)
    A = _skew(w)
    bend, twist = (1 - np.cos(angle)) / angle**2, (angle - np.sin(angle)) / angle**3
    return -_skew(rotated(w)) @ (np.eye(3) + side * bend * A + twist * A @ A)


def rotated_jacobian(w):
    return _rotated_jacobian(w, 1.0)


def rotated_jacobian_from_the_right(w):
    return _rotated_jacobian(w, -1.0)


def residual_of_a_bias(b):
    return np.array([0.1, -0.2, 0.3]) - b


def residual_of_a_bias_jacobian(b):
    return -np.eye(b.size)


def residual_of_a_bias_jacobian_identity(b):
    return np.eye(b.size)


def polar(r, t):
    return [r * math.cos(t), r * math.sin(t)]


def polar_jacobian(r, t):
    return [[math.cos(t), -r * math.sin(t)], [math.sin(t), r * math.cos(t)]]


def polar_jacobian_by_columns(r, t):
    return [[math.cos(t), math.sin(t)], [-r * math.sin(t), r * math.cos(t)]]


def log_determinant(A):
    return np.linalg.slogdet(A)[1]


def log_determinant_gradient(A):
    return np.linalg.inv(A).T


def log_determinant_gradient_transposed(A):
    return np.linalg.inv(A)


DRIFT = np.array([[0.2, -0.5, 1.0], [0.4, 0.1, 0.3], [-0.7, 0.6, 0.8]])


def quadratic_form(x):
    return x @ DRIFT @ x


def quadratic_form_gradient(x):
    return DRIFT @ x + DRIFT.T @ x


def quadratic_form_gradient_of_a_symmetric_matrix(x):
    return 2 * DRIFT @ x


def stiffness(k):
    """uᵀu of a discretised −u″ + k u = 1."""
    K = np.diag(2 + k) - np.eye(5, k=1) - np.eye(5, k=-1)
    u = np.linalg.solve(K, np.ones(5))
    return u @ u


def stiffness_adjoint(k):
    K = np.diag(2 + k) - np.eye(5, k=1) - np.eye(5, k=-1)
    u = np.linalg.solve(K, np.ones(5))
    return -np.linalg.solve(K.T, 2 * u) * u


def stiffness_adjoint_without_sign(k):
    return -stiffness_adjoint(k)


def kepler(M, e):
    E = M
    for _ in range(60):
        step = (E - e * math.sin(E) - M) / (1 - e * math.cos(E))
        E -= step
        if abs(step) < 1e-14:
            break
    return E


def kepler_gradient(M, e):
    E = kepler(M, e)
    return 1 / (1 - e * math.cos(E)), math.sin(E) / (1 - e * math.cos(E))


def kepler_gradient_explicit(M, e):
    E = kepler(M, e)
    return 1.0, math.sin(E)


LAYER = np.random.default_rng(5).normal(size=(4, 3)).astype(np.float32)


def single(x):
    return np.sum(np.tanh(LAYER @ np.asarray(x, dtype=np.float32)))


def single_gradient(x):
    return LAYER.T @ (1 - np.tanh(LAYER @ np.asarray(x, dtype=np.float32)) ** 2)


def single_gradient_without_square(x):
    return LAYER.T @ (1 - np.tanh(LAYER @ np.asarray(x, dtype=np.float32)))


def truncated(x):
    return np.sum(np.array([2, 3, 5]) * x**2) / 2


def truncated_gradient(x):
    return np.array([2, 3, 5]) * x


def truncated_gradient_in_integers(x):
    grad = np.zeros(3, dtype=int)
    grad[:] = np.array([2, 3, 5]) * x
    return grad
