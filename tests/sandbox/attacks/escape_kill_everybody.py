"""Everybody killed, other submissions among them.

expect: policy-violation
tried: process
"""

import os, signal


def attack(x):
    os.kill(-1, signal.SIGKILL)
