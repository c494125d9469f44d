"""A shell command.

expect: policy-violation
tried: process
"""

import os


def attack(x):
    os.system("touch @OUTSIDE@/planted")
