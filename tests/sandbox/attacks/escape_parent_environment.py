"""The environment of the process above.

expect: policy-violation
tried: file
"""

import os


def attack(x):
    print(open(f"/proc/{os.getppid()}/environ", "rb").read())
