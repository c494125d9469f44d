"""A patched channel likewise.

expect: ok
"""

import os, json


def attack(x):
    os.write = lambda fd, data: len(data)
    os.read = lambda fd, size: b""
    json.dumps = lambda *a, **k: '{"status": "ok"}'
    return x
