"""A recursion without end.

expect: raised
"""


def attack(x):
    return attack(x)
