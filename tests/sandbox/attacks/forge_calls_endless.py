"""Calls of a function that it was given not at all, flooding the channel.

expect: policy-violation
tried: forgery
seconds: 0.5
"""

import os, struct


def attack(x):
    header = b'{"kind": "call", "function": "f", "shapes": []}'
    while True:
        os.write(3, (b"GVF1" + struct.pack("<IQ", len(header), 0) + header) * 100)
