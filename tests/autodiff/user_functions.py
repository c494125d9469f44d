"""Functions as users write them, with NumPy imported in every usual way. All take one vector unless said otherwise."""

import numpy as np
import numpy.linalg as la
from numpy import exp, log
from numpy.linalg import inv

from tests.autodiff import user_helpers
from tests.autodiff.user_helpers import shared_square

A = np.array([[4.0, 1.0, 0.5], [1.0, 3.0, 0.2], [0.5, 0.2, 2.0]])
Y = np.array([1.0, -1.0, 1.0])


def quadratic_form(x):
    return 0.5 * x @ A @ x - Y @ x


def as_float_array_first(x):
    x = np.asarray(x, dtype=float)
    return np.sum(x**3)


def logistic_loss(w):
    return np.mean(np.log1p(exp(-Y * (A @ w)))) + 0.1 * np.dot(w, w)


def softmax_cross_entropy(z):
    z = z - 0.3
    return log(np.sum(exp(z))) - z[1]


def einsum_energy(x):
    return np.einsum("i,ij,j->", x, A, x) + np.einsum("i,i", x, x)


def solves(x):
    return x @ np.linalg.solve(A + np.outer(x, x), Y)


def inverts(x):
    return np.trace(inv(A + np.diag(x)))


def determinant(x):
    return la.det(A + np.outer(x, x))


def log_determinant(x):
    sign, value = np.linalg.slogdet(A + np.diag(x) ** 2)
    return sign * value


def cholesky_factor(x):
    factor = np.linalg.cholesky(A + np.diag(x**2))
    return 2 * np.sum(np.log(np.diagonal(factor)))


def eigenvalues(x):
    return np.sum(np.linalg.eigh(A + np.diag(x))[0] ** 2)


def rosenbrock_loop(x):
    total = 0.0
    for i in range(len(x) - 1):
        total += 100 * (x[i + 1] - x[i] ** 2) ** 2 + (1 - x[i]) ** 2
    return total


def rosenbrock_slices(x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2.0) ** 2.0 + (1 - x[:-1]) ** 2.0)


def builds_an_array(x):
    return np.sum(np.array([x[0] * x[1], 1.0, x[2] ** 2]) * Y)


def appends_to_a_list(x):
    parts = []
    for value in x:
        parts.append(np.sin(value))  # noqa: PERF401 - as users write it
    return np.sum(np.array(parts) ** 2)


def concatenates(x):
    return np.sum(np.concatenate([x, x[::-1] ** 2, np.ones(2)]) ** 2)


def stacks(x):
    return np.linalg.norm(np.stack([x, 2 * x, x**2])) ** 2


def broadcasts(x):
    return np.sum((x[:, None] - x[None, :]) ** 2 * np.arange(3.0)) + np.sum(x.reshape(3, 1) * A)


def outer_by_ufunc(x):
    return np.sum(np.multiply.outer(x, x) * A) + np.add.reduce(x**2)


def convolves_by_loops(x):
    kernel = [0.25, 0.5]
    out = [sum(kernel[j] * x[i + j] for j in range(2)) for i in range(2)]
    return out[0] * out[1]


def convolves(x):
    return np.sum(np.convolve(x, Y) ** 2) + np.sum(np.convolve(x, [1.0, 2.0], mode="same") ** 3)


def fancy_indexing(x):
    return np.sum(x[[0, 2, 2]] ** 2) + x[np.array([True, False, True])].sum() * x[-1]


def methods(x):
    return (x.sum() * x.mean() + x.copy().dot(x) + x.reshape(-1).prod() + x.T @ x).astype(float)


def changes_in_place(x):
    x = np.array(x)
    x *= 2
    x += 1
    return np.sum(x**2)


def two_layers(x):
    hidden = np.tanh(A @ x)
    return np.sum(1 / (1 + np.exp(-A.T @ hidden)))


def imports_inside(x):
    import numpy as inner  # noqa: ICN001 - as users write it

    return inner.sum(inner.exp(x))


def calls_helpers(x):
    return shared_square(x) + user_helpers.scaled(x) + closure(x)


def make_closure(factor):
    def inner(x):
        return factor * np.sum(np.asarray(x) ** 2)

    return inner


closure = make_closure(3.0)


def default_function(x, activation=np.tanh):
    return np.sum(activation(x))


def recursive(x, depth=3):
    return np.sum(x) if depth == 0 else np.sum(x * recursive(x, depth - 1))


def product_of_entries(x):
    return np.prod(x) + np.cumsum(x)[1] ** 2


def float64_constructor(x):
    return np.float64(x[0]) * x[1] + np.square(x[2])


def variance(x):
    return np.var(x) + np.std(x, ddof=1)


def trapezoid(x):
    return np.trapezoid(x**2, dx=0.5) + np.average(x, weights=[1, 2, 3])


def quadratic_in_a_matrix_norm(x):
    return la.norm(np.outer(x, Y) + A, "fro") ** 2


class Model:
    scale = 2.0

    def __init__(self) -> None:
        self.weights = A

    def loss(self, x):
        return self.scale * np.sum(np.asarray(self.forward(x), dtype=float) ** 2)

    def forward(self, x):
        return np.tanh(np.dot(self.weights, x))

    def __call__(self, x):
        return self.loss(x) + 1

    @staticmethod
    def plain(x):
        return np.sum(np.asarray(x) ** 2)


model = Model()

ANALYTIC = [
    quadratic_form, logistic_loss, softmax_cross_entropy, einsum_energy, solves, inverts, determinant, concatenates,
    rosenbrock_loop, rosenbrock_slices, builds_an_array, appends_to_a_list, broadcasts, outer_by_ufunc,
    convolves_by_loops, convolves, fancy_indexing, changes_in_place, two_layers, imports_inside, calls_helpers,
    closure, default_function, recursive, product_of_entries, trapezoid, Model.plain,
]  # fmt: skip
