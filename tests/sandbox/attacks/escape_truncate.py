"""A file outside emptied.

expect: policy-violation
tried: file
"""

import os


def attack(x):
    os.truncate("@SECRET@", 0)
