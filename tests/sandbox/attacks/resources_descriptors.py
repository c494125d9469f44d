"""All descriptors taken.

expect: raised
"""


def attack(x):
    hoard = []
    while True:
        hoard.append(open("/dev/null"))
