"""A symbolic link to a file outside.

expect: policy-violation
tried: file
"""

import os


def attack(x):
    try:
        os.symlink("@SECRET@", "mine")
    except OSError:
        pass
    print(open("mine").read())
