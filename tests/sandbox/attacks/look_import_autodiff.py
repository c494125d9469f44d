"""Nor a library that would find the gradient by itself, on whatever path.

expect: policy-violation, raised
"""

import sys
def attack(x):
    sys.path += "@PATHS@".split(":")
    import autograd
