"""A program in a file that is only memory.

expect: policy-violation
tried: privilege
"""

import os


def attack(x):
    fd = os.memfd_create("program")
    os.execve(fd, ["program"], {})
