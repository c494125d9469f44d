"""Root's user id.

expect: policy-violation
tried: privilege
"""

import os


def attack(x):
    os.setuid(0)
