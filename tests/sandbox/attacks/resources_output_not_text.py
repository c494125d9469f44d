r"""Bytes that are no text.

expect: ok
prints: \xff
"""

import os


def attack(x):
    os.write(1, b"\x00\xff\xfe\x80")
    return x
