"""A file outside emptied by opening it for reading.

expect: policy-violation
tried: file
"""

import os


def attack(x):
    os.open("@SECRET@", os.O_RDONLY | os.O_TRUNC)
