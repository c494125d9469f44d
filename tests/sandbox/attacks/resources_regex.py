"""A regular expression that backtracks for years, inside C.

expect: timeout
seconds: 0.5
"""

import re


def attack(x):
    re.match("(a+)+$", "a" * 64 + "b")
