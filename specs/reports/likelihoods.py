"""Densities and likelihoods whose gradients were reported wrong, rebuilt in plain NumPy and SciPy."""

import math

import numpy as np
import special

rng = np.random.default_rng(1)
PLACES = rng.normal(size=(8, 3))
VALUES = rng.normal(size=8)
SQUARES = ((PLACES[:, None] - PLACES[None]) ** 2).sum(axis=-1)


def log_marginal_likelihood(length, noise):
    K = np.exp(-0.5 * SQUARES / length**2) + noise * np.eye(8)
    L = np.linalg.cholesky(K)
    a = np.linalg.solve(L.T, np.linalg.solve(L, VALUES))
    return -0.5 * VALUES @ a - np.log(np.diag(L)).sum() - 4 * np.log(2 * np.pi)


def log_marginal_likelihood_gradient(length, noise):
    kernel = np.exp(-0.5 * SQUARES / length**2)
    inverse = np.linalg.inv(kernel + noise * np.eye(8))
    a = inverse @ VALUES
    inner = np.outer(a, a) - inverse
    return 0.5 * np.trace(inner @ (kernel * SQUARES / length**3)), 0.5 * np.trace(inner)


def log_marginal_likelihood_gradient_by_logs(length, noise):
    by_length, by_noise = log_marginal_likelihood_gradient(length, noise)
    return by_length * length, by_noise * noise


def rational_quadratic(length, alpha, variance):
    return variance * np.sum((1 + SQUARES / (2 * alpha * length**2)) ** -alpha * np.outer(VALUES, VALUES))


def _rational_quadratic_gradient(length, alpha, variance, power):
    base = 1 + SQUARES / (2 * alpha * length**2)
    weights = np.outer(VALUES, VALUES)
    by_length = variance * np.sum(weights * base ** (-alpha - power) * SQUARES / length**3)
    by_alpha = variance * np.sum(weights * base**-alpha * ((base - 1) / base - np.log(base)))
    return by_length, by_alpha, np.sum(weights * base**-alpha)


def rational_quadratic_gradient(length, alpha, variance):
    return _rational_quadratic_gradient(length, alpha, variance, 1)


def rational_quadratic_gradient_of_a_wrong_power(length, alpha, variance):
    return _rational_quadratic_gradient(length, alpha, variance, 0)


SIGNS = np.array([1, -1, 1, 1, -1])
CUTOFF = 20.0


def bernoulli_logit(theta):
    n = SIGNS * theta
    tail = np.exp(-n)
    return np.sum(np.where(n > CUTOFF, -tail, np.where(n < -CUTOFF, n, -np.log1p(tail))))


def bernoulli_logit_gradient(theta):
    n = SIGNS * theta
    tail = np.exp(-n)
    return np.where(n > CUTOFF, SIGNS * tail, np.where(n < -CUTOFF, SIGNS, SIGNS * tail / (tail + 1)))


def bernoulli_logit_gradient_beyond_the_cutoff(theta):
    n = SIGNS * theta
    tail = np.exp(-n)
    return np.where(n > CUTOFF, -tail, np.where(n < -CUTOFF, SIGNS, SIGNS * tail / (tail + 1)))


def negative_binomial(alpha, beta):
    density = special.gammaln(3 + alpha) - special.gammaln(alpha) - math.lgamma(4)
    return density + alpha * np.log(beta / (1 + beta)) - 3 * np.log1p(beta)


def negative_binomial_gradient(alpha, beta):
    by_alpha = special.digamma(3 + alpha) - special.digamma(alpha) + np.log(beta / (1 + beta))
    return by_alpha, alpha / beta - alpha / (1 + beta) - 3 / (1 + beta)


def negative_binomial_gradient_as_poisson(alpha, beta):
    """Beyond a threshold the derivatives of the Poisson limit, which are not the limit of the derivatives."""
    if alpha > 50:
        return 3 / alpha - 1 / beta, alpha / beta**2 - 3 / beta
    return negative_binomial_gradient(alpha, beta)


def log_sum_exp(x):
    largest = np.max(x)
    return largest + np.log(np.sum(np.exp(x - largest)))


def log_sum_exp_gradient(x):
    return np.exp(x - log_sum_exp(x))


def log_sum_exp_gradient_shifted_once(x):
    return np.exp(x - np.log(np.sum(np.exp(x - np.max(x)))))


OUTCOMES = ((1, 0.5), (2, 1.2), (3, 2.0), (2, -0.3), (1, 0.1))


def ordered_logistic(b, c1, c2):
    cuts = (-math.inf, c1, c2, math.inf)
    return sum(math.log(special.expit(cuts[y] - b * x) - special.expit(cuts[y - 1] - b * x)) for y, x in OUTCOMES)


