"""A thread that answers after the call is over.

expect: policy-violation
tried: forgery
calls: 2
pause: 0.3
"""

import os, threading, time


def attack(x):
    threading.Thread(target=late, daemon=True).start()
    return x


def late():
    time.sleep(0.05)
    os.write(3, b"GVF1")
