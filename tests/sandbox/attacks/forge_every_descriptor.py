"""Bytes on every descriptor.

expect: policy-violation
tried: forgery
"""

import os


def attack(x):
    for fd in range(3, 256):
        try:
            os.write(fd, b'{"status": "ok", "passed": true}\n')
        except OSError:
            pass
    return x
