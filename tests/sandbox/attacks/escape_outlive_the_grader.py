"""Not to die with the process above.

expect: policy-violation
tried: native
"""

import ctypes


def attack(x):
    ctypes.CDLL(None).prctl(1, 0, 0, 0, 0)
    return x
