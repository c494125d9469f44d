"""An attempt while it is imported.

expect: policy-violation
tried: file
"""

try:
    print(open("@SECRET@").read())
except OSError:
    pass


def attack(x):
    return x
