"""A file opened from a folder that is open already: refused, though not seen.

expect: raised
"""

import os


def attack(x):
    top = os.open("/", os.O_PATH)
    fd = os.open("@SECRET@".lstrip("/"), os.O_RDONLY, dir_fd=top)
    print(os.read(fd, 1000))
