"""A second audit hook cannot silence the first.

expect: policy-violation
tried: file
"""

import sys


def attack(x):
    def silence(event, arguments):
        if event == "open":
            raise RuntimeError("not today")

    try:
        open("@SECRET@")
    except OSError:
        pass
    sys.addaudithook(silence)
    return x
