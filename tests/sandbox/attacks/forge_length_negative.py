"""A length that is negative, or enormous.

expect: policy-violation
tried: forgery
"""

import os, struct


def attack(x):
    os.write(3, b"GVF1" + struct.pack("<iq", -1, -1))
    return x
