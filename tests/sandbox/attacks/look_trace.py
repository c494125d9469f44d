"""A trace function sees the submission's own process only.

expect: ok
"""

import sys


def attack(x):
    seen = set()
    sys.settrace(lambda frame, event, argument: seen.add(frame.f_code.co_filename))
    sys.setprofile(lambda frame, event, argument: seen.add(frame.f_code.co_filename))
    x = x + 0
    sys.settrace(None)
    sys.setprofile(None)
    print(seen)
    return x
