"""The grader moved to one processor core.

expect: raised
"""

import os


def attack(x):
    os.sched_setaffinity(int("@GRADER@"), {0})
