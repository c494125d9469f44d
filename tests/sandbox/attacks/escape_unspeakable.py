"""A program whose name cannot be shown.

expect: policy-violation
tried: process
"""

import subprocess


class Unspeakable(str):
    def __repr__(self):
        raise KeyboardInterrupt


def attack(x):
    try:
        subprocess.Popen([Unspeakable("touch"), "@OUTSIDE@/planted"], executable=Unspeakable("/usr/bin/touch"))
    except BaseException:
        return x
