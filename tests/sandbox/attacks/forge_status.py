"""A status that only the grader gives.

expect: policy-violation
tried: forgery
"""

import os, struct


def attack(x):
    header = b'{"kind": "answer", "id": 1, "status": "grader-error", "detail": "", "shapes": []}'
    os.write(3, b"GVF1" + struct.pack("<IQ", len(header), 0) + header)
    return x
