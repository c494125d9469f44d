"""Negative log-likelihoods with hand-written gradients."""

import numpy as np


def poisson(w, X, y):
    eta = X @ w
    return np.sum(np.exp(eta) - y * eta)


def poisson_gradient(w, X, y):
    return X.T @ (np.exp(X @ w) - y)


def poisson_gradient_link(w, X, y):
    """Wrong on purpose: the inverse link was forgotten."""
    return X.T @ (X @ w - y)


def _kernel(log_length, log_variance, log_noise, t):
    d2 = (t[:, None] - t[None, :]) ** 2
    S = np.exp(log_variance) * np.exp(-0.5 * d2 / np.exp(2 * log_length))
    return S, S + np.exp(log_noise) * np.eye(len(t)), d2


def gaussian_process(log_length, log_variance, log_noise, t, y):
    """Negative log marginal likelihood of a Gaussian process (Rasmussen & Williams 2006, eq. 5.8)."""
    _, K, _ = _kernel(log_length, log_variance, log_noise, t)
    logdet = np.linalg.slogdet(K)[1]
    return 0.5 * y @ np.linalg.solve(K, y) + 0.5 * logdet + 0.5 * len(t) * np.log(2 * np.pi)


def gaussian_process_gradient(log_length, log_variance, log_noise, t, y):
    """By the logarithms of the parameters (Rasmussen & Williams 2006, eq. 5.9)."""
    S, K, d2 = _kernel(log_length, log_variance, log_noise, t)
    Kinv = np.linalg.inv(K)
    alpha = Kinv @ y
    inner = np.outer(alpha, alpha) - Kinv
    by = (S * d2 / np.exp(2 * log_length), S, np.exp(log_noise) * np.eye(len(t)))
    return [-0.5 * np.sum(inner * D) for D in by]


def gaussian_process_gradient_natural(log_length, log_variance, log_noise, t, y):
    """Wrong on purpose: the last entry is the derivative by the noise, not by its logarithm."""
    g = gaussian_process_gradient(log_length, log_variance, log_noise, t, y)
    g[2] = g[2] / np.exp(log_noise)
    return g


def gaussian(mu, log_sigma, y):
    z = (y - mu) / np.exp(log_sigma)
    return np.sum(0.5 * z**2) + len(y) * log_sigma


def gaussian_gradient(mu, log_sigma, y):
    z = (y - mu) / np.exp(log_sigma)
    return -np.sum(z) / np.exp(log_sigma), len(y) - np.sum(z**2)
