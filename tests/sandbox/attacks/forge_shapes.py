"""Shapes that promise more numbers than come.

expect: policy-violation
tried: forgery
"""

import os, struct


def attack(x):
    header = b'{"kind": "answer", "id": 1, "status": "ok", "returned": "array", "keys": [], "dtypes": ["float64"], "mutated": [], "detail": "", "shapes": [[1000000]]}'
    os.write(3, b"GVF1" + struct.pack("<IQ", len(header), 8) + header + bytes(8))
    return x
