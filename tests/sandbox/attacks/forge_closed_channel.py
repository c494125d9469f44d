"""The channel closed.

expect: policy-violation
tried: forgery
"""

import os, time


def attack(x):
    os.close(3)
    time.sleep(60)
