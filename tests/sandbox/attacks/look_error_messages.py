"""Functions that it was given tell nothing but numbers.

expect: raised
"""


def attack(x):
    raise ValueError(repr(x))
