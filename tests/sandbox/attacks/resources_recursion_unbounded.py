"""One with Python's own bound lifted.

expect: memory, crashed, raised
memory_mb: 32
"""

import sys


def attack(x):
    sys.setrecursionlimit(10**9)
    return attack(x) + 1
