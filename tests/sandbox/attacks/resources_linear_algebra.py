"""A decomposition that takes minutes, inside LAPACK.

expect: timeout
seconds: 0.5
"""

import numpy as np


def attack(x):
    matrix = np.random.default_rng(0).normal(size=(1500, 1500))
    while True:
        np.linalg.svd(matrix)
