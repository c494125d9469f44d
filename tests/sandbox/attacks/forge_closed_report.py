"""The report on attempts closed, then an attempt.

expect: policy-violation
tried: forgery
"""

import os


def attack(x):
    os.close(4)
    try:
        print(open("@SECRET@").read())
    except OSError:
        pass
    return x
