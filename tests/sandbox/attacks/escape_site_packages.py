"""Code planted where everybody's Python would run it.

expect: policy-violation
tried: file
"""

import os, sysconfig
import numpy


def attack(x):
    for folder in (sysconfig.get_path("stdlib"), os.path.dirname(os.path.dirname(numpy.__file__))):
        try:
            open(os.path.join(folder, "sitecustomize.py"), "w").write("planted = True")
        except OSError:
            pass
    open(os.path.join(os.path.dirname(numpy.__file__), "planted.pth"), "w")
