"""System calls by way of io_uring.

expect: policy-violation
tried: privilege
"""

import ctypes


def attack(x):
    ctypes.CDLL(None).syscall(425, 8, ctypes.create_string_buffer(512))
