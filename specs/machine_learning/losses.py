"""Losses with hand-written gradients, as one finds them in training code."""

import numpy as np


def linear_regression(w, b, X, y):
    r = X @ w + b - y
    return 0.5 * np.mean(r**2)


def linear_regression_gradient(w, b, X, y):
    r = X @ w + b - y
    return X.T @ r / len(y), np.mean(r)


def linear_regression_sum_gradient(w, b, X, y):
    """Wrong on purpose: the sum where the mean belongs."""
    r = X @ w + b - y
    return X.T @ r, np.sum(r)


def logistic(w, b, X, y):
    z = X @ w + b
    return np.mean(np.logaddexp(0.0, z) - y * z)


def logistic_gradient(w, b, X, y):
    z = X @ w + b
    p = 1.0 / (1.0 + np.exp(-z))
    return X.T @ (p - y) / len(y), np.mean(p - y)


def logistic_and_gradient(w, b, X, y):
    return logistic(w, b, X, y), logistic_gradient(w, b, X, y)


def logistic_gradient_labels(w, b, X, y):
    """Wrong on purpose: the labels are subtracted with the wrong sign in the weights' part."""
    z = X @ w + b
    p = 1.0 / (1.0 + np.exp(-z))
    return -(X.T @ (p - y)) / len(y), np.mean(p - y)


def softmax_cross_entropy(W, X, Y):
    Z = X @ W
    Z = Z - np.max(Z, axis=1, keepdims=True)
    log_p = Z - np.log(np.sum(np.exp(Z), axis=1, keepdims=True))
    return -np.sum(Y * log_p) / X.shape[0]


def softmax_cross_entropy_gradient(W, X, Y):
    Z = X @ W
    P = np.exp(Z - Z.max(axis=1, keepdims=True))
    P /= P.sum(axis=1, keepdims=True)
    return X.T @ (P - Y) / X.shape[0]


def softmax_cross_entropy_gradient_doubled(W, X, Y):
    """Wrong on purpose: the factor of a squared loss was carried over."""
    return 2.0 * softmax_cross_entropy_gradient(W, X, Y)


def huber(w, X, y, delta):
    r = X @ w - y
    small = np.abs(r) <= delta
    return np.mean(np.where(small, 0.5 * r**2, delta * (np.abs(r) - 0.5 * delta)))


def huber_gradient(w, X, y, delta):
    r = X @ w - y
    return X.T @ np.clip(r, -delta, delta) / len(y)


def huber_gradient_unclipped(w, X, y, delta):  # noqa: ARG001 - the mistake: delta is ignored
    """Wrong on purpose: right only while every residual is small."""
    r = X @ w - y
    return X.T @ r / len(y)


def hinge(w, X, s):
    return np.mean(np.maximum(0.0, 1.0 - s * (X @ w)))


def hinge_gradient(w, X, s):
    active = (s * (X @ w) < 1.0).astype(float)
    return -X.T @ (active * s) / len(s)


def contrastive(u, v):
    """Cosine similarity of two vectors."""
    return u @ v / (np.sqrt(u @ u) * np.sqrt(v @ v))


def contrastive_gradient(u, v):
    nu, nv = np.sqrt(u @ u), np.sqrt(v @ v)
    c = u @ v / (nu * nv)
    return v / (nu * nv) - c * u / nu**2, u / (nu * nv) - c * v / nv**2
