"""A hard link to a file outside.

expect: policy-violation
tried: file
"""

import os


def attack(x):
    try:
        os.link("@SECRET@", "mine")
    except OSError:
        pass
    print(open("mine").read())
