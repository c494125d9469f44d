"""A patched NumPy is patched for itself alone.

expect: ok
"""

import numpy as np


def attack(x):
    np.allclose = np.isclose = lambda *a, **k: True
    np.linalg.norm = lambda *a, **k: 0.0
    return x
