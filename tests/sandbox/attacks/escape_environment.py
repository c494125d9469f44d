"""The grader's environment holds secrets; the submission's holds nothing.

expect: ok
"""

import os


def attack(x):
    print(dict(os.environ))
    return x
