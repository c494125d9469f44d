"""Compiled code of the standard library replaced.

expect: policy-violation
tried: file
"""

import colorsys, importlib.util


def attack(x):
    open(importlib.util.cache_from_source(colorsys.__file__), "wb").write(b"planted")
