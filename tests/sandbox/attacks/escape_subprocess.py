"""A subprocess, refusal caught.

expect: policy-violation
tried: process
"""

import subprocess


def attack(x):
    try:
        subprocess.run(["touch", "@OUTSIDE@/planted"], check=False)
    except OSError:
        pass
    return x
