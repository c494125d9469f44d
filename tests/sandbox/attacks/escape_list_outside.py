"""A listing of what is outside.

expect: policy-violation
tried: file
"""

import os


def attack(x):
    print(os.listdir("@OUTSIDE@"))
