"""The limits of the process above.

expect: raised
"""

import os, resource


def attack(x):
    resource.prlimit(os.getppid(), resource.RLIMIT_CPU, (1, 1))
