"""A grandchild that outlives the grader.

expect: policy-violation
tried: process
"""

import os, time


def attack(x):
    try:
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                time.sleep(600)
            os._exit(0)
    except OSError:
        pass
    return x
