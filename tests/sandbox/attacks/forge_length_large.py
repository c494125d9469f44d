"""Numbers of four exabytes.

expect: policy-violation
tried: forgery
"""

import os, struct


def attack(x):
    os.write(3, b"GVF1" + struct.pack("<IQ", 2, 1 << 62) + b"{}")
    return x
