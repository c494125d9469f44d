"""Ignoring every signal that can be ignored does not help.

expect: timeout
seconds: 0.5
"""

import signal


def attack(x):
    for number in range(1, 65):
        try:
            signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError):
            pass
    signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
    while True:
        pass
