"""Threads without end run out of memory for their stacks.

expect: memory
"""

import threading, time


def attack(x):
    while True:
        threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
