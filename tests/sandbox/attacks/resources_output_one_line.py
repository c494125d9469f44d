"""One line of fifty megabytes.

expect: ok
prints: xxx
"""


def attack(x):
    print("x" * 50_000_000)
    return x
