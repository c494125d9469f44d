"""Too much memory while it is imported.

expect: memory
"""

hoard = "x" * (1 << 40)


def attack(x):
    return x
