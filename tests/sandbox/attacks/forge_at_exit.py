"""A handler for the end of the process.

expect: ok
"""

import atexit, os


def attack(x):
    atexit.register(os.write, 3, b"GVF1 passed")
    return x
