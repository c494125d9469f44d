"""The grader killed by a signal that a descriptor sends.

expect: policy-violation
tried: process
"""

import fcntl, os, signal


def attack(x):
    reading, writing = os.pipe()
    fcntl.fcntl(reading, fcntl.F_SETOWN, int("@GRADER@"))
    fcntl.fcntl(reading, 10, signal.SIGKILL)
    fcntl.fcntl(reading, fcntl.F_SETFL, os.O_ASYNC)
    os.write(writing, b"x")
