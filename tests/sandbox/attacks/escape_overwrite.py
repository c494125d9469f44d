"""A file outside written over.

expect: policy-violation
tried: file
"""


def attack(x):
    open("@SECRET@", "w").write("planted")
