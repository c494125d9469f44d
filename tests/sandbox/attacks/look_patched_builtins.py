"""Patched builtins likewise.

expect: ok, raised
"""

import builtins


def attack(x):
    builtins.abs = lambda value: 0
    builtins.max = lambda *values: 0
    return x
