"""A module of the user's own, beside the one with the function."""

import numpy as np


def shared_square(x):
    return np.sum(np.asarray(x) ** 2)


def scaled(x):
    return 3 * np.sum(np.exp(x))
