"""Another program in its place.

expect: policy-violation
tried: process
"""

import os


def attack(x):
    os.execv("/bin/sh", ["sh", "-c", "touch @OUTSIDE@/planted"])
