"""Standard error is cut as well.

expect: ok
prints: eee
"""

import sys


def attack(x):
    sys.stderr.write("e" * 5_000_000)
    return x
