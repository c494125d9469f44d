"""Nor any module.

expect: ok
"""

import sys


def attack(x):
    for name in sorted(sys.modules):
        if "gradverify" in name or "pytest" in name:
            print("found", name)
    import gc

    return x
