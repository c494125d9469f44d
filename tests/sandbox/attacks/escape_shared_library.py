"""A library that it brought along.

expect: policy-violation
tried: native
"""

import ctypes


def attack(x):
    open("evil.so", "wb").write(b"\x7fELF")
    ctypes.CDLL("./evil.so")
