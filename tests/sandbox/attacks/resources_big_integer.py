"""A power with a hundred million digits, inside C.

expect: timeout
seconds: 0.5
"""


def attack(x):
    return 7**10**8
