"""A header that says two things.

expect: policy-violation
tried: forgery
"""

import os, struct


def attack(x):
    header = b'{"kind": "answer", "kind": "call", "shapes": []}'
    os.write(3, b"GVF1" + struct.pack("<IQ", len(header), 0) + header)
    return x
