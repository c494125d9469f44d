"""A file outside made readable.

expect: policy-violation
tried: file
"""

import os


def attack(x):
    os.chmod("@SECRET@", 0o777)
