"""Neither does catching every exception.

expect: timeout
seconds: 0.5
"""


def attack(x):
    while True:
        try:
            while True:
                pass
        except BaseException:
            continue
