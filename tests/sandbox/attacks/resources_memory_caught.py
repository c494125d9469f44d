"""A submission that catches MemoryError and asks again has no end.

expect: timeout
seconds: 0.5
"""

import numpy as np


def attack(x):
    while True:
        try:
            np.empty(10**10)
        except MemoryError:
            pass
