"""A named pipe, at which a reader would hang.

expect: policy-violation
tried: file
"""

import os


def attack(x):
    os.mkfifo("answers.json")
