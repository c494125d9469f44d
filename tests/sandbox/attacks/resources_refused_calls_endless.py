"""Refused system calls without end, from many threads, do not keep the grader from looking at the clock.

expect: policy-violation
tried: network
seconds: 0.5
"""

import socket, threading


def attack(x):
    def bother():
        while True:
            try:
                socket.socket(socket.AF_INET)
            except OSError:
                pass

    for _ in range(8):
        threading.Thread(target=bother, daemon=True).start()
    bother()
