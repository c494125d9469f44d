"""A results file in its own folder is a file like any other.

expect: ok
"""


def attack(x):
    open("results.json", "w").write('{"score": 100}')
    return x
