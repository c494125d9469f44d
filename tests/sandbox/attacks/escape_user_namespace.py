"""A user namespace, in which it would be root.

expect: policy-violation
tried: process
"""

import ctypes


def attack(x):
    ctypes.CDLL(None).unshare(0x10000000)
