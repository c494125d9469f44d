"""A file read by NumPy.

expect: policy-violation
tried: file
"""

import numpy as np


def attack(x):
    return np.fromfile("@SECRET@", dtype=np.uint8)
