"""A look at the folders of other students.

expect: policy-violation
tried: file
"""

import os


def attack(x):
    for name in os.listdir(".."):
        print(name)
