"""A deadlock.

expect: timeout
seconds: 0.5
"""

import threading


def attack(x):
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()
