"""A process that stops itself is killed all the same.

expect: timeout
seconds: 0.5
"""

import os, signal


def attack(x):
    os.kill(os.getpid(), signal.SIGSTOP)
