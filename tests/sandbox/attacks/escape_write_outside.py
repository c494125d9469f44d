"""A file outside.

expect: policy-violation
tried: file
"""


def attack(x):
    open("@OUTSIDE@/planted", "w").write("planted")
