"""An array of ten billion numbers.

expect: memory
"""

import numpy as np


def attack(x):
    return np.empty(10**10)
