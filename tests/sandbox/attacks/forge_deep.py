"""A header nested two hundred thousand deep.

expect: policy-violation
tried: forgery
"""

import os, struct


def attack(x):
    header = b"[" * 200000
    os.write(3, b"GVF1" + struct.pack("<IQ", len(header), 0) + header)
    return x
