"""Central differences in place of formulas."""

import numpy as np


def grad_quadratic(x, y, z):
    def f(x, y, z):
        return x**2 + 3 * x * y - z**2 + 2 * z

    h = 1e-5
    return np.array([
        (f(x + h, y, z) - f(x - h, y, z)) / (2 * h),
        (f(x, y + h, z) - f(x, y - h, z)) / (2 * h),
        (f(x, y, z + h) - f(x, y, z - h)) / (2 * h),
    ])


def slope_along(t, p, v):
    x, y = p + t * v
    return 2 * x * y * v[0] + (x**2 + np.cos(y)) * v[1]


def grad_chain(x, y):
    e = np.exp(-(x**2) - y**2)
    s, c = np.sin(x * y), np.cos(x * y)
    return np.array([e * (y * c - 2 * x * s), e * (x * c - 2 * y * s)])


def grad_logistic(w, b, X, s, c):
    def f(w, b):
        return np.mean(np.log1p(np.exp(-s * (X @ w + b)))) + c / 2 * np.sum(w**2)

    h = 1e-6
    dw = np.array([(f(w + h * e, b) - f(w - h * e, b)) / (2 * h) for e in np.eye(3)])
    return dw, (f(w, b + h) - f(w, b - h)) / (2 * h)


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
