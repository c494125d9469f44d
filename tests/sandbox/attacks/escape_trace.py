"""A debugger on the process above.

expect: policy-violation
tried: process
"""

import ctypes, os


def attack(x):
    ctypes.CDLL(None).ptrace(16, os.getppid(), 0, 0)
