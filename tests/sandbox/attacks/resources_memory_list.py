"""A list that grows without end.

expect: memory
"""


def attack(x):
    hoard = []
    while True:
        hoard.append(bytearray(1 << 24))
