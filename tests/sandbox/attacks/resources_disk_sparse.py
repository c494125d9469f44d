"""A sparse file of a terabyte.

expect: raised
"""


def attack(x):
    with open("sparse", "wb") as file:
        file.truncate(1 << 40)
