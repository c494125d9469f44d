"""A mapping of a terabyte.

expect: memory
"""

import mmap


def attack(x):
    mmap.mmap(-1, 1 << 40)
