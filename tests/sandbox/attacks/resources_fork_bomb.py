"""A fork bomb gets no second process.

expect: policy-violation
tried: process
seconds: 0.5
"""

import os


def attack(x):
    while True:
        try:
            os.fork()
        except OSError:
            pass
