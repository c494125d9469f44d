"""The process above killed.

expect: policy-violation
tried: process
"""

import os, signal


def attack(x):
    os.kill(os.getppid(), signal.SIGKILL)
