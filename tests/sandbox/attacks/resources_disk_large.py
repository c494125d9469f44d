"""One file larger than a file may be.

expect: raised
"""


def attack(x):
    with open("big", "wb") as file:
        for _ in range(64):
            file.write(bytes(1 << 20))
