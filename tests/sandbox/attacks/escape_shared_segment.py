"""A System V segment, which would outlive every process.

expect: policy-violation
tried: ipc
"""

import ctypes


def attack(x):
    ctypes.CDLL(None).shmget(0, 4096, 0o1600)
