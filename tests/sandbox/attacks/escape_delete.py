"""A file outside deleted.

expect: policy-violation
tried: file
"""

import os


def attack(x):
    os.remove("@SECRET@")
