"""Nor the instructor's solution.

expect: raised
"""


def attack(x):
    import solution
