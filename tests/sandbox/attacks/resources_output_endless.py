"""Output without end is cut, and its time is over in the end.

expect: timeout
seconds: 0.5
prints: ha
"""


def attack(x):
    while True:
        print("ha" * 1000)
