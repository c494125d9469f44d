"""Neither does one that first leaves its session.

expect: policy-violation
tried: process
"""

import os


def attack(x):
    for start in (os.setsid, os.fork, os.fork):
        try:
            start()
        except OSError:
            pass
    return x
