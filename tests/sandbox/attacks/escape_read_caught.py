"""Catching the refusal does not hide the attempt.

expect: policy-violation
tried: file
"""


def attack(x):
    try:
        print(open("@SECRET@").read())
    except OSError:
        pass
    return x
