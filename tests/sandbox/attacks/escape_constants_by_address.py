"""A constant changed in memory.

expect: policy-violation
tried: native
"""

import ctypes

tolerance = 1e-6


def attack(x):
    ctypes.c_double.from_address(id(tolerance) + 16).value = 1e9
    return x
