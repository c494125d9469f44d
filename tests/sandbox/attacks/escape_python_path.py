"""A search path for processes to come.

expect: ok
"""

import os, sys


def attack(x):
    os.environ["PYTHONPATH"] = os.getcwd()
    os.environ["LD_PRELOAD"] = "evil.so"
    sys.path.insert(0, os.getcwd())
    open("numpy.py", "w").write("planted = True")
    return x
