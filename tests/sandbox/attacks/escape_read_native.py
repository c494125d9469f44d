"""A file read by the C library, behind Python's back.

expect: policy-violation
tried: native
"""

import ctypes


def attack(x):
    libc = ctypes.CDLL(None)
    fd = libc.open(b"@SECRET@", 0)
    buffer = ctypes.create_string_buffer(1000)
    libc.read(fd, buffer, 1000)
    print(buffer.value)
