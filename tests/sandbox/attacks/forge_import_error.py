"""A submission that says of itself that it is right.

expect: raised
"""


class Passed(AssertionError):
    passed = True
    score = 100


def attack(x):
    raise Passed("all tests passed")
