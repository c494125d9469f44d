"""A device file made in the folder.

expect: policy-violation
tried: file
"""

import os, stat


def attack(x):
    os.mknod("disk", 0o600 | stat.S_IFBLK, os.makedev(8, 0))
