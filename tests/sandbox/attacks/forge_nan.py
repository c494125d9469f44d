"""NaN where only JSON may be.

expect: policy-violation
tried: forgery
"""

import os, struct


def attack(x):
    header = b'{"kind": "answer", "id": NaN, "status": "ok", "shapes": []}'
    os.write(3, b"GVF1" + struct.pack("<IQ", len(header), 0) + header)
    return x
