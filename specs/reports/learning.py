"""Losses and layers whose gradients were reported wrong, rebuilt in plain NumPy: each right gradient with its twin."""

import math

import numpy as np
import special

rng = np.random.default_rng(0)
X = rng.normal(size=(8, 3))
TARGETS = rng.normal(size=8)
CLASSES = np.array([0, 1, 2, 1, 0, 2, 1, 0])
UPSTREAM = np.array([0.3, -1.2, 0.8, 1.5, -0.4, 0.6])


def isrlu(x):
    negative = np.minimum(x, 0.0)
    return UPSTREAM @ (x / np.sqrt(1 + negative**2))


def isrlu_backward(x):
    negative = np.minimum(x, 0.0)
    return UPSTREAM * (1 / np.sqrt(1 + negative**2)) ** 3


def isrlu_backward_without_upstream(x):
    negative = np.minimum(x, 0.0)
    return (1 / np.sqrt(1 + negative**2)) ** 3


def swish(x):
    return float(np.sum(x / (1 + np.exp(-x))))


def swish_gradient(x):
    s = 1 / (1 + np.exp(-x))
    y = x * s
    return y + s * (1 - y)


def swish_gradient_of_the_sigmoid(x):
    s = 1 / (1 + np.exp(-x))
    return x * s + s * (1 - s)


def softplus(t):
    return max(t, 0.0) + math.log1p(math.exp(-abs(t)))


def softplus_gradient(t):
    return 1 / (1 + math.exp(-t)) if t > 0 else math.exp(t) / (1 + math.exp(t))


def softplus_gradient_by_parts(t):
    """The derivatives of max and abs, both taken as 0 at 0."""
    tail = math.exp(-abs(t)) / (1 + math.exp(-abs(t)))
    return float(t > 0) - float(np.sign(t)) * tail


def mish(x):
    return np.sum(x * np.tanh(np.log1p(np.exp(x))))


def _mish_gradient(x, cubic):
    e = np.exp(x)
    omega = 4 * (x + 1) + 4 * e**2 + cubic * e**3 + e * (4 * x + 6)
    return e * omega / (2 * e + e**2 + 2) ** 2


def mish_gradient(x):
    return _mish_gradient(x, 1.0)


def mish_gradient_without_a_term(x):
    return _mish_gradient(x, 0.0)


def leaky_relu(x):
    return np.sum(np.where(x > 0, x, 0.2 * x))


def leaky_relu_gradient(x):
    return np.where(x > 0, 1.0, 0.2)


def leaky_relu_gradient_without_slope(x):
    return np.where(x > 0, 1.0, 0.0)


def squared_difference(x, y):
    return np.sum((x - y) ** 2)


def squared_difference_gradient(x, y):
    return {"x": 2 * (x - y), "y": -2 * (x - y)}


def squared_difference_gradient_of_one_sign(x, y):
    return {"x": 2 * (x - y), "y": 2 * (x - y)}


def rmse(predictions, targets):
    return np.sqrt(np.mean((predictions - targets) ** 2))


def rmse_gradient(predictions, targets):
    return (predictions - targets) / len(targets) / rmse(predictions, targets)


def rmse_gradient_of_the_square(predictions, targets):
    return 2.0 / len(targets) * (predictions - targets)


def fair_loss(predictions, targets, c):
    r = np.abs(predictions - targets)
    return c**2 * np.sum(r / c - np.log1p(r / c))


def fair_loss_gradient(predictions, targets, c):
    r = predictions - targets
    return c * r / (np.abs(r) + c)


def fair_loss_gradient_turned_round(predictions, targets, c):
    r = targets - predictions
    return c * r / (np.abs(r) + c)


def svm_loss(W, reg):
    scores = X @ W
    correct = scores[np.arange(8), CLASSES][:, None]
    margins = np.maximum(0, scores - correct + 1)
    margins[np.arange(8), CLASSES] = 0
    return margins.sum() / 8 + reg * np.sum(W * W)


def _svm_gradient(W, penalty):
    scores = X @ W
    active = (scores - scores[np.arange(8), CLASSES][:, None] + 1 > 0).astype(float)
    active[np.arange(8), CLASSES] = 0
    active[np.arange(8), CLASSES] = -active.sum(axis=1)
    return X.T @ active / 8 + penalty * W


def svm_gradient(W, reg):
    return _svm_gradient(W, 2 * reg)


def svm_gradient_half_penalty(W, reg):
    return _svm_gradient(W, reg)


def network_loss(W1, b1, W2, b2, reg):
    scores = np.tanh(X @ W1 + b1) @ W2 + b2
    log_p = scores - special.logsumexp(scores, axis=1, keepdims=True)
    return -log_p[np.arange(8), CLASSES].mean() + reg * sum(np.sum(p**2) for p in (W1, b1, W2, b2))


def _network_backward(W1, b1, W2, b2, reg):
    hidden = np.tanh(X @ W1 + b1)
    scores = hidden @ W2 + b2
    d_scores = special.softmax(scores, axis=1)
    d_scores[np.arange(8), CLASSES] -= 1
    d_scores /= 8
    d_hidden = (d_scores @ W2.T) * (1 - hidden**2)
    grads = {"W1": X.T @ d_hidden, "b1": d_hidden.sum(axis=0), "W2": hidden.T @ d_scores, "b2": d_scores.sum(axis=0)}
    return {name: grads[name] + 2 * reg * p for name, p in {"W1": W1, "b1": b1, "W2": W2, "b2": b2}.items()}


def network_backward(W1, b1, W2, b2, reg):
    return _network_backward(W1, b1, W2, b2, reg)


