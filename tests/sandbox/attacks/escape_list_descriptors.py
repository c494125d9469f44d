"""A listing of the descriptors.

expect: policy-violation
tried: file
"""

import os


def attack(x):
    print(os.listdir("/proc/self/fd"))
