"""The grader killed.

expect: policy-violation
tried: process
"""

import os, signal
def attack(x):
    os.kill(int("@GRADER@"), signal.SIGKILL)