def _ordered_logistic_gradient(b, c1, c2, accumulate):
    cuts, by_b, by_cut = (-math.inf, c1, c2, math.inf), 0.0, [0.0] * 4
    for y, x in OUTCOMES:
        upper, lower = special.expit(cuts[y] - b * x), special.expit(cuts[y - 1] - b * x)
        d_upper, d_lower = upper * (1 - upper) / (upper - lower), -lower * (1 - lower) / (upper - lower)
        by_b -= x * (d_upper + d_lower)
        by_cut[y] = accumulate * by_cut[y] + d_upper
        by_cut[y - 1] = accumulate * by_cut[y - 1] + d_lower
    return [by_b, by_cut[1], by_cut[2]]


def ordered_logistic_gradient(b, c1, c2):
    return _ordered_logistic_gradient(b, c1, c2, 1)


def ordered_logistic_gradient_overwritten(b, c1, c2):
    return _ordered_logistic_gradient(b, c1, c2, 0)


def weibull(beta, alpha, gamma):
    x = 2.5 - gamma
    return alpha / beta * (x / beta) ** (alpha - 1) * math.exp(-((x / beta) ** alpha))


def weibull_gradient(beta, alpha, gamma):
    x = 2.5 - gamma
    power = (x / beta) ** alpha
    factor = power / x * math.exp(-power)
    by_beta = factor * (power - 1) * alpha**2 / beta
    return by_beta, factor * (1 + (1 - power) * math.log(power)), factor * (1 - alpha + alpha * power) / x * alpha


def weibull_gradient_in_another_order(beta, alpha, gamma):
    by_beta, by_alpha, by_gamma = weibull_gradient(beta, alpha, gamma)
    return by_alpha, by_beta, by_gamma


DRAWS = rng.normal(size=(6, 2))


def normal_covariance(S):
    S = (S + S.T) / 2
    return -0.5 * np.einsum("ni,ij,nj->", DRAWS, np.linalg.inv(S), DRAWS) - 3 * np.linalg.slogdet(S)[1]


def normal_covariance_gradient(S):
    inverse = np.linalg.inv((S + S.T) / 2)
    return 0.5 * inverse @ DRAWS.T @ DRAWS @ inverse - 3 * inverse


def normal_covariance_gradient_of_the_negative(S):
    return -normal_covariance_gradient(S)


TIMES = np.array([1, 2, 2, 3, 4, 4, 4, 5])
EVENTS = np.array([1, 1, 1, 0, 1, 1, 0, 1])
COVARIATES = PLACES[:, :2]


def cox(b):
    """Negative log partial likelihood with Efron's treatment of ties."""
    risk, total = np.exp(COVARIATES @ b), 0.0
    for t in np.unique(TIMES[EVENTS == 1]):
        dead = (t == TIMES) & (EVENTS == 1)
        shares = np.arange(dead.sum()) / dead.sum()
        total += np.sum(np.log(risk[t <= TIMES].sum() - shares * risk[dead].sum())) - (COVARIATES[dead] @ b).sum()
    return total


def _cox_gradient(b, ties):
    risk, grad = np.exp(COVARIATES @ b), np.zeros(2)
    for t in np.unique(TIMES[EVENTS == 1]):
        dead, alive = (t == TIMES) & (EVENTS == 1), t <= TIMES
        for share in ties * np.arange(dead.sum()) / dead.sum():
            weighted = risk[alive] @ COVARIATES[alive] - share * (risk[dead] @ COVARIATES[dead])
            grad += weighted / (risk[alive].sum() - share * risk[dead].sum())
        grad -= COVARIATES[dead].sum(axis=0)
    return grad


def cox_gradient(b):
    return _cox_gradient(b, 1)


def cox_gradient_of_breslow(b):
    return _cox_gradient(b, 0)


def logistic_of_theta(theta):
    return special.expit(theta) ** 3


def logistic_of_theta_gradient(theta):
    mu = special.expit(theta)
    return 3 * mu**2 * mu * (1 - mu)


def logistic_of_theta_gradient_alone(theta):
    return 3 * special.expit(theta) ** 2


def focal(p):
    return np.sum(-0.5 * (1 - p) ** 2 * np.log(p))


def focal_gradient(p):
    return (1 - p) * np.log(p) - 0.5 * (1 - p) ** 2 / p


def focal_gradient_by_logits(p):
    return focal_gradient(p) * p * (1 - p)


def gamma_log_density(shape, scale):
    x = np.array([1.0, 2.5, 0.7])
    return np.sum((shape - 1) * np.log(x) - x / scale - special.gammaln(shape) - shape * np.log(scale))


def gamma_log_density_gradient(shape, scale):
    x = np.array([1.0, 2.5, 0.7])
    return np.sum(np.log(x / scale) - special.digamma(shape)), np.sum(x / scale**2 - shape / scale)


def gamma_log_density_gradient_by_rate(shape, scale):
    x = np.array([1.0, 2.5, 0.7])
    return np.sum(np.log(x / scale) - special.digamma(shape)), np.sum(shape * scale - x)
