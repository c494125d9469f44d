"""Never stops."""

import time

import numpy as np


def grad_quadratic(x, y, z):
    return np.array([2 * x + 3 * y, 3 * x, 2 - 2 * z])


def slope_along(t, p, v):
    while True:
        time.sleep(0.1)


def grad_chain(x, y):
    e = np.exp(-(x**2) - y**2)
    s, c = np.sin(x * y), np.cos(x * y)
    return np.array([e * (y * c - 2 * x * s), e * (x * c - 2 * y * s)])


def grad_logistic(w, b, X, s, c):
    m = s * (X @ w + b)
    r = -s / (1 + np.exp(m)) / len(s)
    return X.T @ r + c * w, np.sum(r)


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