def network_backward_without_bias_penalty(W1, b1, W2, b2, reg):
    grads = _network_backward(W1, b1, W2, b2, reg)
    return {**grads, "b1": grads["b1"] - 2 * reg * b1, "b2": grads["b2"] - 2 * reg * b2}


def ridge_by_norm(w, gamma):
    return np.sum((X @ w - TARGETS) ** 2) / 2 + gamma * np.sqrt(w @ w)


def ridge_by_norm_gradient(w, gamma):
    return X.T @ (X @ w - TARGETS) + gamma * w / np.sqrt(w @ w)


def ridge_by_norm_gradient_of_the_square(w, gamma):
    return X.T @ (X @ w - TARGETS) + gamma * w


def lasso(w, lam):
    return np.mean((X @ w - TARGETS) ** 2) / 2 + lam * np.sum(np.abs(w))


def lasso_gradient(w, lam):
    return X.T @ (X @ w - TARGETS) / 8 + lam * np.sign(w)


def lasso_gradient_without_penalty(w, lam):  # noqa: ARG001 - the mistake
    return X.T @ (X @ w - TARGETS) / 8


def batch_norm(x, gamma, beta):
    normal = (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + 1e-5)
    return np.sum((gamma * normal + beta) ** 3)


def _batch_norm_backward(x, gamma, beta, through_mean, through_variance):
    scale = 1 / np.sqrt(x.var(axis=0) + 1e-5)
    normal = (x - x.mean(axis=0)) * scale
    upstream = 3 * (gamma * normal + beta) ** 2
    d = upstream * gamma
    dx = d - through_mean * d.mean(axis=0) - through_variance * normal * (d * normal).mean(axis=0)
    return {"x": dx * scale, "gamma": (upstream * normal).sum(axis=0), "beta": upstream.sum(axis=0)}


def batch_norm_backward(x, gamma, beta):
    return _batch_norm_backward(x, gamma, beta, 1.0, 1.0)


def batch_norm_backward_constant_statistics(x, gamma, beta):
    return _batch_norm_backward(x, gamma, beta, 0.0, 0.0)


def convolution(k):
    return float(np.sum(np.tanh(np.correlate(TARGETS, k, "valid"))))


def convolution_backward(k):
    upstream = 1 - np.tanh(np.correlate(TARGETS, k, "valid")) ** 2
    return np.correlate(TARGETS, upstream, "valid")


def convolution_backward_flipped(k):
    return convolution_backward(k)[::-1]


def attention(Q, K, V):
    return np.sum(special.softmax(Q @ K.T / np.sqrt(2), axis=1) @ V)


def _attention_backward(Q, K, V, scale):
    A = special.softmax(Q @ K.T / np.sqrt(2), axis=1)
    dA = np.ones((Q.shape[0], V.shape[1])) @ V.T
    dS = A * (dA - (A * dA).sum(axis=1, keepdims=True)) * scale
    return dS @ K, dS.T @ Q, A.T @ np.ones((Q.shape[0], V.shape[1]))


def attention_backward(Q, K, V):
    return _attention_backward(Q, K, V, 1 / np.sqrt(2))


def attention_backward_unscaled(Q, K, V):
    return _attention_backward(Q, K, V, 1.0)


ROWS = np.array([0, 2, 2, 1, 0])


def embedding(E):
    return np.sum(np.sum(E[ROWS] * np.arange(10.0).reshape(5, 2), axis=1) ** 2) / 2


def _embedding_parts(E):
    weights = np.arange(10.0).reshape(5, 2)
    return np.sum(E[ROWS] * weights, axis=1, keepdims=True) * weights


def embedding_backward(E):
    grad = np.zeros_like(E)
    np.add.at(grad, ROWS, _embedding_parts(E))
    return grad


def embedding_backward_last_row_wins(E):
    grad = np.zeros_like(E)
    grad[ROWS] += _embedding_parts(E)
    return grad


def factorisation(U, V, R, mask):
    return np.sum((mask * (R - U @ V.T)) ** 2) + 0.1 * (np.sum(U**2) + np.sum(V**2))


def factorisation_gradient(U, V, R, mask):
    E = mask * (R - U @ V.T)
    return -2 * E @ V + 0.2 * U, -2 * E.T @ U + 0.2 * V


def factorisation_gradient_after_a_step(U, V, R, mask):
    """V's part is taken at the U that its own step has already moved."""
    dU, _ = factorisation_gradient(U, V, R, mask)
    return dU, factorisation_gradient(U - 0.01 * dU, V, R, mask)[1]


class Network:
    """A network with a flat parameter vector, which keeps what its last forward pass computed."""

    def __init__(self):
        self.cache = {}

    def forward(self, theta):
        W, b, v = theta[:9].reshape(3, 3), theta[9:12], theta[12:15]
        hidden = np.tanh(X @ W + b)
        self.cache = {"hidden": hidden, "v": v, "residual": hidden @ v - TARGETS}
        return 0.5 * float((self.cache["residual"] ** 2).mean())

    def backward(self, theta):
        self.forward(theta)
        return self.backward_from_cache(theta)

    def backward_from_cache(self, theta):  # noqa: ARG002 - the mistake: what is kept may be of other parameters
        hidden, v, residual = self.cache["hidden"], self.cache["v"], self.cache["residual"] / 8
        d = np.outer(residual, v) * (1 - hidden**2)
        return np.concatenate([(X.T @ d).ravel(), d.sum(axis=0), hidden.T @ residual])

    def backward_transposed(self, theta):
        grad = self.backward(theta)
        grad[:9] = grad[:9].reshape(3, 3).T.ravel()
        return grad


network, stale = Network(), Network()
stale.forward(np.linspace(-1, 1, 15))
