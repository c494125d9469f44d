"""A path that climbs out of the folder.

expect: policy-violation
tried: file
"""


def attack(x):
    print(open("../" * 20 + "@SECRET@".lstrip("/")).read())
