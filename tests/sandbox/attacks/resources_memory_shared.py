"""Memory in /dev/shm, which would count for nobody.

expect: policy-violation
tried: file
"""


def attack(x):
    with open("/dev/shm/hoard", "wb") as file:
        file.write(bytes(1 << 20))
