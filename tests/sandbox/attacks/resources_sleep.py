"""A sleep without end.

expect: timeout
seconds: 0.5
"""

import time


def attack(x):
    time.sleep(1e9)
