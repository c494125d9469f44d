"""The frames above hold nothing of the grader's.

expect: ok
"""

import sys


def attack(x):
    frame = sys._getframe()
    while frame is not None:
        print(frame.f_code.co_name, repr(frame.f_locals)[:2000], sorted(frame.f_globals))
        frame = frame.f_back
    return x
