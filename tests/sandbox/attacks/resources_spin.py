"""A loop without end.

expect: timeout
seconds: 0.5
"""


def attack(x):
    while True:
        pass
