"""A call of a function that it was not given.

expect: policy-violation
tried: forgery
"""

import os, struct


def attack(x):
    header = b'{"kind": "call", "function": "reference", "shapes": []}'
    os.write(3, b"GVF1" + struct.pack("<IQ", len(header), 0) + header)
    return x
