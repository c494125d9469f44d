"""Aborting leaves no core file.

expect: crashed
"""

import os


def attack(x):
    os.abort()
