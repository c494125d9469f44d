"""A two-layer network 100-50-10 with its backward pass written by hand: 5,560 parameters."""

import numpy as np


def _forward(W1, b1, W2, b2, X):
    H = np.tanh(X @ W1 + b1)
    Z = H @ W2 + b2
    Z = Z - np.max(Z, axis=1, keepdims=True)
    return H, Z - np.log(np.sum(np.exp(Z), axis=1, keepdims=True))


def loss(W1, b1, W2, b2, X, Y):
    _, log_p = _forward(W1, b1, W2, b2, X)
    return -np.sum(Y * log_p) / X.shape[0]


def backward(W1, b1, W2, b2, X, Y):
    H, log_p = _forward(W1, b1, W2, b2, X)
    dZ = (np.exp(log_p) - Y) / X.shape[0]
    dH = dZ @ W2.T * (1.0 - H**2)
    return X.T @ dH, dH.sum(axis=0), H.T @ dZ, dZ.sum(axis=0)


def backward_without_activation(W1, b1, W2, b2, X, Y):
    """Wrong on purpose: the derivative of tanh was left out of the first layer."""
    H, log_p = _forward(W1, b1, W2, b2, X)
    dZ = (np.exp(log_p) - Y) / X.shape[0]
    dH = dZ @ W2.T
    return X.T @ dH, dH.sum(axis=0), H.T @ dZ, dZ.sum(axis=0)


def backward_with_faults(W1, b1, W2, b2, X, Y):
    """Wrong on purpose: W2 is doubled and b1 is four times too large; everything else is right."""
    dW1, db1, dW2, db2 = backward(W1, b1, W2, b2, X, Y)
    return dW1, 4.0 * db1, 2.0 * dW2, db2
