"""An answer to the question after this one.

expect: policy-violation
tried: forgery
"""

import os, struct


def attack(x):
    header = b'{"kind": "answer", "id": 2, "status": "ok", "returned": "none", "keys": [], "dtypes": [], "mutated": [], "detail": "", "shapes": []}'
    os.write(3, b"GVF1" + struct.pack("<IQ", len(header), 0) + header)
    return x
