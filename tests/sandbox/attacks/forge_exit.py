"""Success claimed by an exit status.

expect: crashed
"""

import os


def attack(x):
    os._exit(0)
