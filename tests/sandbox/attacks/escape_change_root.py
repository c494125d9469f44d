"""Another root folder.

expect: policy-violation
tried: privilege
"""

import os


def attack(x):
    os.chroot(".")
