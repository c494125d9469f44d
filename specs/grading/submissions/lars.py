"""Everything but formulas: an extrapolated difference in one component, dual numbers, a complex step."""

import numpy as np


def difference(g, h):
    return (g(h) - g(-h)) / (2 * h)


def extrapolated(g, h=1e-3):
    return (4 * difference(g, h / 2) - difference(g, h)) / 3


def grad_quadratic(x, y, z):
    def f(x, y, z):
        return x**2 + 3 * x * y - z**2 + 2 * z

    return np.array([2 * x + 3 * y, 3 * x, extrapolated(lambda t: f(x, y, z + t))])


def slope_along(t, p, v):
    x, y = p + t * v
    return 2 * x * y * v[0] + (x**2 + np.cos(y)) * v[1]


class Dual:
    def __init__(self, value, slope=0.0):
        self.value, self.slope = value, slope

    def __add__(self, other):
        return Dual(self.value + other.value, self.slope + other.slope)

    def __mul__(self, other):
        return Dual(self.value * other.value, self.value * other.slope + self.slope * other.value)


def sin(a):
    return Dual(np.sin(a.value), np.cos(a.value) * a.slope)


def exp(a):
    return Dual(np.exp(a.value), np.exp(a.value) * a.slope)


def grad_chain(x, y):
    def f(x, y):
        return exp(Dual(-1.0) * (x * x + y * y)) * sin(x * y)

    return np.array([f(Dual(x, 1.0), Dual(y)).slope, f(Dual(x), Dual(y, 1.0)).slope])


def grad_logistic(w, b, X, s, c):
    def f(w, b):
        return np.mean(np.log1p(np.exp(-s * (X @ w + b)))) + c / 2 * np.sum(w**2)

    h = 1e-20
    dw = np.array([f(w + 1j * h * e, b).imag / h for e in np.eye(3)])
    return dw, f(w, b + 1j * h).imag / h


def backward(W, b, u, d, X, T):
    H = np.tanh(X @ W + b)
    r = 2 * (H @ u + d - T) / len(T)
    dH = np.outer(r, u) * (1 - H**2)
    return X.T @ dH, dH.sum(axis=0), H.T @ r, r.sum()


def gradient_descent(f, grad_f, x0, learning_rate, max_iters, tol):
    x = np.array(x0, dtype=float)
    xs, fs = [x.copy()], [f(x)]
    for _ in range(max_iters):
        g = grad_f(x)
        if np.linalg.norm(g) <= tol:
            break
        x = x - learning_rate * g
        xs.append(x.copy())
        fs.append(f(x))
    return x, np.array(xs), np.array(fs)


def hessian_chain(x, y):
    return np.array([[6 * x * y, 3 * x**2 - 4 * y], [3 * x**2 - 4 * y, -4 * x]])
