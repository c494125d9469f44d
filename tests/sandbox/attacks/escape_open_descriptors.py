"""Descriptors that may have been left open.

expect: ok
"""

import os


def attack(x):
    for fd in range(5, 4096):
        try:
            print(os.read(fd, 1000))
        except OSError:
            continue
    return x
