"""Right in other words: lists, a mapping, a row, a while loop."""

import numpy as np


def grad_quadratic(x, y, z):
    return [[3 * y + 2 * x, x * 3, -2 * (z - 1)]]


def slope_along(t, p, v):
    x, y = p + t * v
    return 2 * x * y * v[0] + (x**2 + np.cos(y)) * v[1]


def grad_chain(x, y):
    e = np.exp(-(x**2) - y**2)
    s, c = np.sin(x * y), np.cos(x * y)
    return np.array([e * (y * c - 2 * x * s), e * (x * c - 2 * y * s)])


def grad_logistic(w, b, X, s, c):
    n = X.shape[0]
    dw, db = c * w, 0.0
    for i in range(n):
        p = 1.0 / (1.0 + np.exp(s[i] * (np.dot(X[i], w) + b)))
        dw = dw - s[i] * p * X[i] / n
        db -= s[i] * p / n
    return {"w": dw, "b": db}


def backward(W, b, u, d, X, T):
    H = np.tanh(X @ W + b)
    r = 2 * (H @ u + d - T) / len(T)
    dH = np.outer(r, u) * (1 - H**2)
    return X.T @ dH, dH.sum(axis=0), H.T @ r, r.sum()


def gradient_descent(f, grad_f, x0, learning_rate, max_iters, tol):
    x, k = list(map(float, x0)), 0
    xs, fs = [list(x)], [float(f(np.array(x)))]
    g = grad_f(np.array(x))
    while np.sqrt(np.sum(np.square(g))) > tol and k < max_iters:
        x = [a - learning_rate * d for a, d in zip(x, g)]
        xs.append(list(x))
        fs.append(float(f(np.array(x))))
        g, k = grad_f(np.array(x)), k + 1
    return x, xs, fs


def hessian_chain(x, y):
    return np.array([[6 * x * y, 3 * x**2 - 4 * y], [3 * x**2 - 4 * y, -4 * x]])
