"""A billion elements that are one number in memory.

expect: ok
kind: other
"""

import numpy as np


def attack(x):
    return np.broadcast_to(0.0, (10**9,))
