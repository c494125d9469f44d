"""A file outside moved into the folder.

expect: policy-violation
tried: file
"""

import os


def attack(x):
    os.rename("@SECRET@", "mine")
    print(open("mine").read())
