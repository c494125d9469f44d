"""A file mapped by NumPy.

expect: policy-violation
tried: file
"""

import numpy as np


def attack(x):
    return np.memmap("@SECRET@", dtype=np.uint8, mode="r")
