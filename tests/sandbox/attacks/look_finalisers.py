"""Code that runs when objects die.

expect: ok
"""


class Last:
    def __del__(self):
        print("last words")


def attack(x):
    global last
    last = Last()
    return x
